package modjk

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// samples are values that say something; other directives get "1".
var samples = map[string]string{
	"host": "10.0.0.5", "port": "8010", "type": "ajp13", "reference": "worker.template", "ping_mode": "A", "activation": "Disabled",
	"route": "r", "domain": "d", "redirect": "other", "balance_workers": "other,m", "method": "Session", "session_cookie": "SID",
	"session_path": ";jsessionid", "mount": "/more/*", "secret": "s3cret", "max_packet_size": "16384",
	"source": "10.0.0.9", "fail_on_status": "503", "session_cookie_path": "/app", "good": "a.o", "bad": "e",
	";fail_on_status": "503", ";use_server_errors": "500", ";session_path": ";sid", ";session_cookie_path": "/app",
	";active": "m", ";disabled": "m", ";stopped": "m",
	"JkWorkersFile": "conf/workers.properties", "JkMountFile": "conf/uriworkermap.properties", "JkMount": "/y/* lb", "JkUnMount": "/y/z lb", "JkMountCopy": "On",
	"Include": "more.conf", "IncludeOptional": "more.conf", "JkWorkerProperty": "worker.member.lbfactor=2", "JkEnvVar": "SSL_CLIENT_S_DN",
	"SetEnv": `JK_REPLY_TIMEOUT 5`, "SetEnvIf": `Request_URI "\.gif$" no-jk`, "SetEnvIfNoCase": `Request_URI "\.gif$" no-jk`, "BrowserMatch": `bot no-jk`, "BrowserMatchNoCase": `bot no-jk`, "RewriteRule": `^/x - [E=no-jk:1]`, "SetHandler": `jakarta-servlet`, "AddHandler": `jakarta-servlet .jsp`, "JkOptions": "+ForwardKeySize",
}

// example makes files in which a directive stands where it belongs: all else is said in the plainest way.
func example(d Directive, of string) Input {
	workers := "worker.template.socket_buffer=1\nworker.list=lb,ajp13,status\nworker.lb.type=lb\nworker.lb.balance_workers=member,m,other\nworker.m.host=h\nworker.other.host=o\nworker.member.host=n\nworker.status.type=status\nused=worker.member.host\nx.y=$(used)\nworker.ajp13.reply_timeout=5\n"
	uriMap, httpd, value := "/*=lb\n/a/*=ajp13\n/status=status\n", "", samples[d.Name]
	if value == "" {
		value = "1"
	}
	switch of {
	case "httpd":
		httpd = d.Name + " " + value
	case "rule":
		uriMap += "/b/*=lb" + d.Name + "=" + value + "\n"
	case "file":
		workers += d.Name + "=" + value + "\n"
		if d.Name == "worker.list" {
			workers = strings.ReplaceAll(workers, "worker.list=1\n", "")
		}
	default:
		key := "worker." + of + "." + d.Name
		workers = strings.ReplaceAll(workers, key+"=", "old.")
		if d.Name == "type" {
			value = map[string]string{"lb": "lb", "status": "status"}[of]
			if value == "" {
				value = "ajp13"
			}
		}
		workers += key + "=" + value + "\n"
		if d.Name == "connection_pool_minsize" {
			workers += "worker." + of + ".connection_pool_timeout=5\n"
		}
		if d.Name == "session_cookie_path" {
			workers += "worker." + of + ".set_session_cookie=1\n"
		}
		if d.Name == "ping_timeout" {
			workers += "worker." + of + ".ping_mode=A\n"
		}
	}
	in := Input{Workers: Source{"workers.properties", []byte(workers)}, URIMap: &Source{"uriworkermap.properties", []byte(uriMap)}, Variables: testWords.AJPVariables}
	if httpd != "" {
		in.HTTPD, in.Files = []Source{{"httpd.conf", []byte(httpd)}}, fstest.MapFS{"more.conf": &fstest.MapFile{}}
	}
	return in
}

// Every directive of the table gets the verdict of the table when it is used as
// it should be, of whatever it is said.
func TestEveryDirective(t *testing.T) {
	for _, d := range Directives() {
		for _, of := range strings.Fields(d.Of) {
			want := d.Verdict
			switch d.Name + " " + of {
			case "max_packet_size lb":
				want = Ignored
			}
			r := Convert(example(d, of))
			if n := r.Findings.Count(Error); n > 0 {
				t.Errorf("%s of %s: %+v", d.Name, of, r.Findings)
				continue
			}
			i := slices.IndexFunc(r.Findings, func(f Finding) bool {
				switch of {
				case "httpd":
					return f.File == "httpd.conf"
				case "rule":
					return strings.Contains(f.Directive, "/b/*=")
				case "file":
					return f.Directive == d.Name
				}
				return f.Directive == "worker."+of+"."+d.Name
			})
			if i < 0 || r.Findings[i].Verdict != want {
				t.Errorf("%s of %s: want %s: %+v", d.Name, of, want, r.Findings)
			}
		}
	}
}

// What mod_jk accepts without effect is ignored, whoever says it; old names are as good as the present ones.
func TestIdleAndOldNames(t *testing.T) {
	for _, word := range strings.Fields("sysprops stderr stdout mx ms class_path bridge jvm_lib ld_path cmd_line native_lib local_worker local_worker_only secretkey") {
		r := Convert(Input{Workers: Source{"w", []byte("worker.list=a\nworker.a.mount=/*\nworker.a." + word + "=1\n")}})
		if r.Findings.Count(Ignored) != 1 || r.Findings.Count(Error) != 0 {
			t.Errorf("%s: %+v", word, r.Findings)
		}
	}
	for old, now := range map[string]string{"jvm_route": "route", "balanced_workers": "balance_workers", "cachesize": "connection_pool_size",
		"cache_timeout": "connection_pool_timeout", "recycle_timeout": "connection_pool_timeout"} {
		if d := find(old); d == nil || d.Name != now {
			t.Errorf("%s is not %s", old, now)
		}
	}
}
