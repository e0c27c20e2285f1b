package resources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
)

// File keeps the calls that take resources while the process is away, so that
// their ends give back what they took.
type File struct {
	Path string
	Book *calls.Book
	Log  *slog.Logger

	saved int64 // Book.Changes at the last Save
}

// maxFile bounds what is read.
const maxFile = 1 << 30

// draft is what an unfinished file is called.
const draft = ".calls-*"

// Load puts the calls of the file into the book. That there is none, or none
// that can be believed, is told and no reason not to go on: the gateway serves
// as one that knows of no calls.
func (f *File) Load(v *cluster.View) {
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(f.Path), draft))
	for _, name := range left { // of a process that did not come to its end
		_ = os.Remove(name)
	}
	n, err := f.load(v)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		f.Log.Warn("calls that were there before the restart are not all known", "file", f.Path, "known", n, "err", err)
	case n > 0:
		f.Log.Info("calls that were there before the restart are counted", "calls", n)
	}
}

func (f *File) load(v *cluster.View) (int, error) {
	info, err := os.Lstat(f.Path)
	switch {
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errors.New("it is no regular file")
	case info.Mode().Perm()&0o077 != 0:
		return 0, fmt.Errorf("it can be used by others (mode %04o)", info.Mode().Perm())
	}
	in, err := os.Open(f.Path)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	return f.Book.Load(io.LimitReader(in, maxFile), time.Now(), func(pool, node string) *cluster.Member {
		if p := v.Pool(pool); p != nil {
			return p.Member(node)
		}
		return nil
	})
}

// every is the time between two Saves: so much is forgotten at most when the
// process is killed.
const every = 10 * time.Second

// Run writes the file now and then, and once more when ctx ends.
func (f *File) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			f.try()
			return nil
		case <-tick.C:
			f.try()
		}
	}
}

func (f *File) try() {
	if err := f.Save(); err != nil {
		f.Log.Error("calls could not be saved: a restart would forget what they take", "file", f.Path, "err", err)
	}
}

// Save writes the file, whole or not at all, if there is anything new.
func (f *File) Save() error {
	now := f.Book.Changes()
	if now == f.saved {
		return nil
	}
	out, err := os.CreateTemp(filepath.Dir(f.Path), draft) // 0600
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	err = f.Book.Save(out)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(out.Name(), f.Path)
	}
	if err == nil {
		f.saved = now
	}
	return err
}
