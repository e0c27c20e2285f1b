package admin

import (
	"strings"
	"testing"
)

// Who says which version of a node it knows changes no other.
func TestIfMatchOfNodes(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := s.login(RoleOperator)
	get := func() string {
		t.Helper()
		return b.must(200, "GET", "/api/v1/nodes/node1", nil).header.Get("ETag")
	}
	patch := func(status int, match string, body map[string]any) answer {
		t.Helper()
		b.header.Set("If-Match", match)
		defer b.header.Del("If-Match")
		return b.must(status, "PATCH", "/api/v1/nodes/node1", body)
	}
	first := get()
	s.http("3F9A11223344556677889900AABBCCC1", "", "alice") // traffic makes no other version
	s.kill("node2")
	if len(first) != 18 || get() != first {
		t.Fatalf("%s, then %s", first, get())
	}
	a := patch(200, first, map[string]any{"weight": 3, "reason": "x"})
	second := get()
	if second == first || a.header.Get("ETag") != second {
		t.Errorf("%s, %s, answered %s", first, second, a.header.Get("ETag"))
	}
	a = patch(412, first, map[string]any{"weight": 4})
	if a.at("type") != "/problems/changed" || a.header.Get("ETag") != second || get() != second {
		t.Errorf("%s %s", a.text, a.header.Get("ETag"))
	}
	patch(412, "W/"+second, map[string]any{"weight": 4})
	patch(200, `"x", `+second, map[string]any{"weight": 4})
	patch(200, "*", map[string]any{"weight": 5})
	patch(200, "", map[string]any{"weight": 3})
	if get() != second {
		t.Error("the same words make another version")
	}
	b.header.Set("If-Match", first)
	b.must(412, "DELETE", "/api/v1/nodes/node1?dryRun=true", "{}")
	b.must(404, "DELETE", "/api/v1/nodes/nowhere", "{}")
}

// A dry run tells what would follow and does nothing; where there is none it is
// refused rather than done.
func TestDryRuns(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	s.sip("call-1", "alice")
	to := map[string]string{"node1": "node2", "node2": "node1"}[d.Member.Name]
	session := "/api/v1/sessions/" + d.Session.String()
	b := s.login(RoleAdmin)
	for _, tt := range []struct {
		method, path string
		body         map[string]any
		want         string
	}{
		{"POST", session + "/actions/move", map[string]any{"to": to, "reason": "x"}, `{"dryRun":true,"node":"` + d.Member.Name + `","to":"` + to + `","http":1,"calls":1}`},
		{"DELETE", session, map[string]any{"reason": "x"}, `{"dryRun":true,"node":"` + d.Member.Name + `","http":1,"calls":1}`},
		{"POST", "/api/v1/switchover", map[string]any{"from": d.Member.Name, "to": to}, `{"calls":1,"dryRun":true,"from":"` + d.Member.Name + `","sessions":1,"to":"` + to + `"}`},
		{"POST", "/api/v1/nodes/node1/actions/drain", map[string]any{}, `"last":false`},
		{"POST", "/api/v1/nodes/node1/actions/stop", map[string]any{"reason": "x"}, `"last":false`},
		{"PATCH", "/api/v1/nodes/node1", map[string]any{"activation": "disabled"}, `"last":false`},
		{"DELETE", "/api/v1/nodes/node1", map[string]any{}, `"last":false`},
	} {
		if a := b.must(200, tt.method, tt.path+"?dryRun=true", tt.body); !strings.Contains(a.text, tt.want) {
			t.Errorf("%s %s: %s", tt.method, tt.path, a.text)
		}
	}
	if a := b.must(200, "GET", session, nil); a.at("node") != d.Member.Name {
		t.Errorf("%s", a.text)
	}
	if a := b.must(200, "GET", "/api/v1/nodes", nil); strings.Count(a.text, `"activation":"active"`) != 4 || a.at("total", "value") != 2.0 {
		t.Errorf("%s", a.text)
	}
	b.must(409, "POST", session+"/actions/move?dryRun=true", map[string]any{"to": d.Member.Name})
	b.must(404, "POST", "/api/v1/switchover?dryRun=true", map[string]any{"from": "node1", "to": "nowhere"})
	for _, path := range []string{"/api/v1/nodes/node1/actions/reset", "/api/v1/config/reload", "/api/v1/nodes", session + "/actions/watch"} {
		b.must(422, "POST", path+"?dryRun=true", map[string]any{})
	}
	b.must(422, "PATCH", "/api/v1/nodes/node1?dryRun=yes", map[string]any{"activation": "stopped"})
	for _, e := range b.entries("action=node.stop") {
		if e["dryRun"] != true || e["reason"] != "x" {
			t.Errorf("%v", e)
		}
	}
	b.must(200, "POST", "/api/v1/nodes/node1/actions/stop", map[string]any{"reason": "power"})
	b.must(409, "POST", "/api/v1/nodes/node2/actions/disable", map[string]any{})
	b.must(200, "POST", "/api/v1/nodes/node1/actions/activate", map[string]any{"pool": "default"})
	if a := b.must(200, "POST", "/api/v1/nodes/node2/actions/disable", map[string]any{}); a.at("activation") != "disabled" {
		t.Errorf("%s", a.text)
	}
	b.must(204, "DELETE", session, map[string]any{"reason": "done"})
	if e := b.entries("action=session.remove&result=ok")[0]; e["reason"] != "done" {
		t.Errorf("%v", e)
	}
}

