package jser

import "encoding/binary"

// Writer makes one stream. It writes the little that a server of remote objects
// sends: every string and descriptor is written out, nothing is referred to.
type Writer struct{ b []byte }

// NewWriter begins a stream with its header, behind the bytes of before.
func NewWriter(before ...byte) *Writer {
	return &Writer{binary.BigEndian.AppendUint32(before, magic)}
}

// Bytes are what was written so far.
func (w *Writer) Bytes() []byte { return w.b }

// Data writes a block of primitive data.
func (w *Writer) Data(p []byte) {
	if len(p) < 256 {
		w.b = append(w.b, tcBlock, byte(len(p)))
	} else {
		w.b = binary.BigEndian.AppendUint32(append(w.b, tcLongBlock), uint32(len(p)))
	}
	w.b = append(w.b, p...)
}

// End closes what a writeObject method added to its object.
func (w *Writer) End() { w.b = append(w.b, tcEnd) }

// Null writes null.
func (w *Writer) Null() { w.b = append(w.b, tcNull) }

// String writes a string value. What is longer than 4096 bytes is cut.
func (w *Writer) String(s string) {
	w.b = append(w.b, tcString)
	w.text(s)
}

// Strings writes an array of strings.
func (w *Writer) Strings(all ...string) {
	w.array(Class{Name: "[Ljava.lang.String;", UID: -5921575005990323385}, len(all))
	for _, s := range all {
		w.String(s)
	}
}

// ByteArray writes an array of bytes.
func (w *Writer) ByteArray(p []byte) {
	w.array(Class{Name: "[B", UID: -5984413125824719648}, len(p))
	w.b = append(w.b, p...)
}

func (w *Writer) array(c Class, n int) {
	w.b = append(w.b, tcArray)
	w.Class(c)
	w.Null()
	w.b = binary.BigEndian.AppendUint32(w.b, uint32(n))
}

// Begin begins an object: its class, the class above that, and so on. The caller
// goes on with the values of the fields, those of the topmost class first.
func (w *Writer) Begin(classes ...Class) {
	w.b = append(w.b, tcObject)
	for _, c := range classes {
		w.Class(c)
	}
	w.Null() // no class above the last
}

// Class writes a descriptor up to its superclass. A class with a writeObject
// method is said to have one if Custom made it. As java.rmi expects, it is
// noted that the class comes from nowhere in particular.
func (w *Writer) Class(c Class) {
	if c.Interfaces != nil {
		w.b = append(w.b, tcProxy)
		w.b = binary.BigEndian.AppendUint32(w.b, uint32(len(c.Interfaces)))
		for _, name := range c.Interfaces {
			w.text(name)
		}
	} else {
		w.b = append(w.b, tcClassDesc)
		w.text(c.Name)
		w.b = binary.BigEndian.AppendUint64(w.b, uint64(c.UID))
		w.b = append(w.b, c.flags|flagSerializable)
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(len(c.Fields)))
		for _, f := range c.Fields {
			w.b = append(w.b, f.Code)
			w.text(f.Name)
			if f.Type != "" {
				w.String(f.Type)
			}
		}
	}
	w.Null()
	w.End()
}

// Custom is the class as one whose objects are followed by what a writeObject method adds.
func (c Class) Custom() Class {
	c.flags |= flagWriteMethod
	return c
}

// Int writes the value of a field of type int, Short, Long and Bool the like.
func (w *Writer) Int(n int32)   { w.b = binary.BigEndian.AppendUint32(w.b, uint32(n)) }
func (w *Writer) Short(n int16) { w.b = binary.BigEndian.AppendUint16(w.b, uint16(n)) }
func (w *Writer) Long(n int64)  { w.b = binary.BigEndian.AppendUint64(w.b, uint64(n)) }

// text writes a string with its length in front.
func (w *Writer) text(s string) { w.b = AppendUTF(w.b, s) }

// maxText is how much of a string is written.
const maxText = 4096

// AppendUTF appends a string as Java's DataOutput.writeUTF does: the length in
// bytes as two of them, then modified UTF-8. What is longer than 4096 bytes is cut.
func AppendUTF(b []byte, s string) []byte {
	p := appendText(nil, s)
	for cut := maxText; len(p) > maxText; cut-- { // not within a character
		if p[cut]&0xc0 != 0x80 {
			p = p[:cut]
		}
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(p))), p...)
}
