package conffile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Writable tells why a file cannot be replaced; nil when it seems that it can.
func Writable(name string) error {
	at, _, err := find(name)
	if err != nil {
		return err
	}
	if err := unix.Access(filepath.Dir(at), unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("the directory %s cannot be written by the gateway (%w)", filepath.Dir(at), err)
	}
	return nil
}

// find follows links to the file itself.
func find(name string) (at string, info fs.FileInfo, err error) {
	if at, err = filepath.EvalSymlinks(name); err != nil {
		return "", nil, fmt.Errorf("finding the file: %w", err)
	}
	if info, err = os.Stat(at); err != nil {
		return "", nil, fmt.Errorf("finding the file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", nil, fmt.Errorf("%s is no regular file", at)
	}
	return at, info, nil
}

// Replace gives a file another text. Who reads it meanwhile reads the one or
// the other; owner, group and mode stay. A link stays one. On an error the file
// is as it was.
func Replace(name string, text []byte) error {
	at, info, err := find(name)
	if err != nil {
		return err
	}
	dir := filepath.Dir(at)
	f, err := os.CreateTemp(dir, "."+filepath.Base(at)+"-*") // 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", at, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	err = errors.Join(err, keep(f, info), f.Sync())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), at)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", at, err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil // it is written; only a loss of power could take it back
	}
	defer d.Close()
	_ = d.Sync() // the same
	return nil
}

// keep gives a new file the owner, group and mode of the old one: whoever could
// read it still can, and nobody else.
func keep(f *os.File, old fs.FileInfo) error {
	was, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("whose file it is cannot be found out")
	}
	var is unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &is); err != nil {
		return err
	}
	if is.Uid != was.Uid || is.Gid != was.Gid {
		if err := f.Chown(int(was.Uid), int(was.Gid)); err != nil {
			return fmt.Errorf("it would change hands, from user %d and group %d: %w", was.Uid, was.Gid, err)
		}
	}
	return f.Chmod(old.Mode().Perm()) // after the owner, which takes bits away
}