// A request that comes again with its Idempotency-Key is done once, and written
// down once; another user's key is another.
func TestIdempotencyKey(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b, admin := s.login(RoleOperator), s.login(RoleAdmin)
	b.header.Set("Idempotency-Key", "k1")
	admin.header.Set("Idempotency-Key", "k1")
	first := b.must(202, "POST", "/api/v1/nodes/node1/actions/drain", map[string]any{"reason": "x"})
	again := b.must(202, "POST", "/api/v1/nodes/node1/actions/drain", map[string]any{"reason": "x"})
	if first.text != again.text || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Content-Type") != first.header.Get("Content-Type") {
		t.Errorf("%s\n%s %v", first.text, again.text, again.header)
	}
	if a := b.must(422, "POST", "/api/v1/nodes/node1/actions/drain", map[string]any{"reason": "y"}); a.at("type") != "/problems/key-used" {
		t.Errorf("%s", a.text)
	}
	b.must(200, "POST", "/api/v1/nodes/node1/actions/drain?dryRun=true", map[string]any{"reason": "x"}) // another target
	admin.must(409, "POST", "/api/v1/nodes/node1/actions/drain", map[string]any{"reason": "x"})
	a := admin.must(409, "POST", "/api/v1/nodes/node1/actions/drain", map[string]any{"reason": "x"})
	if a.header.Get("Idempotency-Replayed") != "true" || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%v", a.header)
	}
	if got := admin.entries("action=node.drain&result=ok"); len(got) != 2 {
		t.Errorf("%v", got)
	}
	// Nobody's secret answer is kept.
	signed := admin.must(201, "POST", "/api/v1/tokens", map[string]any{"name": "ci", "role": "viewer"})
	if admin.must(409, "POST", "/api/v1/tokens", map[string]any{"name": "ci", "role": "viewer"}); signed.header.Get("Idempotency-Replayed") != "" {
		t.Error("a token came again")
	}
}

// The type of a problem is a path that explains it.
func TestTypesOfProblemsLead(t *testing.T) {
	s := newStage(t, "node1").run()
	b := s.browser()
	a := b.must(404, "GET", b.must(401, "GET", "/api/v1/nodes", nil).at("type").(string)+"s", nil)
	page := b.must(200, "GET", a.at("type").(string), nil)
	if !strings.Contains(page.text, "<h1>Not found</h1>") || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%v %s", page.header, page.text)
	}
	b.must(404, "GET", "/problems/%3Cscript%3E", nil)
}

// A dry run refuses what the change would refuse, with the place.
func TestImpossibleWordsAreRefusedByDryRunsToo(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := s.login(RoleOperator)
	for _, dry := range []string{"", "?dryRun=true"} {
		for key, values := range map[string][]any{"weight": {-1, 0, 1000001}, "distance": {-1, 1 << 31}, "busyLimit": {-1}, "route": {"a b", ".x", strings.Repeat("r", 61)}, "domain": {"a/b"}, "redirect": {"ä"}} {
			for _, v := range values {
				a := b.must(422, "PATCH", "/api/v1/nodes/node1"+dry, map[string]any{key: v})
				if a.at("errors", 0, "pointer") != "#/"+key || strings.Contains(a.text, "adjusting") {
					t.Errorf("%s %v: %s", key, v, a.text)
				}
			}
		}
	}
	a := s.login(RoleAdmin).must(422, "POST", "/api/v1/users", map[string]any{"name": "eve", "role": "god", "password": "correct horse battery"})
	if a.at("errors", 0, "pointer") != "#/role" || !strings.Contains(a.text, "viewer, operator or admin") {
		t.Error(a.text)
	}
}
