package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"twinhop/gateway/config/decode"
)

// judge finds what a value has that a schema does not allow, for the words of JSON Schema that ours uses.
func judge(schema map[string]any, v any, path string) (faults []string) {
	wrong := func(format string, args ...any) { faults = append(faults, path+": "+fmt.Sprintf(format, args...)) }
	if any, ok := schema["anyOf"].([]any); ok {
		if !slices.ContainsFunc(any, func(s interface{}) bool { return len(judge(s.(map[string]interface{}), v, path)) == 0 }) {
			wrong("none of the alternatives")
		}
		return faults
	}
	if which, ok := schema["if"].(map[string]any); ok {
		branch := "else"
		if len(judge(which, v, path)) == 0 {
			branch = "then"
		}
		return judge(schema[branch].(map[string]any), v, path)
	}
	var types []string
	switch t := schema["type"].(type) {
	case string:
		types = []string{t}
	case []any:
		for _, x := range t {
			types = append(types, x.(string))
		}
	}
	if !slices.Contains(types, typeOf(v)) && !(typeOf(v) == "integer" && slices.Contains(types, "number")) {
		wrong("%v is %s, not %v", v, typeOf(v), types)
		return faults
	}
	switch x := v.(type) {
	case string:
		if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, any(x)) {
			wrong("%q is none of the words", x)
		}
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(x) {
			wrong("%q does not fit %s", x, p)
		}
	case float64:
		if least, ok := schema["minimum"].(float64); ok && x < least {
			wrong("%v is less than %v", x, least)
		}
		if most, ok := schema["maximum"].(float64); ok && x > most {
			wrong("%v is more than %v", x, most)
		}
	case []any:
		for i, e := range x {
			faults = append(faults, judge(schema["items"].(map[string]any), e, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for key, e := range x {
			more, named := schema["additionalProperties"].(map[string]any)
			switch s, known := properties[key].(map[string]any); {
			case known:
				faults = append(faults, judge(s, e, path+"."+key)...)
			case named:
				faults = append(faults, judge(more, e, path+"."+key)...)
			case schema["additionalProperties"] == false:
				wrong("%s is no key", key)
			}
		}
		required, _ := schema["required"].([]any)
		for _, key := range required {
			if _, ok := x[key.(string)]; !ok {
				wrong("%s is missing", key)
			}
		}
	}
	return faults
}

func typeOf(v any) string {
	switch x := v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if x == math.Trunc(x) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}

// judged is what the schema says of a configuration.
func judged(t *testing.T, yaml string) []string {
	t.Helper()
	raw, err := decode.JSON([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	var v any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return judge(schema, v, "")
}

// What the program takes, the schema takes: every configuration of the documentation, whole or in part.
func TestSchemaTakesConfigurations(t *testing.T) {
	files, err := filepath.Glob("../../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range append(files, "../../../docs/twinhop.example.yaml", "../../../deploy/twinhop.yaml") {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all := []string{string(page)}
		if strings.HasSuffix(name, ".md") {
			all = nil
			for _, m := range regexp.MustCompile("(?ms)^```yaml (?:whole|fragment)\n(.*?)^```").FindAllStringSubmatch(string(page), -1) {
				all = append(all, m[1])
			}
		}
		for _, yaml := range all {
			n++
			for _, f := range judged(t, yaml) {
				t.Errorf("%s %s\n%s", filepath.Base(name), f, yaml)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d configurations were found", n)
	}
}

// What the program refuses for its keys, words and bounds, the schema refuses.
func TestSchemaRefuses(t *testing.T) {
	for yaml, want := range map[string]string{
		"nodes: [{nme: a}]": "nme is no key", "nodes: [{http: \"http://x:1\"}]": "name is missing", "version: 2": "more than 1", "version: two": "not [integer]",
		"nodes: [{name: a, activation: idle}]": "none of the words", "affinity: {sip: [{source: from.usr}]}": "none of the alternatives", "nodes: [[a]]": "not [string number]", "affinity: {sip: from.user}": "not [array]",
		"sip: {sendTrying: true}": "not [string]", "pools: {shop: {nods: [a]}}": "nods is no key", "limits: {sip: {vias: 3}}": "less than 4",
	} {
		if got := strings.Join(judged(t, yaml), "; "); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", yaml, got, want)
		}
	}
	for _, yaml := range []string{"affinity: {sip: [from.user, \"header:X-Tenant\"]}", "nodes: [{name: 007}]", "health: {sip: {interval: 0}}"} {
		if got := judged(t, yaml); len(got) > 0 {
			t.Errorf("%s: %v", yaml, got)
		}
	}
}
