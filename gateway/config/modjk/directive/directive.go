package directive

import (
	"slices"
	"strings"

	"twinhop/gateway/config/verdict"
)

// Directive is a word of mod_jk and what becomes of it when it is used as it should be.
type Directive struct {
	Name    string
	Of      string // what has it: "file", "ajp13", "member", "lb", "status", "rule", "httpd", several with blanks
	Verdict verdict.Verdict
	Note    string // the key it becomes, how it differs, or why it is ignored
}

// All returns every word of workers.properties, of the rules' extensions and of httpd.conf that is known.
func All() []Directive { return slices.Clone(directives) }

const (
	ofServer = "ajp13 member"
	ofStatus = "status.NAME."
	noEffect = "mod_jk ignores it, too"
	ofHTTPD  = "a matter of httpd"
	toTheMap = "written into mounts"
)

var directives = []Directive{
	{"worker.list", "file", verdict.Used, "which workers become pools"},
	{"worker.maintain", "file", verdict.Used, "pools.NAME.maintain"},
	{"type", "ajp13 member lb status", verdict.Used, "ajp13: a node; lb: a pool; status: a status worker"},
	{"reference", "ajp13 member lb status", verdict.Used, "what the template says is copied"},
	{"host", ofServer, verdict.Used, "nodes[].http"},
	{"port", ofServer, verdict.Used, "nodes[].http"},
	{"source", ofServer, verdict.Used, "ajp.source"},
	{"prefer_ipv6", ofServer, verdict.Used, "nodes[].preferIPv6"},
	{"socket_timeout", ofServer, verdict.Approximated, "ajp.bodyTimeout; without reply_timeout ajp.replyTimeout, without socket_connect_timeout ajp.connectTimeout"},
	{"socket_connect_timeout", ofServer, verdict.Used, "ajp.connectTimeout"},
	{"socket_keepalive", ofServer, verdict.Ignored, "TCP keep-alive is always on"},
	{"socket_buffer", ofServer, verdict.Ignored, "the system's buffers grow as needed"},
	{"ping_mode", ofServer, verdict.Used, "ajp.ping"},
	{"ping_timeout", ofServer, verdict.Used, "ajp.ping.timeout"},
	{"connect_timeout", ofServer, verdict.Used, "ajp.ping.connect, ajp.ping.connectTimeout"},
	{"prepost_timeout", ofServer, verdict.Used, "ajp.ping.request, ajp.ping.requestTimeout"},
	{"connection_ping_interval", ofServer, verdict.Used, "ajp.ping.interval"},
	{"connection_pool_size", ofServer, verdict.Ignored, "it counts per process of httpd, and how many there are is not known; busy_limit and ajp.connections count for the whole gateway"},
	{"connection_pool_minsize", ofServer, verdict.Approximated, "ajp.minIdle: for the whole gateway, not per process of httpd"},
	{"connection_pool_timeout", ofServer, verdict.Used, "ajp.idleTimeout"},
	{"connection_acquire_timeout", ofServer, verdict.Ignored, "without connection_pool_size nobody waits for a connection"},
	{"retries", "ajp13 member lb", verdict.Used, "nodes[].retries.attempts; of an lb pools.NAME.retries.rounds"},
	{"retry_interval", "ajp13 member lb", verdict.Used, "retries.interval"},
	{"reply_timeout", ofServer, verdict.Used, "ajp.replyTimeout, ajp.bodyTimeout"},
	{"recovery_options", ofServer, verdict.Used, "nodes[].repeat; 2 and 4 are always so, and without 1 what is not idempotent is not repeated either"},
	{"fail_on_status", ofServer, verdict.Used, "nodes[].failOnStatus"},
	{"busy_limit", ofServer, verdict.Used, "nodes[].busyLimit"},
	{"max_packet_size", "ajp13 member lb", verdict.Used, "ajp.packetSize; ignored on an lb"},
	{"secret", "ajp13 member lb", verdict.Used, "ajp.secret"},
	{"lbfactor", "member", verdict.Used, "nodes[].weight"},
	{"activation", "member", verdict.Used, "nodes[].activation"},
	{"disabled", "member", verdict.Used, "nodes[].activation"},
	{"stopped", "member", verdict.Used, "nodes[].activation"},
	{"route", "member", verdict.Used, "nodes[].route"},
	{"domain", "member", verdict.Used, "nodes[].domain"},
	{"redirect", "member", verdict.Used, "nodes[].redirect"},
	{"distance", "member", verdict.Used, "nodes[].distance"},
	{"balance_workers", "lb", verdict.Used, "pools.NAME.nodes"},
	{"sticky_session", "lb", verdict.Used, "pools.NAME.sticky"},
	{"sticky_session_force", "lb", verdict.Used, "pools.NAME.stickyForce"},
	{"method", "lb", verdict.Used, "pools.NAME.balance"},
	{"lock", "lb", verdict.Ignored, "there are no processes to lock"},
	{"lb_retries", "lb", verdict.Used, "pools.NAME.retries.nodes"},
	{"recover_time", "lb", verdict.Used, "pools.NAME.recovery.time"},
	{"error_escalation_time", "lb", verdict.Used, "pools.NAME.recovery.escalation"},
	{"max_reply_timeouts", "lb", verdict.Used, "pools.NAME.recovery.maxReplyTimeouts"},
	{"session_cookie", "lb", verdict.Used, "pools.NAME.session.cookie"},
	{"session_path", "lb", verdict.Used, "pools.NAME.session.path"},
	{"set_session_cookie", "lb", verdict.Used, "pools.NAME.session.set"},
	{"session_cookie_path", "lb", verdict.Used, "pools.NAME.session.setPath, if a cookie is set"},
	{"mount", "ajp13 lb status", verdict.Used, toTheMap},
	{"css", "status", verdict.Used, ofStatus + "css"},
	{"read_only", "status", verdict.Used, ofStatus + "readOnly; changes need a login or an address in allow"},
	{"user", "status", verdict.Approximated, ofStatus + "users: logins of the gateway, for httpd tells it none"},
	{"user_case_insensitive", "status", verdict.Used, ofStatus + "userCaseInsensitive"},
	{"good", "status", verdict.Used, ofStatus + "good"},
	{"bad", "status", verdict.Used, ofStatus + "bad"},
	{"prefix", "status", verdict.Used, ofStatus + "prefix"},
	{"ns", "status", verdict.Used, ofStatus + "ns"},
	{"xmlns", "status", verdict.Used, ofStatus + "xmlns"},
	{"doctype", "status", verdict.Used, ofStatus + "doctype"},

	{";reply_timeout", "rule", verdict.Used, "replyTimeout"},
	{";sticky_ignore", "rule", verdict.Used, "stickyIgnore"},
	{";stateless", "rule", verdict.Used, "stateless"},
	{";active", "rule", verdict.Used, "active"},
	{";disabled", "rule", verdict.Used, "disabled"},
	{";stopped", "rule", verdict.Used, "stopped"},
	{";fail_on_status", "rule", verdict.Used, "failOnStatus"},
	{";use_server_errors", "rule", verdict.Used, "serverErrors"},
	{";session_cookie", "rule", verdict.Used, "session.cookie"},
	{";session_path", "rule", verdict.Used, "session.path"},
	{";set_session_cookie", "rule", verdict.Used, "session.set"},
	{";session_cookie_path", "rule", verdict.Used, "session.setPath"},

	{"JkWorkersFile", "httpd", verdict.Used, "the file is read, unless --workers gives another"},
	{"JkWorkerProperty", "httpd", verdict.Used, "a line of workers.properties"},
	{"JkMount", "httpd", verdict.Used, toTheMap},
	{"JkUnMount", "httpd", verdict.Used, toTheMap},
	{"JkMountFile", "httpd", verdict.Used, "the file is read, unless --urimap gives another"},
	{"JkMountCopy", "httpd", verdict.Used, "rules of the main server are copied"},
	{"JkMountFileReload", "httpd", verdict.Used, "how often run looks at the map; what was converted stays"},
	{"JkAutoAlias", "httpd", verdict.Unsupported, "the gateway serves no files"},
	{"JkOptions", "httpd", verdict.Used, "option by option; ForwardURI...: approximated, targets are forwarded as they came and unsafe ones are refused"},
	{"JkEnvVar", "httpd", verdict.Used, "ajp.variables; of what mod_ssl does not set ajp.attributes, with the default, approximated"},
	{"JkStripSession", "httpd", verdict.Ignored, "concerns what is not forwarded"},
	{"JkWatchdogInterval", "httpd", verdict.Ignored, "maintenance comes on time, not with requests"},
	{"JkRequestLogFormat", "httpd", verdict.Ignored, ofHTTPD},
	{"JkShmFile", "httpd", verdict.Ignored, ofHTTPD},
	{"JkShmSize", "httpd", verdict.Ignored, ofHTTPD},
	{"JkLogFile", "httpd", verdict.Ignored, ofHTTPD},
	{"JkLogLevel", "httpd", verdict.Ignored, ofHTTPD},
	{"JkLogStampFormat", "httpd", verdict.Ignored, ofHTTPD},
	{"JkExtractSSL", "httpd", verdict.Used, "TLS data is always sent"},
	{"JkHTTPSIndicator", "httpd", verdict.Ignored, ofHTTPD},
	{"JkSESSIONIndicator", "httpd", verdict.Ignored, ofHTTPD},
	{"JkCIPHERIndicator", "httpd", verdict.Ignored, ofHTTPD},
	{"JkCERTSIndicator", "httpd", verdict.Ignored, ofHTTPD},
	{"JkCERTCHAINPrefix", "httpd", verdict.Ignored, ofHTTPD},
	{"JkKEYSIZEIndicator", "httpd", verdict.Ignored, ofHTTPD},
	{"JkRemoteAddrIndicator", "httpd", verdict.Unsupported, "the client is who it is; see http.forwarded"},
	{"JkRemoteHostIndicator", "httpd", verdict.Unsupported, "the client is who it is"},
	{"JkRemotePortIndicator", "httpd", verdict.Unsupported, "the client is who it is"},
	{"JkRemoteUserIndicator", "httpd", verdict.Unsupported, "the gateway authenticates nobody"},
	{"JkAuthTypeIndicator", "httpd", verdict.Unsupported, "the gateway authenticates nobody"},
	{"JkLocalNameIndicator", "httpd", verdict.Unsupported, "the server is who it is"},
	{"JkLocalAddrIndicator", "httpd", verdict.Unsupported, "the server is who it is"},
	{"JkLocalPortIndicator", "httpd", verdict.Unsupported, "the server is who it is"},
	{"JkIgnoreCLIndicator", "httpd", verdict.Unsupported, "the length is sent as it is"},
	{"JkWorkerIndicator", "httpd", verdict.Unsupported, "rules choose the worker"},
	{"JkStickyIgnoreIndicator", "httpd", verdict.Unsupported, "use the rule extension sticky_ignore"},
	{"JkStatelessIndicator", "httpd", verdict.Unsupported, "use the rule extension stateless"},
	{"JkRouteIndicator", "httpd", verdict.Unsupported, "the session id has the route"},
	{"JkReplyTimeoutIndicator", "httpd", verdict.Unsupported, "use the rule extension reply_timeout"},
	{"Include", "httpd", verdict.Used, "the files are read"},
	{"IncludeOptional", "httpd", verdict.Used, "the files are read"},
	{"SetEnv", "httpd", verdict.Unsupported, "what mod_jk looks at cannot be set for requests; others are sent if JkEnvVar names them"},
	{"SetEnvIf", "httpd", verdict.Unsupported, "no rule depends on a request's environment; write an exclusion"},
	{"SetEnvIfNoCase", "httpd", verdict.Unsupported, "no rule depends on a request's environment; write an exclusion"},
	{"BrowserMatch", "httpd", verdict.Unsupported, "no rule depends on a request's environment"},
	{"BrowserMatchNoCase", "httpd", verdict.Unsupported, "no rule depends on a request's environment"},
	{"RewriteRule", "httpd", verdict.Unsupported, "no rule depends on a request's environment; write an exclusion"},
	{"SetHandler", "httpd", verdict.Unsupported, "rules say what is forwarded: write a JkMount"},
	{"AddHandler", "httpd", verdict.Unsupported, "rules say what is forwarded: write a JkMount"},
}

