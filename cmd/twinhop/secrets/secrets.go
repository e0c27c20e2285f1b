package secrets

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Secrets are the master keys of a cluster of gateways: the one that signs,
// and the one before it, whose signatures are still accepted. Nothing uses a
// master key itself; every purpose has a key derived from it, so that what is
// signed for one purpose is worthless for another.
type Secrets struct {
	current  []byte
	previous []byte // nil: there was none
}

// The purposes of keys. They are part of the derivation: a changed word is a
// changed key.
const (
	SIP      = "sip branches and hints"
	Names    = "session names"
	Cookie   = "http loop guard"
	Admin    = "admin logins"
	Versions = "configuration versions" // covers secrets in texts that are shown
)

const masterLen = 32

// Key derives the key of a purpose: HKDF with SHA-256, no salt, the info
// "twinhop 1 " + purpose. The second is that of the previous generation, nil
// when there is none.
func (s *Secrets) Key(purpose string, length int) (current, previous []byte) {
	derive := func(master []byte) []byte {
		if master == nil {
			return nil
		}
		k, err := hkdf.Key(sha256.New, master, nil, "twinhop 1 "+purpose, length)
		if err != nil { // only for lengths beyond 255 hashes
			panic(err)
		}
		return k
	}
	return derive(s.current), derive(s.previous)
}

// Random are keys that nobody else has and that no file keeps.
func Random() *Secrets {
	s := &Secrets{current: make([]byte, masterLen)}
	rand.Read(s.current)
	return s
}

// ErrSecrets is why a secrets file is not taken.
var ErrSecrets = errors.New("secrets file")

// Load reads the file, or makes it when it is absent.
func Load(name string) (*Secrets, error) {
	s, err := read(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(name); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%w: cannot make %s: %w", ErrSecrets, name, bare(err))
		}
		s, err = read(name) // ours, or that of a process that was faster
	}
	return s, err
}

// maxFile bounds the file: two keys and some words about them.
const maxFile = 4096

func read(name string) (*Secrets, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSecrets, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSecrets, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is no regular file", ErrSecrets, name)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: %s can be used by others (mode %04o): chmod 600 %s", ErrSecrets, name, info.Mode().Perm(), name)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSecrets, err)
	}
	s, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSecrets, name, err)
	}
	return s, nil
}

// parse reads lines "current KEY" and "previous KEY", each key 32
// bytes in base64, and comments that begin with "#". Errors never quote the
// text.
func parse(text []byte) (*Secrets, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("longer than %d bytes", maxFile)
	}
	var s Secrets
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		to := map[string]*[]byte{"current": &s.current, "previous": &s.previous}[words[0]]
		if to == nil || len(words) != 2 {
			return nil, fmt.Errorf("line %d: neither \"current KEY\" nor \"previous KEY\"", n)
		}
		if *to != nil {
			return nil, fmt.Errorf("line %d: a second %s key", n, words[0])
		}
		key, err := base64.StdEncoding.DecodeString(words[1])
		if err != nil || len(key) != masterLen {
			return nil, fmt.Errorf("line %d: the key is not %d bytes in base64", n, masterLen)
		}
		*to = key
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if s.current == nil {
		return nil, errors.New("there is no current key")
	}
	return &s, nil
}

// create makes the file whole or not at all, and never replaces one.
func create(name string) error {
	key := make([]byte, masterLen)
	rand.Read(key)
	f, err := os.CreateTemp(filepath.Dir(name), ".secrets-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintf(f, `# The keys of this gateway. Every gateway of a cluster has the same file.
# To change them: rename current to previous, add a new current of 32 random
# bytes in base64, and restart; later take previous away.
current %s
`, base64.StdEncoding.EncodeToString(key))
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), name)
}

// bare is an error of the file system without the name of the file.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
