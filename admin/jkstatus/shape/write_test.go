package shape

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func written(r ...*Record) (x, text, properties string) {
	var a, b, c bytes.Buffer
	WriteXML(&a, XML{NS: "jk:", XMLNS: `xmlns:jk="urn:x"`}, r)
	WriteText(&b, r)
	WriteProperties(&c, "worker", r)
	return a.String(), b.String(), c.String()
}

func TestForms(t *testing.T) {
	r := &Record{Element: "thing", Title: "Thing:", Scope: "a", Indent: 2, Open: true}
	r.Put(Field{Key: "id", Value: "1", Property: NoProperty})
	r.Put(Field{Key: "name", Value: "x y", Property: "list"})
	r.Quote("route", `a"b`)
	Counts(r, "one two", 1, 2)
	Count(r, "three", int64(3))
	child := &Record{Element: "part", Title: "Part:", Scope: "a.part.1", Indent: 4}
	child.Text("k", "<&>")
	r.Add(child)
	x, text, properties := written(r)
	for got, want := range map[string]string{
		x: `<?xml version="1.0" encoding="UTF-8" ?>
<jk:status
  xmlns:jk="urn:x">
  <jk:thing
    id="1"
    name="x y"
    route="a&quot;b"
    one="1"
    two="2"
    three="3"
  >
    <jk:part
      k="&lt;&amp;&gt;"
    />
  </jk:thing>
</jk:status>
`,
		text:       "Thing: id=1 name=x y route=\"a'b\" one=1 two=2 three=3\nPart: k=<&>\n",
		properties: "worker.list=x y\nworker.a.route=a\"b\nworker.a.one=1\nworker.a.two=2\nworker.a.three=3\nworker.a.part.1.k=<&>\n",
	} {
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// Whatever the keys and values of a configuration are: XML that can be read,
// with each attribute once, and a line for each field.
func FuzzWrite(f *testing.F) {
	f.Add("worker.a.host", "h", "xmlns", "\"'<>&", "9 lives")
	f.Add("", "\x00\xff￾", "a", "]]>", "a")
	f.Add("xml", "\n", "XmlX", "\u2028\u0085", "a:b")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2, k3 string) {
		r := &Record{Element: "configuration", Title: "Configuration:"}
		for _, p := range [][2]string{{k1, v1}, {k2, v2}, {k3, v1}, {k1, v2}} {
			r.Text(p[0], p[1])
		}
		x, text, properties := written(r, &Record{Element: "result", Title: "Result:", Scope: k1, Fields: []Field{{Key: "message", Value: v2, Quoted: true}}})
		attributes := 0
		for d := xml.NewDecoder(strings.NewReader(x)); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, x)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "configuration" {
				seen := map[string]bool{}
				for _, a := range e.Attr {
					if attributes++; seen[fmt.Sprint(a.Name)] {
						t.Fatalf("%v twice in\n%s", a.Name, x)
					}
					seen[fmt.Sprint(a.Name)] = true
				}
			}
		}
		if attributes != 4 || strings.Count(text, "\n") != 6 || strings.Count(properties, "\n") != 5 {
			t.Fatalf("%d attributes\n%s%s%s", attributes, x, text, properties)
		}
		if !utf8.ValidString(x+text+properties) || strings.ContainsAny(x+text+properties, "\x00\r\u0085\u2028") {
			t.Fatalf("control characters in\n%q", x+text+properties)
		}
	})
}
