package admin

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/securecookie"
)

// me is who a request comes from.
type me struct {
	Name    string
	Role    Role
	Via     string // "cookie" or "socket"
	Expires time.Time
	login   string // key of the log in
}

const (
	idleLife     = 8 * time.Hour
	absoluteLife = 24 * time.Hour
	maxLogins    = 1000
	maxTokens    = 100
)

// logins is the table of those who are logged in. A cookie is only a reference
// into it, so a log out takes effect at once, everywhere.
type logins struct {
	now func() time.Time

	mu   sync.Mutex
	list map[string]*login
}

type login struct {
	me         me
	born, seen time.Time
}

func (l *login) ends() time.Time {
	idle, absolute := l.seen.Add(idleLife), l.born.Add(absoluteLife)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

func (l *logins) open(who me) (string, me) {
	key := random()
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.list == nil {
		l.list = map[string]*login{}
	}
	if len(l.list) >= maxLogins {
		l.makeRoom(now)
	}
	who.Via, who.login = "cookie", key
	entry := &login{who, now, now}
	l.list[key] = entry
	who.Expires = entry.ends()
	return key, who
}

// makeRoom drops what is over, else whoever was idle longest.
func (l *logins) makeRoom(now time.Time) {
	oldest := ""
	for key, x := range l.list {
		switch {
		case !now.Before(x.ends()):
			delete(l.list, key)
		case oldest == "" || x.seen.Before(l.list[oldest].seen):
			oldest = key
		}
	}
	if len(l.list) >= maxLogins {
		delete(l.list, oldest)
	}
}

// find returns who is logged in under the key. touch counts as activity.
func (l *logins) find(key string, touch bool) (me, bool) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.list[key]
	if x == nil {
		return me{}, false
	}
	if !now.Before(x.ends()) {
		delete(l.list, key)
		return me{}, false
	}
	if touch {
		x.seen = now
	}
	who := x.me
	who.Expires = x.ends()
	return who, true
}

func (l *logins) close(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.list, key)
}

// The kinds of tokens.
const (
	tokenSetup = "setup"
	tokenLogin = "login"
)

// tokens are the one-time secrets of printed links. Only their hashes are
// kept.
type tokens struct {
	now func() time.Time

	mu   sync.Mutex
	list map[[32]byte]ticket
}

type ticket struct {
	kind string
	who  me
	ends time.Time
}

func (t *tokens) issue(kind string, who me, life time.Duration) string {
	token := random()
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list == nil || len(t.list) >= maxTokens {
		t.list = map[[32]byte]ticket{}
	}
	t.list[sha256.Sum256([]byte(token))] = ticket{kind, who, now.Add(life)}
	return token
}

// use returns whom a token speaks for. It works once: unless keep is set, it
// is gone then.
func (t *tokens) use(kind, token string, keep bool) (me, bool) {
	now := t.now()
	key := sha256.Sum256([]byte(token))
	t.mu.Lock()
	defer t.mu.Unlock()
	x, ok := t.list[key]
	if !ok || x.kind != kind {
		return me{}, false
	}
	if !keep || !now.Before(x.ends) {
		delete(t.list, key)
	}
	return x.who, now.Before(x.ends)
}

func random() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// cookies seals the reference to a log in. The newest pair of keys seals, all
// of them open.
type cookies []securecookie.Codec

const minSecret = 32

func newCookies(secrets [][]byte) (cookies, error) {
	var all cookies
	for _, secret := range secrets {
		if len(secret) < minSecret {
			return nil, fmt.Errorf("an admin secret of %d bytes is too short, at least %d", len(secret), minSecret)
		}
		hash, err := hkdf.Key(sha256.New, secret, nil, "twinhop admin cookie, authentication", 32)
		block, err2 := hkdf.Key(sha256.New, secret, nil, "twinhop admin cookie, encryption", 32)
		if err = errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("deriving cookie keys: %w", err)
		}
		codec := securecookie.New(hash, block)
		codec.SetSerializer(securecookie.JSONEncoder{})
		codec.MaxAge(int(absoluteLife.Seconds()))
		all = append(all, codec)
	}
	return all, nil
}

// cookieName is safe against overwriting by other hosts where the browser
// allows it, which needs TLS.
func cookieName(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-twinhop"
	}
	return "twinhop"
}

func (k cookies) set(w http.ResponseWriter, r *http.Request, key string) error {
	name := cookieName(r)
	value, err := securecookie.EncodeMulti(name, key, k...)
	if err != nil {
		return fmt.Errorf("sealing the cookie: %w", err)
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(absoluteLife.Seconds()),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
	return nil
}

func (k cookies) clear(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
}

// key returns the log in that the request's cookie refers to, or "".
func (k cookies) key(r *http.Request) string {
	name := cookieName(r)
	for i, c := range r.CookiesNamed(name) {
		if i == 3 { // somebody plants cookies
			break
		}
		key := ""
		if securecookie.DecodeMulti(name, c.Value, &key, k...) == nil {
			return key
		}
	}
	return ""
}
