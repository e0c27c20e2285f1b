package admin

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"twinhop/admin/openapi"
)

// described is the description of the API, made strict: of an object nothing may be there that is not described.
var described = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.YAML())
	if err != nil {
		return nil, err
	}
	for _, s := range doc.Components.Schemas {
		if s.Value != nil && len(s.Value.Properties) > 0 {
			closed := false
			s.Value.AdditionalProperties = openapi3.BoolSchema{Has: &closed}
		}
	}
	return doc, nil
})

var describedRoutes = sync.OnceValues(func() (routers.Router, error) {
	doc, err := described()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

var ginParam = regexp.MustCompile(`:(\w+)`)

// Every route is described, with the role that it needs, and nothing else is. If this fails, the pieces in admin/openapi lack what it names.
func TestEveryRouteIsDescribed(t *testing.T) {
	doc, err := described()
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

// conforms checks that an answer is what the description says. Where a route is not described TestEveryRouteIsDescribed says so.
func conforms(t testing.TB, r *http.Request, resp *http.Response, text []byte) {
	t.Helper()
	find, err := describedRoutes()
	if err != nil {
		t.Fatal(err)
	}
	at := *r.URL
	at.Scheme, at.Host = "", ""
	asked := &http.Request{Method: r.Method, URL: &at, Header: r.Header, Host: r.Host}
	route, params, err := find.FindRoute(asked)
	if err != nil || resp.StatusCode == http.StatusSwitchingProtocols || strings.HasPrefix(resp.Header.Get("Content-Type"), "text/") {
		return
	}
	in := &openapi3filter.ResponseValidationInput{Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(text)),
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route},
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true}}
	if kind := resp.Header.Get("Content-Type"); !strings.Contains(kind, "json") || strings.Contains(kind, "jsonl") {
		in.Options.ExcludeResponseBody = true
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		t.Errorf("%s %s: %d is not as admin/openapi says: %.1500v\n%.600s", r.Method, route.Path, resp.StatusCode, err, text)
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
