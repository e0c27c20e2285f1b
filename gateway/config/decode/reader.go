package decode

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"twinhop/gateway/config/form"
)

// Reader fills a struct from a file, by the tags of its fields, and notes where each value stands. What is wrong with the file, and what
// others find to be wrong with what it says, is collected.
//
// The tags: yaml is the key; words names a list of Words, and oneof is such a list; form names a form of text; min and max bound a number,
// a duration, a size, or the length of a list, and each is the tags of a list's elements; keyed marks a list that the file writes as a
// mapping, whose key becomes the field of that name; required marks what must be there.
type Reader struct {
	File      string                       // the name that problems carry
	Words     map[string][]string          // a word that ends with ":" takes a name behind it
	Later     func(path string) string     // a hint for a key that a later version will know; "": nobody ever will. nil: there are none
	LaterWord func(path, word string) bool // the same for words
	Over      int                          // from this line on another file stands behind the first: its mappings may say more of what the first one's say, and then count. 0: there is none

	problems Problems
	errs     map[string]bool // paths that were complained of
	root     reflect.Type    // of what is filled
	anchors  anchors
	marks    map[string]Place // path of a value -> where it begins
	visits   int
	spent    bool // the bound of visits was met and told
}

// Read reads a text into a struct that holds the defaults. It is false when the text has no keys at all, of which the problems tell.
func (r *Reader) Read(text []byte, to any) bool {
	r.errs, r.anchors, r.marks = map[string]bool{}, anchors{}, map[string]Place{}
	r.root = reflect.TypeOf(to).Elem()
	root, f := parseTree(text)
	switch {
	case f != nil:
		r.add(f.Place, Error, Problem{Message: f.message, Hint: f.hint})
	case root != nil:
		ast.Walk(r.anchors, root)
		r.value(root, "", reflect.ValueOf(to).Elem(), "")
	}
	return !r.Failed("")
}

// Problems returns what was found, sorted by place.
func (r *Reader) Problems() Problems {
	r.problems.sort()
	return r.problems
}

// defaulter is an element of a list, or what may be absent, that has defaults of its own.
type defaulter interface{ SetDefaults() }

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[form.Size]()
)

// follow returns the value behind anchors and aliases. nil: nothing to read,
// and if that is a mistake it has been told.
func (r *Reader) follow(n ast.Node, path string) ast.Node {
	for {
		if r.visits++; r.visits > maxVisits {
			if !r.spent {
				r.spent = true
				r.wrong(spot{placeOf(n.GetToken()), path}, "", "aliases make this file larger than %d values", maxVisits)
			}
			return nil
		}
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.AliasNode:
			name := ""
			if v.Value != nil {
				name = v.Value.GetToken().Value
			}
			n = r.anchors[name]
			if n == nil {
				r.wrong(spot{placeOf(v.GetToken()), path}, `text that begins with "*" needs quotes`, "there is no anchor %s", form.Quote(name))
			}
		case *ast.TagNode:
			r.wrong(spot{placeOf(v.GetToken()), path}, "remove the tag", "tags are not read")
			return nil
		case *ast.NullNode:
			return nil
		default:
			return n
		}
		if n == nil {
			return nil
		}
	}
}

// value reads n into to. An empty value is an absent one.
func (r *Reader) value(n ast.Node, path string, to reflect.Value, tag reflect.StructTag) {
	at := placeOf(firstToken(n))
	n = r.follow(n, path)
	if n == nil {
		return
	}
	if strings.Count(path, ".")+strings.Count(path, "[") > maxDepth { // an alias inside its own anchor
		r.wrong(spot{at, path}, "", "nested too deep")
		return
	}
	r.marks[path] = at
	switch {
	case to.Kind() == reflect.Pointer:
		v := newElem(to.Type().Elem())
		r.value(n, path, v, tag)
		to.Set(v.Addr())
	case to.Kind() == reflect.Struct:
		r.mapping(n, path, to)
	case to.Kind() == reflect.Slice && tag.Get("keyed") != "":
		r.keyed(n, path, to, tag)
	case to.Kind() == reflect.Slice:
		r.list(n, path, to, tag)
	default:
		r.scalar(n, path, to, tag)
	}
}

