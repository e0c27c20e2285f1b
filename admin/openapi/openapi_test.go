package openapi

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// The pieces make one description that is what OpenAPI 3.1 calls one, in both forms.
func TestDescription(t *testing.T) {
	text, err := JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Fatal("no JSON")
	}
	for name, form := range map[string][]byte{"yaml": YAML(), "json": text} {
		doc, err := openapi3.NewLoader().LoadFromData(form)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := doc.Validate(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if doc.OpenAPI != "3.1.0" || doc.Paths.Len() < 40 || len(doc.Components.Schemas) < 60 {
			t.Errorf("%s: OpenAPI %s, %d paths, %d schemas", name, doc.OpenAPI, doc.Paths.Len(), len(doc.Components.Schemas))
		}
	}
}
