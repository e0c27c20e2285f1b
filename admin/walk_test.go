package admin

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"twinhop/admin/tokens"
)

// credential is what a request of the walk shows, and who it is worth.
type credential struct {
	name   string
	header map[string]string
	role   Role
	shown  bool // a token, good or not
}

func bearer(signed string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + signed}
}

// token makes a token of a role by the API, as a program gets it.
func (s *stage) token(name string, role Role) (signed, id string) {
	s.t.Helper()
	a := s.login(RoleAdmin).must(201, "POST", "/api/v1/tokens", map[string]string{"name": name, "role": role.String(), "life": "1h"})
	signed, _ = a.at("token").(string)
	id, _ = a.at("id").(string)
	return signed, id
}

// forge signs what it likes with the true key.
func (s *stage) forge(name string, change func(jwt.MapClaims)) string {
	s.t.Helper()
	key, err := hkdf.Key(sha256.New, s.Secrets[0], nil, "twinhop admin token, HS256, signature", 32)
	if err != nil {
		s.t.Fatal(err)
	}
	good, _ := s.token(name, RoleAdmin)
	claims := jwt.MapClaims{}
	old, _, err := jwt.NewParser().ParseUnverified(good, claims)
	if err != nil {
		s.t.Fatal(err)
	}
	change(claims)
	draft := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	draft.Header["kid"] = old.Header["kid"]
	signed, err := draft.SignedString(key)
	if err != nil {
		s.t.Fatal(err)
	}
	if check, _ := jwt.NewParser(jwt.WithoutClaimsValidation()).Parse(good, func(*jwt.Token) (any, error) { return key, nil }); !check.Valid {
		s.t.Fatal("the forger has not the true key: this test shows nothing")
	}
	return signed
}

// credentials are all that the walk goes with. The bad ones come beside the
// cookie of an admin: who shows a bad token is nobody.
func (s *stage) credentials() []credential {
	all := []credential{{name: "nothing"}}
	add := func(name string, role Role, header map[string]string) {
		all = append(all, credential{name, header, role, true})
	}
	for _, role := range []Role{RoleViewer, RoleOperator, RoleAdmin} {
		signed, _ := s.token("walk-"+role.String(), role)
		add("token of a "+role.String(), role, bearer(signed))
	}
	good, _ := s.token("good", RoleAdmin)
	parts := strings.Split(good, ".")
	for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","typ":"JWT"}`))
		add("alg "+alg, RoleNone, bearer(head+"."+parts[1]+"."))
	}
	payload := []byte(parts[1])
	payload[10] ^= 1
	add("tampered", RoleNone, bearer(parts[0]+"."+string(payload)+"."+parts[2]))
	add("cut", RoleNone, bearer(good[:len(good)-1]))
	add("unsigned", RoleNone, bearer(parts[0]+"."+parts[1]+"."))
	gone, id := s.token("gone", RoleAdmin)
	s.login(RoleAdmin).must(204, "DELETE", "/api/v1/tokens/"+id, "{}")
	add("revoked", RoleNone, bearer(gone))
	add("nonsense", RoleNone, bearer("x"))
	add("empty", RoleNone, map[string]string{"Authorization": ""})
	add("another scheme", RoleNone, map[string]string{"Authorization": "Token " + good})
	add("Basic", RoleNone, map[string]string{"Authorization": "Basic YWRhOmFkYQ=="})
	return all
}

// TestTheWalk goes to every route with every kind of credential: each answers
// as the table of roles says.
func TestTheWalk(t *testing.T) {
	s := newStage(t, "node1", "node2")
	s.TokenAlgorithm, s.Secrets = tokens.HS256, [][]byte{bytes.Repeat([]byte("k"), 32)}
	s.Metrics = http.NotFoundHandler()
	s.run()
	all := s.credentials()
	admin := s.login(RoleAdmin)
	short := s.login(RoleAdmin).must(201, "POST", "/api/v1/tokens", map[string]string{"name": "short", "role": "admin", "life": "1m"})
	s.later(2 * time.Minute)
	all = append(all, credential{"expired", bearer(short.at("token").(string)), RoleNone, true})
	for what, change := range map[string]func(jwt.MapClaims){
		"wrong audience": func(m jwt.MapClaims) { m["aud"] = []string{"shop"} }, "no end": func(m jwt.MapClaims) { delete(m, "exp") },
		"wrong issuer": func(m jwt.MapClaims) { m["iss"] = "shop" }, "another role": func(m jwt.MapClaims) { m["role"] = "operator" },
		"role of nobody": func(m jwt.MapClaims) { m["role"] = "root" }, "no id": func(m jwt.MapClaims) { delete(m, "jti") }} {
		all = append(all, credential{what, bearer(s.forge(strings.ReplaceAll(what, " ", "-"), change)), RoleNone, true})
	}
	path := strings.NewReplacer(":id", "nowhere", ":sid", "s_x", ":name", "nobody", ":ip", "198.51.100.7", ":login", "x", ":token", "x", ":n", "1")
	for _, r := range routes {
		for _, with := range all {
			b := s.browser()
			if with.shown && with.role == RoleNone {
				b = admin // whose cookie does not count then
			}
			s.visit(b, r, path.Replace(r.path), with)
		}
	}
}

// visit asks once and holds the answer against the table.
func (s *stage) visit(b *browser, r route, path string, with credential) {
	if r.path == "/api/v1/stream" && with.role >= r.role {
		return // which would not end
	}
	b = &browser{b.t, b.base, b.client, http.Header{}}
	for k, v := range with.header {
		b.header.Set(k, v)
	}
	var body any
	if r.method != "GET" {
		body = "{}"
	}
	if r.path == "/api/v1/auth/login" || r.path == "/api/v1/auth/setup" {
		return // anybody may try: TestSetupOnce, TestGuessingIsSlowedDown
	}
	a := b.do(r.method, path, body)
	people := (strings.HasPrefix(r.path, "/api/v1/users") || strings.HasPrefix(r.path, "/api/v1/tokens")) && r.method != "GET"
	want := 0
	switch {
	case r.path == "/api/v1/auth/me" && with.role == RoleNone, r.role > RoleNone && with.role == RoleNone:
		want = 401
	case with.role < r.role, people:
		want = 403
	}
	if want != 0 && a.status != want || want == 0 && (a.status == 401 || a.status == 403 || a.status >= 500 && a.status != 503) {
		s.t.Errorf("%s %s with %s: %d %s", r.method, path, with.name, a.status, a.text)
	}
	if bad := a.header.Get("WWW-Authenticate"); a.status == 401 && (bad == "" || strings.Contains(bad, "invalid_token") != (with.shown && with.header["Authorization"] != "")) {
		s.t.Errorf("%s %s with %s: WWW-Authenticate: %s", r.method, path, with.name, bad)
	}
	if r.method == "GET" || with.role != RoleAdmin {
		return
	}
	b.header.Set("Sec-Fetch-Site", "cross-site")
	if a := b.do(r.method, path, body); a.status != 403 || a.at("type") != "/problems/cross-site" {
		s.t.Errorf("%s %s from another site: %d %s", r.method, path, a.status, a.text)
	}
}
