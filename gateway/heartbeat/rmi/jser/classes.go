package jser

import (
	"fmt"
	"strings"
)

// class reads a descriptor, of which an object, array or enumeration has always one.
func (r *Reader) class() (*Class, error) {
	c, err := r.classOrNull()
	if err == nil && c == nil {
		err = fmt.Errorf("%w: a value without a class", ErrGrammar)
	}
	return c, err
}

func (r *Reader) classOrNull() (*Class, error) {
	if err := r.deeper(); err != nil {
		return nil, err
	}
	defer r.shallower()
	code, err := r.code()
	if err != nil {
		return nil, err
	}
	switch code {
	case tcNull:
		return nil, nil
	case tcReference:
		v, err := r.reference()
		if err != nil {
			return nil, err
		}
		if c, ok := v.(*Class); ok {
			return c, nil
		}
	case tcClassDesc:
		return r.plainClass()
	case tcProxy:
		return r.proxyClass()
	}
	return nil, fmt.Errorf("%w: %#02x where a class should be", ErrGrammar, code)
}

func (r *Reader) plainClass() (*Class, error) {
	c := &Class{}
	var err error
	if c.Name, err = r.text(2); err != nil {
		return nil, err
	}
	if err := r.accept(c.Name); err != nil {
		return nil, err
	}
	uid, err := r.number(8)
	if err != nil {
		return nil, err
	}
	c.UID = int64(uid)
	h := r.open()
	flags, err := r.number(1)
	if err != nil {
		return nil, err
	}
	c.flags = byte(flags)
	n, err := r.number(2)
	if err != nil {
		return nil, err
	}
	if n > uint64(r.lim.Fields) {
		return nil, ErrBounds
	}
	for range n {
		f, err := r.fieldDesc()
		if err != nil {
			return nil, err
		}
		c.Fields = append(c.Fields, f)
	}
	return c, r.rest(c, h)
}

func (r *Reader) fieldDesc() (f Field, err error) {
	code, err := r.number(1)
	if err != nil {
		return f, err
	}
	f.Code = byte(code)
	if f.Name, err = r.text(2); err != nil {
		return f, err
	}
	switch {
	case strings.IndexByte("BCDFIJSZ", f.Code) >= 0:
		return f, nil
	case f.Code != 'L' && f.Code != '[':
		return f, fmt.Errorf("%w: a field of type %#02x", ErrGrammar, f.Code)
	}
	v, err := r.Value()
	if err != nil {
		return f, err
	}
	var ok bool
	if f.Type, ok = v.(string); !ok {
		return f, fmt.Errorf("%w: a field without a type", ErrGrammar)
	}
	return f, nil
}

func (r *Reader) proxyClass() (*Class, error) {
	h := r.open()
	n, err := r.number(4)
	if err != nil {
		return nil, err
	}
	if n > uint64(r.lim.Fields) {
		return nil, ErrBounds
	}
	c := &Class{flags: flagSerializable}
	for range n {
		name, err := r.text(2)
		if err != nil {
			return nil, err
		}
		if err := r.accept(name); err != nil {
			return nil, err
		}
		c.Interfaces = append(c.Interfaces, name)
	}
	return c, r.rest(c, h)
}

// rest reads what all descriptors end with: what java.rmi notes at a class (where
// it can be loaded from, of no interest here), and the superclass.
func (r *Reader) rest(c *Class, handle int) error {
	if _, err := r.annotation(nil); err != nil {
		return err
	}
	super, err := r.classOrNull()
	if err != nil {
		return err
	}
	c.Super, c.depth = super, 1
	if super != nil {
		c.depth += super.depth
	}
	if c.depth > r.lim.Depth {
		return ErrBounds
	}
	r.handles[handle] = c
	return nil
}

func (r *Reader) accept(name string) error {
	inner := name
	if strings.HasPrefix(name, "[") {
		if inner = elements(name); inner == "" {
			return nil
		}
	}
	if !r.known(inner) {
		return fmt.Errorf("%w: %.80q", ErrClass, name)
	}
	return nil
}
