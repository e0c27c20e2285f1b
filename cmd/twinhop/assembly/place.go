package assembly

import (
	"fmt"
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
		p.state = stateDir()
	}
	if err := os.MkdirAll(p.state, 0o700); err != nil {
		return p, fmt.Errorf("state directory: %w", err)
	}
	p.secrets = p.file(c.Secrets.File)
	if c.Secrets.File == "" {
		p.secrets = filepath.Join(p.state, "secrets")
	}
	p.socket = filepath.Join(p.state, "admin.sock")
	return p, nil
}

// file returns the name of a file that the configuration mentions.
func (p places) file(name string) string {
	if name == "" || filepath.IsAbs(name) || p.dir == "" {
		return name
	}
	return filepath.Join(p.dir, name)
}

// stateDir is the usual place: what the service manager gives, the system's
// for root, else the user's.
func stateDir() string {
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
