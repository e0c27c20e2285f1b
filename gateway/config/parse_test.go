package config

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(section(a, "twinhop.yaml"))
	}
	for _, s := range hostile {
		if len(s) < 4096 {
			f.Add([]byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, ps := Parse("f", text, testWords)
		lines := strings.Count(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(text)), "\n") + 1
		for _, p := range ps {
			if p.Line < 1 || p.Col < 1 || p.Line > lines+1 || p.Message == "" {
				t.Errorf("a problem without a place: %+v (%d lines)", p, lines)
			}
		}
		var out bytes.Buffer
		if err := ps.Render(&out, text); err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(out.Bytes(), "\x1b\x00\x07\r") {
			t.Errorf("control characters reach the terminal: %q", out.Bytes())
		}
		if errs, _ := ps.Count(); errs == 0 {
			for _, p := range c.Pools {
				if len(c.Members(p)) == 0 && !c.Heartbeat.On() { // which bring them
					t.Errorf("pool %q has no member and nobody complained", p.Name)
				}
			}
		}
	})
}

// hostile files must cost little and be refused with a reason.
var hostile = map[string]string{
	"too long":        strings.Repeat("a", decode.MaxBytes+1),
	"brackets":        strings.Repeat("[", 200_000),
	"braces":          strings.Repeat("{a: ", 50_000),
	"dashes":          strings.Repeat("- ", 200_000),
	"questions":       strings.Repeat("? ", 200_000),
	"anchors":         strings.Repeat("&a ", 50_000),
	"tags":            strings.Repeat("!t ", 50_000),
	"many keys":       strings.Repeat("abc: d\n", 100_000),
	"alias bomb":      bomb(12),
	"self":            "nodes: &a [*a]",
	"self alias":      "nodes: &a *a",
	"not utf-8":       "nodes: \xff",
	"nul":             "nodes: \x00",
	"directive":       "%YAML 1.2\n---\nnodes: []\n",
	"deep by columns": staircase(400),
}

// bomb returns a text whose aliases, followed, are 10^n values.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("nodes:\n  - &a0 {name: x}\n")
	for i := 1; i < n; i++ {
		prev := "*a" + string(rune('a'+i-1))
		if i == 1 {
			prev = "*a0"
		}
		b.WriteString("  - &a" + string(rune('a'+i)) + " {sip: [" + strings.TrimSuffix(strings.Repeat(prev+", ", 10), ", ") + "]}\n")
	}
	return b.String()
}

func staircase(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestHostileFilesAreRefused(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			_, ps := Parse("f", []byte(text), testWords)
			if errs, _ := ps.Count(); errs == 0 {
				t.Errorf("nothing was wrong with %.40q", text)
			}
			if len(ps) > 20_000 {
				t.Errorf("%d problems", len(ps))
			}
		})
	}
}

// An alias bomb stops at the bound of values, not at the end of memory.
func TestAliasesAreCounted(t *testing.T) {
	var b strings.Builder
	b.WriteString("affinity:\n  sip:\n    - exclude: {users: &u [" + strings.TrimSuffix(strings.Repeat("x, ", 5000), ", ") + "]}\n")
	for range 7 {
		b.WriteString("    - {source: from.user, exclude: {users: *u}}\n")
	}
	b.WriteString("nodes: [{name: n, sip: *u}]\n")
	if _, ps := Parse("f", []byte(b.String()), testWords); !strings.Contains(joined(ps), "sip: 5000 elements, at most 8") {
		t.Errorf("the bound of a list does not hold for aliases: %.300s", joined(ps))
	}
	text := "pools:\n  first: {nodes: &m [" + strings.TrimSuffix(strings.Repeat("{name: n, weight: 2}, ", 256), ", ") + "]}\n"
	for i := range 250 { // 250 x 256 x 3 values
		text += "  p" + strconv.Itoa(i) + ": {nodes: *m, realm: r}\n"
	}
	text += "affinity: {sip: ["
	for range 8 {
		text += "{exclude: {users: *u}}, "
	}
	text += "]}\nlisten: {http: &u [" + strings.TrimSuffix(strings.Repeat("x, ", 9000), ", ") + "]}\n"
	if _, ps := Parse("f", []byte(text), testWords); !strings.Contains(joined(ps), "aliases make this file larger") {
		t.Errorf("aliases are followed without bound: %.300s", joined(ps))
	}
}

func joined(ps Problems) string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func TestDefaultIsWhatAnEmptyFileMeans(t *testing.T) {
	c, _ := Parse("f", []byte("version: 1\n"), testWords)
	c.Pools = nil // of which differences shows all
	if d := differences(c); strings.Contains(d, "=") {
		t.Errorf("differs from Default():\n%s", d)
	}
}

