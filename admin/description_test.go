package admin

import (
	"regexp"
	"strings"
	"testing"

	"twinhop/admin/openapi/conform"
)

var ginParam = regexp.MustCompile(`:(\w+)`)

// Every route is described, with the role that it needs, and nothing else is. If this fails, the pieces in admin/openapi lack what it names.
func TestEveryRouteIsDescribed(t *testing.T) {
	doc, err := conform.Described()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, r := range routes {
		path := ginParam.ReplaceAllString(r.path, "{$1}")
		found[r.method+" "+path] = true
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(r.method) == nil {
			t.Errorf("%s %s is not in admin/openapi", r.method, path)
			continue
		}
		op := item.GetOperation(r.method)
		want := r.role.String()
		if r.role == RoleNone {
			want = "none"
		}
		if role, _ := op.Extensions["x-role"].(string); role != want {
			t.Errorf("%s %s needs %s, described is %q", r.method, path, want, role)
		}
		if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || doc.Tags.Get(op.Tags[0]) == nil || op.Responses.Default() == nil {
			t.Errorf("%s %s lacks operationId, summary, one of the tags, or the default response", r.method, path)
		}
		if free := op.Security != nil && len(*op.Security) == 0; free != (r.role == RoleNone) {
			t.Errorf("%s %s: security says otherwise than the role", r.method, path)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !found[method+" "+path] {
				t.Errorf("%s %s is described and does not exist", method, path)
			}
		}
	}
}

// Programs get the description in both forms.
func TestTheDescriptionIsServed(t *testing.T) {
	s := newStage(t, "node1").run()
	b := s.browser()
	for path, kind := range map[string]string{"/openapi.yaml": "application/yaml", "/openapi.json": "application/json"} {
		a := b.must(200, "GET", path, nil)
		if a.header.Get("Content-Type") != kind || !strings.Contains(a.text, "3.1.0") {
			t.Errorf("%s: %s %.80s", path, a.header.Get("Content-Type"), a.text)
		}
	}
}

// What is misspelled in a query is refused, not passed over: a dry run would
// be the deed, a filter would be everything.
func TestUnknownParametersAreRefused(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	b := s.login(RoleAdmin)
	session := "/api/v1/sessions/" + d.Session.String()
	for _, tt := range []struct{ method, path, pointer, hint string }{
		{"DELETE", session + "?dryrun=true", "?dryrun", "one of: dryRun"},
		{"DELETE", session + "?dryRun=true&force=true", "?force", "one of: dryRun"},
		{"DELETE", session + "?dryRun=true&dryRun=false", "?dryRun", ""},
		{"POST", "/api/v1/nodes/node1/actions/recover?dry=1", "?dry", "none is minded here"},
		{"POST", "/api/v1/config/reload?%zz", "?", ""},
		{"GET", "/api/v1/sessions?nod=node1", "?nod", "one of: q, key, node, legs, moved, split, limit, cursor"},
		{"GET", "/api/v1/sessions?limit=1&limit=2", "?limit", ""},
		{"GET", "/api/v1/sessions?moved=maybe", "?moved", ""},
		{"GET", "/api/v1/sessions?split=1", "?split", ""},
		{"GET", "/api/v1/nodes?pool=x", "?pool", "none is minded here"},
	} {
		a := b.must(422, tt.method, tt.path, map[string]any{})
		hint, _ := a.at("errors", 0, "hint").(string)
		if a.at("errors", 0, "pointer") != tt.pointer || hint != tt.hint {
			t.Errorf("%s %s: %s", tt.method, tt.path, a.text)
		}
	}
	b.must(200, "GET", session, nil) // it is still there
	b.must(200, "GET", "/api/v1/audit?format=jsonl&limit=1", nil)
	b.must(200, "GET", "/healthz?name=x", nil) // what others ask is not ours to judge
}

// Every parameter of the description has an operation to stand in.
func TestParamsOfTheDescription(t *testing.T) {
	for _, r := range routes {
		if strings.HasPrefix(r.path, "/api/") && minded(&r) == nil {
			t.Errorf("%s %s: nobody knows its parameters", r.method, r.path)
		}
	}
}

// People get a page that its own policy lets a browser show: nothing inline, the style from here.
func TestThePageOfTheDescription(t *testing.T) {
	b := newStage(t, "node1").run().browser()
	a := b.must(200, "GET", "/docs/api", nil)
	if kind := a.header.Get("Content-Type"); kind != "text/html; charset=utf-8" || !strings.Contains(a.text, `<code>/api/v1/loglevel</code>`) || !strings.Contains(a.text, `<link rel="stylesheet" href="/docs/api.css">`) {
		t.Errorf("%s %.200s", kind, a.text)
	}
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "style-src 'self'") {
		t.Error(policy)
	}
	if a := b.must(200, "GET", "/docs/api.css", nil); a.header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(a.text, "color-scheme: light dark") {
		t.Errorf("%v %.80s", a.header, a.text)
	}
}
