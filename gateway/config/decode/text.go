package decode

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"twinhop/gateway/config/form"
)

func isScalar(n ast.Node) bool {
	_, ok := scalarText(n)
	return ok
}

// scalarText returns a text or number as it is written: a node may be called
// 007.
func scalarText(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		if v.Value == nil {
			return "", true
		}
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return strings.TrimSpace(v.GetToken().Value), true
	}
	return "", false
}

// isQuoted tells whether a scalar is text whatever it looks like.
func isQuoted(n ast.Node) bool {
	t := n.GetToken()
	return t != nil && (t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType)
}

// kindOf says what a value is, for messages.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "text"
}

// scalar reads one value that is neither mapping nor list.
func (r *Reader) scalar(n ast.Node, path string, to reflect.Value, tag reflect.StructTag) {
	at := placeOf(n.GetToken())
	if m, ok := r.marks[path]; ok {
		at = m // of the alias, where the value is used
	}
	text, ok := scalarText(n)
	switch {
	case to.Type() == durationType:
		r.duration(n, path, to, tag)
	case to.Type() == sizeType:
		r.size(n, path, to, tag)
	case to.Kind() == reflect.Int:
		r.number(n, path, to, tag)
	case to.Kind() == reflect.Float64:
		r.share(n, path, to, tag)
	case to.Kind() == reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			hint := ""
			if text == "yes" || text == "on" || text == "no" || text == "off" {
				hint = "YAML 1.2 knows only true and false"
			}
			r.wrong(spot{at, path}, hint, "needs true or false, got %s", describe(n, text))
			return
		}
		to.SetBool(b.Value)
	case to.Kind() == reflect.String:
		if !ok {
			r.wrong(spot{at, path}, r.instead(n, tag), "needs text, got %s", kindOf(n))
			return
		}
		r.text(at, path, text, tag)
		to.SetString(text)
	}
}

// instead says what to write in the place of what is no text.
func (r *Reader) instead(n ast.Node, tag reflect.StructTag) string {
	if words := r.wordsOf(tag); len(words) > 0 {
		return oneOf(words)
	}
	hint, err := form.Check(tag.Get("form"), n.GetToken().Value)
	if n.Type() == ast.BoolType && err == nil {
		return `write "` + n.GetToken().Value + `" if text is meant`
	}
	if hint != "" {
		return hint
	}
	return "write one text, without brackets or braces"
}

// within adds to a hint what a value may be. What may be 0 is off then.
func within(hint string, tag reflect.StructTag) string {
	switch least, most := tag.Get("min"), tag.Get("max"); {
	case least == "":
		return hint + "; 0 is off"
	default:
		return hint + "; between " + least + " and " + most
	}
}

func (r *Reader) duration(n ast.Node, path string, to reflect.Value, tag reflect.StructTag) {
	at, hint := r.marks[path], within("such as 5s, 100ms, 1h30m", tag)
	text, ok := scalarText(n)
	if !ok {
		r.wrong(spot{at, path}, hint, "needs a duration, got %s", kindOf(n))
		return
	}
	d, err := form.ParseDuration(text)
	if err != nil {
		for _, meant := range []string{strings.ReplaceAll(text, " ", ""), text + "s"} {
			if _, bad := form.ParseDuration(meant); bad == nil {
				hint = `did you mean "` + meant + `"?`
				break
			}
		}
		r.wrong(spot{at, path}, hint, "%v", err)
		return
	}
	most, _ := time.ParseDuration(tag.Get("max"))
	least, _ := time.ParseDuration(tag.Get("min"))
	if most != 0 && d > most {
		r.wrong(spot{at, path}, "at most "+tag.Get("max"), "%s is too long", form.Short(d))
	} else if d < least {
		r.wrong(spot{at, path}, "at least "+tag.Get("min"), "%s is too short", form.Short(d))
	}
	to.SetInt(int64(d))
}

func describe(n ast.Node, text string) string {
	if text != "" {
		return form.Quote(text)
	}
	return kindOf(n)
}

func (r *Reader) size(n ast.Node, path string, to reflect.Value, tag reflect.StructTag) {
	at, hint := r.marks[path], within("such as 64MiB, 512KiB, 1GB", tag)
	text, ok := scalarText(n)
	if !ok {
		r.wrong(spot{at, path}, hint, "needs a size, got %s", kindOf(n))
		return
	}
	s, err := form.ParseSize(text)
	if err != nil {
		r.wrong(spot{at, path}, hint, "%v", err)
		return
	}
	if most, _ := form.ParseSize(tag.Get("max")); most != 0 && s > most {
		r.wrong(spot{at, path}, "at most "+tag.Get("max"), "%s is too large", s)
	}
	if least, _ := form.ParseSize(tag.Get("min")); s < least {
		r.wrong(spot{at, path}, "at least "+tag.Get("min"), "%s is too small", s)
	}
	to.SetInt(int64(s))
}

