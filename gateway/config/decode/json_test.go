package decode

import (
	"strings"
	"testing"
)

// What a user writes by hand is passed on as the same in JSON.
func TestJSON(t *testing.T) {
	for text, want := range map[string]string{
		"leader: sip\nsip: [from.user, call-id]\nttl: {idle: 30m}\n": `{"leader":"sip","sip":["from.user","call-id"],"ttl":{"idle":"30m"}}`,
		"http:\n  - source: query\n    name: '007'\n  - cookie\n":    `{"http":[{"source":"query","name":"007"},"cookie"]}`,
		"a: 64\nb: 1.5\nc: true\nd:\ne: 0x1f\nf: \"x\\ty\"\n":        `{"a":64,"b":1.5,"c":true,"d":null,"e":"0x1f","f":"x\ty"}`,
		`{"a": [1, {"b": "c"}], "e": {}, "l": []}`:                   `{"a":[1,{"b":"c"}],"e":{},"l":[]}`,
		"t: |\n  two\n  lines\n":                                     `{"t":"two\nlines\n"}`,
	} {
		if got, err := JSON([]byte(text)); err != nil || string(got) != want {
			t.Errorf("%q is %s %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "# nothing\n", "a: [", "a: &x 1\nb: *x\n", "a: {b: {c: \x00}}", "? [a]\n: b\n", strings.Repeat("[", 70) + strings.Repeat("]", 70)} {
		if got, err := JSON([]byte(text)); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
