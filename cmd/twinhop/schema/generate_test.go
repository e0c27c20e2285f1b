package schema

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

var update = flag.Bool("update", false, "write the schema")

// node is a schema, its members in the order in which they are written.
type node struct {
	Schema      string   `json:"$schema,omitempty"`
	ID          string   `json:"$id,omitempty"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        any      `json:"type,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Pattern     string   `json:"pattern,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	MaxItems    int      `json:"maxItems,omitempty"`
	Default     any      `json:"default,omitempty"`
	AnyOf       []*node  `json:"anyOf,omitempty"`
	Items       *node    `json:"items,omitempty"`
	Required    []string `json:"required,omitempty"`
	Properties  *object  `json:"properties,omitempty"`
	Additional  any      `json:"additionalProperties,omitempty"` // false, or the schema of what is under any name
	If          *node    `json:"if,omitempty"`
	Then        *node    `json:"then,omitempty"`
	Else        *node    `json:"else,omitempty"`
}

// object keeps its keys in order.
type object struct {
	keys   []string
	values map[string]*node
}

func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(k)
		value, err := json.Marshal(o.values[k])
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// maker makes a schema of the types that a configuration is read into.
type maker struct {
	about map[string]string // keys of the page -> what they mean
	words map[string][]string
}

// of is the schema of a value whose default is v.
func (m *maker) of(v reflect.Value, path string, tag reflect.StructTag) *node {
	n := m.shape(v, path, tag)
	if n.Description == "" {
		n.Description = m.about[path]
	}
	if hint, _ := form.Check(tag.Get("form"), ""); hint != "" && n.Description == "" {
		n.Description = hint
	}
	return n
}

func (m *maker) shape(v reflect.Value, path string, tag reflect.StructTag) *node {
	switch x := v.Interface().(type) {
	case time.Duration:
		n := &node{Type: []string{"string", "integer"}, Description: m.about[path]}
		if n.Description != "" {
			n.Description += "; "
		}
		n.Description += "such as 5s, 100ms, 1h30m" + bounds(tag)
		if x != 0 {
			n.Default = form.Short(x)
		}
		return n
	case config.Size:
		n := &node{Type: []string{"string", "integer"}, Description: m.about[path]}
		if n.Description != "" {
			n.Description += "; "
		}
		n.Description += "such as 64MiB, 512KiB, 1GB" + bounds(tag)
		if x != 0 {
			n.Default = x.String()
		}
		return n
	}
	switch v.Kind() {
	case reflect.Pointer:
		return m.of(fresh(v.Type().Elem()), path, tag)
	case reflect.Struct:
		return m.structure(v, path)
	case reflect.Slice:
		return m.list(v, path, tag)
	case reflect.Bool:
		n := &node{Type: "boolean"}
		if v.Bool() {
			n.Default = true
		}
		return n
	case reflect.Int:
		n := &node{Type: "integer", Minimum: number(tag.Get("min")), Maximum: number(tag.Get("max"))}
		if n.Minimum == nil {
			n.Minimum = number("0")
		}
		if v.Int() != 0 {
			n.Default = v.Int()
		}
		return n
	}
	if v.Kind() == reflect.Float64 {
		n := &node{Type: "number", Minimum: number(tag.Get("min")), Maximum: number(tag.Get("max"))}
		if v.Float() != 0 {
			n.Default = v.Float()
		}
		return n
	}
	return m.text(v, tag)
}

// text may be a number as well: a node may be called 007. Words that take a name behind them end with ":".
func (m *maker) text(v reflect.Value, tag reflect.StructTag) *node {
	n := &node{Type: []string{"string", "number"}}
	words := m.words[tag.Get("words")]
	if one := tag.Get("oneof"); one != "" {
		words = strings.Fields(one)
	}
	if len(words) > 0 {
		n = &node{}
		plain := &node{Type: "string"}
		for _, w := range words {
			if strings.HasSuffix(w, ":") {
				n.AnyOf = append(n.AnyOf, &node{Type: "string", Pattern: "^" + regexp.QuoteMeta(w) + ".+$"})
			} else {
				plain.Enum = append(plain.Enum, w)
			}
		}
		if len(n.AnyOf) == 0 {
			n = plain
		} else {
			n.AnyOf = append([]*node{plain}, n.AnyOf...)
		}
	}
	if v.String() != "" {
		n.Default = v.String()
	}
	return n
}