func (r *Reader) number(n ast.Node, path string, to reflect.Value, tag reflect.StructTag) {
	at := r.marks[path]
	text, ok := scalarText(n)
	i, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 32)
	if !ok || err != nil || isQuoted(n) {
		hint := "between " + tag.Get("min") + " and " + tag.Get("max")
		switch {
		case ok && err == nil:
			hint = "write " + text + " without quotes"
		case tag.Get("max") == "":
			hint = "such as 5"
		}
		r.wrong(spot{at, path}, hint, "needs a whole number, got %s", describe(n, text))
		return
	}
	least, _ := strconv.ParseInt(tag.Get("min"), 10, 64)
	most, err := strconv.ParseInt(tag.Get("max"), 10, 64)
	if err == nil && least == most && i != least {
		r.wrong(spot{at, path}, "write "+tag.Get("min"), "%d is not known to this program", i)
		return
	}
	if i < least || err == nil && i > most {
		r.wrong(spot{at, path}, "between "+tag.Get("min")+" and "+tag.Get("max"), "%d is out of range", i)
		return
	}
	to.SetInt(i)
}

// share is a number that need not be whole, between the tag's min and max.
func (r *Reader) share(n ast.Node, path string, to reflect.Value, tag reflect.StructTag) {
	hint := "between " + tag.Get("min") + " and " + tag.Get("max")
	text, ok := scalarText(n)
	x, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || isQuoted(n) {
		if ok && err == nil {
			hint = "write " + text + " without quotes"
		}
		r.wrong(spot{r.marks[path], path}, hint, "needs a number, got %s", describe(n, text))
		return
	}
	least, _ := strconv.ParseFloat(tag.Get("min"), 64)
	most, _ := strconv.ParseFloat(tag.Get("max"), 64)
	if !(least <= x && x <= most) {
		r.wrong(spot{r.marks[path], path}, hint, "%s is out of range", text)
		return
	}
	to.SetFloat(x)
}

// text checks a text against its tag's words and form.
func (r *Reader) text(at Place, path, text string, tag reflect.StructTag) {
	if words := r.wordsOf(tag); len(words) > 0 {
		r.word(at, path, text, words)
	}
	r.form(at, path, text, tag)
}

// wordsOf are the words that a text may be; none: anything.
func (r *Reader) wordsOf(tag reflect.StructTag) []string {
	if one := tag.Get("oneof"); one != "" {
		return strings.Fields(one)
	}
	return r.Words[tag.Get("words")]
}

// oneOf is the hint that lists words.
func oneOf(words []string) string {
	shown := slices.Clone(words)
	for i, w := range shown {
		if strings.HasSuffix(w, ":") {
			shown[i] = w + "NAME"
		}
	}
	return "one of: " + strings.Join(shown, ", ")
}

func (r *Reader) form(at Place, path, text string, tag reflect.StructTag) {
	if text == "" && tag.Get("required") == "" && path != "" && !strings.HasSuffix(path, "]") {
		return
	}
	if hint, err := form.Check(tag.Get("form"), text); err != nil {
		r.wrong(spot{at, path}, hint, "%v", err)
	}
}

// word checks that text is one of the words; a word that ends with ":" takes
// a name behind it.
// Word complains of the text at path if it is none of words.
func (r *Reader) Word(path, text string, words []string) { r.word(r.At(path), path, text, words) }

func (r *Reader) word(at Place, path, text string, words []string) {
	if slices.ContainsFunc(words, func(w string) bool {
		name, ok := strings.CutPrefix(text, w)
		return text == w && !strings.HasSuffix(w, ":") || ok && strings.HasSuffix(w, ":") && form.IsToken(name)
	}) {
		return
	}
	hint := form.DidYouMean(text, words)
	if hint == "" {
		hint = oneOf(words)
	}
	what := "is not a known word"
	if r.LaterWord != nil && r.LaterWord(path, text) {
		what = "is not supported yet"
	}
	r.wrong(spot{at, path}, hint, "%s %s", form.Quote(text), what)
}
