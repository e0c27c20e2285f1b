package tokens

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"twinhop/admin/access"
)

// Bounds of tokens.
const (
	MaxLife   = 365 * 24 * time.Hour
	maxTokens = 1000
	maxLength = 2048 // bytes of a token; ours have some 300
	maxFile   = 4 << 20
)

// What every token says of who made it and for whom.
const (
	issuer   = "twinhop"
	audience = "twinhop-admin"
)

// Token is what is kept of a token: never the token.
type Token struct {
	ID      string      `json:"id"` // jti
	Name    string      `json:"name"`
	Role    access.Role `json:"role"`
	By      string      `json:"by"` // who made it
	Created time.Time   `json:"created"`
	Expires time.Time   `json:"expires"`
	Revoked time.Time   `json:"revoked,omitzero"`
	Used    time.Time   `json:"-"` // last, since the process runs
}

// Options say where tokens are kept, and what signs them.
type Options struct {
	Dir       string   // empty: tokens last as long as the process
	Secrets   [][]byte // the newest signs, all of them check
	Algorithm string   // "": EdDSA
	Now       func() time.Time
}

// Book holds the tokens that were made. A token that is not in it is worth
// nothing, whoever signed it: gateways with the same secrets do not accept each
// other's, as none would hear what the other revoked.
type Book struct {
	path   string
	keys   []key
	method jwt.SigningMethod
	parser *jwt.Parser
	now    func() time.Time

	mu   sync.Mutex
	list []Token
}

type file struct {
	Version int     `json:"version"`
	Tokens  []Token `json:"tokens"`
}

// Open reads the book of a folder. A file that cannot be read is an error:
// without it nobody knows what was revoked.
func Open(o Options) (*Book, error) {
	algorithm := cmp.Or(o.Algorithm, EdDSA)
	b := &Book{now: o.Now, method: jwt.GetSigningMethod(algorithm), parser: jwt.NewParser(
		jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(o.Now))}
	for _, secret := range o.Secrets {
		k, err := newKey(algorithm, secret)
		if err != nil {
			return nil, err
		}
		b.keys = append(b.keys, k)
	}
	if o.Dir == "" {
		return b, nil
	}
	b.path = filepath.Join(o.Dir, "tokens.json")
	if err := b.load(); err != nil {
		return nil, fmt.Errorf("reading the file of tokens: %w", err)
	}
	return b, nil
}

func (b *Book) load() error {
	info, err := os.Lstat(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return fmt.Errorf("%s is no file of tokens", b.path)
	}
	data, err := os.ReadFile(b.path)
	if err != nil {
		return err
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	if f.Version != 1 {
		return fmt.Errorf("version %d is not known", f.Version)
	}
	b.list = f.Tokens
	return nil
}

// save writes the file. b.mu is held.
func (b *Book) save() error {
	if b.path == "" {
		return nil
	}
	data, err := json.MarshalIndent(file{1, b.list}, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the file of tokens: %w", err)
	}
	return access.WritePrivate(b.path, append(data, '\n'))
}

// Why no token is made.
var (
	ErrTaken = errors.New("there is a token of this name")
	ErrFull  = errors.New("there are too many tokens")
)

// claims is what a token says.
type claims struct {
	Role access.Role `json:"role"`
	jwt.RegisteredClaims
}

// Create makes a token with the name, role, maker and end of t, and returns it:
// nobody can read it again. The end is at most MaxLife away.
func (b *Book) Create(t Token) (string, Token, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	t.ID, t.Created, t.Revoked = rand.Text()[:16], now.UTC(), time.Time{}
	t.Expires = t.Expires.UTC().Truncate(time.Second)
	if t.Role == access.RoleNone || !t.Expires.After(now) || t.Expires.Sub(now) > MaxLife {
		return "", Token{}, fmt.Errorf("a token needs a role, and an end within %v", MaxLife)
	}
	alive := func(x Token) bool { return x.Revoked.IsZero() && now.Before(x.Expires) }
	if slices.ContainsFunc(b.list, func(x Token) bool { return x.Name == t.Name && alive(x) }) {
		return "", Token{}, ErrTaken
	}
	draft := jwt.NewWithClaims(b.method, claims{t.Role, jwt.RegisteredClaims{Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: t.Name, ID: t.ID,
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(t.Expires)}})
	draft.Header["kid"] = b.keys[0].id
	signed, err := draft.SignedString(b.keys[0].sign)
	if err != nil {
		return "", Token{}, fmt.Errorf("signing a token: %w", err)
	}
	before := slices.Clone(b.list)
	b.list = append(slices.DeleteFunc(b.list, func(x Token) bool { return !now.Before(x.Expires) }), t)
	err = ErrFull
	if len(b.list) <= maxTokens {
		err = b.save()
	}
	if err != nil {
		b.list = before
		return "", Token{}, err
	}
	return signed, t, nil
}

// Check returns what is known of a token that somebody shows, if it is ours, not
// over and not revoked.
func (b *Book) Check(signed string) (Token, bool) {
	if len(signed) > maxLength {
		return Token{}, false
	}
	var c claims
	if _, err := b.parser.ParseWithClaims(signed, &c, b.keyOf); err != nil {
		return Token{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.list, func(t Token) bool { return t.ID == c.ID })
	if i < 0 {
		return Token{}, false
	}
	t := &b.list[i]
	if !t.Revoked.IsZero() || t.Name != c.Subject || t.Role != c.Role || !b.now().Before(t.Expires) || len(c.Audience) != 1 {
		return Token{}, false
	}
	t.Used = b.now()
	return *t, true
}

// Revoke ends a token at once, and tells whether there is such a one. With an
// error it is over for this process, but may not be after the next start.
func (b *Book) Revoke(id string) (Token, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.list, func(t Token) bool { return t.ID == id })
	if i < 0 || !b.now().Before(b.list[i].Expires) {
		return Token{}, false, nil
	}
	if b.list[i].Revoked.IsZero() {
		b.list[i].Revoked = b.now().UTC()
	}
	t := b.list[i]
	return t, true, b.save()
}

// List returns all tokens that are not over, revoked ones included, the oldest
// first.
func (b *Book) List() []Token {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	return slices.DeleteFunc(slices.Clone(b.list), func(t Token) bool { return !now.Before(t.Expires) })
}
