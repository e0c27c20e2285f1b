package assembly

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twinhop/admin/access"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// supervised is a gateway with a status worker that may be written to from
// this machine, at /jk, and one for operators, at /op.
type supervised struct {
	*Gateway
	t    *testing.T
	at   string
	base config.Config
}

const password = "a long word of olga"

func supervise(t *testing.T) *supervised {
	c := settings(t, "http://127.0.0.1:1")
	dir := t.TempDir()
	users, _ := json.Marshal(map[string]any{"version": 1, "users": []access.User{{Name: "olga", Role: access.RoleOperator, Hash: access.HashPassword(password)}}})
	if err := os.WriteFile(filepath.Join(dir, "users.json"), users, 0o600); err != nil {
		t.Fatal(err)
	}
	c.State.Dir = dir
	old := web("old", "ajp://127.0.0.1:1")
	old.AJP = config.AJP{Secret: "hush", PacketSize: 8192, Ping: config.AJPPing{Timeout: time.Second}}
	c.Nodes = []config.Node{web("n1", sign(t, "one")), web("n2", sign(t, "two")), old}
	lb := pool("lb", "n1", "n2")
	lb.Recovery = &config.Recovery{Time: time.Minute, Escalation: 30 * time.Second}
	c.Pools = []config.Pool{lb, pool("plain", "n1", "n2"), pool("old", "old")}
	open, guarded := config.Status{Name: "open"}, config.Status{Name: "guarded"}
	open.SetDefaults()
	guarded.SetDefaults()
	open.ReadOnly, open.Allow, guarded.ReadOnly = false, []string{"127.0.0.0/8"}, false
	c.Status = []config.Status{open, guarded}
	c.Mounts = []config.Mount{{Path: "/app/*", Pool: "lb"}, {Path: "/plain/*", Pool: "plain"}, {Path: "/old/*", Pool: "old"},
		{Path: "/jk", Status: "open"}, {Path: "/op", Status: "guarded"}}
	c.SIP.Pool = "lb"
	s := &supervised{t: t, base: c}
	s.Gateway = atWork(t, c)
	s.at = "http://" + s.Addrs().HTTP[0]
	return s
}

// say sends a command and returns its message.
func (s *supervised) say(query string) string {
	s.t.Helper()
	code, text := get(s.t, s.at+"/jk?mime=txt&"+query)
	_, result, _ := strings.Cut(text, "Result: type=")
	if code != 200 {
		s.t.Errorf("%s: %d %s", query, code, text)
	}
	return strings.TrimSpace(result)
}

const done = `OK message="Action finished"`

func (s *supervised) must(query string) {
	s.t.Helper()
	if got := s.say(query); got != done {
		s.t.Errorf("%s: %s", query, got)
	}
}

// shows looks for an attribute of a worker or member in the list.
func (s *supervised) shows(name, attribute, want string) {
	s.t.Helper()
	_, text := get(s.t, s.at+"/jk?mime=txt")
	line := regexp.MustCompile(`(?m)^(Balancer Worker|Member|AJP Worker): name=` + name + ` .*$`).FindString(text)
	m := regexp.MustCompile(` ` + attribute + `="?([^" ]*)"?`).FindStringSubmatch(line)
	if m == nil || m[1] != want {
		s.t.Errorf("%s of %s is %q, not %s:\n%s", attribute, name, m, want, text)
	}
}

func TestStatusChangesMembers(t *testing.T) {
	s := supervise(t)
	member := func() *cluster.Member { return s.Registry.View().Pool("lb").Member("n1") }
	s.must("cmd=update&w=lb&sw=n1&vwa=d&vwf=3&vwd=2&vwr=n2&vwc=east&vwn=r1&vabl=9")
	if m := member(); m.Activation != cluster.Disabled || m.Weight != 3 || m.Distance != 2 || m.Redirect != "n2" || m.Domain != "east" || m.Route != "r1" || m.BusyLimit != 9 {
		t.Errorf("%+v", m)
	}
	s.shows("n1", "activation", "DIS")
	s.shows("n1", "lbfactor", "3")
	s.shows("n2", "lbmult", "3")
	for range 6 { // the other gets all that is new
		if code, text := get(t, s.at+"/app/"); code != 200 || text != "two" {
			t.Errorf("%d %s", code, text)
		}
	}
	s.shows("n2", "elected", "6")
	s.must("cmd=update&w=lb&sw=n1&vwa=a")
	if v := s.Registry.View().Pool("lb").Member("n2").Load.Value.Load(); v != 0 {
		t.Errorf("load value %d after an activation", v)
	}

	// Two of one route cannot be; nothing is changed then, of no member.
	if got := s.say("cmd=update&w=lb&sw=*&vwd=7&vwn=same"); !strings.HasPrefix(got, "ERROR message=\"Update failed: ") || !strings.Contains(got, "route") {
		t.Error(got)
	}
	for _, m := range s.Registry.View().Pool("lb").Members {
		if m.Distance == 7 || m.Route == "same" {
			t.Errorf("%+v", m)
		}
	}
	s.must("cmd=update&w=lb&att=vwa&val0=s&val1=d")
	s.shows("n1", "activation", "STP")
	s.shows("n2", "activation", "DIS")
	s.shows("lb", "bad", "1")
	s.shows("lb", "degraded", "1")
}

