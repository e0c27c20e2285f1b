package configuration

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/veil"
)

// Line is one line of a configuration in YAML.
type Line struct {
	Text    string `json:"text"`
	Key     string `json:"key"`               // "affinity.ttl.idle", "nodes[0].http"
	Origin  string `json:"origin"`            // "default", "file", "api"
	Place   string `json:"place,omitempty"`   // file:line, of a key that stands in one
	Restart bool   `json:"restart,omitempty"` // it counts from one start to the next
}

// Lines writes a whole configuration, defaults included. Secrets are stars.
// What is empty and is so by default is left out.
func Lines(c *config.Config) []Line {
	w, usual := writer{}, config.Default()
	w.mapping("", "", reflect.ValueOf(c).Elem(), reflect.ValueOf(&usual).Elem())
	return w.lines
}

type writer struct{ lines []Line }

func (w *writer) line(key, format string, args ...any) {
	w.lines = append(w.lines, Line{Text: fmt.Sprintf(format, args...), Key: key})
}

// mapping writes the fields of a struct. usual has the defaults.
func (w *writer) mapping(path, indent string, v, usual reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		x, u := v.Field(i), usual.Field(i)
		if empty(x) && empty(u) {
			continue
		}
		if a, ok := x.Interface().(config.AJP); ok && reflect.ValueOf(a).IsZero() { // the node does not speak it
			continue
		}
		w.value(decode.Join(path, name), indent+name+":", x, u)
		w.elements(decode.Join(path, name), indent+"  ", x, f.Tag.Get("keyed"))
	}
}

// empty tells whether nothing is said with a value: of numbers and switches 0
// and false say something.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice:
		return v.Len() == 0
	case reflect.Struct, reflect.String, reflect.Pointer:
		return v.IsZero()
	}
	return false
}

// value writes what belongs to a key, but not the elements of a list of
// structs. head is the key with its indentation.
func (w *writer) value(path, head string, v, usual reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v, usual = v.Elem(), fresh(v.Type().Elem())
	}
	switch {
	case !v.IsValid():
	case v.Kind() == reflect.Struct:
		w.line(path, "%s", head)
		w.mapping(path, strings.Repeat(" ", len(head)-len(strings.TrimLeft(head, " "))+2), v, usual)
	case v.Kind() != reflect.Slice:
		w.line(path, "%s %s", head, scalar(path, v))
	case v.Len() > 0 && v.Type().Elem().Kind() == reflect.Struct:
		w.line(path, "%s", head)
	default:
		all := make([]string, v.Len())
		for i := range all {
			all[i] = scalar(path, v.Index(i))
		}
		w.line(path, "%s [%s]", head, strings.Join(all, ", "))
	}
}

// elements writes the elements of a list of structs, as a mapping when a field
// of theirs is the key.
func (w *writer) elements(path, indent string, v reflect.Value, key string) {
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Struct {
		return
	}
	for i := range v.Len() {
		x, usual := v.Index(i), fresh(v.Type().Elem())
		if key != "" {
			name := x.FieldByName(key).String()
			w.value(decode.Join(path, name), indent+quoted(name)+":", x, usual)
			continue
		}
		begin := len(w.lines)
		w.mapping(fmt.Sprintf("%s[%d]", path, i), indent+"  ", x, usual)
		if len(w.lines) > begin {
			l := &w.lines[begin].Text
			*l = indent + "- " + strings.TrimPrefix(*l, indent+"  ")
		}
	}
}

// fresh is an element of a list before anything is said of it.
func fresh(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	if d, ok := v.Interface().(interface{ SetDefaults() }); ok {
		d.SetDefaults()
	}
	return v.Elem()
}

func scalar(path string, v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return form.Short(x)
	case form.Size:
		return x.String()
	case string:
		if x != "" && veil.Hides(path) {
			return `"` + veil.Stars + `"`
		}
		return quoted(x)
	}
	return fmt.Sprint(v.Interface())
}

var plain = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./-]*$`)

// quoted is a text in YAML, in quotes where it could be taken for anything else.
func quoted(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
	default:
		if plain.MatchString(s) {
			return s
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text always can be
	return strings.TrimSuffix(b.String(), "\n")
}
