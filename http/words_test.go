package http

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/cluster"
)

// Session ids stand where the rule says, else where the pool says, else where
// they stand for everybody.
func TestSessionNamesOfPoolsAndRules(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2")}, func(s *stage) {
		s.settings.Pools = map[string]PoolWords{"default": {Rule: RuleWords{Cookie: "POOL", Path: ";poolid"}}}
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/*", "default"), {Path: "/rule/*", Pool: "default", Words: &RuleWords{Cookie: "RULE"}},
			{Path: "/both/*", Pool: "default", Words: &RuleWords{Cookie: "BOTH", Path: ";bothid"}}})
	})
	for _, c := range []struct{ path, cookie string }{
		{"/", "POOL=A.n2; JSESSIONID=A.n1; RULE=A.n1"},
		{"/x;poolid=A.n2;jsessionid=A.n1", "POOL=A.n1"},
		{"/rule/x", "POOL=A.n1; JSESSIONID=A.n1; RULE=A.n2"},
		{"/rule/x;poolid=A.n2", "RULE=A.n1"},
		{"/both/x;bothid=A.n2;poolid=A.n1", "POOL=A.n1"},
		{"/both/x", "POOL=A.n1; BOTH=A.n2"},
	} {
		for range 2 { // not by chance
			if _, got := s.get(c.path, "Cookie: "+c.cookie); got != "n2" {
				t.Errorf("%s with %s is served by %s", c.path, c.cookie, got)
			}
		}
	}
}

// Statuses that the operator calls failures, with the node's list and with the
// rule's, which goes before it.
func TestFailOnStatus(t *testing.T) {
	node := map[string]NodeWords{"n1": {FailOn: []int{503, -404}}, "n2": {FailOn: []int{503, -404}}}
	repeats := map[string]NodeWords{"n1": {FailOn: []int{503}, Repeat: &[]string{"POST"}, Attempts: 2}}
	for _, c := range []struct {
		name, method string
		nodes        map[string]NodeWords
		pool, rule   []int
		script, want string
	}{
		{"not in the list", "GET", node, nil, nil, "n1: 500; n2:", "n1 500 said by n1"},
		{"another member serves", "GET", node, nil, nil, "n1: 503; n2:", "n1 n2 200 said by n2"},
		{"negative: another member too", "GET", node, nil, nil, "n1: 404; n2:", "n1 n2 200 said by n2"},
		{"all fail", "GET", node, nil, nil, "n1: 404; n2: 404", "n1 n2 503 Service Unavailable\n"},
		{"nobody else", "GET", node, nil, nil, "n1: 503", "n1 503 Service Unavailable\n"},
		{"a POST was delivered", "POST", node, nil, nil, "n1: 503; n2:", "n1 503 Service Unavailable\n"},
		{"a POST that may be repeated", "POST", repeats, nil, nil, "n1: 503; n2:", "n1 n1 n2 200 said by n2"},
		{"a pool's list", "GET", node, []int{500}, nil, "n1: 500; n2: 503", "n1 n2 503 said by n2"},
		{"a rule's list", "GET", node, []int{500}, []int{-404}, "n1: 500; n2:", "n1 500 said by n1"},
		{"a rule's empty list", "GET", node, []int{503}, []int{}, "n1: 503; n2:", "n1 503 said by n1"},
		{"the first word counts", "GET", nil, []int{-503, 503}, nil, "n1: 503; n2:", "n1 n2 200 said by n2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, sc := scriptedStage(t, c.script, func(s *stage) {
				s.settings.Pools = map[string]PoolWords{"default": {Nodes: c.nodes, Rule: RuleWords{FailOn: c.pool}}}
				s.settings.Mounts = mustMounts(t, []MountRule{{Path: "/*", Pool: "default", Words: &RuleWords{FailOn: c.rule}}})
			})
			sc.reply.Add("X-Node", "1")
			w := s.ask(c.method, "/", 0, "Cookie: JSESSIONID=C.n1")
			if got := fmt.Sprint(sc.nodes(), " ", w.Code, " ", w.Body); got != c.want {
				t.Errorf("%q, expected %q", got, c.want)
			}
			if own := w.Header().Get("X-Node") == ""; own != strings.HasSuffix(c.want, "Unavailable\n") {
				t.Errorf("fields %v", w.Header())
			}
		})
	}
}

// From a status on the client gets our page, with that status and without what
// the node said but for what makes the status useful.
func TestServerErrors(t *testing.T) {
	for _, c := range []struct {
		pool, rule, status int
		want               string
	}{
		{0, 0, 500, "said by n1"}, {500, 0, 404, "said by n1"}, {500, 0, 500, "Internal Server Error\n"}, {500, 400, 404, "Not Found\n"},
		{0, 400, 401, "Unauthorized\n"}, {0, 400, 405, "Method Not Allowed\n"}, {0, 400, 599, "Error\n"}, {600, 0, 599, "said by n1"},
	} {
		s, sc := scriptedStage(t, fmt.Sprintf("n1: %d", c.status), func(s *stage) {
			s.settings.Pools = map[string]PoolWords{"default": {Rule: RuleWords{ServerErrors: c.pool}}}
			s.settings.Mounts = mustMounts(t, []MountRule{{Path: "/*", Pool: "default", Words: &RuleWords{ServerErrors: c.rule}}})
		})
		for _, f := range []string{"WWW-Authenticate: Basic realm=x", "WWW-Authenticate: Bearer", "Allow: PUT", "X-Node: 1", "Set-Cookie: JSESSIONID=A.n1", "Content-Type: x/y"} {
			name, value, _ := strings.Cut(f, ": ")
			sc.reply.Add(name, value)
		}
		w := s.ask("GET", "/", 0)
		if w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%+v: %d %q", c, w.Code, w.Body)
		}
		if ours := !strings.HasPrefix(c.want, "said"); ours {
			h := w.Header()
			if len(h["Www-Authenticate"]) != 2 || h.Get("Allow") != "PUT" || h.Get("X-Node") != "" || h.Get("Set-Cookie") != "" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%+v: %v", c, h)
			}
		}
		if n := s.registry.View().Pool("default").Member("n1").Load.Busy.Load(); n != 0 {
			t.Errorf("%+v: %d requests still count as running", c, n)
		}
	}
}

// The time for each part of an answer: a rule's, else the pool's, else the
// backend's own; 0 is no bound.
func TestReplyTimeouts(t *testing.T) {
	d := func(d time.Duration) *time.Duration { return &d }
	for _, c := range []struct {
		pool, rule *time.Duration
		want       time.Duration
	}{
		{nil, nil, 0}, {d(time.Second), nil, time.Second}, {d(time.Second), d(time.Minute), time.Minute}, {d(time.Second), d(0), -1}, {d(0), nil, -1},
	} {
		s, sc := scriptedStage(t, "n1: reset; n2:", func(s *stage) {
			s.settings.Pools = map[string]PoolWords{"default": {Rule: RuleWords{ReplyTimeout: c.pool}}}
			s.settings.Mounts = mustMounts(t, []MountRule{{Path: "/*", Pool: "default", Words: &RuleWords{ReplyTimeout: c.rule}}})
		})
		s.ask("GET", "/", 0)
		if len(sc.asked) != 2 || sc.asked[0].ReplyTimeout != c.want || sc.asked[1].ReplyTimeout != c.want {
			t.Errorf("%v before %v: %d asked, %v", c.rule, c.pool, len(sc.asked), sc.asked[0].ReplyTimeout)
		}
	}
}

// What must not be repeated once it was sent is not repeated on its way either.
func TestOnce(t *testing.T) {
	s, sc := scriptedStage(t, "n1: refuse; n2: refuse; n3:", func(s *stage) {
		s.settings.Pools = map[string]PoolWords{"default": {Nodes: map[string]NodeWords{"n1": {Repeat: &[]string{}}, "n2": {Repeat: &[]string{"GET"}}}}}
	})
	s.ask("GET", "/", 0)
	got := ""
	for _, r := range sc.asked {
		got += fmt.Sprint(r.Once, " ")
	}
	if got != "true false false " {
		t.Error(got)
	}
}

// A client without a session that is not led by its request gets a cookie with
// the route of its node, as mod_jk writes it.
func TestSetSessionCookie(t *testing.T) {
	yes, no, app, none := true, false, "/app", ""
	on := RuleWords{SetCookie: &yes}
	for _, c := range []struct {
		name         string
		pool, rule   RuleWords
		script, sent string // nodes; cookie of the client
		node         string // Set-Cookie of the node
		want         string
	}{
		{"off", RuleWords{}, RuleWords{}, "n1:; n2:", "", "", ""},
		{"on", on, RuleWords{}, "n1:; n2:", "", "", "JSESSIONID=.n1;PATH=/;HttpOnly"},
		{"path", RuleWords{SetCookie: &yes, SetPath: &app}, RuleWords{}, "n1:; n2:", "", "", "JSESSIONID=.n1;PATH=/app;HttpOnly"},
		{"no path", RuleWords{SetCookie: &yes, SetPath: &none}, RuleWords{}, "n1:; n2:", "", "", "JSESSIONID=.n1;HttpOnly"},
		{"name", RuleWords{SetCookie: &yes, Cookie: "LB"}, RuleWords{}, "n1:; n2:", "JSESSIONID=A.n1", "", "LB=.n1;PATH=/;HttpOnly"},
		{"a rule's words", on, RuleWords{Cookie: "RULE", SetPath: &app}, "n1:; n2:", "", "", "RULE=.n1;PATH=/app;HttpOnly"},
		{"on by a rule", RuleWords{}, on, "n1:; n2:", "", "", "JSESSIONID=.n1;PATH=/;HttpOnly"},
		{"off by a rule", on, RuleWords{SetCookie: &no}, "n1:; n2:", "", "", ""},
		{"the only member", on, RuleWords{}, "n1:", "", "", ""},
		{"led by a bare route", on, RuleWords{}, "n1:; n2:", "JSESSIONID=.n2", "", ""},
		{"led by a bare route that is gone", on, RuleWords{}, "n1:; n2:", "JSESSIONID=.n9", "", "JSESSIONID=.n1;PATH=/;HttpOnly"},
		{"led by a session", on, RuleWords{}, "n1:; n2:", "JSESSIONID=A.n2", "", ""},
		{"after a failure", on, RuleWords{}, "n1: refuse; n2:", "JSESSIONID=.n1", "", "JSESSIONID=.n2;PATH=/;HttpOnly"},
		{"a session whose node is gone keeps its id", on, RuleWords{}, "n1:; n2:", "JSESSIONID=A.n9", "", ""},
		{"a session without a route keeps its id", on, RuleWords{}, "n1:; n2:", "JSESSIONID=A", "", ""},
		{"the node's own goes before", on, RuleWords{}, "n1:; n2:", "", "JSESSIONID=A.n1; Path=/", "JSESSIONID=A.n1; Path=/"},
		{"the node deletes it", on, RuleWords{}, "n1:; n2:", "", "JSESSIONID=; Max-Age=0", "JSESSIONID=; Max-Age=0"},
		{"the node sets another", on, RuleWords{}, "n1:; n2:", "", "OTHER=1", "OTHER=1|JSESSIONID=.n1;PATH=/;HttpOnly"},
	} {
		for scheme, secure := range map[string]string{"": "", "https://h": ";Secure"} {
			t.Run(c.name+secure, func(t *testing.T) {
				s, sc := scriptedStage(t, c.script, func(s *stage) {
					s.settings.Pools = map[string]PoolWords{"default": {Rule: c.pool}}
					s.settings.Mounts = mustMounts(t, []MountRule{{Path: "/*", Pool: "default", Words: &c.rule}})
				})
				if c.node != "" {
					sc.reply.Add("Set-Cookie", c.node)
				}
				var fields []string
				if c.sent != "" {
					fields = append(fields, "Cookie: "+c.sent)
				}
				w := s.ask("GET", scheme+"/", 0, fields...)
				got, want := strings.Join(w.Header()["Set-Cookie"], "|"), strings.ReplaceAll(c.want, ";HttpOnly", ";HttpOnly"+secure)
				if w.Code != 200 || got != want {
					t.Errorf("%d %q, expected %q", w.Code, got, want)
				}
			})
		}
	}
}

// A rule may have a pool decided with other words.
func TestRulesWithAVariant(t *testing.T) {
	s, sc := scriptedStage(t, "n1:; n2:", func(s *stage) {
		s.pool.Variants = []cluster.Variant{{Name: "second", Activation: map[string]cluster.Activation{"n1": cluster.Stopped}}, {Name: "loose", NoStick: true}}
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/*", "default"), {Path: "/2/*", Pool: "default", Variant: "second"},
			{Path: "/loose/*", Pool: "default", Variant: "loose"}, {Path: "/x/*", Pool: "default", Variant: "unknown"}})
	})
	for _, c := range []struct{ path, want string }{
		{"/a", "n1 n1 n1"}, {"/loose/a", "n1 n2 n1"}, {"/x/a", "n1 n1 n1"}, {"/2/a", "n2 n2 n2"},
	} {
		sc.calls = nil
		for range 3 {
			s.ask("GET", c.path, 0, "Cookie: JSESSIONID=C.n1")
		}
		if got := sc.nodes(); got != c.want {
			t.Errorf("%s: %s, expected %s", c.path, got, c.want)
		}
	}
}

// What a failing status means for the member that answered it.
func TestFailOnStatusAndTheMembersState(t *testing.T) {
	for status, want := range map[int]cluster.State{503: cluster.StateError, -503: cluster.StateOK, 500: cluster.StateOK} {
		s, _ := scriptedStage(t, "n1: 503; n2:", func(s *stage) {
			s.pool.Recovery = &cluster.Recovery{}
			s.settings.Pools = map[string]PoolWords{"default": {Rule: RuleWords{FailOn: []int{status}}}}
		})
		s.front.Router.Judge = s.registry.Judge
		s.ask("GET", "/", 0, "Cookie: JSESSIONID=C.n1")
		if got := s.registry.View().Pool("default").Member("n1").State(); got != want {
			t.Errorf("fail on %d: %s, expected %s", status, got, want)
		}
	}
}
