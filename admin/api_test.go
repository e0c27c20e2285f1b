package admin

import (
	"strings"
	"testing"

	"twinhop/admin/problem"
	"twinhop/gateway/cluster"
)

func TestSessionsAreFoundByAnyKey(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	const id = "3F9A11223344556677889900AABBCCC1"
	d := s.http(id, "", "alice")
	s.sip("a84b4c76e66710@pc33", "alice")
	for n := range 20 {
		s.http("OTHER"+strings.Repeat(string(rune('A'+n)), 27), "", "")
	}
	b := s.login(RoleOperator)
	for _, q := range []string{"alice", "app:alice", "user:alice", "from.user=alice", id, id + "." + d.Member.Route, "http:" + id,
		"a84b4c76e66710@pc33", "call-id:a84b4c76e66710@pc33", "lic", d.Session.String(), d.Session.String()[:10], "sip:alice@example.com"} {
		a := b.must(200, "GET", "/api/v1/sessions?q="+q, nil)
		if a.at("total", "value") != 1.0 || a.at("items", 0, "id") != d.Session.String() || a.at("items", 0, "node") != d.Member.Name {
			t.Errorf("%s: %s", q, a.text)
		}
	}
	for _, q := range []string{id[:10], "http:alice", "call:alice", "node:alice", "bob", strings.ToLower(id)} {
		if a := b.must(200, "GET", "/api/v1/sessions?q="+q, nil); a.at("total", "value") != 0.0 {
			t.Errorf("%s: %s", q, a.text)
		}
	}
	if a := b.must(200, "GET", "/api/v1/sessions?key=lic", nil); a.at("total", "value") != 0.0 {
		t.Errorf("key= is exact: %s", a.text)
	}
	if a := b.must(200, "GET", "/api/v1/sessions?legs=sip", nil); a.at("total", "value") != 1.0 {
		t.Errorf("legs=sip: %s", a.text)
	}
	a := b.must(200, "GET", "/api/v1/sessions?q=node:"+d.Member.Name, nil)
	for i := range a.body["items"].([]any) {
		if a.at("items", i, "node") != d.Member.Name {
			t.Errorf("node: %v", a.at("items", i))
		}
	}
}

func TestSessionIDsNeverLeave(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	const id = "3F9A11223344556677889900AABBCCC1"
	d := s.http(id, "", "alice")
	s.http(id, d.Member.Route, "alice")
	s.sip("secret-call-id-0123456789", "alice")
	for _, role := range []Role{RoleViewer, RoleOperator, RoleAdmin} {
		b := s.login(role)
		for _, path := range []string{"/api/v1/sessions", "/api/v1/sessions?q=" + id, "/api/v1/sessions/" + d.Session.String(), "/api/v1/overview"} {
			text := b.must(200, "GET", path, nil).text
			if strings.Contains(text, id) || strings.Contains(text, id[:12]) {
				t.Errorf("%v: %s gives a session id away: %s", role, path, text)
			}
			if whole := strings.Contains(text, "secret-call-id-0123456789") || strings.Contains(text, "\"alice\""); whole && role == RoleViewer {
				t.Errorf("a viewer sees a whole name at %s: %s", path, text)
			}
		}
		x := b.must(200, "POST", "/api/v1/route/explain", map[string]any{"proto": "http", "keys": []map[string]string{{"source": "cookie", "value": id + ".node1"}}})
		if strings.Contains(x.text, id) {
			t.Errorf("explain gives a session id away: %s", x.text)
		}
	}
}

