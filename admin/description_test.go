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
