package access

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

// Me is who a request comes from.
type Me struct {
	Name    string
	Role    Role
	Via     string // "cookie", "token" or "socket"
	Expires time.Time
	Login   string // its key in Logins
	From    string // the address it logged in from
}

// How long a log in lasts without activity, and at all.
const (
	IdleLife     = 8 * time.Hour
	AbsoluteLife = 24 * time.Hour
	maxLogins    = 1000
)

// Logins is the table of those who are logged in. A cookie is only a reference
// into it, so a log out takes effect at once, everywhere.
type Logins struct {
	Now func() time.Time

	mu   sync.Mutex
	list map[string]*login
}

type login struct {
	me         Me
	born, seen time.Time
}

func (l *login) ends() time.Time {
	idle, absolute := l.seen.Add(IdleLife), l.born.Add(AbsoluteLife)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

// Open logs somebody in and returns the key of the log in.
func (l *Logins) Open(who Me) (string, Me) {
	key := random()
	now := l.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.list == nil {
		l.list = map[string]*login{}
	}
	if len(l.list) >= maxLogins {
		l.makeRoom(now)
	}
	who.Via, who.Login = "cookie", key
	entry := &login{who, now, now}
	l.list[key] = entry
	who.Expires = entry.ends()
	return key, who
}

// makeRoom drops what is over, else whoever was idle longest.
func (l *Logins) makeRoom(now time.Time) {
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

// Find returns who is logged in under the key. touch counts as activity.
func (l *Logins) Find(key string, touch bool) (Me, bool) {
	now := l.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.list[key]
	if x == nil {
		return Me{}, false
	}
	if !now.Before(x.ends()) {
		delete(l.list, key)
		return Me{}, false
	}
	if touch {
		x.seen = now
	}
	who := x.me
	who.Expires = x.ends()
	return who, true
}

// Close ends a log in.
func (l *Logins) Close(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.list, key)
}

func random() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Cookies seals the reference to a log in. The newest pair of keys seals, all
// of them open.
type Cookies []securecookie.Codec

const minSecret = 32

// NewCookies derives the keys from secrets, the newest first, each at least 32
// bytes long.
func NewCookies(secrets [][]byte) (Cookies, error) {
	var all Cookies
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
		codec.MaxAge(int(AbsoluteLife.Seconds()))
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

// apiPath is the only part of the admin that wants the cookie. Browsers send
// cookies to every port of a host, so to the applications behind the gateway,
// too, when both have one name: the path keeps it from all but their /api/v1.
const apiPath = "/api/v1"

// cookie is an empty cookie of a log in. __Host- names demand the path /.
func cookie(r *http.Request) *http.Cookie {
	c := &http.Cookie{Name: cookieName(r), Path: apiPath, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode}
	if c.Secure {
		c.Path = "/"
	}
	return c
}

// Set sends the cookie of a log in.
func (k Cookies) Set(w http.ResponseWriter, r *http.Request, key string) error {
	c := cookie(r)
	value, err := securecookie.EncodeMulti(c.Name, key, k...)
	if err != nil {
		return fmt.Errorf("sealing the cookie: %w", err)
	}
	c.Value, c.MaxAge = value, int(AbsoluteLife.Seconds())
	http.SetCookie(w, c)
	return nil
}

// Clear takes the cookie back.
func (k Cookies) Clear(w http.ResponseWriter, r *http.Request) {
	c := cookie(r)
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// Key returns the log in that the request's cookie refers to, or "".
func (k Cookies) Key(r *http.Request) string {
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
