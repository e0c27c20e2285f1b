package jser

import "slices"

// Field is the value of a field, nil if there is none of that name. Of two
// with the same name it is that of the subclass. Whole numbers are int64.
func (o *Object) Field(name string) any {
	end := len(o.values)
	for c := o.Class; c != nil; c = c.Super {
		begin := end - len(c.Fields)
		if c.flags&flagSerializable == 0 {
			begin = end
		} else if i := slices.IndexFunc(c.Fields, func(f Field) bool { return f.Name == name }); i >= 0 {
			return o.values[begin+i]
		}
		end = begin
	}
	return nil
}

// Text is the value of a field if that is a string, else "".
func (o *Object) Text(name string) string {
	s, _ := o.Field(name).(string)
	return s
}

// boxes are the classes that hold one value, in a field of that name.
var boxes = []string{
	"java.lang.Boolean", "java.lang.Byte", "java.lang.Short", "java.lang.Integer", "java.lang.Long",
	"java.util.concurrent.atomic.AtomicInteger", "java.util.concurrent.atomic.AtomicLong",
}

// Unbox is the number or truth value in an object such as java.lang.Integer;
// anything else stays what it is.
func Unbox(v any) any {
	if o, ok := v.(*Object); ok && slices.Contains(boxes, o.Class.Name) {
		return o.Field("value")
	}
	return v
}

// List is what a java.util.ArrayList holds.
func List(v any) ([]any, bool) {
	o, ok := v.(*Object)
	if !ok || o.Class.Name != "java.util.ArrayList" {
		return nil, false
	}
	return o.elements(1)
}

// Pair is an entry of a map.
type Pair struct{ Key, Value any }

// Map is what a java.util.HashMap holds, in the order of the stream.
func Map(v any) ([]Pair, bool) {
	o, ok := v.(*Object)
	if !ok || o.Class.Name != "java.util.HashMap" {
		return nil, false
	}
	items, ok := o.elements(2)
	if !ok {
		return nil, false
	}
	pairs := make([]Pair, 0, len(items)/2)
	for kv := range slices.Chunk(items, 2) {
		pairs = append(pairs, Pair{kv[0], kv[1]})
	}
	return pairs, true
}

// elements are the values in the tail of a collection, which begins with its
// sizes as primitive data. They come in groups of n.
func (o *Object) elements(n int) ([]any, bool) {
	if len(o.tail) == 0 {
		return nil, false
	}
	if _, ok := o.tail[0].([]byte); !ok || (len(o.tail)-1)%n != 0 {
		return nil, false
	}
	return o.tail[1:], true
}
