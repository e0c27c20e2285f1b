package page

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schema is what the page takes of JSON Schema.
type schema struct {
	Ref         string `json:"$ref"`
	Type        words
	Format      string
	Description string
	Enum        []any
	Items       *schema
	Properties  map[string]*schema
	Additional  rest `json:"additionalProperties"`
	Required    []string
	OneOf       []*schema
	AnyOf       []*schema
}

// words is a word or several.
type words []string

// UnmarshalJSON implements json.Unmarshaler.
func (w *words) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(w))
}

// rest is a schema, or true or false.
type rest struct{ *schema }

// UnmarshalJSON implements json.Unmarshaler.
func (r *rest) UnmarshalJSON(text []byte) error {
	if string(text) == "true" || string(text) == "false" {
		return nil
	}
	return json.Unmarshal(text, &r.schema)
}

// piece is text, or the name of a schema that the page shows elsewhere.
type piece struct{ Text, Name string }

// Kind says in a few words what a value is.
func (s *schema) Kind() []piece {
	switch {
	case s == nil:
		return []piece{{Text: "anything"}}
	case s.Ref != "":
		return []piece{{Name: s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]}}
	case len(s.OneOf)+len(s.AnyOf) > 0:
		var all []piece
		for i, o := range slices.Concat(s.OneOf, s.AnyOf) {
			if i > 0 {
				all = append(all, piece{Text: " or "})
			}
			all = append(all, o.Kind()...)
		}
		return all
	case len(s.Enum) > 0:
		var all []string
		for _, e := range s.Enum {
			all = append(all, fmt.Sprintf("%q", fmt.Sprint(e)))
		}
		return []piece{{Text: strings.Join(all, ", ")}}
	case s.Items != nil:
		return append([]piece{{Text: "list of "}}, s.Items.Kind()...)
	case s.Additional.schema != nil:
		return append([]piece{{Text: "by name: "}}, s.Additional.Kind()...)
	case s.Format != "":
		return []piece{{Text: strings.Join(s.Type, " or ") + ", " + s.Format}}
	case len(s.Type) > 0:
		return []piece{{Text: strings.Join(s.Type, " or ")}}
	}
	return []piece{{Text: "anything"}}
}

// row is one property, with the names of those that it is in before its own.
type row struct {
	Name     string
	Required bool
	*schema
}

// Rows are its properties, and those of what stands in it without a name.
func (s *schema) Rows() (all []row) {
	if s == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		all = append(all, row{name, slices.Contains(s.Required, name), p})
		inner, mark := p, "."
		if p.Items != nil {
			inner, mark = p.Items, "[]."
		} else if p.Additional.schema != nil {
			inner, mark = p.Additional.schema, ".*."
		}
		for _, r := range inner.Rows() {
			r.Name = name + mark + r.Name
			all = append(all, r)
		}
	}
	return all
}
