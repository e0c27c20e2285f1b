package modjk

import (
	"slices"
	"strings"
)

// Directive is a word of mod_jk and what becomes of it when it is used as it should be.
type Directive struct {
	Name    string
	Of      string // what has it: "file", "ajp13", "member", "lb", "status", "rule", "httpd", several with blanks
	Verdict Verdict
	Note    string // the key it becomes, how it differs, or why it is ignored
}

// Directives returns every word of workers.properties, of the rules' extensions and of httpd.conf that is known.
func Directives() []Directive { return slices.Clone(directives) }

const (
	ofServer = "ajp13 member"
	ofStatus = "status.NAME."
	noEffect = "mod_jk ignores it, too"
	ofHTTPD  = "a matter of httpd"
	toTheMap = "written into mounts"
)

var directives = []Directive{
	{"worker.list", "file", Used, "which workers become pools"},
	{"worker.maintain", "file", Used, "pools.NAME.maintain"},
	{"type", "ajp13 member lb status", Used, "ajp13: a node; lb: a pool; status: a status worker"},
	{"reference", "ajp13 member lb status", Used, "what the template says is copied"},
	{"host", ofServer, Used, "nodes[].http"},
	{"port", ofServer, Used, "nodes[].http"},
	{"source", ofServer, Used, "ajp.source"},
	{"prefer_ipv6", ofServer, Used, "nodes[].preferIPv6"},
	{"socket_timeout", ofServer, Approximated, "ajp.bodyTimeout; without reply_timeout ajp.replyTimeout, without socket_connect_timeout ajp.connectTimeout"},
	{"socket_connect_timeout", ofServer, Used, "ajp.connectTimeout"},
	{"socket_keepalive", ofServer, Ignored, "TCP keep-alive is always on"},
	{"socket_buffer", ofServer, Ignored, "the system's buffers grow as needed"},
	{"ping_mode", ofServer, Used, "ajp.ping"},
	{"ping_timeout", ofServer, Used, "ajp.ping.timeout"},
	{"connect_timeout", ofServer, Used, "ajp.ping.connect, ajp.ping.timeout"},
	{"prepost_timeout", ofServer, Used, "ajp.ping.request, ajp.ping.timeout"},
	{"connection_ping_interval", ofServer, Used, "ajp.ping.interval"},
	{"connection_pool_size", ofServer, Ignored, "it counts per process of httpd, and how many there are is not known; busy_limit and ajp.connections count for the whole gateway"},
	{"connection_pool_minsize", ofServer, Approximated, "ajp.minIdle: for the whole gateway, not per process of httpd"},
	{"connection_pool_timeout", ofServer, Used, "ajp.idleTimeout"},
	{"connection_acquire_timeout", ofServer, Ignored, "without connection_pool_size nobody waits for a connection"},
	{"retries", "ajp13 member lb", Used, "nodes[].retries.attempts; of an lb pools.NAME.retries.rounds"},
	{"retry_interval", "ajp13 member lb", Used, "retries.interval"},
	{"reply_timeout", ofServer, Used, "ajp.replyTimeout, ajp.bodyTimeout"},
	{"recovery_options", ofServer, Used, "nodes[].repeat; 2 and 4 are always so, and without 1 what is not idempotent is not repeated either"},
	{"fail_on_status", ofServer, Used, "nodes[].failOnStatus"},
	{"busy_limit", ofServer, Used, "nodes[].busyLimit"},
	{"max_packet_size", "ajp13 member lb", Used, "ajp.packetSize; ignored on an lb"},
	{"secret", "ajp13 member lb", Used, "ajp.secret"},
	{"lbfactor", "member", Used, "nodes[].weight"},
	{"activation", "member", Used, "nodes[].activation"},
	{"disabled", "member", Used, "nodes[].activation"},
	{"stopped", "member", Used, "nodes[].activation"},
	{"route", "member", Used, "nodes[].route"},
	{"domain", "member", Used, "nodes[].domain"},
	{"redirect", "member", Used, "nodes[].redirect"},
	{"distance", "member", Used, "nodes[].distance"},
	{"balance_workers", "lb", Used, "pools.NAME.nodes"},
	{"sticky_session", "lb", Used, "pools.NAME.sticky"},
	{"sticky_session_force", "lb", Used, "pools.NAME.stickyForce"},
	{"method", "lb", Used, "pools.NAME.balance"},
	{"lock", "lb", Ignored, "there are no processes to lock"},
	{"lb_retries", "lb", Used, "pools.NAME.retries.nodes"},
	{"recover_time", "lb", Used, "pools.NAME.recovery.time"},
	{"error_escalation_time", "lb", Used, "pools.NAME.recovery.escalation"},
	{"max_reply_timeouts", "lb", Used, "pools.NAME.recovery.maxReplyTimeouts"},
	{"session_cookie", "lb", Used, "pools.NAME.session.cookie"},
	{"session_path", "lb", Used, "pools.NAME.session.path"},
	{"set_session_cookie", "lb", Used, "pools.NAME.session.set"},
	{"session_cookie_path", "lb", Used, "pools.NAME.session.setPath, if a cookie is set"},
	{"mount", "ajp13 lb status", Used, toTheMap},
	{"css", "status", Used, ofStatus + "css"},
	{"read_only", "status", Used, ofStatus + "readOnly; changes need a login or an address in allow"},
	{"user", "status", Approximated, ofStatus + "users: logins of the gateway, for httpd tells it none"},
	{"user_case_insensitive", "status", Used, ofStatus + "userCaseInsensitive"},
	{"good", "status", Used, ofStatus + "good"},
	{"bad", "status", Used, ofStatus + "bad"},
	{"prefix", "status", Used, ofStatus + "prefix"},
	{"ns", "status", Used, ofStatus + "ns"},
	{"xmlns", "status", Used, ofStatus + "xmlns"},
	{"doctype", "status", Used, ofStatus + "doctype"},

	{";reply_timeout", "rule", Used, "replyTimeout"},
	{";sticky_ignore", "rule", Used, "stickyIgnore"},
	{";stateless", "rule", Used, "stateless"},
	{";active", "rule", Used, "active"},
	{";disabled", "rule", Used, "disabled"},
	{";stopped", "rule", Used, "stopped"},
	{";fail_on_status", "rule", Used, "failOnStatus"},
	{";use_server_errors", "rule", Used, "serverErrors"},
	{";session_cookie", "rule", Used, "session.cookie"},
	{";session_path", "rule", Used, "session.path"},
	{";set_session_cookie", "rule", Used, "session.set"},
	{";session_cookie_path", "rule", Used, "session.setPath"},

	{"JkWorkersFile", "httpd", Used, "the file is read, unless --workers gives another"},
	{"JkWorkerProperty", "httpd", Used, "a line of workers.properties"},
	{"JkMount", "httpd", Used, toTheMap},
	{"JkUnMount", "httpd", Used, toTheMap},
	{"JkMountFile", "httpd", Used, "the file is read, unless --urimap gives another"},
	{"JkMountCopy", "httpd", Used, "rules of the main server are copied"},
	{"JkMountFileReload", "httpd", Used, "how often run looks at the map; what was converted stays"},
	{"JkAutoAlias", "httpd", Unsupported, "the gateway serves no files"},
	{"JkOptions", "httpd", Approximated, "targets are forwarded as they came, unsafe ones are refused"},
	{"JkEnvVar", "httpd", Unsupported, "no attributes of your own"},
	{"JkStripSession", "httpd", Ignored, "concerns what is not forwarded"},
	{"JkWatchdogInterval", "httpd", Ignored, "maintenance comes on time, not with requests"},
	{"JkRequestLogFormat", "httpd", Ignored, ofHTTPD},
	{"JkShmFile", "httpd", Ignored, ofHTTPD},
	{"JkShmSize", "httpd", Ignored, ofHTTPD},
	{"JkLogFile", "httpd", Ignored, ofHTTPD},
	{"JkLogLevel", "httpd", Ignored, ofHTTPD},
	{"JkLogStampFormat", "httpd", Ignored, ofHTTPD},
	{"JkExtractSSL", "httpd", Used, "TLS data is always sent"},
	{"JkHTTPSIndicator", "httpd", Ignored, ofHTTPD},
	{"JkSESSIONIndicator", "httpd", Ignored, ofHTTPD},
	{"JkCIPHERIndicator", "httpd", Ignored, ofHTTPD},
	{"JkCERTSIndicator", "httpd", Ignored, ofHTTPD},
	{"JkCERTCHAINPrefix", "httpd", Ignored, ofHTTPD},
	{"JkKEYSIZEIndicator", "httpd", Ignored, ofHTTPD},
	{"JkRemoteAddrIndicator", "httpd", Unsupported, "the client is who it is; see http.forwarded"},
	{"JkRemoteHostIndicator", "httpd", Unsupported, "the client is who it is"},
	{"JkRemotePortIndicator", "httpd", Unsupported, "the client is who it is"},
	{"JkRemoteUserIndicator", "httpd", Unsupported, "the gateway authenticates nobody"},
	{"JkAuthTypeIndicator", "httpd", Unsupported, "the gateway authenticates nobody"},
	{"JkLocalNameIndicator", "httpd", Unsupported, "the server is who it is"},
	{"JkLocalAddrIndicator", "httpd", Unsupported, "the server is who it is"},
	{"JkLocalPortIndicator", "httpd", Unsupported, "the server is who it is"},
	{"JkIgnoreCLIndicator", "httpd", Unsupported, "the length is sent as it is"},
	{"JkWorkerIndicator", "httpd", Unsupported, "rules choose the worker"},
	{"JkStickyIgnoreIndicator", "httpd", Unsupported, "use the rule extension sticky_ignore"},
	{"JkStatelessIndicator", "httpd", Unsupported, "use the rule extension stateless"},
	{"JkRouteIndicator", "httpd", Unsupported, "the session id has the route"},
	{"JkReplyTimeoutIndicator", "httpd", Unsupported, "use the rule extension reply_timeout"},
	{"Include", "httpd", Used, "the files are read"},
	{"IncludeOptional", "httpd", Used, "the files are read"},
}

