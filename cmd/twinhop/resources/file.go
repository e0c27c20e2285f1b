package resources

import (
	"context"
	"io"
	"log/slog"
	"time"

	"twinhop/cmd/twinhop/kept"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
)

// File keeps the calls that take resources while the process is away, so that
// their ends give back what they took. Its fields are set before use.
type File struct {
	Path string
	Book *calls.Book
	Log  *slog.Logger

	file *kept.File
}

// every is the time between two looks for what is new.
const every = 10 * time.Second

func (f *File) kept() *kept.File {
	if f.file == nil {
		f.file = &kept.File{Path: f.Path, What: "calls", Every: every, Changes: f.Book.Changes, Write: f.Book.Save, Log: f.Log}
	}
	return f.file
}

// Load puts the calls of the file into the book.
func (f *File) Load(v *cluster.View) {
	f.kept().Load(func(in io.Reader) (int, error) {
		return f.Book.Load(in, time.Now(), func(pool, node string) *cluster.Member {
			if p := v.Pool(pool); p != nil {
				return p.Member(node)
			}
			return nil
		})
	})
}

// Run writes the file now and then, and once more when ctx ends. Load comes
// before.
func (f *File) Run(ctx context.Context) error { return f.kept().Run(ctx) }

// Save writes the file, whole or not at all, if there is anything new.
func (f *File) Save() error { return f.kept().Save() }