// oldNames are other names of a directive.
var oldNames = map[string]string{"jvm_route": "route", "balanced_workers": "balance_workers", "cachesize": "connection_pool_size",
	"cache_timeout": "connection_pool_timeout", "recycle_timeout": "connection_pool_timeout"}

// idle are accepted by mod_jk without effect.
var idle = strings.Fields("sysprops stderr stdout mx ms class_path bridge jvm_lib ld_path cmd_line native_lib local_worker local_worker_only secretkey")

// Find returns what is known of a worker's word, nil if there is no such.
func Find(word string) *Directive {
	if now, ok := oldNames[word]; ok {
		word = now
	}
	if slices.Contains(idle, word) {
		return &Directive{word, "ajp13 member lb status", verdict.Ignored, noEffect}
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

// FindHTTPD returns what is known of a directive of httpd, whose case does not matter.
func FindHTTPD(name string) *Directive {
	i := slices.IndexFunc(directives, func(d Directive) bool { return d.Of == "httpd" && strings.EqualFold(d.Name, name) })
	if i < 0 {
		return nil
	}
	return &directives[i]
}

// Names are those that something has, for whoever misspelt one.
func Names(of string) []string {
	var all []string
	for _, d := range directives {
		if strings.Contains(" "+d.Of+" ", " "+of+" ") {
			all = append(all, strings.TrimPrefix(d.Name, "worker."))
		}
	}
	return all
}

// SplitKey takes "worker.NAME.word" apart; of "worker.list" there is no name.
func SplitKey(key string) (worker, word string) {
	key = strings.TrimPrefix(key, "worker.")
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key
	}
	return key[:i], key[i+1:]
}

// lists are joined with a comma when they are given again.
var lists = []string{"list", "balance_workers", "mount", "fail_on_status", "user", "good", "bad"}

// Joint is how the values of a key are joined that is given again; "": the last one counts.
func Joint(key string) string {
	_, word := SplitKey(key)
	switch {
	case strings.HasPrefix(key, "worker.") && slices.Contains(lists, word):
		return ","
	case strings.HasPrefix(key, "worker.") && Find(word) != nil && word != "balanced_workers":
		return ""
	}
	return "*"
}
