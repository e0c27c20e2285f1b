package page

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"slices"
	"strings"
	"sync"

	"twinhop/admin/openapi"
)

//go:embed page.css
var css []byte

// CSS is the style of the page, for which it asks at /docs/api.css.
func CSS() []byte { return css }

//go:embed page.html
var form string

var sheet = template.Must(template.New("page").Parse(form))

// HTML is the page.
var HTML = sync.OnceValues(func() ([]byte, error) {
	text, err := openapi.JSON()
	if err != nil {
		return nil, err
	}
	return write(text)
})

// document is what the page takes of the description.
type document struct {
	Info       struct{ Title, Description string }
	Tags       []struct{ Name, Description string }
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]*schema }
}

// operation is one of them, with its path.
type operation struct {
	ID          string `json:"operationId"`
	Tags        []string
	Summary     string
	Description string
	Role        string `json:"x-role"`
	Parameters  []parameter
	RequestBody struct{ Content map[string]media }
	Responses   map[string]struct {
		Description string
		Content     map[string]media
	}

	Method, Path string
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                *schema
}

type media struct{ Schema *schema }

// chapter is what belongs to one tag.
type chapter struct {
	Name, Description string
	Operations        []*operation
}

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// write makes the page of a description.
func write(text []byte) ([]byte, error) {
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	var chapters []*chapter
	for _, t := range doc.Tags {
		chapters = append(chapters, &chapter{Name: t.Name, Description: t.Description})
	}
	for path, item := range doc.Paths {
		var all []parameter // of every method of the path
		if text, ok := item["parameters"]; ok {
			if err := json.Unmarshal(text, &all); err != nil {
				return nil, err
			}
		}
		for _, method := range methods {
			text, ok := item[strings.ToLower(method)]
			if !ok {
				continue
			}
			o := &operation{Method: method, Path: path}
			if err := json.Unmarshal(text, o); err != nil {
				return nil, err
			}
			o.Parameters = append(slices.Clone(all), o.Parameters...)
			for _, c := range chapters {
				if slices.Contains(o.Tags, c.Name) {
					c.Operations = append(c.Operations, o)
				}
			}
		}
	}
	for _, c := range chapters {
		slices.SortFunc(c.Operations, func(a, b *operation) int {
			if a.Path != b.Path {
				return strings.Compare(a.Path, b.Path)
			}
			return slices.Index(methods, a.Method) - slices.Index(methods, b.Method)
		})
	}
	var out bytes.Buffer
	err := sheet.Execute(&out, struct {
		*document
		Chapters []*chapter
	}{&doc, chapters})
	return out.Bytes(), err
}