func (m *maker) list(v reflect.Value, path string, tag reflect.StructTag) *node {
	most := number(tag.Get("max"))
	elem := v.Type().Elem()
	if tag.Get("keyed") != "" {
		return &node{Type: "object", Additional: m.of(fresh(elem), path+".NAME", "")}
	}
	n := &node{Type: "array"}
	if most != nil {
		n.MaxItems = int(*most)
	}
	if each := tag.Get("each"); each != "" {
		tag = reflect.StructTag(each)
	} else if most != nil { // the bound is that of the list
		tag = reflect.StructTag(regexp.MustCompile(`max:"[^"]*"`).ReplaceAllString(string(tag), ""))
	}
	if elem.Kind() == reflect.Struct {
		path += "[]"
	}
	n.Items = m.of(fresh(elem), path, tag)
	if n.Items.Description == m.about[path] && elem.Kind() != reflect.Struct {
		n.Items.Description = ""
	}
	return n
}

func (m *maker) structure(v reflect.Value, path string) *node {
	n := &node{Type: "object", Properties: &object{values: map[string]*node{}}, Additional: false}
	var first reflect.StructField
	for f := range v.Type().Fields() {
		key := f.Tag.Get("yaml")
		if first.Name == "" {
			first = f
		}
		if key == "-" {
			continue
		}
		n.Properties.keys = append(n.Properties.keys, key)
		n.Properties.values[key] = m.of(v.FieldByIndex(f.Index), decode.Join(path, key), f.Tag)
		if f.Tag.Get("required") != "" {
			n.Required = append(n.Required, key)
		}
	}
	if first.Tag.Get("required") == "" || first.Type.Kind() == reflect.Struct {
		return n
	}
	short := m.of(v.FieldByIndex(first.Index), decode.Join(path, first.Tag.Get("yaml")), first.Tag) // the first key may stand alone
	return &node{If: &node{Type: "object"}, Then: n, Else: short}
}

// fresh is an element with its defaults.
func fresh(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	if d, ok := p.Interface().(interface{ SetDefaults() }); ok {
		d.SetDefaults()
	}
	return p.Elem()
}

func number(s string) *float64 {
	i, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return &i
}

func bounds(tag reflect.StructTag) string {
	switch least, most := tag.Get("min"), tag.Get("max"); {
	case least != "" && most != "":
		return "; between " + least + " and " + most
	case most != "":
		return "; 0 is off; at most " + most
	}
	return "; 0 is off"
}

// meanings are those of the keys on the configuration's page, without marks.
func meanings(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	all := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if key, ok := strings.CutPrefix(cells[0], "| `"); ok && len(cells) == 4 {
			all[strings.Trim(key, "`")] = strings.ReplaceAll(link.ReplaceAllString(strings.TrimSuffix(cells[3], " |"), "$1"), "`", "")
		}
	}
	if len(all) < 200 {
		t.Fatalf("only %d keys on the page", len(all))
	}
	return all
}

// made is the schema as it should be.
func made(t *testing.T) []byte {
	t.Helper()
	words := assembly.Words()
	m := maker{about: meanings(t), words: map[string][]string{"httpSource": words.HTTPSources, "sipSource": words.SIPSources, "ajpVariable": words.AJPVariables}}
	root := m.of(reflect.ValueOf(config.Default()), "", "")
	root.Schema, root.Title = "http://json-schema.org/draft-07/schema#", "Configuration of twinhop"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(root); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The schema says what the program reads, and is in the documentation, too.
func TestSchemaIsThatOfTheConfiguration(t *testing.T) {
	want := made(t)
	for _, name := range []string{"twinhop.schema.json", "../../../docs/twinhop.schema.json"} {
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s is not up to date; go test ./cmd/twinhop/schema -update (-want +got):\n%s", name, d)
		}
	}
}
