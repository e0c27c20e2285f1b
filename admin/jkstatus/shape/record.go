package shape

import (
	"strconv"
	"strings"
)

// NoProperty as the name of a property leaves the field out.
const NoProperty = "-"

// Record is one thing in an answer: an element in XML, a line of text, a few
// properties.
type Record struct {
	Element  string // in XML
	Title    string // in text; empty: not a line of its own
	Scope    string // of its properties, between the prefix and the key
	Indent   int    // in XML
	Open     bool   // in XML it has an end tag, also without children
	Fields   []Field
	Children []*Record
}

// Field is one attribute of a Record.
type Field struct {
	Key, Value string
	Quoted     bool // in text
	// Property is its name as a property, behind the prefix; empty: the scope
	// and the key, NoProperty: it is none.
	Property string
}

// Add adds a child.
func (r *Record) Add(child *Record) { r.Children = append(r.Children, child) }

// Put adds a field.
func (r *Record) Put(f Field) { r.Fields = append(r.Fields, f) }

// Text adds a field that has no quotes in text.
func (r *Record) Text(key, value string) { r.Put(Field{Key: key, Value: value}) }

// Quote adds a field that has quotes in text.
func (r *Record) Quote(key, value string) { r.Put(Field{Key: key, Value: value, Quoted: true}) }

// Number is a count of anything.
type Number interface{ ~int | ~int64 }

// Count adds a number.
func Count[N Number](r *Record, key string, n N) { r.Text(key, strconv.FormatInt(int64(n), 10)) }

// Counts adds several numbers of one kind: keys and values in turn, as their
// names stand in keys.
func Counts[N Number](r *Record, keys string, values ...N) {
	for i, key := range strings.Fields(keys) {
		Count(r, key, values[i])
	}
}