// mapping reads a mapping into a struct.
func (r *Reader) mapping(n ast.Node, path string, to reflect.Value) {
	at := placeOf(firstToken(n))
	entries, ok := pairs(n)
	if !ok {
		first := to.Field(0)
		if short := n.Type() == ast.SequenceType && first.Kind() == reflect.Slice || isScalar(n); short && to.Type().Field(0).Tag.Get("required") != "" {
			r.value(n, path, first, to.Type().Field(0).Tag)
			r.required(at, path, to, map[string]Place{to.Type().Field(0).Tag.Get("yaml"): at})
			return
		}
		r.wrong(spot{at, path}, "keys: "+strings.Join(keysOf(to.Type()), ", "), "needs a mapping, got %s", kindOf(n))
		return
	}
	seen := map[string]Place{}
	for _, e := range entries {
		if path == "" {
			r.reopen(e, to, seen)
		}
		key, at, ok := r.key(e, path, seen)
		if !ok {
			continue
		}
		field, ok := fieldOf(to, key)
		if !ok {
			r.unknown(at, Join(path, key), key, to.Type())
			continue
		}
		r.marks[Join(path, key)] = at
		r.value(e.Value, Join(path, key), to.FieldByIndex(field), to.Type().FieldByIndex(field).Tag)
	}
	for key := range seen { // one complaint about a misspelt key is enough
		if _, ok := fieldOf(to, key); !ok {
			seen[form.Nearest(key, keysOf(to.Type()))] = at
		}
	}
	r.required(at, path, to, seen)
}

// reopen lets a key of the other file say more of a mapping of the first one.
func (r *Reader) reopen(e *ast.MappingValueNode, to reflect.Value, seen map[string]Place) {
	if r.Over == 0 || e == nil || e.Key == nil {
		return
	}
	key, _ := scalarText(e.Key)
	field, known := fieldOf(to, key)
	if known && to.FieldByIndex(field).Kind() == reflect.Struct && seen[key].Line < r.Over && placeOf(firstToken(e.Key)).Line >= r.Over {
		delete(seen, key)
	}
}

// key reads the key of an entry; ok is false when it was refused.
func (r *Reader) key(e *ast.MappingValueNode, path string, seen map[string]Place) (key string, at Place, ok bool) {
	if e == nil || e.Key == nil || e.Value == nil {
		return "", Place{}, false
	}
	at = placeOf(firstToken(e.Key))
	if e.Key.IsMergeKey() {
		r.wrong(spot{at, path}, "write the keys out", "merge keys (<<) are not read")
		return "", at, false
	}
	text, ok := scalarText(e.Key)
	if !ok || len(text) > 128 {
		r.wrong(spot{at, path}, "", "this is no key")
		return "", at, false
	}
	if first, twice := seen[text]; twice {
		r.wrong(spot{at, Join(path, text)}, "keep one of them", "set twice, first on line %d", first.Line)
		return "", at, false
	}
	seen[text] = at
	return text, at, true
}

// required complains of keys that a mapping must have.
func (r *Reader) required(at Place, path string, to reflect.Value, seen map[string]Place) {
	for f := range to.Type().Fields() {
		key := f.Tag.Get("yaml")
		own, ok := seen[key]
		switch {
		case f.Tag.Get("required") == "" || r.Failed(Join(path, key)):
		case !ok:
			r.wrong(spot{at, path}, "", "%s is missing", key)
		case to.FieldByIndex(f.Index).IsZero() && r.Given(Join(path, key)):
			r.wrong(spot{own, Join(path, key)}, "", "is empty")
		}
	}
}

// unknown complains of a key, with what was probably meant.
func (r *Reader) unknown(at Place, path, key string, in reflect.Type) {
	if r.Later != nil {
		if why := r.Later(path); why != "" {
			r.wrong(spot{at, path}, why, "not supported yet")
			return
		}
	}
	known := keysOf(in)
	hint := form.DidYouMean(key, known)
	if hint == "" {
		hint = "known here: " + strings.Join(known, ", ")
		if home := homeOf(r.root, "", path); home != "" {
			hint = key + " is a key of " + home + "; " + hint
		}
	}
	r.wrong(spot{at, path}, hint, "unknown key")
}

