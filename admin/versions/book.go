package versions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"twinhop/admin/access"
)

// Where a version came from.
const (
	Start    = "start"    // the process found it when it started
	File     = "file"     // the file was read again
	API      = "api"      // it was given to the API
	Rollback = "rollback" // somebody wanted an older one back
)

// By is who puts a configuration into force, and why.
type By struct {
	Actor    string `json:"actor,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Source   string `json:"source"`
	Restored int    `json:"restored,omitempty"` // number of the version that Rollback brings back
}

// Version is a text that was in force.
type Version struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	By
	Changed []string `json:"changed"` // keys, against the version before it
	// Text is that of the file, secrets included. Of other products' files it
	// is what they mean, and Made is set: it is nobody's file.
	Text string `json:"text"`
	Made bool   `json:"made,omitempty"`
}

// ID is what a version is called: "v12".
func ID(number int) string { return "v" + strconv.Itoa(number) }

// Kept is how many versions a Book keeps.
const Kept = 20

// maxFile bounds the file of a Book, in bytes: Kept texts of the largest size, written in JSON.
const maxFile = 64 << 20

// Book are the versions that were in force lately. Safe for concurrent use.
type Book struct {
	File string // "": they last as long as the process

	mu   sync.Mutex // guards what follows
	list []Version  // the oldest first
}

// Load reads the file. A Book whose file cannot be believed is empty.
func (b *Book) Load() error {
	list, err := b.read()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = list
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (b *Book) read() ([]Version, error) {
	info, err := os.Lstat(b.File)
	switch {
	case err != nil:
		return nil, fmt.Errorf("versions of the configuration: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("versions of the configuration: %s has to be a regular file of mode 0600", b.File)
	}
	f, err := os.Open(b.File)
	if err != nil {
		return nil, fmt.Errorf("versions of the configuration: %w", err)
	}
	defer f.Close()
	var list []Version
	if err := json.NewDecoder(io.LimitReader(f, maxFile)).Decode(&list); err != nil {
		return nil, fmt.Errorf("versions of the configuration: %s is not what this program wrote", b.File)
	}
	for i := range list {
		if list[i].Number < 1 || i > 0 && list[i].Number <= list[i-1].Number {
			return nil, fmt.Errorf("versions of the configuration: %s is not in order", b.File)
		}
	}
	return list[max(0, len(list)-Kept):], nil
}

// Add notes what came into force, and returns its number. The same text as
// before is no other version. An error means that it is known only as long as
// the process lasts.
func (b *Book) Add(v Version) (number int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v.Number = 1
	if n := len(b.list); n > 0 {
		last := &b.list[n-1]
		if last.Text == v.Text {
			return last.Number, nil
		}
		v.Number = last.Number + 1
	}
	b.list = append(b.list, v)
	b.list = b.list[max(0, len(b.list)-Kept):]
	if b.File == "" {
		return v.Number, nil
	}
	text, err := json.Marshal(b.list)
	if err != nil {
		return v.Number, fmt.Errorf("versions of the configuration: %w", err)
	}
	return v.Number, access.WritePrivate(b.File, text)
}

// Now is the version in force; the zero Version when there is none yet.
func (b *Book) Now() Version {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) == 0 {
		return Version{}
	}
	return b.list[len(b.list)-1]
}

// All are the versions, the oldest first. They are not to be changed.
func (b *Book) All() []Version {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Version(nil), b.list...)
}

// Find returns the version of an id.
func (b *Book) Find(id string) (Version, bool) {
	digits, ok := strings.CutPrefix(id, "v")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || digits != strconv.Itoa(n) {
		return Version{}, false
	}
	for _, v := range b.All() {
		if v.Number == n {
			return v, true
		}
	}
	return Version{}, false
}