func TestWhyHere(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice")
	s.sip("call-1", "alice")
	rev := s.store.Usage()
	b := s.login(RoleViewer)
	a := b.must(200, "GET", "/api/v1/sessions/"+d.Session.String(), nil)
	seen := map[string]bool{}
	for i := range a.body["why"].([]any) {
		if a.at("why", i, "node") != d.Member.Name {
			t.Errorf("explained to %v, lives on %s: %v", a.at("why", i, "node"), d.Member.Name, a.at("why", i))
		}
		steps := a.at("why", i, "steps").([]any)
		if len(steps) == 0 || a.at("why", i, "steps", len(steps)-1, "result") != "winner" {
			t.Errorf("no winner: %v", a.at("why", i))
		}
		seen[a.at("why", i, "proto").(string)+" "+a.at("why", i, "kind").(string)+" "+a.at("why", i, "rule").(string)] = true
	}
	for _, want := range []string{"http open cookie_route", "sip within affinity_call_id", "sip open affinity_from_user"} {
		if !seen[want] {
			t.Errorf("%q is not explained; there is %v", want, seen)
		}
	}
	if len(a.body["timeline"].([]any)) < 2 {
		t.Errorf("timeline: %v", a.at("timeline"))
	}
	if s.store.Usage() != rev {
		t.Error("explaining changed the table")
	}
	b.must(404, "GET", "/api/v1/sessions/s_00000000000000000000000000000000", nil)
	b.must(404, "GET", "/api/v1/sessions/nonsense", nil)
}

func TestMovesAreShown(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice")
	s.kill(d.Member.Name)
	to := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", d.Member.Route, "alice")
	a := s.login(RoleViewer).must(200, "GET", "/api/v1/sessions/"+d.Session.String(), nil)
	if a.at("moves", 0, "from") != d.Member.Name || a.at("moves", 0, "node") != to.Member.Name || a.at("moves", 0, "rule") != "failover_down" {
		t.Errorf("moves: %v", a.at("moves"))
	}
	if a.at("moved") != true || a.at("left", 0) != d.Member.Name {
		t.Errorf("%s", a.text)
	}
}

func TestPagesOfSessions(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	for n := range 57 {
		s.http(strings.Repeat(string(rune('a'+n%26)), 20+n), "", "")
	}
	b := s.login(RoleViewer)
	seen := map[any]bool{}
	cursor, pages := "", 0
	for {
		a := b.must(200, "GET", "/api/v1/sessions?limit=10&cursor="+cursor, nil)
		for i := range a.body["items"].([]any) {
			if id := a.at("items", i, "id"); seen[id] {
				t.Fatalf("%v twice", id)
			} else {
				seen[id] = true
			}
		}
		if pages == 2 { // newer sessions do not shift the pages
			s.http("late0123456789012345", "", "")
		}
		pages++
		next, more := a.body["nextCursor"].(string)
		if !more {
			break
		}
		cursor = next
	}
	if len(seen) != 57 || pages != 6 {
		t.Errorf("%d sessions on %d pages", len(seen), pages)
	}
	for _, bad := range []string{"cursor=x", "limit=0", "limit=501", "limit=x", "legs=both2", "q=" + strings.Repeat("x", 601)} {
		a := b.must(422, "GET", "/api/v1/sessions?"+bad, nil)
		if a.header.Get("Content-Type") != "application/problem+json" || a.at("type") != "/problems/validation" || a.at("requestId") == nil {
			t.Errorf("%s: %s", bad, a.text)
		}
	}
}

