package decode

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/config/form"
)

func TestRenderKeepsTheCaretUnderTabs(t *testing.T) {
	var out strings.Builder
	text := "a: 1 #\tx\n\u00e4b:\tc\n"
	ps := Problems{{File: "f", Line: 2, Col: 5, Severity: Error, Message: "m", Hint: "h"}}
	if err := ps.Render(&out, []byte(text)); err != nil {
		t.Fatal(err)
	}
	want := "f:2:5 error  m\n     1 | a: 1 #\tx\n>    2 | \u00e4b:\tc\n            \t^ h\n1 error, 0 warnings\n"
	if out.String() != want {
		t.Errorf("got\n%q, want\n%q", out.String(), want)
	}
}

// sheet has every kind of value that there is.
type sheet struct {
	Text  string        `yaml:"text" form:"name"`
	Word  string        `yaml:"word" oneof:"one two"`
	Other string        `yaml:"other" words:"list"`
	Yes   bool          `yaml:"yes"`
	N     int           `yaml:"n" min:"1" max:"9"`
	Wait  time.Duration `yaml:"wait" min:"1s" max:"1m"`
	Size  form.Size     `yaml:"size" min:"2" max:"1KiB"`
	Ptr   *int          `yaml:"ptr" min:"0" max:"9"`
	List  []int         `yaml:"list" max:"2" each:"min:\"1\" max:\"5\""`
	Rows  []row         `yaml:"rows"`
	Named []entry       `yaml:"named" keyed:"Key"`
}

type entry struct {
	Key string `yaml:"-" form:"name"`
	N   int    `yaml:"n" min:"1" max:"9"`
}

type row struct {
	Key  string `yaml:"key" required:"true" form:"name"`
	With int    `yaml:"with" min:"0" max:"9"`
}

// SetDefaults is what a row has that says nothing.
func (r *row) SetDefaults() { r.With = 7 }

func read(text string) (sheet, *Reader) {
	s := sheet{Text: "kept", N: 3}
	r := &Reader{File: "f", Words: map[string][]string{"list": {"plain", "named:"}},
		Later: func(path string) string {
			if path == "soon" {
				return "wait"
			}
			return ""
		},
		LaterWord: func(path, word string) bool { return path == "word" && word == "three" }}
	r.Read([]byte(text), &s)
	return s, r
}

func TestReaderFillsEveryKind(t *testing.T) {
	got, r := read(`{word: two, other: "named:x", yes: true, n: 4, wait: 1m, size: 1KiB, ptr: 0, list: [1, 5],
  rows: [a, {key: b, with: 0}], named: {c: {n: 1}}}`)
	zero := 0
	want := sheet{Text: "kept", Word: "two", Other: "named:x", Yes: true, N: 4, Wait: time.Minute, Size: 1024, Ptr: &zero, List: []int{1, 5},
		Rows: []row{{"a", 7}, {"b", 0}}, Named: []entry{{"c", 1}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	for _, p := range r.Problems() {
		t.Error(p)
	}
	if at := r.At("rows[1].with"); at != (Place{2, 28}) || !r.Given("n") || r.Given("text") {
		t.Errorf("places: %v", at)
	}
	if at := r.At("rows[1].nothing"); at != (Place{2, 13}) {
		t.Errorf("what is left out stands at what is around it: %v", at)
	}
}

// One line each: the text, and what is said of it.
func TestReaderComplains(t *testing.T) {
	for text, want := range map[string]string{
		"text: a b":                  `1:7 text: "a b" is no name`,
		"text: [a]":                  "1:7 text: needs text, got a list",
		"text: true":                 "1:7 text: needs text, got true or false",
		"word: thre":                 `1:7 word: "thre" is not a known word`,
		"word: three":                `1:7 word: "three" is not supported yet`,
		"other: named":               `1:8 other: "named" is not a known word`,
		"yes: on":                    `1:6 yes: needs true or false, got "on"`,
		"n: 10":                      "1:4 n: 10 is out of range",
		"n: x":                       `1:4 n: needs a whole number, got "x"`,
		"wait: 5":                    `1:7 wait: "5" has no unit`,
		"wait: 2m":                   "1:7 wait: 2m is too long",
		"wait: 1ms":                  "1:7 wait: 1ms is too short",
		"size: 2KiB":                 "1:7 size: 2KiB is too large",
		"size: 1":                    "1:7 size: 1 is too small",
		"size: {a: b}":               "1:7 size: needs a size, got a mapping",
		"list: 1":                    "1:7 list: needs a list, got a number",
		"list: [1, 2, 3]":            "1:7 list: 3 elements, at most 2 are allowed",
		"list: [0]":                  "1:8 list[0]: 0 is out of range",
		"rows: [{with: 1}]":          "1:8 rows[0]: key is missing",
		"rows: [{key: }]":            "",
		"named: [a]":                 "1:8 named: needs a mapping of names, got a list",
		"named: {a b: {}}":           `1:9 named.a b: "a b" is no name`,
		"n: 1\nn: 2":                 "2:1 n: set twice, first on line 1",
		"txt: a":                     "1:1 txt: unknown key",
		"soon: 1":                    "1:1 soon: not supported yet",
		"just text":                  "1:1 needs a mapping, got text",
		"n: *x":                      `1:4 n: there is no anchor "x"`,
		"n: !!int 1":                 "1:4 n: tags are not read",
		"<<: {n: 1}":                 "1:1 merge keys (<<) are not read",
		"---\nn: 1\n---\nn: 2":       "4:1 a second YAML document begins here",
		strings.Repeat("[", 70) + "": "1:65 nested too deep",
	} {
		_, r := read(text)
		var got []string
		for _, p := range r.Problems() {
			line := p.String()
			line = strings.Replace(strings.TrimPrefix(line, "f:"), " error  ", " ", 1)
			got = append(got, line)
		}
		if want == "" {
			if len(got) == 0 {
				t.Errorf("%q: nothing was wrong", text)
			}
			continue
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What is printed ends in journals: secrets do not.
func TestRenderHidesSecrets(t *testing.T) {
	for in, want := range map[string]string{
		`a: {secret: s3cret, x: 1}`:        `a: {secret: ******, x: 1}`,
		`  secret: "s3 \" , c}" # why`:     `  secret: ************ # why`,
		`- {x: 1, 'secret': 's3,cret', y}`: `- {x: 1, 'secret': *********, y}`,
		`secret: with blanks`:              `secret: ***********`,
		`"secret" : "not ended`:            `"secret" : **********`,
		`secretFile: ajp.secret`:           `secretFile: ajp.secret`,
		`secrets: {file: x}`:               `secrets: {file: x}`,
		`my-secret: x`:                     `my-secret: x`,
		`ajp: {packetSize: 1, secret: é€}`: `ajp: {packetSize: 1, secret: **}`,
		`{secert: s3cret, Secret: s3cret}`: `{secert: ******, Secret: ******}`,
		`sercet: s3cret, sectors: 1`:       `sercet: ******, sectors: 1`,
	} {
		var out strings.Builder
		if err := (Problems{{File: "f", Line: 1, Col: 1}}).Render(&out, []byte(in)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(out.String(), "\n")[1]; got != ">    1 | "+want {
			t.Errorf("%s\n%s, want %s", in, got, want)
		}
	}
}
