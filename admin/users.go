package admin

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
	return fmt.Errorf("%q is no role", text)
}

// user is one line of the users file.
type user struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	Hash string `json:"hash"` // argon2id, in the usual $-form
}

// users is the users file.
type users struct {
	path string // empty: in memory only

	mu   sync.Mutex
	list []user
}

type usersFile struct {
	Version int    `json:"version"`
	Users   []user `json:"users"`
}

func openUsers(dir string) (*users, error) {
	if dir == "" {
		return &users{}, nil
	}
	u := &users{path: filepath.Join(dir, "users.json")}
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

func (u *users) empty() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.list) == 0
}

func (u *users) find(name string) (user, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, x := range u.list {
		if x.Name == name {
			return x, true
		}
	}
	return user{}, false
}

var errTaken = errors.New("there is a user already")

// addFirst makes the first user; errTaken when there is one.
func (u *users) addFirst(x user) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.list) > 0 {
		return errTaken
	}
	if u.path != "" {
		data, err := json.MarshalIndent(usersFile{1, []user{x}}, "", "  ")
		if err != nil {
			return fmt.Errorf("writing the users file: %w", err)
		}
		if err := writePrivate(u.path, append(data, '\n')); err != nil {
			return err
		}
	}
	u.list = []user{x}
	return nil
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

func hashPassword(password string) string {
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

// nobodysHash is checked for users that do not exist, so that they take as
// long as those who do.
var nobodysHash = sync.OnceValue(func() string { return hashPassword("nobody") })

// checkPassword takes the same time whether the hash is good, wrong or broken.
func checkPassword(hash, password string) bool {
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

const (
	minPassword = 12
	maxPassword = 256
	maxUserName = 64
)

// checkUser tells what is wrong with a new user's name and password.
func checkUser(name, password string) error {
	if name == "" || len(name) > maxUserName || strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-@", r))
	}) {
		return invalid("#/name", "1 to %d letters, digits, dots, dashes or underscores", maxUserName)
	}
	low := strings.ToLower(password)
	switch {
	case len([]rune(password)) < minPassword:
		return invalid("#/password", "at least %d characters", minPassword)
	case len(password) > maxPassword:
		return invalid("#/password", "at most %d bytes", maxPassword)
	case strings.Contains(low, strings.ToLower(name)):
		return invalid("#/password", "must not contain the name")
	case simple(low):
		return invalid("#/password", "too easy to guess: a common word, a repetition or a row of keys")
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
