package shape

import (
	"io"
	"strings"
	"unicode/utf8"
)

// XML is how documents are dressed. Everything in it is printed as it is.
type XML struct {
	NS      string // before the names of elements
	XMLNS   string // an attribute of the document
	Doctype string // a line before the document
}

// WriteXML writes the records as one element status, an attribute to a line.
func WriteXML(w io.Writer, x XML, all []*Record) {
	ns := x.NS
	Put(w, `<?xml version="1.0" encoding="UTF-8" ?>`, "\n")
	if x.Doctype != "" {
		Put(w, x.Doctype, "\n")
	}
	Put(w, "<", ns, "status\n")
	if x.XMLNS != "" {
		Put(w, "  ", x.XMLNS)
	}
	Put(w, ">\n")
	for _, r := range all {
		writeElement(w, ns, r)
	}
	Put(w, "</", ns, "status>\n")
}

func writeElement(w io.Writer, ns string, r *Record) {
	pad := strings.Repeat(" ", r.Indent)
	Put(w, pad, "<", ns, r.Element, "\n")
	taken := map[string]bool{}
	for _, f := range r.Fields {
		key := attribute(f.Key, taken)
		Put(w, pad, "  ", key, `="`, Escape(f.Value), "\"\n")
	}
	if !r.Open {
		Put(w, pad, "/>\n")
	} else {
		Put(w, pad, ">\n")
	}
	for _, c := range r.Children {
		writeElement(w, ns, c)
	}
	if r.Open {
		Put(w, pad, "</", ns, r.Element, ">\n")
	}
}

// attribute makes a key fit for an attribute, once in its element. Keys are
// ours but for those of the configuration, which may be anything.
func attribute(key string, taken map[string]bool) string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '.' || c == '-'):
		default:
			c = '_'
		}
		b.WriteByte(c)
	}
	name := b.String()
	if name == "" || strings.HasPrefix(strings.ToLower(name), "xml") {
		name = "_" + name
	}
	for taken[name] {
		name += "_"
	}
	taken[name] = true
	return name
}

// WriteText writes the records a line each.
func WriteText(w io.Writer, all []*Record) {
	for _, r := range all {
		Put(w, r.Title)
		if r.Element == "configuration" {
			Put(w, "\n")
			writeLines(w, r)
			continue
		}
		for _, f := range r.Fields {
			if f.Quoted {
				Put(w, " ", f.Key, `="`, strings.ReplaceAll(Plain(f.Value), `"`, "'"), `"`)
			} else {
				Put(w, " ", f.Key, "=", Plain(f.Value))
			}
		}
		Put(w, "\n")
		WriteText(w, r.Children)
	}
}

func writeLines(w io.Writer, r *Record) {
	for _, f := range r.Fields {
		Put(w, Plain(f.Key), "=", Plain(f.Value), "\n")
	}
}

// WriteProperties writes the records a line for each field.
func WriteProperties(w io.Writer, prefix string, all []*Record) {
	for _, r := range all {
		if r.Element == "configuration" {
			writeLines(w, r)
			continue
		}
		for _, f := range r.Fields {
			name := f.Property
			switch {
			case name == NoProperty:
				continue
			case name == "":
				name = r.Scope + "." + f.Key
			}
			Put(w, prefix, ".", Plain(name), "=", Plain(f.Value), "\n")
		}
		WriteProperties(w, prefix, r.Children)
	}
}

// Put writes texts as they are.
func Put(w io.Writer, parts ...string) {
	for _, s := range parts {
		io.WriteString(w, s) // who went away does not read an error either
	}
}

// Plain returns a value on one line: control characters and broken UTF-8 become
// spaces.
func Plain(s string) string {
	clean := func(r rune) bool {
		return r < ' ' || r == 0x7f || r == utf8.RuneError || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029'
	}
	if !strings.ContainsFunc(s, clean) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if clean(r) {
			return ' '
		}
		return r
	}, s)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "\ufffe", " ", "\uffff", " ")

// Escape returns a value within quotes or between tags, in XML and HTML.
func Escape(s string) string { return escaper.Replace(Plain(s)) }
