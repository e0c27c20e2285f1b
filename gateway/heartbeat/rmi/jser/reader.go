package jser

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Limits bound what one stream may cost. A declared length is never a reason to
// allocate: memory grows with the bytes that arrive.
type Limits struct {
	Bytes  int // of the whole stream
	Values int // of all kinds: objects and classes, references and nulls, elements of arrays
	Depth  int // of values within values, superclasses counted
	Length int // of one string in bytes, of one array in elements
	Fields int // of one class
}

// DefaultLimits hold a list of two hundred nodes with all their properties.
var DefaultLimits = Limits{Bytes: 128 << 10, Values: 16384, Depth: 32, Length: 4096, Fields: 64}

// Reader reads one stream. It is not safe for concurrent use. After an error it is
// of no use any more: where in the stream the next value begins is not known.
type Reader struct {
	src     io.Reader
	known   func(class string) bool
	lim     Limits
	left    int // bytes that may still be read
	values  int // values that were read
	depth   int
	handles []any
	block   int // bytes left of the block of primitive data
	buf     [8]byte
}

// NewReader reads from src, of which not a byte more is taken than the values
// that are asked for have. known says which classes may occur, by names such as
// java.util.ArrayList; arrays go by their elements, proxies by their interfaces.
func NewReader(src io.Reader, known func(class string) bool, lim Limits) *Reader {
	return &Reader{src: src, known: known, lim: lim, left: lim.Bytes}
}

// Header reads what every stream begins with.
func (r *Reader) Header() error {
	n, err := r.number(4)
	if err == nil && n != magic {
		err = fmt.Errorf("%w: begins with %#08x", ErrGrammar, n)
	}
	return err
}

// Data reads n bytes of primitive data, n small. They may stand in several blocks.
func (r *Reader) Data(n int) ([]byte, error) {
	out := make([]byte, 0, n)
	for len(out) < n {
		for r.block == 0 {
			code, err := r.code()
			if err != nil {
				return nil, err
			}
			if r.block, err = r.blockSize(code); err != nil {
				return nil, err
			}
		}
		part, err := r.take(min(n-len(out), r.block))
		if err != nil {
			return nil, err
		}
		r.block -= len(part)
		out = append(out, part...)
	}
	return out, nil
}

// Value reads one value: nil, string, []byte, *Object, *Array, *Enum or *Class.
func (r *Reader) Value() (any, error) {
	if r.block != 0 {
		return nil, fmt.Errorf("%w: %d bytes of data before an object", ErrGrammar, r.block)
	}
	code, err := r.code()
	if err != nil {
		return nil, err
	}
	return r.value(code)
}

// code reads the byte that tells what comes next. A reset is nothing by itself.
func (r *Reader) code() (byte, error) {
	for {
		c, err := r.number(1)
		if err != nil || c != tcReset {
			return byte(c), err
		}
		if r.depth > 0 {
			return 0, fmt.Errorf("%w: reset within a value", ErrGrammar)
		}
		r.handles = r.handles[:0]
	}
}

func (r *Reader) blockSize(code byte) (int, error) {
	width := 1
	switch code {
	case tcBlock:
	case tcLongBlock:
		width = 4
	default:
		return 0, fmt.Errorf("%w: %#02x where primitive data should be", ErrGrammar, code)
	}
	n, err := r.number(width)
	if err == nil && n > uint64(r.left) {
		err = ErrBounds
	}
	return int(n), err
}

// number reads a big-endian number of 1, 2, 4 or 8 bytes.
func (r *Reader) number(width int) (uint64, error) {
	clear(r.buf[:])
	if err := r.fill(r.buf[8-width:]); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(r.buf[:]), nil
}

func (r *Reader) fill(p []byte) error {
	if r.left -= len(p); r.left < 0 {
		return ErrBounds
	}
	_, err := io.ReadFull(r.src, p)
	return err
}

// take reads n bytes, making room for them as they come.
func (r *Reader) take(n int) ([]byte, error) {
	if n > r.left {
		return nil, ErrBounds
	}
	const step = 512
	out := make([]byte, 0, min(n, step))
	for len(out) < n {
		part := min(n-len(out), step)
		out = append(out, make([]byte, part)...)
		if err := r.fill(out[len(out)-part:]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// text reads a string of a declared length in the modified UTF-8 of Java.
func (r *Reader) text(width int) (string, error) {
	n, err := r.number(width)
	if err != nil {
		return "", err
	}
	if n > uint64(r.lim.Length) {
		return "", ErrBounds
	}
	p, err := r.take(int(n))
	if err != nil {
		return "", err
	}
	s, ok := decodeText(p)
	if !ok {
		return "", fmt.Errorf("%w: text", ErrGrammar)
	}
	return s, nil
}

// unfinished stands for a value whose end was not read yet.
type unfinished struct{}

// open gives a value that is being read the number by which it can be referred to.
func (r *Reader) open() int {
	r.handles = append(r.handles, unfinished{})
	return len(r.handles) - 1
}

// reference is what a number stands for. What refers to itself is refused:
// nothing that is read here does.
func (r *Reader) reference() (any, error) {
	n, err := r.number(4)
	if err != nil {
		return nil, err
	}
	i := int64(n) - baseHandle
	if i < 0 || i >= int64(len(r.handles)) {
		return nil, fmt.Errorf("%w: reference to nothing", ErrGrammar)
	}
	v := r.handles[i]
	if _, ok := v.(unfinished); ok {
		return nil, fmt.Errorf("%w: a value within itself", ErrGrammar)
	}
	return v, nil
}

// count counts a value, whatever it is.
func (r *Reader) count() error {
	if r.values++; r.values > r.lim.Values {
		return ErrBounds
	}
	return nil
}

// deeper counts a value and the values it is in; shallower is its end.
func (r *Reader) deeper() error {
	if r.depth++; r.depth > r.lim.Depth {
		return ErrBounds
	}
	return r.count()
}

func (r *Reader) shallower() { r.depth-- }
