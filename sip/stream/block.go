package stream

import "sync"

// Sizes in bytes of the memory that connections are read into.
const (
	idleBlock = 2 << 10  // what a connection at rest may hold
	busyBlock = 32 << 10 // what a connection may take to read more at once
)

// block is memory for reading. The common sizes are used again by other connections.
type block struct {
	b    []byte
	pool *sync.Pool // nil: of an uncommon size, left to the collector
}

var blockSizes = [...]int{idleBlock, 8 << 10, busyBlock, 64 << 10}

var blockPools [len(blockSizes)]sync.Pool

// newBlock gives a block of at least size bytes.
func newBlock(size int) *block {
	for i, n := range blockSizes {
		if n < size {
			continue
		}
		if b, ok := blockPools[i].Get().(*block); ok {
			return b
		}
		return &block{make([]byte, n), &blockPools[i]}
	}
	return &block{make([]byte, 2*size), nil}
}

// free gives the block back; nobody may look at its bytes any more.
func (b *block) free() {
	if b.pool != nil {
		b.pool.Put(b)
	}
}
