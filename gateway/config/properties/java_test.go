package properties

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/config/verdict"
)

// What java.util.Properties reads, with its places.
func TestJava(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"separators", "a=1\nb = 2\nc:3\nd : 4\ne 5\nf\t=\t6\ng\n", `1:1 a "1" 3, 2:1 b "2" 5, 3:1 c "3" 3, 4:1 d "4" 5, 5:1 e "5" 3, 6:1 f "6" 5, 7:1 g "" 0`},
		{"comments", "# a=1\n  ! b=2\n\n   \n// c=3\nd=4 # no comment\n", `5:1 // "c=3" 4, 6:1 d "4 # no comment" 3`},
		{"second separators belong to the value", "a==1\nb=:2\nc = = 3\n", `1:1 a "=1" 3, 2:1 b ":2" 3, 3:1 c "= 3" 5`},
		{"continued", "a=1,\\\n   2,\\\n\t3\nb=\\\n  x\nc\\\n=y\n# no\\\nd=z\n", `1:1 a "1,2,3" 3, 4:1 b "x" 0, 6:1 c "y" 0, 9:1 d "z" 3`},
		{"a comment in a continued line is none", "a=1,\\\n#2\n", `1:1 a "1,#2" 3`},
		{"an escaped backslash continues nothing", "a=1\\\\\nb=2\n", `1:1 a "1\\" 3, 2:1 b "2" 3`},
		{"the file ends in a continuation", "a=1\\", `1:1 a "1" 3`},
		{"escapes", "a\\ b\\:c\\=d=e\\tf\\u0041\\u00e4\\q\n", `1:1 a b:c=d "e\tfA` + "ä" + `q" 12`},
		{"latin 1", "a=\xe4\n", `1:1 a "ä" 3`},
		{"line ends", "a=1\r\nb=2\rc=3", `1:1 a "1" 3, 2:1 b "2" 3, 3:1 c "3" 3`},
		{"blanks in front and behind", "  a=1  \n\fb=2\t\n", `1:3 a "1" 5, 2:2 b "2" 4`},
		{"said again", "a=1\na=2\n", `1:1 a "1" 3, 2:1 a "2" 3`},
		{"no key", "=1\n", `1:1  "1" 2`},
		{"mark of the order of bytes", "\uFEFFa=1\n", `1:1 a "1" 3`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &verdict.Ledger{}
			var got []string
			for _, p := range Java("f", []byte(c.text), l) {
				got = append(got, fmt.Sprintf("%d:%d %s %q %d", p.At.Line, p.At.Col, p.Key, p.Value, p.Col))
			}
			if d := cmp.Diff(c.want, strings.Join(got, ", ")); d != "" || l.Failed() {
				t.Errorf("-want +got\n%s%v", d, l.Sorted())
			}
		})
	}
}

// What cannot be read is told with its place; what is fine beside it is read.
func TestJavaComplains(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a=1\nb=\\u00g1\nc=2\n", `f:2 "\u00g1" is no character`},
		{"a=\\u12", `f:1 "\u12" is no character`},
		{"a=1\n\x00\n", "f:2 a control character"},
		{"a=" + strings.Repeat("x", MaxBytes), "f:1 the file has more than"},
		{"a=1\nb=" + strings.Repeat("x\\\n", maxLogical), "f:2 the line has more than"},
		{strings.Repeat("a=1\n", MaxLines+1), fmt.Sprintf("f:%d more than %d lines", MaxLines+1, MaxLines)},
	} {
		l := &verdict.Ledger{}
		pairs := Java("f", []byte(c.text), l)
		fs := l.Sorted()
		if len(fs) != 1 || !strings.HasPrefix(fmt.Sprintf("%s:%d %s", fs[0].File, fs[0].Line, fs[0].Note), c.want) {
			t.Errorf("%.20q: %v", c.text, fs)
		}
		if strings.HasSuffix(c.text, "c=2\n") && len(pairs) != 2 {
			t.Errorf("%.20q: %v", c.text, pairs)
		}
	}
}

// naiveJava reads as the manual of java.util.Properties tells, character by character.
func naiveJava(text string) map[string]string {
	all := map[string]string{}
	rest := []byte(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"))
	blank := func() {
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\f') {
			rest = rest[1:]
		}
	}
	// next takes one character; escaped ones are told. A continued line goes on behind its blanks.
	next := func() (r rune, escaped, end bool) {
		for len(rest) > 1 && rest[0] == '\\' && rest[1] == '\n' {
			rest = rest[2:]
			blank()
		}
		if len(rest) == 0 || rest[0] == '\n' || len(rest) == 1 && rest[0] == '\\' {
			rest = rest[min(len(rest), 1):]
			return 0, false, true
		}
		c := rest[0]
		rest = rest[1:]
		if c != '\\' {
			return rune(c), false, false
		}
		c = rest[0]
		rest = rest[1:]
		switch c {
		case 't':
			return '\t', true, false
		case 'n':
			return '\n', true, false
		case 'r':
			return '\r', true, false
		case 'f':
			return '\f', true, false
		case 'u':
			var n rune
			if _, err := fmt.Sscanf(string(rest[:4]), "%04x", &n); err != nil {
				panic(err)
			}
			rest = rest[4:]
			return n, true, false
		}
		return rune(c), true, false
	}
	for len(rest) > 0 {
		blank()
		switch {
		case len(rest) > 0 && (rest[0] == '#' || rest[0] == '!'):
			for len(rest) > 0 && rest[0] != '\n' {
				rest = rest[1:]
			}
			continue
		case len(rest) > 0 && rest[0] == '\n':
			rest = rest[1:]
			continue
		case len(rest) == 0:
			continue
		}
		var key, value strings.Builder
		state := "key"
		for {
			r, escaped, end := next()
			if end {
				break
			}
			b := !escaped && (r == ' ' || r == '\t' || r == '\f')
			sign := !escaped && (r == '=' || r == ':')
			switch {
			case state == "key" && b:
				state = "gap"
			case state == "key" && sign, state == "gap" && sign:
				state = "before"
			case (state == "gap" || state == "before") && b:
			case state == "key":
				key.WriteRune(r)
			default:
				state = "value"
				value.WriteRune(r)
			}
		}
		all[key.String()] = strings.Trim(value.String(), Blanks)
	}
	return all
}

// The reader and the naive one read the same.
func FuzzJava(f *testing.F) {
	for _, s := range []string{"a=1\nb : \\\n 2\n", "// x\n!y\\\nz", "a\\\n b\\\n", "\\u0041\\u00=:", "=\n:\n \n\\\n", "a=1\\\\\\\nb", "k \\ v", "a\\", "a\\\n\\\n=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := &verdict.Ledger{}
		pairs := Java("f", []byte(text), l)
		for _, p := range pairs {
			if p.At.Line < 1 || p.At.Col < 1 || p.Col < 0 {
				t.Errorf("%+v", p)
			}
		}
		if l.Failed() || len(text) > 1<<12 || strings.HasPrefix(text, "\uFEFF") {
			return
		}
		got := map[string]string{}
		for _, p := range pairs {
			got[p.Key] = p.Value
		}
		if d := cmp.Diff(naiveJava(text), got); d != "" {
			t.Errorf("%q: -want +got\n%s", text, d)
		}
	})
}
