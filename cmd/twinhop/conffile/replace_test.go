package conffile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func put(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	return name
}

// The text is another one, and nothing else: not the owner, not the mode, not the link that leads there, and nothing is left beside it.
func TestReplace(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	file := put(t, filepath.Join(elsewhere, "twinhop.yaml"), "old", 0o640)
	root := os.Geteuid() == 0
	if root {
		if err := os.Chown(file, 1234, 2345); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := Writable(link); err != nil {
		t.Error(err)
	}
	if err := Replace(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(file)
	info, _ := os.Stat(file)
	if string(text) != "new" || info.Mode() != 0o640 {
		t.Errorf("%s %v", text, info.Mode())
	}
	if s := info.Sys().(*syscall.Stat_t); root && (s.Uid != 1234 || s.Gid != 2345) {
		t.Errorf("it belongs to %d:%d", s.Uid, s.Gid)
	}
	if to, err := os.Readlink(link); err != nil || to != file {
		t.Error("the link is gone", err)
	}
	for _, d := range []string{dir, elsewhere} {
		if left, _ := os.ReadDir(d); len(left) != 1 {
			t.Errorf("left in %s: %v", d, left)
		}
	}
}

// What is no file is not written, and a directory that cannot be is told.
func TestReplaceRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{dir: "no regular file", filepath.Join(dir, "pipe"): "no regular file", filepath.Join(dir, "absent"): "finding the file"} {
		for _, err := range []error{Writable(name), Replace(name, nil)} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if os.Geteuid() == 0 {
		return // for whom no directory is closed
	}
	file := put(t, filepath.Join(dir, "f"), "old", 0o600)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if err := Writable(file); err == nil || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
	if Replace(file, []byte("new")) == nil {
		t.Error("written")
	}
}
