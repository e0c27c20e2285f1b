package jsonlines

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
)

// Format is one kind of file.
type Format struct {
	Header  string // the first line, with its end
	MaxLine int    // bytes of a line that is read, its end included; at least 16
}

// ErrFormat says that a file does not begin with the Header.
var ErrFormat = errors.New("another kind of file")

// Save writes all records. It returns the error of w, or of a record that JSON
// cannot say.
func Save[T any](w io.Writer, f Format, all iter.Seq[T]) error {
	out := bufio.NewWriter(w)
	_, _ = out.WriteString(f.Header) // an error stays till Flush
	lines := json.NewEncoder(out)
	for record := range all {
		if err := lines.Encode(record); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Load reads what Save wrote and gives each record to take. It returns how many
// lines are not JSON or were not taken. ErrFormat; any other error ended the
// reading early: a line that is too long or cut off, a reader that failed.
func Load[T any](r io.Reader, f Format, take func(*T) bool) (wrong int, err error) {
	in := bufio.NewReaderSize(r, f.MaxLine)
	if first, err := in.ReadString('\n'); err != nil || first != f.Header {
		return 0, ErrFormat
	}
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return wrong, nil
		case err != nil: // what follows is not worth much either
			return wrong, err
		}
		record := new(T)
		if json.NewDecoder(bytes.NewReader(line)).Decode(record) != nil || !take(record) {
			wrong++
		}
	}
}
