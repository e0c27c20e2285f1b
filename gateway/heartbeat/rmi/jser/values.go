package jser

import (
	"cmp"
	"fmt"
	"math"
)

// value reads what follows its code.
func (r *Reader) value(code byte) (any, error) {
	if err := r.deeper(); err != nil {
		return nil, err
	}
	defer r.shallower()
	switch code {
	case tcNull:
		return nil, nil
	case tcReference:
		return r.reference()
	case tcString:
		return r.string(2)
	case tcLongText:
		return r.string(8)
	case tcObject:
		return r.object()
	case tcArray:
		return r.array()
	case tcEnum:
		return r.enum()
	case tcClass:
		return r.classValue()
	case tcException:
		return nil, r.exception()
	}
	return nil, fmt.Errorf("%w: %#02x where a value should be", ErrGrammar, code)
}

func (r *Reader) string(width int) (any, error) {
	h := r.open()
	s, err := r.text(width)
	if err != nil {
		return nil, err
	}
	r.handles[h] = s
	return s, nil
}

func (r *Reader) object() (any, error) {
	c, err := r.class()
	if err != nil {
		return nil, err
	}
	h := r.open()
	o := &Object{Class: c}
	if err := r.fields(o, c); err != nil {
		return nil, err
	}
	r.handles[h] = o
	return o, nil
}

// fields reads the part of an object that belongs to a class, that of its superclass first.
func (r *Reader) fields(o *Object, c *Class) error {
	if c.Super != nil {
		if err := r.fields(o, c.Super); err != nil {
			return err
		}
	}
	switch {
	case c.flags&flagSerializable != 0:
		for _, f := range c.Fields {
			v, err := r.field(f)
			if err != nil {
				return err
			}
			o.values = append(o.values, v)
		}
		if c.flags&flagWriteMethod == 0 {
			return nil
		}
	case c.flags&flagExternalizable != 0 && c.flags&flagBlockData == 0:
		return fmt.Errorf("%w: %s has a format of its own", ErrGrammar, c.Name)
	case c.flags&flagExternalizable == 0: // a proxy class, which has no fields, or a class that is not serializable
		return nil
	}
	var err error
	o.tail, err = r.annotation(o.tail)
	return err
}

// field reads the value of a field: what its descriptor says.
func (r *Reader) field(f Field) (any, error) {
	width := 8
	switch f.Code {
	case 'L', '[':
		return r.Value()
	case 'B', 'Z':
		width = 1
	case 'C', 'S':
		width = 2
	case 'I', 'F':
		width = 4
	case 'J', 'D':
	default:
		return nil, fmt.Errorf("%w: a value of type %#02x", ErrGrammar, f.Code)
	}
	n, err := r.number(width)
	if err != nil {
		return nil, err
	}
	switch f.Code {
	case 'Z':
		return n != 0, nil
	case 'B':
		return int64(int8(n)), nil
	case 'S':
		return int64(int16(n)), nil
	case 'I':
		return int64(int32(n)), nil
	case 'F':
		return float64(math.Float32frombits(uint32(n))), nil
	case 'D':
		return math.Float64frombits(n), nil
	}
	return int64(n), nil // J, and C as the number of its code unit
}

// annotation reads data and values until the end mark, behind those that are there.
func (r *Reader) annotation(out []any) ([]any, error) {
	for {
		code, err := r.code()
		if err != nil {
			return nil, err
		}
		switch code {
		case tcEnd:
			return out, nil
		case tcBlock, tcLongBlock:
			n, err := r.blockSize(code)
			if err != nil {
				return nil, err
			}
			p, err := r.take(n)
			if err = cmp.Or(err, r.count()); err != nil {
				return nil, err
			}
			out = append(out, p)
		default:
			v, err := r.value(code)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
}

func (r *Reader) array() (any, error) {
	c, err := r.class()
	if err != nil {
		return nil, err
	}
	h := r.open()
	n, err := r.number(4)
	switch {
	case err != nil:
		return nil, err
	case n > uint64(r.lim.Length):
		return nil, ErrBounds
	case len(c.Name) < 2 || c.Name[0] != '[':
		return nil, fmt.Errorf("%w: an array of class %q", ErrGrammar, c.Name)
	case c.Name == "[B":
		p, err := r.take(int(n))
		r.handles[h] = p
		return p, err
	}
	a := &Array{Class: c}
	for range n {
		v, err := r.field(Field{Code: c.Name[1]})
		if err = cmp.Or(err, r.count()); err != nil {
			return nil, err
		}
		a.Items = append(a.Items, v)
	}
	r.handles[h] = a
	return a, nil
}

func (r *Reader) enum() (any, error) {
	c, err := r.class()
	if err != nil {
		return nil, err
	}
	h := r.open()
	v, err := r.Value()
	if err != nil {
		return nil, err
	}
	name, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("%w: an enumeration without a name", ErrGrammar)
	}
	e := &Enum{Class: c, Name: name}
	r.handles[h] = e
	return e, nil
}

func (r *Reader) classValue() (any, error) {
	c, err := r.class()
	if err != nil {
		return nil, err
	}
	h := r.open()
	r.handles[h] = c
	return c, nil
}

// exception reads why the writer gave up. The numbers of values begin anew.
func (r *Reader) exception() error {
	r.handles = r.handles[:0]
	v, err := r.Value()
	if err != nil {
		return err
	}
	return &Thrown{Object: v}
}
