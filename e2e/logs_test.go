package e2e

import (
	"io/fs"
	"os"
	"strings"
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