func TestDrain(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := s.login(RoleOperator)
	for n := range 4 {
		s.http(strings.Repeat(string(rune('a'+n)), 32), "", "")
	}
	dry := b.must(200, "PATCH", "/api/v1/nodes/node1?dryRun=true", map[string]any{"activation": "disabled"})
	if dry.at("sessions") != 2.0 || dry.at("left", "http") != 1.0 || dry.at("last") != false {
		t.Errorf("dry run: %s", dry.text)
	}
	if a := b.must(200, "GET", "/api/v1/nodes/node1", nil); a.at("activation") != "active" {
		t.Errorf("a dry run changed something: %s", a.text)
	}
	a := b.must(200, "PATCH", "/api/v1/nodes/node1", map[string]any{"activation": "disabled", "reason": "kernel update"})
	if a.at("activation") != "disabled" {
		t.Errorf("%s", a.text)
	}
	for range 10 {
		if d := s.http("", "", ""); d.Member.Name != "node2" {
			t.Fatal("a disabled node got new work")
		}
	}
	b.must(409, "PATCH", "/api/v1/nodes/node2", map[string]any{"activation": "stopped"})
	if s.registry.View().Pool("default").Member("node2").Activation != cluster.Active {
		t.Error("refused, and done")
	}
	b.must(200, "PATCH", "/api/v1/nodes/node2", map[string]any{"activation": "stopped", "force": true})
	b.must(200, "PATCH", "/api/v1/nodes/node2", map[string]any{"activation": "active"})
	b.must(404, "PATCH", "/api/v1/nodes/node9", map[string]any{"activation": "active"})
	b.must(404, "GET", "/api/v1/nodes/node9", nil)
	b.must(422, "PATCH", "/api/v1/nodes/node1", map[string]any{"activation": "asleep"})
	b.must(422, "PATCH", "/api/v1/nodes/node1", map[string]any{"activation": "active", "reazon": ""})
	b.must(422, "PATCH", "/api/v1/nodes/node1", map[string]any{"activation": 3})
	b.must(422, "PATCH", "/api/v1/nodes/node1", map[string]any{"activation": "active", "reason": strings.Repeat("x", 501)})
	b.must(400, "PATCH", "/api/v1/nodes/node1", "{")
	b.must(400, "PATCH", "/api/v1/nodes/node1", `{"activation":"active"} {}`)
	b.must(413, "PATCH", "/api/v1/nodes/node1", `{"reason":"`+strings.Repeat("x", problem.MaxBody)+`"}`)
	if a := b.must(200, "GET", "/api/v1/overview", nil); a.at("recent", 2, "reason") != "kernel update" || a.at("recent", 2, "actor") != "test-operator" {
		t.Errorf("recent: %v", a.at("recent"))
	}
}

func TestExplainIsChecked(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := s.login(RoleViewer)
	a := b.must(200, "POST", "/api/v1/route/explain", `{"proto":"http","keys":[{"source":"cookie","value":"ABC.node2"}]}`)
	if a.at("node") != "node2" || a.at("rule") != "cookie_route" {
		t.Errorf("%s", a.text)
	}
	if n := s.store.Usage().Sessions; n != 0 {
		t.Errorf("explaining made %d sessions", n)
	}
	for _, bad := range []string{`{}`, `{"proto":"ftp"}`, `{"proto":"sip","kind":"never"}`, `{"proto":"sip","pool":"x"}`,
		`{"proto":"sip","keys":[{"source":"moon"}]}`, `{"proto":"sip","tried":["node9"]}`,
		`{"proto":"sip","keys":[` + strings.Repeat(`{"source":"query","value":"a"},`, 12) + `{"source":"query","value":"a"}]}`} {
		b.must(422, "POST", "/api/v1/route/explain", bad)
	}
	for _, odd := range []string{`{"proto":"sip","keys":[{"source":"from.user","value":""}]}`, `{"proto":"sip","kind":"within","keys":[{"source":"call-id","value":"` + strings.Repeat("x", 5000) + `"}]}`,
		`{"proto":"http","keys":[{"source":"path","value":".node1"}]}`} {
		b.must(200, "POST", "/api/v1/route/explain", odd)
	}
}

// What strangers write is shown as text that reads from left to right.
func TestNamesCannotDressUp(t *testing.T) {
	s := newStage(t, "node1").run()
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "\u202Eecila\u200B\x1b[31m<script>")
	b := s.login(RoleOperator)
	a := b.must(200, "GET", "/api/v1/sessions/"+d.Session.String(), nil)
	for _, bad := range []string{"\u202E", "\u200B", "\x1b", `\u202`, `\u001b`, "<script>"} {
		if strings.Contains(a.text, bad) {
			t.Errorf("%q is in %s", bad, a.text)
		}
	}
	if !strings.Contains(a.text, "\uFFFDecila\uFFFD\uFFFD[31m") {
		t.Errorf("%s", a.text)
	}
	a = s.login(RoleViewer).must(200, "GET", "/api/v1/sessions/"+d.Session.String(), nil)
	if strings.Contains(a.text, "\u202E") {
		t.Errorf("masked, and still there: %s", a.text)
	}
}
