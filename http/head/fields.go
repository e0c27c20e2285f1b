package head

import (
	"iter"
	"strings"
)

// A Field is one header or trailer line. Name keeps the sender's spelling;
// Value has no surrounding white space.
type Field struct{ Name, Value string }

// Fields is an ordered list of header fields, reused from message to message.
// Names compare without regard to ASCII case; a name may occur several times.
// The zero value is an empty list. It is not safe for concurrent use.
type Fields struct{ list []Field }

// Reset empties the list and keeps its memory. Old values are released, so
// that a kept list does not hold on to a message's strings.
func (f *Fields) Reset() {
	clear(f.list)
	f.list = f.list[:0]
}

// Len is the number of fields, repeated names counted each time.
func (f *Fields) Len() int { return len(f.list) }

// At returns field i in order of appearance; i must be below Len.
func (f *Fields) At(i int) Field { return f.list[i] }

// SetAt replaces the value of field i.
func (f *Fields) SetAt(i int, value string) { f.list[i].Value = value }

// All yields every field in order.
func (f *Fields) All() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for i := range f.list {
			if !yield(f.list[i]) {
				return
			}
		}
	}
}

// Values yields the values of every field called name, in order.
func (f *Fields) Values(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range f.list {
			if EqualFold(f.list[i].Name, name) && !yield(f.list[i].Value) {
				return
			}
		}
	}
}

// Get is the value of the first field called name, "" when there is none.
func (f *Fields) Get(name string) string {
	if i := f.index(name, 0); i >= 0 {
		return f.list[i].Value
	}
	return ""
}

// Has tells whether a field called name is present, even with an empty value.
func (f *Fields) Has(name string) bool { return f.index(name, 0) >= 0 }

// Count is the number of fields called name.
func (f *Fields) Count(name string) int {
	n := 0
	for i := range f.list {
		if EqualFold(f.list[i].Name, name) {
			n++
		}
	}
	return n
}

// Add appends a field.
func (f *Fields) Add(name, value string) {
	f.list = append(f.list, Field{Name: name, Value: value})
}

// Set gives name exactly one value: the first field of that name keeps its
// place, others go; without one the field is appended.
func (f *Fields) Set(name, value string) {
	i := f.index(name, 0)
	if i < 0 {
		f.Add(name, value)
		return
	}
	f.list[i].Value = value
	if f.index(name, i+1) >= 0 {
		first := true
		f.DelFunc(func(x Field) bool {
			if !EqualFold(x.Name, name) {
				return false
			}
			drop := !first
			first = false
			return drop
		})
	}
}

// Del removes every field called name.
func (f *Fields) Del(name string) {
	if f.index(name, 0) < 0 {
		return
	}
	f.DelFunc(func(x Field) bool { return EqualFold(x.Name, name) })
}

// DelFunc removes every field for which drop is true and keeps the order of
// the rest.
func (f *Fields) DelFunc(drop func(Field) bool) {
	kept := f.list[:0]
	for _, x := range f.list {
		if !drop(x) {
			kept = append(kept, x)
		}
	}
	clear(f.list[len(kept):])
	f.list = kept
}

// Token tells whether the comma-separated list in the fields called name
// contains token (RFC 9110 section 5.6.1), compared without ASCII case.
func (f *Fields) Token(name, token string) bool {
	for i := range f.list {
		if EqualFold(f.list[i].Name, name) && hasToken(f.list[i].Value, token) {
			return true
		}
	}
	return false
}

func (f *Fields) index(name string, from int) int {
	for i := from; i < len(f.list); i++ {
		if EqualFold(f.list[i].Name, name) {
			return i
		}
	}
	return -1
}

func hasToken(list, token string) bool {
	for list != "" {
		var item string
		item, list, _ = strings.Cut(list, ",")
		if EqualFold(strings.Trim(item, " \t"), token) {
			return true
		}
	}
	return false
}

// EqualFold compares two field names or tokens without regard to ASCII case.
// Unlike strings.EqualFold it folds nothing beyond ASCII, so that no exotic
// letter can pass for the name of a field.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}

// ValidName tells whether s is a field name: a token of RFC 9110 section 5.6.2.
func ValidName(s string) bool {
	for i := range len(s) {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// ValidValue tells whether s may stand as a field value: visible bytes, space
// and tab, and bytes above ASCII; no CR, LF, NUL or other control character
// (RFC 9110 section 5.5).
func ValidValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

var tokenByte = func() (t [256]bool) {
	for c := range 256 {
		t[c] = c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' && c < 0x80 ||
			strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return t
}()
