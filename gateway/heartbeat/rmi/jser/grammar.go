package jser

import (
	"errors"
	"strings"
)

// What a stream begins with: magic number and version.
const magic = 0xaced0005

// The bytes that tell what comes next.
const (
	tcNull      = 0x70
	tcReference = 0x71
	tcClassDesc = 0x72
	tcObject    = 0x73
	tcString    = 0x74
	tcArray     = 0x75
	tcClass     = 0x76
	tcBlock     = 0x77
	tcEnd       = 0x78
	tcReset     = 0x79
	tcLongBlock = 0x7a
	tcException = 0x7b
	tcLongText  = 0x7c
	tcProxy     = 0x7d
	tcEnum      = 0x7e
)

// baseHandle is the number of the first thing that can be referred to.
const baseHandle = 0x7e0000

// The flags of a class: how its objects were written.
const (
	flagWriteMethod    = 0x01
	flagSerializable   = 0x02
	flagExternalizable = 0x04
	flagBlockData      = 0x08
)

// Errors of reading. Others are those of the reader below.
var (
	ErrBounds  = errors.New("java stream: larger or deeper than is accepted")
	ErrClass   = errors.New("java stream: holds a class that is not accepted")
	ErrGrammar = errors.New("java stream: malformed")
)

// Class is a descriptor as it stands in a stream.
type Class struct {
	Name       string   // with dots; "" for a proxy class
	Interfaces []string // of a proxy class
	UID        int64
	Fields     []Field
	Super      *Class

	flags byte
	depth int // superclasses, with itself
}

// Field is one field of a class. Code is the first letter of its descriptor.
type Field struct {
	Name string
	Code byte   // B C D F I J S Z, L for objects, [ for arrays
	Type string // of objects and arrays: the descriptor, as "Ljava/lang/String;"
}

// Object is an instance. The fields of its superclasses come first.
type Object struct {
	Class  *Class
	values []any
	tail   []any // what writeObject methods added: []byte for primitive data, values for objects
}

// Array is an array of anything but bytes, which are a []byte.
type Array struct {
	Class *Class
	Items []any
}

// Enum is a constant of an enumeration.
type Enum struct {
	Class *Class
	Name  string
}

// Thrown is the error of a stream whose writer gave up in the middle and wrote why.
type Thrown struct{ Object any }

func (t *Thrown) Error() string {
	if o, ok := t.Object.(*Object); ok {
		return "java stream: its writer failed with " + o.Class.Name
	}
	return "java stream: its writer failed"
}

// elements is the class of the elements of an array class, "" if they are primitive.
func elements(array string) string {
	name := strings.TrimLeft(array, "[")
	if inner, ok := strings.CutPrefix(name, "L"); ok {
		return strings.TrimSuffix(inner, ";")
	}
	return ""
}
