//go:build linux

package e2e

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A real httpd with mod_jk and the gateway are started from the same files, before the same
// Tomcats, and their status workers are asked the same.
type statusPair struct {
	t              *testing.T
	modjk, gateway string // where they are
}

const statusWorkers = `worker.list=lb,solo,second,jkstatus,jkro,jkbare
worker.maintain=300
worker.t.type=ajp13
worker.t.host=127.0.0.1
worker.t.secret=s3cret
worker.t.socket_connect_timeout=2000
worker.t.connection_pool_timeout=600
worker.n1.reference=worker.t
worker.n1.port=%[1]d
worker.n1.route=east.n1
worker.n1.redirect=n2
worker.n1.lbfactor=2
worker.n1.retries=1
worker.n1.reply_timeout=20000
worker.n1.connection_pool_timeout=60
worker.n2.reference=worker.t
worker.n2.port=%[2]d
worker.n2.busy_limit=40
worker.n2.recovery_options=9
worker.n2.distance=0
worker.n2.max_packet_size=65536
worker.n2.source=127.0.0.1
worker.n2.ping_mode=CP
worker.n2.ping_timeout=3000
worker.lb.type=lb
worker.lb.balance_workers=n1,n2
worker.lb.recover_time=50
worker.lb.max_reply_timeouts=2
worker.m1.reference=worker.t
worker.m1.port=%[3]d
worker.m1.activation=d
worker.m1.connection_ping_interval=30
worker.m2.reference=worker.t
worker.m2.port=%[4]d
worker.m2.activation=stopped
worker.m2.distance=3
worker.second.type=lb
worker.second.balance_workers=m1 m2
worker.second.method=B
worker.second.sticky_session=0
worker.second.error_escalation_time=5
worker.second.retries=3
worker.solo.reference=worker.t
worker.solo.port=%[5]d
worker.solo.recovery_options=1
worker.jkstatus.type=status
worker.jkro.type=status
worker.jkro.read_only=1
worker.jkbare.type=status
worker.jkbare.read_only=1
worker.jkbare.ns=-
worker.jkbare.xmlns=-
worker.jkbare.prefix=jk
worker.jkbare.good=a
worker.jkbare.bad=s
worker.jkbare.doctype=<!DOCTYPE status>
`

const statusMap = `/app|/*=lb
!/app/img/*=lb
!/*.gif=*
/ext/*=lb;reply_timeout=3000;sticky_ignore=1;stateless=1;fail_on_status=-404,503;active=n1;disabled=n2;use_server_errors=500
/solo/*=solo
/second/*=second
/jkstatus=jkstatus
/jkro=jkro
/jkbare=jkbare
`

func statuses(t *testing.T) *statusPair {
	nodes, dir, binary := tomcats(t).nodes, scratch(t), built(t, true)
	s := &statusPair{t: t}
	ports := [2]int{freePort(t), freePort(t)}
	s.modjk, s.gateway = fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	put(t, filepath.Join(dir, "workers.properties"), fmt.Appendf(nil, statusWorkers, nodes[0].AJP, nodes[1].AJP, freePort(t), freePort(t), freePort(t)))
	put(t, filepath.Join(dir, "uriworkermap.properties"), []byte(statusMap))
	startHTTPD(t, dir, ports[0], "JkWatchdogInterval 60")

	c := exec.CommandContext(t.Context(), binary, "convert", "--workers", "workers.properties", "--urimap", "uriworkermap.properties",
		"--listen", fmt.Sprintf("127.0.0.1:%d", ports[1]), "-o", "twinhop.yaml")
	c.Dir = dir
	if report, err := c.CombinedOutput(); err != nil {
		t.Fatalf("convert: %v\n%s", err, report)
	}
	text, err := os.ReadFile(filepath.Join(dir, "twinhop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// httpd lets everybody change everything; here that takes a network.
	text = regexp.MustCompile(`(?m)^( +)readOnly: false`).ReplaceAll(text, []byte("${1}allow: [127.0.0.0/8]\n$0"))
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "twinhop.yaml"), fmt.Appendf(text, "state: {dir: state}\nadmin: {listen: \"127.0.0.1:%d\"}\nshutdown: {announce: 0s, grace: 1s}\n", freePort(t)))
	p, err := launch(dir, "twinhop", binary, "run", "-c", "twinhop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	eventually(t, 20*time.Second, "both serve", func() error {
		if !p.running() {
			said, _ := os.ReadFile(p.log)
			t.Fatalf("the gateway ended at once: %v\n%s", p.err, said)
		}
		for _, at := range []string{s.modjk, s.gateway} {
			if got, err := fetch(directly, "GET", at+"/app/plain.jsp", nil); err != nil {
				return err
			} else if got.node == "" {
				return fmt.Errorf("%s/app/plain.jsp: from no node", at)
			}
		}
		return nil
	})
	return s
}