// homeOf finds the mapping that has the last key of a path: of all that have it the one nearest to the path, if it is near at all. Mappings
// within lists have no path to tell.
func homeOf(t reflect.Type, at, path string) (home string) {
	above, key := path[:max(strings.LastIndexByte(path, '.'), 0)], path[strings.LastIndexByte(path, '.')+1:]
	if t == nil || t.Kind() != reflect.Struct {
		return ""
	}
	near := func(s string) int { // leading keys in common
		a, b, n := strings.Split(s, "."), strings.Split(above, "."), 0
		for n < len(a) && n < len(b) && a[n] == b[n] && a[n] != "" {
			n++
		}
		return n
	}
	for f := range t.Fields() {
		found, word := "", f.Tag.Get("yaml")
		if word == key && at != above {
			found = at
		} else if f.Type.Kind() == reflect.Struct {
			found = homeOf(f.Type, Join(at, word), path)
		}
		if near(found) > near(home) {
			home = found
		}
	}
	return home
}

// keyed reads a mapping of names into a list.
func (r *Reader) keyed(n ast.Node, path string, to reflect.Value, tag reflect.StructTag) {
	entries, ok := pairs(n)
	if !ok {
		r.wrong(spot{placeOf(firstToken(n)), path}, "such as {default: {...}}", "needs a mapping of names, got %s", kindOf(n))
		return
	}
	name, _ := to.Type().Elem().FieldByName(tag.Get("keyed"))
	if !r.fits(n, path, len(entries), tag) {
		return
	}
	seen := map[string]Place{}
	out := reflect.MakeSlice(to.Type(), 0, len(entries))
	for _, e := range entries {
		key, at, ok := r.key(e, path, seen)
		if !ok {
			continue
		}
		elem := newElem(to.Type().Elem())
		elem.FieldByIndex(name.Index).SetString(key)
		p := Join(path, key)
		r.form(at, p, key, name.Tag)
		r.marks[p] = at
		r.value(e.Value, p, elem, "")
		r.marks[p] = at // problems of the whole stand at its name
		out = reflect.Append(out, elem)
	}
	to.Set(out)
}

// maxList bounds lists that say nothing else.
const maxList = 10_000

// fits bounds the length of a list.
func (r *Reader) fits(n ast.Node, path string, length int, tag reflect.StructTag) bool {
	most := maxList
	if m := tag.Get("max"); m != "" {
		most, _ = strconv.Atoi(m)
	}
	if length > most {
		r.wrong(spot{placeOf(firstToken(n)), path}, "", "%d elements, at most %d are allowed", length, most)
	}
	return length <= most
}

func (r *Reader) list(n ast.Node, path string, to reflect.Value, tag reflect.StructTag) {
	seq, ok := n.(*ast.SequenceNode)
	at := placeOf(firstToken(n))
	if !ok {
		hint := "begin each element with - or write [a, b]"
		switch text, ok := scalarText(n); {
		case ok && to.Type().Elem().Kind() == reflect.Int:
			hint = "write [" + text + "]"
		case ok:
			hint = "write [" + strconv.Quote(text) + "]"
		}
		r.wrong(spot{at, path}, hint, "needs a list, got %s", kindOf(n))
		return
	}
	if !r.fits(n, path, len(seq.Values), tag) {
		return
	}
	if each := tag.Get("each"); each != "" {
		tag = reflect.StructTag(each)
	}
	out := reflect.MakeSlice(to.Type(), 0, len(seq.Values))
	for i, v := range seq.Values {
		p := path + "[" + strconv.Itoa(i) + "]"
		elem := newElem(to.Type().Elem())
		if v == nil || v.Type() == ast.NullType {
			if i < len(seq.Entries) && seq.Entries[i].Start != nil {
				at = placeOf(seq.Entries[i].Start)
			}
			r.wrong(spot{at, p}, "remove it", "is empty")
		} else {
			r.value(v, p, elem, tag)
		}
		out = reflect.Append(out, elem)
	}
	to.Set(out)
}

func newElem(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	if d, ok := p.Interface().(defaulter); ok {
		d.SetDefaults()
	}
	return p.Elem()
}

// fieldOf finds the field of a key.
func fieldOf(v reflect.Value, key string) ([]int, bool) {
	for f := range v.Type().Fields() {
		if f.Tag.Get("yaml") == key && key != "-" {
			return f.Index, true
		}
	}
	return nil, false
}

// keysOf lists the keys of a struct in the order of its fields.
func keysOf(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		if k := f.Tag.Get("yaml"); k != "-" {
			keys = append(keys, k)
		}
	}
	return keys
}

// Join is the path of a key below another path.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
