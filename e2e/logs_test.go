package e2e

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// logFS shows the part of a scenario's folder that tells what happened: logs, configuration,
// SIPp's statistics. Sockets, secrets and compiled pages stay out.
type logFS struct{ fs.FS }

func logsOnly(dir string) fs.FS { return logFS{os.DirFS(dir)} }

func (f logFS) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(f.FS, name)
	var kept []fs.DirEntry
	for _, e := range all {
		if e.IsDir() || e.Type().IsRegular() && told(e.Name()) {
			kept = append(kept, e)
		}
	}
	return kept, err
}

func told(name string) bool {
	for _, end := range []string{".log", ".yaml", ".csv", ".err", ".short"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// contains checks that a log says all of it.
func contains(t testing.TB, log string, words ...string) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range words {
		if !strings.Contains(string(text), word) {
			t.Errorf("%s does not say %s:\n%s", log, word, text)
		}
	}
}
