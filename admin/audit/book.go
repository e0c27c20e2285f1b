package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"sync"

	"twinhop/admin/listing"
)

const (
	// Kept is how many deeds are in memory.
	Kept = 10_000
	// MaxBytes is how large a file grows before the next one is begun.
	MaxBytes = 16 << 20
	// Files is how many full ones are kept besides: audit.jsonl.1 is the newest.
	Files = 4

	readBack = 8 << 20 // of each file, at the start
	maxLine  = 64 << 10
)

// Book keeps deeds. Open makes one.
type Book struct {
	path     string // "": in memory only
	maxBytes int64
	log      *slog.Logger

	mu   sync.Mutex
	ring listing.Ring[Entry]
	last uint64
	file *os.File // nil: it could not be opened, or there is none
	size int64
}

// Open reads what the file has of late and goes on with it. path may be "":
// deeds last as long as the process then. A file that cannot be read or written
// is an error.
func Open(path string, maxBytes int64, log *slog.Logger) (*Book, error) {
	b := &Book{path: path, maxBytes: maxBytes, log: log, ring: listing.Ring[Entry]{Size: Kept}}
	if path == "" {
		return b, nil
	}
	for _, name := range []string{path + ".1", path} {
		if err := b.read(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading the audit: %w", err)
		}
	}
	if err := b.begin(); err != nil {
		return nil, fmt.Errorf("opening the audit: %w", err)
	}
	return b, nil
}

// read takes the end of a file. Lines that are no deeds are passed over: a
// crash may have cut one.
func (b *Book) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	from := max(st.Size()-readBack, 0)
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(f, maxLine)
	for first := from > 0; ; first = false {
		line, err := in.ReadSlice('\n')
		if e := (Entry{}); err == nil && !first && json.Unmarshal(line, &e) == nil && e.Number() > b.last {
			b.last = e.Number()
			b.ring.Add(e)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil // its end
		}
	}
}

// begin opens the file to go on with it. A line that a crash cut is ended.
func (b *Book) begin() error {
	f, err := os.OpenFile(b.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil && st.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	if err != nil {
		f.Close()
		return err
	}
	b.file, b.size = f, st.Size()
	end := make([]byte, 1)
	if n, _ := f.ReadAt(end, b.size-1); n == 1 && end[0] != '\n' {
		b.write([]byte("\n"))
	}
	return nil
}

// write appends to the file. The lock is held, or nobody else has the book yet.
func (b *Book) write(line []byte) {
	n, err := b.file.Write(line)
	b.size += int64(n)
	if err != nil {
		b.log.Error("the audit could not be written", "err", err)
	}
}

// Add keeps a deed, and returns it with its id. What cannot be written to the
// file is in the log of the process.
func (b *Book) Add(e Entry) Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	e.ID = idPrefix + strconv.FormatUint(b.last, 10)
	b.ring.Add(e)
	if b.path == "" {
		return e
	}
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(&e); err != nil {
		b.log.Error("the audit could not be written", "action", e.Action, "err", err)
		return e
	}
	if b.size > 0 && b.size+int64(line.Len()) > b.maxBytes {
		b.turn()
	}
	if b.file == nil {
		if err := b.begin(); err != nil {
			b.log.Error("the audit could not be written", "action", e.Action, "actor", e.Actor, "err", err)
			return e
		}
	}
	b.write(line.Bytes())
	return e
}

// turn begins a new file and forgets the oldest. The lock is held.
func (b *Book) turn() {
	name := func(i int) string { return b.path + "." + strconv.Itoa(i) }
	os.Remove(name(Files))
	for i := Files - 1; i > 0; i-- {
		os.Rename(name(i), name(i+1))
	}
	if err := os.Rename(b.path, name(1)); err != nil {
		b.log.Error("the audit goes on in the file that is full", "err", err)
		return
	}
	if b.file != nil {
		b.file.Close()
	}
	b.file, b.size = nil, 0
}

// Close closes the file. Deeds that follow open it again.
func (b *Book) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	b.file = nil
	return err
}

// back are the deeds in memory, the newest first.
func (b *Book) back() []*Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*Entry
	for e := range b.ring.Back() {
		x := *e
		all = append(all, &x)
	}
	return all
}
