package kept

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
)

// File is written now and then, and read when the process is there again.
type File struct {
	Path    string
	What    string        // for people: "calls"
	Every   time.Duration // between two looks: so much is forgotten at most when the process is killed
	Changes func() int64  // tells whether there is anything new
	Write   func(io.Writer) error
	Log     *slog.Logger

	saved int64 // Changes at the last Save
}

// maxFile bounds what is read.
const maxFile = 1 << 30

// draft is what an unfinished file is called.
func (f *File) draft() string { return "." + filepath.Base(f.Path) + "-*" }

// Load has the file read, and returns what read does. That there is none, or
// none that can be believed, is told and no reason not to go on: the process
// serves as one that knows nothing of before.
func (f *File) Load(read func(io.Reader) (n int, err error)) {
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(f.Path), f.draft()))
	for _, name := range left { // of a process that did not come to its end
		_ = os.Remove(name)
	}
	n, err := f.load(read)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		f.Log.Warn(f.What+" that were there before the restart are not all known", "file", f.Path, "known", n, "err", err)
	case n > 0:
		f.Log.Info(f.What+" that were there before the restart are known", "known", n)
	}
}

func (f *File) load(read func(io.Reader) (int, error)) (int, error) {
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
	return read(io.LimitReader(in, maxFile))
}

// Run writes the file now and then, and once more when ctx ends.
func (f *File) Run(ctx context.Context) error {
	tick := time.NewTicker(f.Every)
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
		f.Log.Error(f.What+" could not be saved: a restart would forget them", "file", f.Path, "err", err)
	}
}

// Save writes the file, whole or not at all, if there is anything new.
func (f *File) Save() error {
	now := f.Changes()
	if now == f.saved {
		return nil
	}
	out, err := os.CreateTemp(filepath.Dir(f.Path), f.draft()) // 0600
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	err = f.Write(out)
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