// What was done with a status worker, or refused, is in the audit, with who did
// it.
func TestStatusIsAudited(t *testing.T) {
	s := supervise(t)
	s.must("cmd=update&w=lb&sw=n1&vwa=d")
	s.say("cmd=update&w=lb&sw=*&vwd=7&vwn=same")
	r, err := http.NewRequest("GET", s.at+"/op?mime=txt&cmd=reset&w=lb", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("olga", password)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	file, err := os.ReadFile(filepath.Join(s.base.State.Dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(file)) {
		var e struct{ Actor, Via, IP, Action, Object, Result, After string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Join([]string{e.Actor, e.Via, e.IP, e.Action, e.Object, e.Result, e.After}, "|"))
	}
	want := []string{"|jkstatus|127.0.0.1|jkstatus.changed|worker:lb|ok|[{Worker:lb Member:n1 Attribute:", "|jkstatus|127.0.0.1|jkstatus.changed|worker:lb|refused|", "olga|jkstatus|127.0.0.1|jkstatus.reset|worker:lb|ok|"}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("%q", got)
	}
}

// What was refused leaves no word behind: another configuration counts.
func TestStatusForgetsWhatItRefused(t *testing.T) {
	s := supervise(t)
	if got := s.say("cmd=update&w=lb&sw=*&vwd=7&vwn=same"); !strings.HasPrefix(got, "ERROR") {
		t.Error(got)
	}
	c := *s.basis.Load()
	c.Nodes = slices.Clone(c.Nodes)
	for i := range c.Nodes {
		c.Nodes[i].Distance = 5 + i
	}
	if _, err := s.Reload(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for i, m := range s.Registry.View().Pool("lb").Members {
		if m.Distance != 5+i || m.Route == "same" {
			t.Errorf("%+v", m)
		}
	}
}

func TestStatusChangesPools(t *testing.T) {
	s := supervise(t)
	s.must("cmd=update&w=lb&vlr=3&vlri=20&vlt=5&vlee=0&vlx=2&vls=0&vlf=1&vlm=B")
	for attribute, want := range map[string]string{"retries": "3", "recover_time": "5", "error_escalation_time": "0", "max_reply_timeouts": "2",
		"sticky_session": "False", "sticky_session_force": "True", "method": "Busyness"} {
		s.shows("lb", attribute, want)
	}
	c, p := s.present.Load(), s.Registry.View().Pool("lb")
	if c.Pools[0].Balance != "busyness" || c.Pools[0].Retries.Interval != 20*time.Millisecond || p.Recovery.Time != 5*time.Second || p.Sticky || !p.Force {
		t.Errorf("%+v %+v", c.Pools[0], p)
	}
	if s.base.Pools[0].Balance != "requests" || s.base.Pools[0].Retries != nil {
		t.Error("the configuration itself was changed")
	}

	// What was ordered outlives another configuration.
	next := s.base
	next.Mounts = append(next.Mounts[:len(next.Mounts):len(next.Mounts)], config.Mount{Path: "/new/*", Pool: "lb"})
	if _, err := s.Reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	s.shows("lb", "method", "Busyness")
	s.shows("lb", "retries", "3")
	s.shows("lb", "recover_time", "5")
	s.shows("lb", "map_count", "2")

	const why = `ERROR message="recover_time: in plain the health of nodes alone decides; give the pool recovery in the configuration"`
	if got := s.say("cmd=update&w=plain&vlt=5&vlr=7"); got != why {
		t.Error(got)
	}
	s.shows("plain", "retries", "1")
}

func TestStatusMovesNodes(t *testing.T) {
	s := supervise(t)
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(sign(t, "three"), "http://"))
	s.must("cmd=update&w=lb&sw=n1&vahst=localhost&vaprt=" + port)
	s.must("cmd=update&w=lb&sw=n2&vwa=s")
	s.shows("n1", "host", "localhost")
	s.shows("n1", "address", host+":"+port)
	if code, text := get(t, s.at+"/app/"); code != 200 || text != "three" {
		t.Errorf("%d %s", code, text)
	}
	if got := s.say("cmd=update&w=lb&sw=n1&vahst=no.such.host.invalid&vwd=5"); !strings.HasPrefix(got, `ERROR message="Update failed: `) {
		t.Error(got)
	}
	s.shows("n1", "host", "localhost")
	s.shows("n1", "distance", "0")
	if code, text := get(t, s.at+"/app/"); code != 200 || text != "three" {
		t.Errorf("%d %s", code, text)
	}
	s.must("cmd=update&w=lb&vlr=2") // what failed is forgotten

	// Nodes that were added while the gateway ran can be changed like others.
	if err := s.AddNode(t.Context(), []byte(`{"name": "n9", "http": "http://127.0.0.1:1"}`), []string{"lb"}); err != nil {
		t.Fatal(err)
	}
	s.must("cmd=update&w=lb&sw=n9&var=3&vaprt=" + port + "&vwf=2")
	s.shows("n9", "retries", "3")
	s.shows("n9", "port", port)
	s.shows("n1", "host", "localhost")
}

func TestStatusChangesConnectors(t *testing.T) {
	s := supervise(t)
	s.shows("old", "type", "ajp13")
	s.must("cmd=update&w=old&vacpt=60&vapng=700&vact=700&vapt=700&vart=900&vacpi=40&vamps=16384&var=3&vari=50&varo=7&vabl=4")
	for attribute, want := range map[string]string{"connection_pool_timeout": "60", "ping_timeout": "700", "connect_timeout": "700", "prepost_timeout": "700",
		"reply_timeout": "900", "connection_ping_interval": "40", "max_packet_size": "16384", "retries": "3", "recovery_options": "7", "busy_limit": "4"} {
		s.shows("old", attribute, want)
	}
	n := s.present.Load().Nodes[2]
	if a := n.AJP; a.Secret != "hush" || a.IdleTimeout != time.Minute || !a.Ping.Connect || a.ReplyTimeout != 900*time.Millisecond || a.BodyTimeout != 900*time.Millisecond {
		t.Errorf("%+v", a)
	}
	if n.Repeat == nil || len(n.Repeat) > 0 || n.Retries != (config.NodeRetries{Attempts: 3, Interval: 50 * time.Millisecond}) {
		t.Errorf("%+v", n)
	}
	s.must("cmd=update&w=old&vact=0&varo=16")
	s.shows("old", "connect_timeout", "0")
	if got := s.present.Load().Nodes[2].Repeat; len(got) != 0 { // 16 alone: everything is repeated that may be
		t.Errorf("%v", got)
	}
	s.must("cmd=update&w=old&vapt=800")
	s.shows("old", "prepost_timeout", "800")
	for query, want := range map[string]string{
		"cmd=update&w=lb&sw=n1&vart=5":          "reply_timeout: n1 does not speak AJP",
		"cmd=update&w=lb&sw=n1&vamps=8193":      "max_packet_size: n1 does not speak AJP",
		"cmd=update&w=lb&sw=*&vart=5&vwd=1":     "reply_timeout: n1 does not speak AJP",
		"cmd=update&w=lb&sw=n1&vaprt=99999":     "vaprt (port): '99999' is not a number from 1 to 65535",
		"cmd=update&w=old&vwa=d":                "vwa (activation) is not a setting of this worker",
		"cmd=update&w=lb&vll=1":                 "vll (lock): there is no other locking than Optimistic here",
		"cmd=update&w=lb&sw=n1&vahst=[::1]&x=y": "vahst (host): '[::1]' is not a host name or an IP address of at most 60 characters",
	} {
		if got := s.say(query); got != `ERROR message="`+want+`"` {
			t.Errorf("%s: %s", query, got)
		}
	}
	s.shows("n1", "distance", "0")
}

func TestStatusResetsAndRecovers(t *testing.T) {
	s := supervise(t)
	m := s.Registry.View().Pool("lb").Member("n1")
	for range 4 {
		get(t, s.at+"/app/")
	}
	s.shows("n1", "elected", "2")
	s.shows("n1", "state", "OK")
	if got := s.say("cmd=recover&w=lb&sw=n1"); got != `ERROR message="Marking worker for recovery failed"` {
		t.Error(got)
	}
	s.Registry.Judge(m, cluster.Unfit)
	m.Load.ReplyTimeouts.Store(3)
	s.Registry.View().Pool("lb").Member("n2").Load.Value.Store(17)
	s.shows("n1", "state", "ERR")
	s.must("cmd=recover&w=lb&sw=n1")
	s.shows("n1", "state", "ERR/REC")
	s.shows("n1", "lbvalue", "17")
	s.shows("n1", "reply_timeouts", "0")
	s.must("cmd=reset&w=lb&sw=n1")
	s.shows("n1", "elected", "0")
	s.shows("n1", "state", "OK/IDLE")
	s.shows("n2", "elected", "2")
	s.must("cmd=reset&w=lb")
	s.shows("n2", "elected", "0")
	s.must("cmd=reset&w=old")
}

// Changes need a password where no network is allowed; the ways to the status
// worker all lead to the same door.
func TestStatusAsksForPasswords(t *testing.T) {
	s := supervise(t)
	ask := func(path, user, pass string) int {
		r, _ := http.NewRequest("GET", s.at+path, nil)
		if user != "" {
			r.SetBasicAuth(user, pass)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		if strings.Contains(string(text), "hush") {
			t.Errorf("%s tells a secret", path)
		}
		return resp.StatusCode
	}
	const change = "?cmd=update&w=lb&sw=n1&vwd=4"
	for _, path := range []string{"/op", "/op;jsessionid=x", "//op", "/%6fp", "/;/op", "/./op"} {
		if code := ask(path+change, "", ""); code != 401 {
			t.Errorf("%s without a password: %d", path, code)
		}
		if code := ask(path, "", ""); code != 200 {
			t.Errorf("%s: %d", path, code)
		}
	}
	for path, want := range map[string]int{"/op/" + change: 404, "/op/x" + change: 404, "/OP" + change: 404, "/app/..;/op" + change: 400, "/app/../op" + change: 400, "/op%2f" + change: 400} {
		if code := ask(path, "", ""); code != want {
			t.Errorf("%s: %d, not %d", path, code, want)
		}
	}
	if code := ask("/op"+change, "olga", "wrong"); code != 401 {
		t.Errorf("a wrong password: %d", code)
	}
	s.shows("n1", "distance", "0")
	if code := ask("/op"+change, "olga", password); code != 200 {
		t.Errorf("the right one: %d", code)
	}
	s.shows("n1", "distance", "4")
	for range 8 {
		ask("/op"+change, "mallory", "guess")
	}
	if code := ask("/op"+change, "olga", password); code != 429 {
		t.Errorf("after many guesses: %d", code)
	}
	for _, cmd := range []string{"dump", "list", "version"} {
		for _, mime := range []string{"html", "xml", "txt", "prop"} {
			ask("/jk?cmd="+cmd+"&mime="+mime, "", "")
		}
	}
}

// Many look, change, reload and send requests at once.
func TestStatusInParallel(t *testing.T) {
	s := supervise(t)
	var wg sync.WaitGroup
	for _, query := range []string{"cmd=update&w=lb&sw=n1&vwf=3", "cmd=update&w=lb&vlm=T", "cmd=update&w=old&vart=70", "cmd=update&w=lb&sw=*&vwd=1", "cmd=reset&w=lb", "cmd=list", "cmd=dump", "cmd=update&w=lb&vlr=4"} {
		wg.Go(func() {
			for range 5 {
				s.must(query)
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			if _, err := s.Reload(t.Context(), s.base); err != nil {
				t.Error(err)
			}
			get(t, s.at+"/app/")
		}
	})
	wg.Wait()
	s.shows("n1", "lbfactor", "3")
	s.shows("n2", "distance", "1")
	s.shows("lb", "method", "Traffic")
	s.shows("lb", "retries", "4")
	s.shows("old", "reply_timeout", "70")
}
