package admin

import (
	"strings"
	"testing"
)

// Events are listed with who did it, page by page, and in the stream.
func TestEventsOfTheAPI(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	viewer, operator := s.login(RoleViewer), s.login(RoleOperator)
	st := viewer.stream(t, "/api/v1/stream?topics=events", "")
	operator.must(200, "PATCH", "/api/v1/nodes/node1", map[string]any{"activation": "disabled", "reason": "kernel"})
	if _, data := st.until("event"); !strings.Contains(data, `"type":"node.activation"`) || !strings.Contains(data, `"actor":"test-operator"`) {
		t.Errorf("%s", data)
	}
	to := map[string]string{"node1": "node2", "node2": "node1"}[d.Member.Name]
	operator.must(200, "POST", "/api/v1/sessions/"+d.Session.String()+"/actions/move", map[string]any{"to": to, "force": true})
	operator.must(409, "POST", "/api/v1/nodes/node1/actions/recover", map[string]any{})
	operator.must(409, "PATCH", "/api/v1/nodes/node2?dryRun=false", map[string]any{"activation": "stopped"})
	s.browser().must(401, "POST", "/api/v1/auth/login", map[string]any{"name": "eve", "password": "x"})
	for query, want := range map[string]string{"type=node.act": "node.activation", "type=auth.failed": "auth.failed", "severity=warn&type=audit&q=recover": "audit",
		"session=" + d.Session.String() + "&actor=test-operator": "session.moved", "q=KERNEL": "node.activation"} {
		a := viewer.must(200, "GET", "/api/v1/events?"+query, nil)
		if a.at("total", "value") != 1.0 || a.at("items", 0, "type") != want {
			t.Errorf("%s: %s", query, a.text)
		}
	}
	all := viewer.must(200, "GET", "/api/v1/events", nil)
	n := int(all.at("total", "value").(float64))
	page := viewer.must(200, "GET", "/api/v1/events?limit=2", nil)
	operator.must(200, "PATCH", "/api/v1/nodes/node1", map[string]any{"activation": "active"}) // which moves nobody's place
	next := viewer.must(200, "GET", "/api/v1/events?limit=2&cursor="+page.at("nextCursor").(string), nil)
	if next.at("items", 0, "id") != all.at("items", 2, "id") || next.at("total", "value") != float64(n+1) {
		t.Errorf("%s\n%s", all.text, next.text)
	}
	for _, bad := range []string{"severity=grave", "limit=501", "cursor=AAAA", "since=now", "cursor=" + page.at("nextCursor").(string) + "A"} {
		viewer.must(422, "GET", "/api/v1/events?"+bad, nil)
	}
	viewer.header.Set("Accept", "application/jsonl")
	if lines := strings.Split(strings.TrimSpace(viewer.must(200, "GET", "/api/v1/events", nil).text), "\n"); len(lines) != n+1 || !strings.Contains(lines[0], `"id":"e_1"`) {
		t.Errorf("%d lines: %s", len(lines), lines[0])
	}
	s.browser().must(401, "GET", "/api/v1/events", nil)
}