// oldNames are other names of a directive.
var oldNames = map[string]string{"jvm_route": "route", "balanced_workers": "balance_workers", "cachesize": "connection_pool_size",
	"cache_timeout": "connection_pool_timeout", "recycle_timeout": "connection_pool_timeout"}

// idle are accepted by mod_jk without effect.
var idle = strings.Fields("sysprops stderr stdout mx ms class_path bridge jvm_lib ld_path cmd_line native_lib local_worker local_worker_only secretkey")

// find returns what is known of a worker's word, nil if there is no such.
func find(word string) *Directive {
	if now, ok := oldNames[word]; ok {
		word = now
	}
	if slices.Contains(idle, word) {
		return &Directive{word, "ajp13 member lb status", Ignored, noEffect}
	}
	if word == "list" || word == "maintain" {
		word = "worker." + word
	}
	i := slices.IndexFunc(directives, func(d Directive) bool { return d.Name == word && d.Of != "httpd" && d.Of != "rule" })
	if i < 0 {
		return nil
	}
	return &directives[i]
}

// findHTTPD returns what is known of a directive of httpd, whose case does not matter.
func findHTTPD(name string) *Directive {
	i := slices.IndexFunc(directives, func(d Directive) bool { return d.Of == "httpd" && strings.EqualFold(d.Name, name) })
	if i < 0 {
		return nil
	}
	return &directives[i]
}

// words are the names that something has, for whoever misspelt one.
func words(of string) []string {
	var all []string
	for _, d := range directives {
		if strings.Contains(" "+d.Of+" ", " "+of+" ") {
			all = append(all, strings.TrimPrefix(d.Name, "worker."))
		}
	}
	return all
}