// ask returns the answers of both.
func (s *statusPair) ask(path string) (texts [2]string) {
	s.t.Helper()
	var heads [2]string
	for i, at := range []string{s.modjk, s.gateway} {
		resp, err := directly.Get(at + path)
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		texts[i], heads[i] = string(text), fmt.Sprint(resp.StatusCode, resp.Header["Content-Type"], resp.Header["Cache-Control"], resp.Header["Pragma"])
	}
	if heads[0] != heads[1] {
		s.t.Errorf("%s: mod_jk says %s, the gateway %s", path, heads[0], heads[1])
	}
	return texts
}

// An item is one thing that was said: an element, a line.
type item struct {
	what   string
	fields [][2]string
}

var (
	textLine = regexp.MustCompile(`^([A-Z][A-Za-z ]*):(.*)$`)
	textPair = regexp.MustCompile(` ([a-z_]+)=("[^"]*"|[^ ]*)`)
)

func items(t *testing.T, mime, text string) (all []item) {
	t.Helper()
	switch mime {
	case "xml":
		for d := xml.NewDecoder(strings.NewReader(text)); ; {
			token, err := d.Token()
			if err == io.EOF {
				return all
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			switch x := token.(type) {
			case xml.StartElement:
				one := item{what: x.Name.Space + " " + x.Name.Local}
				for _, a := range x.Attr {
					one.fields = append(one.fields, [2]string{a.Name.Local, a.Value})
				}
				all = append(all, one)
			case xml.EndElement:
				all = append(all, item{what: "end of " + x.Name.Local})
			case xml.Directive:
				all = append(all, item{what: string(x)})
			}
		}
	case "txt":
		for line := range strings.Lines(text) {
			m := textLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				t.Fatalf("line %q", line)
			}
			one := item{what: m[1]}
			rest := textPair.ReplaceAllStringFunc(m[2], func(s string) string {
				p := textPair.FindStringSubmatch(s)
				one.fields = append(one.fields, [2]string{p[1], p[2]})
				return ""
			})
			if rest != "" {
				t.Fatalf("%q in line %q", rest, line)
			}
			all = append(all, one)
		}
	default:
		one := item{what: "properties"}
		for line := range strings.Lines(text) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			one.fields = append(one.fields, [2]string{key, value})
		}
		all = append(all, one)
	}
	return all
}

// moving are the attributes whose values are of the moment or of the product; their names
// are compared all the same.
var moving = regexp.MustCompile(`(^|[._])(server(_name|_port)?|port_of_server|datetime|tz|unix|time_datetime|time_tz|time_unix|web_server|jk_version|software|source|` +
	`state|good|degraded|bad|lbvalue|elected|used|sessions|errors|client_errors|reply_timeouts|transferred|read|busy|max_busy|connected|max_connected|` +
	`time_to_maintenance_min|time_to_maintenance_max|time_to_recover_min|time_to_recover_max|last_reset_at|last_reset_ago)$`)

// same compares what both said: names and their order, and the values of what is configured.
func (s *statusPair) same(what, mime string, texts [2]string) {
	s.t.Helper()
	modjk, gateway := items(s.t, mime, texts[0]), items(s.t, mime, texts[1])
	for i := range gateway { // what mod_jk does not have stands behind the rest
		gateway[i].fields = slices.DeleteFunc(gateway[i].fields, func(f [2]string) bool { return strings.HasSuffix(f[0], "bound_sessions") })
	}
	var a, b []string
	for _, list := range []struct {
		from []item
		to   *[]string
	}{{modjk, &a}, {gateway, &b}} {
		for _, x := range list.from {
			*list.to = append(*list.to, x.what)
			for _, f := range x.fields {
				if moving.MatchString(f[0]) || strings.HasSuffix(strings.ToLower(x.what), "server") {
					f[1] = "..."
				}
				*list.to = append(*list.to, "  "+f[0]+"="+f[1])
			}
		}
	}
	if slices.Equal(a, b) {
		return
	}
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			s.t.Errorf("%s: line %d:\nmod_jk  %s\ngateway %s", what, i, strings.Join(a[min(i, len(a)):min(i+3, len(a))], " | "), strings.Join(b[min(i, len(b)):min(i+3, len(b))], " | "))
			return
		}
	}
}