func TestNoteworthyLineEndings(t *testing.T) {
	text := "\uFEFFlisten: {http: [{addr: \":8080\"}]}\r\nnodes:\r\n  - {name: ä}\r\n"
	_, ps := Parse("f", []byte(text), testWords)
	if len(ps) != 2 || ps[0].Line != 3 || ps[0].Col != 5 || ps[1].Col != 12 {
		t.Errorf("places are lost behind a byte order mark and carriage returns: %+v", ps)
	}
}

// A misspelt tag would switch a check off without a word.
func TestTagsAreKnown(t *testing.T) {
	known := []string{"yaml", "words", "oneof", "form", "min", "max", "each", "keyed", "required"}
	name := regexp.MustCompile(`(\w+):"(?:[^"\\]|\\.)*"`)
	var walk func(reflect.Type)
	walk = func(s reflect.Type) {
		for f := range s.Fields() {
			for _, m := range name.FindAllStringSubmatch(string(f.Tag), -1) {
				if !slices.Contains(known, m[1]) {
					t.Errorf("%s.%s: nobody reads the tag %s", s, f.Name, m[1])
				}
			}
			if word := f.Tag.Get("form"); word != "" && !form.Known(word) {
				t.Errorf("%s.%s: there is no form %q", s, f.Name, word)
			}
			of := f.Type
			for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			for _, bound := range []string{f.Tag.Get("min"), f.Tag.Get("max")} {
				_, notNumber := strconv.Atoi(bound)
				_, notSize := form.ParseSize(bound)
				_, notTime := time.ParseDuration(bound)
				if bound != "" && (of == reflect.TypeFor[time.Duration]() && notTime != nil || of == reflect.TypeFor[Size]() && notSize != nil || of.Kind() == reflect.Int && notNumber != nil) {
					t.Errorf("%s.%s: %q is no bound of it", s, f.Name, bound)
				}
			}
			if of.Kind() == reflect.Struct {
				walk(of)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}

// The example of the documentation is a file that runs.
func TestExampleHasNoProblems(t *testing.T) {
	const name = "../../docs/twinhop.example.yaml"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c, ps := Parse(name, text, testWords)
	for _, p := range ps {
		t.Error(p)
	}
	if len(c.Nodes) < 2 || len(c.Listen.SIP.External) == 0 {
		t.Errorf("the example shows too little: %+v", c)
	}
	// Every key is shown, commented out or not.
	flat := map[string]string{}
	a, err := txtar.ParseFile("testdata/full.txtar")
	if err != nil {
		t.Fatal(err)
	}
	full, _ := Parse("full", section(a, "twinhop.yaml"), testWords)
	for line := range strings.Lines(differences(full)) {
		path, _, _ := strings.Cut(line, " ")
		parts := strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
		flat[parts[len(parts)-1]] = path
	}
	for key, path := range flat {
		if !strings.ContainsAny(key[:1], "0123456789") && !bytes.Contains(text, []byte(key+":")) {
			t.Errorf("the example does not show %s", path)
		}
	}
}

func TestReadFileIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(name, bytes.Repeat([]byte("#"), decode.MaxBytes+500), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := ReadFile(name)
	if err != nil || len(text) != decode.MaxBytes+1 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if _, ps := Parse(name, text, testWords); len(ps) != 1 || !strings.Contains(ps[0].Message, "bytes") {
		t.Errorf("%+v", ps)
	}
	if _, err := ReadFile(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
}

// Mounts may ask for so many different things, not for more; asking for the same twice costs nothing.
func TestVariantsAreCounted(t *testing.T) {
	text := func(n int) string {
		var b strings.Builder
		b.WriteString("listen: {http: [{addr: \":8080\"}]}\nnodes: [")
		for i := range 10 {
			b.WriteString("{name: n" + strconv.Itoa(i) + ", http: \"http://10.0.0." + strconv.Itoa(i+1) + ":80\"}, ")
		}
		b.WriteString("]\nmounts:\n")
		for i := range n {
			var off []string
			for bit := range 9 {
				if (i+1)>>bit&1 == 1 {
					off = append(off, "n"+strconv.Itoa(bit))
				}
			}
			for _, again := range []string{"a", "b"} {
				slices.Reverse(off)
				b.WriteString("  - {path: /" + again + strconv.Itoa(i) + ", pool: default, disabled: [" + strings.Join(off, ", ") + "]}\n")
			}
		}
		return b.String()
	}
	if _, ps := Parse("f", []byte(text(MaxVariants)), testWords); len(ps) > 0 {
		t.Errorf("as many as there may be: %.300s", joined(ps))
	}
	_, ps := Parse("f", []byte(text(MaxVariants+1)), testWords)
	if len(ps) != 1 || ps[0].Line != 3+2*MaxVariants+1 || !strings.Contains(ps[0].Message, "more than 256 variants") {
		t.Errorf("one more: %.300s", joined(ps))
	}
}
