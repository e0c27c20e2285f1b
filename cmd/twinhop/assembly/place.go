package assembly

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"twinhop/gateway/config"
)

// places are the files of a process.
type places struct {
	dir     string // of the configuration: relative names are relative to it
	state   string
	secrets string
	socket  string // of the command line
}

// findPlaces settles where files are and makes the state directory.
func findPlaces(dir string, c *config.Config) (places, error) {
	p := places{dir: dir}
	p.state = p.file(c.State.Dir)
	if c.State.Dir == "" {
		p.state = StateDir()
	}
	if err := makeState(p.state); err != nil {
		return p, fmt.Errorf("state directory %s: %w: set state.dir to a directory that this user can write, with a mode of 0700", p.state, err)
	}
	p.secrets = p.file(c.Secrets.File)
	if c.Secrets.File == "" {
		p.secrets = filepath.Join(p.state, "secrets")
	}
	p.socket = filepath.Join(p.state, "admin.sock")
	return p, nil
}

// errOpen is why a state directory is not taken: whoever can replace users
// or secrets is the gateway's master.
var errOpen = errors.New("others can write there")

// makeState makes the directory when it is absent, and tries it.
func makeState(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return bare(err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return bare(err)
	}
	if info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("%w (mode %04o)", errOpen, info.Mode().Perm())
	}
	f, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return bare(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// bare is an error of the file system without the name of the file.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// file returns the name of a file that the configuration mentions.
func (p places) file(name string) string {
	if name == "" || filepath.IsAbs(name) || p.dir == "" {
		return name
	}
	return filepath.Join(p.dir, name)
}

// StateDir is the usual place: what the service manager gives, the system's
// for root, else the user's.
func StateDir() string {
	if d := os.Getenv("STATE_DIRECTORY"); filepath.IsAbs(d) {
		return filepath.SplitList(d)[0]
	}
	if os.Geteuid() == 0 {
		return "/var/lib/twinhop"
	}
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "twinhop")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), fmt.Sprintf("twinhop-%d", os.Geteuid()))
	}
	return filepath.Join(home, ".local", "state", "twinhop")
}
