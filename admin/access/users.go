package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/crypto/argon2"

	"twinhop/admin/problem"
)

// Role is what a user may do; each includes those before it.
type Role uint8

// The roles.
const (
	RoleNone     Role = iota
	RoleViewer        // reads
	RoleOperator      // and acts on nodes
	RoleAdmin         // and everything else
)

var roleNames = [...]string{"", "viewer", "operator", "admin"}

// String returns the word used in the API.
func (r Role) String() string { return roleNames[min(int(r), len(roleNames)-1)] }

// MarshalText writes the word.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Role) UnmarshalText(text []byte) error {
	for i, name := range roleNames {
		if i > 0 && name == string(text) {
			*r = Role(i)
			return nil
		}
	}
	return notRole{problem.Invalid("#/role", "%.40q is no role: viewer, operator or admin", text)}
}

// notRole is of a file, or, by the problem that it holds, of a request.
type notRole struct{ problem *problem.Problem }

func (e notRole) Error() string { return e.problem.Detail }
func (e notRole) Unwrap() error { return e.problem }

// User is one line of the users file.
type User struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	Hash string `json:"hash"` // argon2id, in the usual $-form
}

// Users is the users file.
type Users struct {
	path string // empty: in memory only

	mu   sync.Mutex
	list []User
}

type usersFile struct {
	Version int    `json:"version"`
	Users   []User `json:"users"`
}

// OpenUsers reads the users file of a folder; without one there is nobody yet. An
// empty dir: users last as long as the process.
func OpenUsers(dir string) (*Users, error) {
	if dir == "" {
		return &Users{}, nil
	}
	u := &Users{path: filepath.Join(dir, "users.json")}
	data, err := os.ReadFile(u.path)
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	var f usersFile
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err == nil && f.Version != 1 {
		err = fmt.Errorf("version %d is not known", f.Version)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the users file: %w", err)
	}
	u.list = f.Users
	return u, nil
}

// Empty tells whether nobody can log in.
func (u *Users) Empty() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.list) == 0
}

// Find returns the user of that name.
func (u *Users) Find(name string) (User, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, x := range u.list {
		if x.Name == name {
			return x, true
		}
	}
	return User{}, false
}

// The cost of a hash: 19 MiB, twice, as OWASP recommends for argon2id.
const (
	hashTime   = 2
	hashMemory = 19 * 1024
	hashLen    = 32
	saltLen    = 16
)

// hashes bounds how many passwords are hashed at once: each takes 19 MiB.
var hashes = make(chan struct{}, 2)

// HashPassword hashes with argon2id and a fresh salt. It waits while two others
// are being hashed.
func HashPassword(password string) string {
	salt := make([]byte, saltLen)
	rand.Read(salt)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, hashMemory, hashTime,
		b64.EncodeToString(salt), b64.EncodeToString(derive(password, salt)))
}

var b64 = base64.RawStdEncoding

func derive(password string, salt []byte) []byte {
	hashes <- struct{}{}
	defer func() { <-hashes }()
	return argon2.IDKey([]byte(password), salt, hashTime, hashMemory, 1, hashLen)
}

// NobodysHash is checked for users that do not exist, so that they take as
// long as those who do.
var NobodysHash = sync.OnceValue(func() string { return HashPassword("nobody") })

// CheckPassword takes the same time whether the hash is good, wrong or broken.
func CheckPassword(hash, password string) bool {
	parts := strings.Split(hash, "$")
	want := fmt.Sprintf("m=%d,t=%d,p=1", hashMemory, hashTime)
	if len(parts) != 6 || parts[1] != "argon2id" || parts[3] != want {
		derive(password, make([]byte, saltLen))
		return false
	}
	salt, err := b64.DecodeString(parts[4])
	sum, err2 := b64.DecodeString(parts[5])
	got := derive(password, salt)
	return err == nil && err2 == nil && subtle.ConstantTimeCompare(sum, got) == 1
}

// Bounds of names and passwords, in bytes.
const (
	MaxPassword = 256
	MaxUserName = 64
	minPassword = 12
)

// Unfit says why a new user's name or password is not taken.
type Unfit struct{ Field, Why string }

// Error tells the reason.
func (u *Unfit) Error() string { return u.Field + ": " + u.Why }

// NameFits tells whether a user or a token can have this name.
func NameFits(name string) bool {
	return name != "" && len(name) <= MaxUserName && !strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-@", r))
	})
}

// CheckUser returns an *Unfit when a new user's name or password is not good
// enough.
func CheckUser(name, password string) error {
	if !NameFits(name) {
		return &Unfit{"name", fmt.Sprintf("1 to %d letters, digits, dots, dashes or underscores", MaxUserName)}
	}
	low := strings.ToLower(password)
	switch {
	case len([]rune(password)) < minPassword:
		return &Unfit{"password", fmt.Sprintf("at least %d characters", minPassword)}
	case len(password) > MaxPassword:
		return &Unfit{"password", fmt.Sprintf("at most %d bytes", MaxPassword)}
	case strings.Contains(low, strings.ToLower(name)):
		return &Unfit{"password", "must not contain the name"}
	case simple(low):
		return &Unfit{"password", "too easy to guess: a common word, a repetition or a row of keys"}
	}
	return nil
}

// simple finds passwords made of a common word, a keyboard row or repetition
// and little else.
func simple(low string) bool {
	distinct := map[rune]bool{}
	for _, r := range low {
		distinct[r] = true
	}
	if len(distinct) < 5 {
		return true
	}
	rest := low
	for _, w := range commonWords {
		rest = strings.ReplaceAll(rest, w, "")
	}
	return len([]rune(rest)) < 5
}

var commonWords = strings.Fields(`password passwort passw0rd p@ssword p@ssw0rd administrator admin operator twinhop welcome willkommen letmein
	qwertyuiop qwertzuiop qwerty qwertz asdfghjkl asdfgh zxcvbnm yxcvbnm 1234567890 123456789 12345678 1234567 123456 12345 1234 123
	0987654321 987654321 87654321 654321 54321 4321 abcdefgh abcdef abcd abc iloveyou monkey dragon football baseball sunshine princess
	master hello shadow superman batman michael jordan secret changeme default test guest root login access server tomcat gateway
	summer winter spring autumn sommer 2023 2024 2025 2026 2027 1q2w3e4r5t 1q2w3e4r 1q2w3e qazwsx`)

// WritePrivate replaces a file at once, readable by its owner only.
func WritePrivate(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	defer os.Remove(f.Name())
	err = errors.Join(f.Chmod(0o600), write(f, data), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}

func write(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return err
}
