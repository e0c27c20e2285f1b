package conform

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"twinhop/admin/openapi"
)

// Described is the description of the API, made strict.
var Described = sync.OnceValues(func() (*openapi3.T, error) {
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

var routes = sync.OnceValues(func() (routers.Router, error) {
	doc, err := Described()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// Check tells in what an answer, with its body, is other than the description says. Of a route that is not described it says nothing.
func Check(r *http.Request, resp *http.Response, body []byte) error {
	find, err := routes()
	if err != nil {
		return err
	}
	at := *r.URL
	at.Scheme, at.Host = "", ""
	asked := &http.Request{Method: r.Method, URL: &at, Header: r.Header, Host: r.Host}
	route, params, err := find.FindRoute(asked)
	if err != nil || strings.HasPrefix(resp.Header.Get("Content-Type"), "text/") {
		return nil
	}
	in := &openapi3filter.ResponseValidationInput{Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(body)),
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route},
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true}}
	if kind := resp.Header.Get("Content-Type"); !strings.Contains(kind, "json") || strings.Contains(kind, "jsonl") {
		in.Options.ExcludeResponseBody = true
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		return fmt.Errorf("%s %s: %d is not as admin/openapi says: %.1500w\n%.600s", r.Method, route.Path, resp.StatusCode, err, body)
	}
	return nil
}
