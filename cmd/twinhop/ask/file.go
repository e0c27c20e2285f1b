package ask

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
)

// file is what cli.yaml in the user's configuration directory says: whom to ask when nothing else does.
type file struct {
	Addr      string `yaml:"addr"`
	Token     string `yaml:"token"`
	TokenFile string `yaml:"tokenFile"`
	CA        string `yaml:"ca"`
}

// FileName is where the user's own settings are kept.
func FileName() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "twinhop", "cli.yaml"), nil
}

// readFile reads the file, if there is one.
func readFile() (file, error) {
	name, err := FileName()
	if err != nil {
		return file{}, nil // a user without a home has no settings
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return file{}, nil
	}
	var text []byte
	if err == nil {
		text, err = config.ReadFile(name)
	}
	if err != nil {
		return file{}, err
	}
	f := file{}
	r := decode.Reader{File: name}
	if r.Read(text, &f); len(r.Problems()) > 0 {
		var all bytes.Buffer
		if err := r.Problems().Render(&all, text); err != nil {
			return f, err
		}
		return f, Usage("%s", strings.TrimSpace(all.String()))
	}
	if f.Token != "" && info.Mode().Perm()&0o077 != 0 {
		return f, Usage("%s holds a token and can be read by others: chmod 600 %s", name, name)
	}
	for _, s := range []*string{&f.TokenFile, &f.CA} {
		if *s != "" && !filepath.IsAbs(*s) {
			*s = filepath.Join(filepath.Dir(name), *s)
		}
	}
	return f, nil
}

// token is that of the file, or of the file that it names.
func (f file) token() (string, error) {
	if f.TokenFile == "" {
		return f.Token, nil
	}
	text, err := config.ReadFile(f.TokenFile)
	if err != nil {
		return "", fmt.Errorf("the token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