func (s *statusPair) compare(path string) {
	s.t.Helper()
	for _, mime := range []string{"xml", "txt", "prop"} {
		glue := "?"
		if strings.Contains(path, "?") {
			glue = "&"
		}
		s.same(path+" "+mime, mime, s.ask(path+glue+"mime="+mime))
	}
}

func TestStatusWorkerSaysWhatModJKSays(t *testing.T) {
	s := statuses(t)
	for _, path := range []string{
		"/jkstatus", "/jkro", "/jkbare", "/jkstatus?cmd=list&opt=1", "/jkstatus?opt=2", "/jkstatus?opt=3", "/jkstatus?opt=8", "/jkstatus?opt=16", "/jkstatus?opt=24", "/jkstatus?opt=511",
		"/jkstatus?cmd=show&w=lb", "/jkstatus?cmd=show&w=lb&sw=n2", "/jkstatus?cmd=show&w=second", "/jkstatus?cmd=show&w=solo", "/jkstatus?cmd=show&w=jkro",
		"/jkstatus?cmd=version", "/jkbare?cmd=version", "/jkstatus?cmd=edit&w=lb", "/jkstatus?cmd=edit&w=lb&sw=n1", "/jkstatus?cmd=edit&w=lb&att=vwa",
		"/jkstatus?cmd=bogus", "/jkstatus?cmd=", "/jkstatus?cmd=show", "/jkstatus?cmd=show&w=", "/jkstatus?cmd=show&w=none", "/jkstatus?cmd=show&w=n1",
		"/jkstatus?cmd=show&w=lb&sw=", "/jkstatus?cmd=show&w=lb&sw=none", "/jkstatus?cmd=show&w=lb&sw=*", "/jkstatus?cmd=show&w=solo&sw=solo",
		"/jkstatus?cmd=update&w=none", "/jkstatus?cmd=update&w=jkro", "/jkstatus?cmd=update&w=lb&sw=x*", "/jkstatus?cmd=reset&w=lb&sw=n*", "/jkstatus?cmd=reset&w=jkro", "/jkstatus?cmd=reset&w=*",
		"/jkstatus?cmd=recover", "/jkstatus?cmd=recover&w=lb", "/jkstatus?cmd=recover&w=lb&sw=n1", "/jkstatus?cmd=recover&w=solo",
		"/jkro?cmd=update&w=lb&vlr=5", "/jkro?cmd=reset&w=lb", "/jkro?cmd=recover&w=lb&sw=n1", "/jkro?cmd=edit&w=lb", "/jkstatus?cmd=reset&w=lb&opt=32", "/jkstatus?cmd=%72eset&w=lb",
		"/jkstatus?cmd=show&w=%6cb&cmd", "/jkstatus?cmd=dump&cmd=version", "/jkstatus?=x&cmd=version&&",
	} {
		s.compare(path)
	}
	for _, path := range []string{"/jkstatus?mime=bogus", "/jkstatus?mime=", "/jkstatus?mime=prop&cmd=show&w=%zz", "/jkstatus?mime=prop&cmd=show&w=%00", "/jkro?mime=HTML"} {
		s.same(path, "prop", s.ask(path))
	}
	// A dump has other lines here, but the same shape, and no secret.
	for _, mime := range []string{"xml", "txt", "prop"} {
		texts := s.ask("/jkstatus?cmd=dump&mime=" + mime)
		if strings.Contains(texts[1], "s3cret") {
			t.Errorf("the dump tells the secret:\n%s", texts[1])
		}
		for i, text := range texts {
			for _, want := range []string{`worker.lb.type="?lb`, `worker.n1.route="?east.n1`, `worker.second.balance_workers="?m1.m2`} {
				if !regexp.MustCompile(want).MatchString(text) {
					t.Errorf("%s %d: no %s in\n%s", mime, i, want, text)
				}
			}
		}
	}
}

