package lbprops

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/lbprops/key"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/verdict"
)

const (
	rootElement = "load-balancer-properties"
	maxDepth    = 32 // of elements within each other
)

// xmlReader reads the elements with their places.
type xmlReader struct {
	c     *converter
	d     *xml.Decoder
	lines []int // where each begins
	path  []string
	seen  int // elements
}

var encoding = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([^"']*)["']`)

// readXML reads the file. What is no XML, or has a document type, is told and not read further.
func (c *converter) readXML() {
	text := bytes.TrimPrefix(c.in.File.Text, []byte("\uFEFF"))
	if len(text) > properties.MaxBytes {
		c.Mark(verdict.Top(c.in.File.Name), verdict.Finding{Verdict: verdict.Error, Note: fmt.Sprintf("the file has more than %d bytes", properties.MaxBytes)})
		return
	}
	if m := encoding.FindSubmatch(text); m != nil && strings.EqualFold(string(m[1]), "ISO-8859-1") {
		var b bytes.Buffer
		for _, one := range text {
			b.WriteRune(rune(one))
		}
		text = b.Bytes()
	}
	r := &xmlReader{c: c, d: xml.NewDecoder(bytes.NewReader(text)), lines: []int{0}}
	r.d.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		if strings.EqualFold(name, "ISO-8859-1") || strings.EqualFold(name, "US-ASCII") {
			return in, nil
		}
		return nil, fmt.Errorf("the encoding %s is not read: save the file as UTF-8", form.Quote(name))
	}
	for i, b := range text {
		if b == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	if err := r.read(); err != nil {
		note := err.Error()
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			note = "no XML: " + syntax.Msg
		}
		c.Mark(r.here(), verdict.Finding{Verdict: verdict.Error, Note: note})
	}
}

// here is where the decoder is.
func (r *xmlReader) here() verdict.Place {
	at := int(r.d.InputOffset())
	line := sort.SearchInts(r.lines, at+1)
	return verdict.Place{File: r.c.in.File.Name, Line: line, Col: at - r.lines[line-1] + 1}
}

// next returns the next element or end, and where it begins. What is of no use is passed over.
func (r *xmlReader) next() (xml.Token, verdict.Place, error) {
	for {
		at := r.here()
		t, err := r.d.Token()
		if err != nil {
			return nil, at, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if r.seen++; r.seen > properties.MaxLines {
				return nil, at, fmt.Errorf("more than %d elements", properties.MaxLines)
			}
			return t, at, nil
		case xml.EndElement, xml.CharData:
			return t, at, nil
		case xml.Directive:
			return nil, at, errors.New("a document type: entities of one's own are not read; take it out")
		}
	}
}

func (r *xmlReader) read() error {
	for {
		t, at, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := r.element(t, at); err != nil {
				return err
			}
		case xml.EndElement:
			r.path = r.path[:len(r.path)-1]
		}
	}
}

// element reads one with what it holds, unless it holds keys.
func (r *xmlReader) element(t xml.StartElement, at verdict.Place) error {
	name := t.Name.Local
	if len(r.path) == 0 {
		if name != rootElement {
			return fmt.Errorf("the root is %s, not %s: this is no lb-configuration.xml", form.Quote(name), rootElement)
		}
		r.path = append(r.path, name)
		return nil
	}
	path := strings.Join(append(r.path[1:len(r.path):len(r.path)], name), "/")
	for _, a := range t.Attr {
		if k := key.FindXML(path + "/@" + a.Name.Local); k != nil {
			r.c.element(&entry{k, k.Name, strings.TrimSpace(a.Value), verdict.Place{File: at.File, Line: at.Line, Col: at.Col + 1}, 0})
		}
	}
	k := key.FindXML(path)
	switch {
	case path == "sipStack/property":
		return r.property(at)
	case path == "http/urlrewrite":
		r.c.element(&entry{k, path, "given", at, 0})
		return r.skip()
	case k != nil && strings.HasSuffix(path, "/rule"):
		return r.rule(&entry{k, path, "given", at, 0})
	case k != nil:
		text, col, err := r.text()
		if err == nil {
			r.c.element(&entry{k, path, text, at, col})
		}
		return err
	case holds(path):
		r.path = append(r.path, name)
		return nil
	}
	r.c.Mark(at, verdict.Finding{Directive: path, Verdict: verdict.Ignored, Note: "the old balancer has no such element", Hint: r.c.Near(path, key.Paths())})
	return r.skip()
}

// element takes one: the first of a path counts.
func (c *converter) element(e *entry) {
	name := e.key.Name
	if old := c.says[name]; old != nil && !strings.HasSuffix(name, "/rule") {
		c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "line " + line(old) + " says it already: the first one counts"})
		return
	}
	c.take(e, name)
}

// holds tells whether elements that are known stand below a path.
func holds(path string) bool {
	if path == "sipStack" {
		return true
	}
	for _, known := range key.Paths() {
		if strings.HasPrefix(known, path+"/") {
			return true
		}
	}
	return false
}

// text reads an element that holds nothing else. col is where the text begins, 0: on a later line.
func (r *xmlReader) text() (text string, col int, err error) {
	start := r.here()
	for {
		t, at, err := r.next()
		switch t := t.(type) {
		case xml.CharData:
			text += string(t)
		case xml.EndElement:
			blanks := len(text) - len(strings.TrimLeft(text, " \t"))
			col = start.Col + blanks
			if text = strings.TrimSpace(text); at.Line != start.Line || text == "" {
				col = 0
			}
			return text, col, nil
		case xml.StartElement:
			return "", 0, fmt.Errorf("%s stands where a value is awaited", form.Quote(t.Name.Local))
		}
		if err != nil {
			return "", 0, err
		}
	}
}

// record reads the texts of elements within one.
func (r *xmlReader) record() (map[string]string, error) {
	says := map[string]string{}
	for {
		t, _, err := r.next()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			text, _, err := r.text()
			if err != nil {
				return nil, err
			}
			says[t.Name.Local] = text
		case xml.EndElement:
			return says, nil
		}
	}
}

// property reads a key with its value of the SIP stack.
func (r *xmlReader) property(at verdict.Place) error {
	says, err := r.record()
	if err != nil {
		return err
	}
	name := says["key"]
	k := key.Find(name)
	if k == nil || !strings.HasPrefix(name, "javax.") && !strings.HasPrefix(name, "gov.nist.") {
		k = key.FindXML("sipStack/property")
	}
	e := &entry{k, cmp.Or(name, k.Name), says["value"], at, 0}
	if k.Name == name { // of TLS: it says something
		r.c.element(e)
		return nil
	}
	r.c.order = append(r.c.order, e)
	return nil
}

// rule reads for which clients the address of an IP load balancer is told. That it is for all says nothing.
func (r *xmlReader) rule(e *entry) error {
	says, err := r.record()
	if err != nil {
		return err
	}
	if r.c.element(e); strings.EqualFold(says["patch"], "true") {
		r.c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "all clients are told the same address"})
	}
	return nil
}

// skip passes over the rest of an element.
func (r *xmlReader) skip() error {
	for depth := 1; depth > 0; {
		t, _, err := r.next()
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fmt.Errorf("more than %d elements within each other", maxDepth)
			}
		case xml.EndElement:
			depth--
		}
	}
	return nil
}
