package tokens

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"twinhop/admin/access"
)

var (
	first  = bytes.Repeat([]byte("a"), 32)
	second = bytes.Repeat([]byte("b"), 32)
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func open(t *testing.T, o Options) *Book {
	t.Helper()
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// make makes a token of an hour.
func (b *Book) make(t *testing.T, name string, role access.Role) (string, Token) {
	t.Helper()
	signed, x, err := b.Create(Token{Name: name, Role: role, By: "ada", Expires: b.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return signed, x
}

func TestATokenLivesAndEnds(t *testing.T) {
	for _, algorithm := range []string{EdDSA, HS256} {
		c, dir := newClock(), t.TempDir()
		o := Options{Dir: dir, Secrets: [][]byte{first}, Algorithm: algorithm, Now: c.now}
		b := open(t, o)
		signed, made := b.make(t, "ci", access.RoleOperator)
		if got, ok := b.Check(signed); !ok || got.Name != "ci" || got.Role != access.RoleOperator || got.By != "ada" || !got.Used.Equal(c.at) {
			t.Fatalf("%s: %v, %v", algorithm, got, ok)
		}
		text, err := os.ReadFile(filepath.Join(dir, "tokens.json"))
		if err != nil || strings.Contains(string(text), signed[len(signed)-20:]) {
			t.Errorf("the token is in the file: %s, %v", text, err)
		}
		if st, _ := os.Stat(filepath.Join(dir, "tokens.json")); st.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", st.Mode())
		}
		if _, _, err := b.Create(Token{Name: "ci", Role: access.RoleViewer, Expires: c.at.Add(time.Hour)}); !errors.Is(err, ErrTaken) {
			t.Errorf("a second one of its name: %v", err)
		}
		// It survives a restart, and so does that it was revoked.
		b = open(t, o)
		if _, ok := b.Check(signed); !ok {
			t.Errorf("%s: gone after a restart", algorithm)
		}
		if _, ok, err := b.Revoke(made.ID); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
		for range 2 {
			if _, ok := b.Check(signed); ok {
				t.Errorf("%s: works after it was revoked", algorithm)
			}
			b = open(t, o)
		}
		// The name is free again; the end is the end.
		signed, made = b.make(t, "ci", access.RoleViewer)
		c.at = made.Expires.Add(-time.Second)
		if _, ok := b.Check(signed); !ok {
			t.Error("over before its end")
		}
		c.at = made.Expires
		if _, ok := b.Check(signed); ok {
			t.Error("works at its end")
		}
		if len(b.List()) != 0 {
			t.Errorf("still listed: %v", b.List())
		}
	}
}

// The secrets have two generations: a token of the one before works until it is
// taken away, and new ones are of the new one.
func TestKeysAreRotated(t *testing.T) {
	c, dir := newClock(), t.TempDir()
	with := func(secrets ...[]byte) *Book { return open(t, Options{Dir: dir, Secrets: secrets, Now: c.now}) }
	old, _ := with(first).make(t, "old", access.RoleViewer)
	both := with(second, first)
	if _, ok := both.Check(old); !ok {
		t.Error("a token of the previous generation is refused")
	}
	young, _ := both.make(t, "young", access.RoleViewer)
	only := with(second)
	if _, ok := only.Check(old); ok {
		t.Error("a token of a generation that is gone is taken")
	}
	if _, ok := only.Check(young); !ok {
		t.Error("a new token is of the old generation")
	}
}

// What somebody could make who knows everything but the key, and some who know
// even that.
func TestForgedTokens(t *testing.T) {
	for _, algorithm := range []string{EdDSA, HS256} {
		c := newClock()
		b := open(t, Options{Dir: t.TempDir(), Secrets: [][]byte{first}, Algorithm: algorithm, Now: c.now})
		good, made := b.make(t, "ci", access.RoleViewer)
		valid := claims{made.Role, jwt.RegisteredClaims{Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: "ci", ID: made.ID, ExpiresAt: jwt.NewNumericDate(made.Expires)}}
		sign := func(change func(*claims, map[string]any)) string {
			x := valid
			d := jwt.NewWithClaims(b.method, &x)
			d.Header["kid"] = b.keys[0].id
			change(&x, d.Header)
			s, err := d.SignedString(b.keys[0].sign)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if _, ok := b.Check(sign(func(*claims, map[string]any) {})); !ok {
			t.Fatal("the forger makes no valid token: this test shows nothing")
		}
		forged := map[string]string{
			"no end":         sign(func(x *claims, _ map[string]any) { x.ExpiresAt = nil }),
			"over":           sign(func(x *claims, _ map[string]any) { x.ExpiresAt = jwt.NewNumericDate(c.at.Add(-time.Second)) }),
			"other audience": sign(func(x *claims, _ map[string]any) { x.Audience = jwt.ClaimStrings{"shop"} }),
			"two audiences":  sign(func(x *claims, _ map[string]any) { x.Audience = append(x.Audience, "shop") }),
			"no audience":    sign(func(x *claims, _ map[string]any) { x.Audience = nil }),
			"other issuer":   sign(func(x *claims, _ map[string]any) { x.Issuer = "shop" }),
			"no id":          sign(func(x *claims, _ map[string]any) { x.ID = "" }),
			"other id":       sign(func(x *claims, _ map[string]any) { x.ID = "AAAAAAAAAAAAAAAA" }),
			"other subject":  sign(func(x *claims, _ map[string]any) { x.Subject = "root" }),
			"other role":     sign(func(x *claims, _ map[string]any) { x.Role = access.RoleAdmin }),
			"no role":        sign(func(x *claims, _ map[string]any) { x.Role = access.RoleNone }),
			"no kid":         sign(func(_ *claims, h map[string]any) { delete(h, "kid") }),
			"kid path":       sign(func(_ *claims, h map[string]any) { h["kid"] = "../../../../dev/null" }),
			"kid statement":  sign(func(_ *claims, h map[string]any) { h["kid"] = "x' UNION SELECT 'a" }),
			"kid number":     sign(func(_ *claims, h map[string]any) { h["kid"] = 1 }),
			"own key":        sign(func(_ *claims, h map[string]any) { h["jwk"] = map[string]string{"kty": "oct", "k": "AA"} }),
			"key elsewhere":  sign(func(_ *claims, h map[string]any) { h["jku"] = "http://127.0.0.1:1/keys" }),
			"critical":       sign(func(_ *claims, h map[string]any) { h["crit"] = []string{"exp"} }),
			"empty":          "", "dots": "..", "words": "a.b.c", "long": strings.Repeat("a", maxLength+1), "four parts": good + ".", "blank": good[:20] + " " + good[20:],
		}
		unsigned := strings.Split(good, ".")
		for _, alg := range []string{"none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256"} {
			head := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":%q,"typ":"JWT","kid":%q}`, alg, b.keys[0].id))
			forged["alg "+alg] = head + "." + unsigned[1] + "."
			forged["alg and a signature "+alg] = head + "." + unsigned[1] + "." + unsigned[2]
		}
		// The other algorithm, with what this one has.
		other := jwt.NewWithClaims(jwt.SigningMethodHS256, &valid)
		secret := []byte("secret")
		if public, ok := b.keys[0].check.(ed25519.PublicKey); ok {
			secret = public // HS256 with the public key, the classic confusion
		}
		other.Header["kid"] = b.keys[0].id
		forged["confused or weak"], _ = other.SignedString(secret)
		for _, weak := range []string{"", "secret", "twinhop", "changeme", "admin", strings.Repeat("\x00", 32)} {
			forged["weak "+weak], _ = other.SignedString([]byte(weak))
		}
		for n := range len(good) { // cut anywhere, changed anywhere
			forged[fmt.Sprint("cut at ", n)] = good[:n]
			x := []byte(good)
			if x[n] != '.' {
				x[n] = "AB"[map[bool]int{true: 1}[x[n] == 'A']]
				forged[fmt.Sprint("changed at ", n)] = string(x)
			}
		}
		for what, signed := range forged {
			if _, ok := b.Check(signed); ok {
				t.Errorf("%s: %s is taken: %s", algorithm, what, signed)
			}
		}
		if _, ok := b.Check(good); !ok {
			t.Error("the good one does not work any more")
		}
	}
}

// Gateways with the same secrets do not take each other's tokens: none hears
// what the other revoked. Nor does one algorithm take those of the other.
func TestTokensOfOthers(t *testing.T) {
	c := newClock()
	one := open(t, Options{Dir: t.TempDir(), Secrets: [][]byte{first}, Now: c.now})
	signed, _ := one.make(t, "ci", access.RoleAdmin)
	dir := t.TempDir()
	for _, o := range []Options{{Secrets: [][]byte{first}}, {Dir: dir, Secrets: [][]byte{first}}, {Dir: dir, Secrets: [][]byte{first}, Algorithm: HS256}} {
		o.Now = c.now
		if _, ok := open(t, o).Check(signed); ok {
			t.Errorf("%+v takes it", o)
		}
	}
}

func TestBadBooks(t *testing.T) {
	c := newClock()
	for _, o := range []Options{{Secrets: [][]byte{first[:31]}}, {Secrets: [][]byte{first}, Algorithm: "none"}, {Secrets: [][]byte{first, nil}, Algorithm: HS256}} {
		o.Now = c.now
		if _, err := Open(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	for _, text := range []string{"", "{", "[]", `{"version":2}`, `{"version":1,"tokens":[{"role":"root"}]}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "tokens.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Dir: dir, Secrets: [][]byte{first}, Now: c.now}); err == nil {
			t.Errorf("%q: what was revoked is forgotten", text)
		}
	}
	b := open(t, Options{Secrets: [][]byte{first}, Now: c.now})
	for _, x := range []Token{{Name: "x", Expires: c.at.Add(time.Hour)}, {Name: "x", Role: access.RoleViewer}, {Name: "x", Role: access.RoleViewer, Expires: c.at.Add(MaxLife + time.Second)}} {
		if _, _, err := b.Create(x); err == nil {
			t.Errorf("%v is made", x)
		}
	}
	for i := range maxTokens {
		b.make(t, fmt.Sprint("t", i), access.RoleViewer)
	}
	if _, _, err := b.Create(Token{Name: "more", Role: access.RoleViewer, Expires: c.at.Add(time.Hour)}); !errors.Is(err, ErrFull) {
		t.Errorf("no bound: %v", err)
	}
	if _, ok, _ := b.Revoke("AAAA"); ok {
		t.Error("revoked what is not there")
	}
}

// A token that cannot be written down is not made: it would be forgotten, and a
// revocation with it.
func TestNothingIsMadeThatCannotBeKept(t *testing.T) {
	c := newClock()
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b := open(t, Options{Dir: dir, Secrets: [][]byte{first}, Now: c.now})
	signed, made := b.make(t, "ci", access.RoleViewer)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Create(Token{Name: "more", Role: access.RoleViewer, Expires: c.at.Add(time.Hour)}); err == nil || len(b.List()) != 1 {
		t.Errorf("made: %v, %v", err, b.List())
	}
	if _, ok, err := b.Revoke(made.ID); !ok || err == nil {
		t.Errorf("%v, %v", ok, err)
	}
	if _, ok := b.Check(signed); ok {
		t.Error("not even this process knows that it was revoked")
	}
}
