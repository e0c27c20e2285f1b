package stream

// intake is the memory that a connection is read into, and what stands in it. Bytes are read into room, told by fed, and taken off by use.
type intake struct {
	block    *block // nil: nothing was read yet
	from, to int    // block.b[from:to] was read and not yet used
	filled   bool   // the last read took all the room there was
}

// room is where to read to; it is never empty.
func (f *intake) room() []byte {
	switch {
	case f.block == nil:
		f.block = newBlock(0)
	case f.empty():
		f.from, f.to = 0, 0
		if f.filled && len(f.block.b) < busyBlock {
			f.grow() // more is waiting than fits: fewer system calls
		}
	case f.to < len(f.block.b):
	case f.from > 0:
		copy(f.block.b, f.block.b[f.from:f.to])
		f.from, f.to = 0, f.to-f.from
	default:
		f.grow()
	}
	return f.block.b[f.to:]
}

// grow moves to a larger block. Only what has arrived makes a block grow, never what was announced.
func (f *intake) grow() {
	larger := newBlock(len(f.block.b) + 1)
	f.to = copy(larger.b, f.block.b[f.from:f.to])
	f.from = 0
	f.block.free()
	f.block = larger
}

// fed tells that n bytes were read into room.
func (f *intake) fed(n int) {
	f.to += n
	f.filled = f.to == len(f.block.b)
}

// use takes n bytes off; they are valid until room is called.
func (f *intake) use(n int) { f.from += n }

// unread is what is there and not used.
func (f *intake) unread() []byte {
	if f.block == nil {
		return nil
	}
	return f.block.b[f.from:f.to:f.to]
}

func (f *intake) empty() bool { return f.from == f.to }

// large tells whether more memory is held than an idle connection should.
func (f *intake) large() bool { return f.block != nil && len(f.block.b) > idleBlock }

// rest gives a large block back if nothing is in it.
func (f *intake) rest() {
	if f.large() && f.empty() {
		f.release()
	}
}

// release gives all memory back.
func (f *intake) release() {
	if f.block != nil {
		f.block.free()
	}
	*f = intake{}
}