func TestStatusWorkerChangesWhatModJKChanges(t *testing.T) {
	s := statuses(t)
	// Both change the same.
	for _, query := range []string{
		"w=lb&sw=n1&vwa=d", "w=lb&sw=n1&vwa=STOPPED", "w=lb&sw=n1&vwa=0", "w=lb&sw=n1&vwf=5&vwd=2", "w=lb&sw=n2&vwn=west.n2&vwr=east.n1", "w=lb&sw=n2&vwc=north", "w=lb&sw=n1&vwr=&vwc=", "w=lb&sw=n1&vwn=south.n1", "w=lb&sw=n1&vwn=east.n1", "w=lb&sw=n1&vwn=n1&vwc=",
		"w=lb&sw=n*&vwd=1", "w=lb&sw=*&vwd=0&vwf=3", "w=lb&att=vwa&val0=d&val1=s", "w=lb&att=vwa&val0=0&val1=0", "w=lb&att=vwf&val0=2&val1=1", "w=lb&att=vwd&val1=4", "w=lb&att=vart&val0=700",
		"w=lb&vlr=4", "w=lb&vlri=150", "w=lb&vlt=90", "w=lb&vlee=20", "w=lb&vlx=5", "w=lb&vls=off", "w=lb&vls=y&vlf=1", "w=lb&vlf=No", "w=lb&vll=0",
		"w=lb&vlm=T", "w=lb&vlm=2", "w=lb&vlm=Sessions", "w=lb&vlm=next", "w=lb&vlm=0",
		"w=lb&sw=n1&vart=15000&var=3&vari=200&vabl=9", "w=lb&sw=n1&vacpt=30", "w=lb&sw=n1&vact=800&vapt=900", "w=lb&sw=n1&vapng=700&vapt=0", "w=lb&sw=n2&vapng=600", "w=lb&sw=n1&vamps=9000", "w=lb&sw=n1&varo=8", "w=lb&sw=n2&vacpi=45",
		"w=second&vls=1&vlm=R", "w=second&sw=m1&vwa=a", "w=solo&vart=4000&var=1", "w=solo&vabl=3", "w=lb", "w=lb&sw=n1", "w=solo",
	} {
		s.compare("/jkstatus?cmd=update&" + query)
		s.compare("/jkstatus?" + query)
		if t.Failed() {
			t.Fatalf("after %s", query)
		}
	}
	// What mod_jk passes over without a word, or takes for something else, is an error.
	before := s.ask("/jkstatus?mime=txt&opt=2")[1]
	for _, query := range []string{"w=lb&vlr=0", "w=lb&vlr=abc", "w=lb&sw=n1&vwd=abc", "w=lb&sw=n1&vwa=z", "w=lb&vlm=x", "w=lb&sw=n1&vwf=0", "w=lb&sw=n1&vamps=100", "w=lb&att=bogus&val0=1", "w=lb&vll=p",
		"w=lb&sw=n1&vaprt=0", "w=lb&sw=*&vwd=9&vwa=z"} {
		texts := s.ask("/jkstatus?mime=txt&cmd=update&" + query)
		if !strings.Contains(texts[0], "type=OK") || !strings.Contains(texts[1], "type=ERROR") {
			t.Errorf("%s:\nmod_jk  %sgateway %s", query, texts[0], texts[1])
		}
	}
	stable := regexp.MustCompile(`(unix|datetime|last_reset_ago|time_to_maintenance_min|time_to_maintenance_max|connected)=[^ \n]*`)
	if after := s.ask("/jkstatus?mime=txt&opt=2")[1]; stable.ReplaceAllString(after, "") != stable.ReplaceAllString(before, "") {
		t.Errorf("what was refused changed something:\n%s\n%s", before, after)
	}
	// The names before 1.2.27, which mod_jk has forgotten.
	if texts := s.ask("/jkstatus?mime=txt&cmd=update&w=lb&sw=n1&wa=d&wf=7"); !strings.Contains(texts[1], "type=OK") {
		t.Error(texts[1])
	}
	if text := s.ask("/jkstatus?mime=txt&cmd=show&w=lb&sw=n1")[1]; !strings.Contains(text, "activation=DIS lbfactor=7 ") {
		t.Error(text)
	}
}

// counted are the numbers of a member, the same when both got the same requests.
var counted = regexp.MustCompile(`(?m)^Member: name=(n\d) .* (state=\S+) .*(lbvalue=\d+ elected=\d+ sessions=\d+ errors=\d+ client_errors=\d+ reply_timeouts=\d+) .* busy=(\d+) `)

