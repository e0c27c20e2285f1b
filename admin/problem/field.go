package problem

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// wrongType is the problem of a value that is of another type than its place.
// encoding/json names structs that are built in on the way: those are no keys.
func wrongType(body any, e *json.UnmarshalTypeError) *Problem {
	pointer := "#"
	t := plain(reflect.TypeOf(body))
	for name := range strings.SplitSeq(e.Field, ".") {
		f, builtIn := field(t, name)
		if t = f; !builtIn && name != "" {
			pointer += "/" + escape(name)
		}
	}
	return Invalid(pointer, "%s belongs here, not %s", wanted(e.Type), given(e.Value))
}

// unknownKey is the problem of a key, quoted, that nothing is known of.
func unknownKey(quoted string) *Problem {
	name, err := strconv.Unquote(quoted)
	if err != nil || len(name) > 100 {
		return Invalid("#", "a key that is not known")
	}
	p := Invalid("#/"+escape(name), "unknown key")
	p.Detail = "unknown field " + quoted
	return p
}

func escape(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

// field is the type of a key, or of a struct that is built in.
func field(t reflect.Type, name string) (reflect.Type, bool) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil, false
	}
	for f := range t.Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == name || key == "" && f.Name == name {
			return plain(f.Type), f.Anonymous && key == ""
		}
	}
	return nil, false
}

// plain is what pointers point to, and what lists have.
func plain(t reflect.Type) reflect.Type {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	return t
}

func wanted(t reflect.Type) string {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "a text"
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number, not too large,"
}

func given(value string) string {
	kind, rest, _ := strings.Cut(value, " ")
	switch kind {
	case "string":
		return "a text"
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	}
	if len(rest) > 0 && len(rest) <= 32 {
		return rest
	}
	return "a number"
}