func TestStatusWorkerCountsWhatModJKCounts(t *testing.T) {
	s := statuses(t)
	numbers := func(what string) {
		t.Helper()
		texts := s.ask("/jkstatus?mime=txt&cmd=show&w=lb")
		var got [2]string
		for i, text := range texts {
			for _, m := range counted.FindAllStringSubmatch(text, -1) {
				got[i] += strings.Join(m[1:], " ") + "\n"
			}
		}
		if got[0] != got[1] || strings.Count(got[0], "\n") != 2 {
			t.Errorf("%s:\nmod_jk\n%sgateway\n%s", what, got[0], got[1])
		}
	}
	visit := func(cookie string, n int) {
		t.Helper()
		for _, at := range []string{s.modjk, s.gateway} {
			for range n {
				r, err := http.NewRequest("GET", at+"/app/plain.jsp", nil)
				if err != nil {
					t.Fatal(err)
				}
				if cookie != "" {
					r.Header.Set("Cookie", cookie)
				}
				resp, err := directly.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}
	}
	s.compare("/jkstatus?cmd=reset&w=lb")
	numbers("after reset")
	visit("", 10)
	numbers("ten strangers")
	visit("JSESSIONID=A.n2", 4)
	numbers("four of n2")
	visit("JSESSIONID=A.east.n1", 3)
	numbers("three of n1")
	s.ask("/jkstatus?mime=txt&cmd=update&w=lb&sw=n1&vwa=d")
	numbers("n1 is disabled")
	visit("", 5)
	visit("JSESSIONID=A.east.n1", 1)
	numbers("strangers go to n2, who belongs to n1 stays")
	s.ask("/jkstatus?mime=txt&cmd=update&w=lb&sw=n1&vwa=a&vwf=1")
	visit("", 7)
	numbers("other factors")
	s.compare("/jkstatus?cmd=reset&w=lb&sw=n2")
	numbers("n2 is reset")
	s.ask("/jkstatus?mime=txt&cmd=update&w=lb&vlm=S")
	visit("JSESSIONID=B.n2", 4)
	visit("", 5)
	numbers("by sessions")
}

// Run as they are, the files are known as mod_jk knows them: where each rule was read, and every line, lists joined, variables
// replaced, what templates say behind the rest, and no secret.
func TestStatusWorkerKnowsTheFiles(t *testing.T) {
	dir, binary := scratch(t), built(t, true)
	s := &statusPair{t: t}
	ports := [2]int{freePort(t), freePort(t)}
	s.modjk, s.gateway = fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	put(t, filepath.Join(dir, "workers.properties"), fmt.Appendf(nil, "pw = s3cret\nsite=example # a comment\nworker.list = jkstatus\n"+
		strings.ReplaceAll(statusWorkers, "secret=s3cret", "secret=$(pw)")+"worker.n2.domain=$(site)\nworker.solo.mount=/own/*\n", freePort(t), freePort(t), freePort(t), freePort(t), freePort(t)))
	put(t, filepath.Join(dir, "uriworkermap.properties"), []byte(statusMap))
	startHTTPD(t, dir, ports[0], "JkMount /mounted/* lb", "JkUnMount /mounted/x/* lb")
	put(t, filepath.Join(dir, "jk.conf"), []byte("JkMount /mounted/* lb\nJkUnMount /mounted/x/* lb\n"))
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "more.yaml"), fmt.Appendf(nil, "state: {dir: state}\nadmin: {listen: \"127.0.0.1:%d\"}\nshutdown: {announce: 0s, grace: 1s}\n", freePort(t)))
	p, err := launch(dir, "twinhop", binary, "run", "--workers", "workers.properties", "--urimap", "uriworkermap.properties", "--httpd", "jk.conf", "--listen", fmt.Sprintf("127.0.0.1:%d", ports[1]), "-c", "more.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	eventually(t, 20*time.Second, "the gateway serves", func() error {
		resp, err := directly.Get(s.gateway + "/jkstatus?cmd=version")
		if err == nil {
			resp.Body.Close()
		}
		return err
	})
	source := regexp.MustCompile(`uri="[^"]*" type="[^"]*" source="[^"]*"`)
	texts := s.ask("/jkstatus?mime=txt&opt=1")
	if a, b := source.FindAllString(texts[0], -1), source.FindAllString(texts[1], -1); !slices.Equal(a, b) || len(a) < 10 {
		t.Errorf("rules and where they were read:\nmod_jk  %s\ngateway %s", a, b)
	}
	moment := regexp.MustCompile(`(?m)^ *(worker\.(server|time|web|jk)_|ServerRoot=|pw=|(Server|Time|Software):|<?jk:|name=|port=|datetime=|tz=|unix=|web_server=|jk_version=).*\n`)
	for _, mime := range []string{"prop", "txt", "xml"} {
		texts := s.ask("/jkstatus?cmd=dump&mime=" + mime)
		for i := range texts {
			texts[i] = moment.ReplaceAllString(texts[i], "")
		}
		texts[0] = strings.ReplaceAll(texts[0], `"<!DOCTYPE status>"`, `"&lt;!DOCTYPE status&gt;"`) // which is no XML
		if texts[0] != texts[1] || strings.Count(texts[0], "\n") < 60 || strings.Contains(texts[1], "s3cret") {
			t.Errorf("%s:\nmod_jk\n%s\ngateway\n%s", mime, texts[0], texts[1])
		}
	}
}
