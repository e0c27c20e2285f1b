package admin

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const quiet, loud = "a long and quiet river", "a short and loud brook"

// first makes the first user by its link and returns a browser that is logged in.
func (s *stage) first(name string) *browser {
	s.t.Helper()
	_, token, _ := strings.Cut(<-s.setup, "#setup=")
	b := s.browser()
	b.must(200, "POST", "/api/v1/auth/setup", map[string]string{"token": token, "name": name, "password": quiet})
	return b
}

func (s *stage) as(name, password string) *browser {
	s.t.Helper()
	b := s.browser()
	b.must(200, "POST", "/api/v1/auth/login", map[string]string{"name": name, "password": password})
	return b
}

func TestUsersComeAndGo(t *testing.T) {
	s := newStage(t, "node1").run()
	ada := s.first("ada")
	a := ada.must(201, "POST", "/api/v1/users", map[string]string{"name": "bob", "role": "viewer", "password": quiet})
	if a.at("name") != "bob" || a.at("role") != "viewer" || strings.Contains(a.text, "argon2id") {
		t.Errorf("%s", a.text)
	}
	for body, want := range map[string]int{
		`{"name":"bob","role":"admin","password":"` + quiet + `"}`:      409,
		`{"name":"eve","password":"` + quiet + `"}`:                     422,
		`{"name":"eve","role":"root","password":"` + quiet + `"}`:       422,
		`{"name":"eve","role":"viewer","password":"eve likes rivers"}`:  422,
		`{"name":"e/e","role":"viewer","password":"` + quiet + `"}`:     422,
		`{"name":"eve","role":"viewer"}`:                                422,
		`{"name":"eve","role":"viewer","password":"x","hash":"$argon"}`: 422,
	} {
		ada.must(want, "POST", "/api/v1/users", body)
	}
	bob := s.as("bob", quiet)
	bob.must(403, "POST", "/api/v1/switchover", "{}")
	// A role counts at once, in both directions.
	ada.must(200, "PATCH", "/api/v1/users/bob", `{"role":"operator"}`)
	if a := bob.must(200, "GET", "/api/v1/auth/me", nil); a.at("role") != "operator" {
		t.Errorf("%s", a.text)
	}
	ada.must(200, "PATCH", "/api/v1/users/bob", `{"role":"viewer","reason":"a test"}`)
	bob.must(403, "POST", "/api/v1/nodes/node1/actions/reset", "{}")
	// Another password ends the log ins, and is the one that counts after a restart, too.
	ada.must(200, "PATCH", "/api/v1/users/bob", map[string]string{"password": loud})
	bob.must(401, "GET", "/api/v1/nodes", nil)
	s.browser().must(401, "POST", "/api/v1/auth/login", map[string]string{"name": "bob", "password": quiet})
	bob = s.as("bob", loud)
	ada.must(422, "PATCH", "/api/v1/users/bob", "{}")
	ada.must(404, "PATCH", "/api/v1/users/eve", `{"role":"viewer"}`)
	again := newStage(t, "node1")
	again.StateDir = s.StateDir
	again.run().as("bob", loud)
	list := ada.must(200, "GET", "/api/v1/users", nil)
	if list.at("items", 0, "name") != "ada" || list.at("items", 1, "name") != "bob" || list.at("items", 1, "logins") != 1.0 || strings.Contains(list.text, "argon2id") {
		t.Errorf("%s", list.text)
	}
	ada.must(204, "DELETE", "/api/v1/users/bob", "{}")
	bob.must(401, "GET", "/api/v1/nodes", nil)
	ada.must(404, "DELETE", "/api/v1/users/bob", "{}")
	if text, _ := os.ReadFile(filepath.Join(s.StateDir, "users.json")); strings.Contains(string(text), "bob") {
		t.Errorf("bob is still in the file: %s", text)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	s := newStage(t, "node1").run()
	ada := s.first("ada")
	ada.must(409, "DELETE", "/api/v1/users/ada", "{}")
	ada.must(409, "PATCH", "/api/v1/users/ada", `{"role":"operator"}`)
	ada.must(201, "POST", "/api/v1/users", map[string]string{"name": "bob", "role": "admin", "password": quiet})
	ada.must(200, "PATCH", "/api/v1/users/ada", `{"role":"operator"}`)
	ada.must(403, "DELETE", "/api/v1/users/bob", "{}")
	bob := s.as("bob", quiet)
	bob.must(409, "DELETE", "/api/v1/users/bob", "{}")
	bob.must(204, "DELETE", "/api/v1/users/ada", "{}")
	bob.must(409, "PATCH", "/api/v1/users/bob", `{"role":"viewer"}`)
}

// The first user made by the API has to be an admin, and ends the set-up link.
func TestTheFirstUserIsAnAdmin(t *testing.T) {
	s := newStage(t, "node1").run()
	_, token, _ := strings.Cut(<-s.setup, "#setup=")
	b := s.login(RoleAdmin)
	b.must(409, "POST", "/api/v1/users", map[string]string{"name": "bob", "role": "operator", "password": quiet})
	b.must(201, "POST", "/api/v1/users", map[string]string{"name": "bob", "role": "admin", "password": quiet})
	s.browser().must(409, "POST", "/api/v1/auth/setup", map[string]string{"token": token, "name": "eve", "password": quiet})
	if _, err := os.Stat(filepath.Join(s.StateDir, "setup-url")); err == nil {
		t.Error("setup-url is still there")
	}
}

func TestOwnLoginsAndPassword(t *testing.T) {
	s := newStage(t, "node1").run()
	here := s.first("ada")
	here.must(201, "POST", "/api/v1/users", map[string]string{"name": "bob", "role": "viewer", "password": quiet})
	there, bob := s.as("ada", quiet), s.as("bob", quiet)
	list := here.must(200, "GET", "/api/v1/auth/logins", nil)
	if list.at("total", "value") != 2.0 || list.at("items", 0, "current") != true || list.at("items", 1, "current") != false || list.at("items", 1, "from") != "127.0.0.1" {
		t.Errorf("%s", list.text)
	}
	other, _ := list.at("items", 1, "id").(string)
	bob.must(404, "DELETE", "/api/v1/auth/logins/"+other, "{}") // only one's own
	there.must(200, "GET", "/api/v1/nodes", nil)
	here.must(204, "DELETE", "/api/v1/auth/logins/"+other, "{}")
	there.must(401, "GET", "/api/v1/nodes", nil)
	there = s.as("ada", quiet)
	there.must(422, "POST", "/api/v1/auth/password", map[string]string{"current": "x", "password": loud})
	there.must(422, "POST", "/api/v1/auth/password", map[string]string{"current": quiet, "password": "short"})
	there.must(204, "POST", "/api/v1/auth/password", map[string]string{"current": quiet, "password": loud})
	there.must(200, "GET", "/api/v1/nodes", nil)
	here.must(401, "GET", "/api/v1/nodes", nil)
	s.as("ada", loud)
	s.login(RoleAdmin).must(409, "POST", "/api/v1/auth/password", map[string]string{"current": "x", "password": quiet})
	// Guessing the password with somebody's open browser is slowed down as well.
	for range 5 {
		there.must(422, "POST", "/api/v1/auth/password", map[string]string{"current": "x", "password": quiet})
	}
	there.must(429, "POST", "/api/v1/auth/password", map[string]string{"current": loud, "password": quiet})
}

func TestTokensOfPrograms(t *testing.T) {
	s := newStage(t, "node1")
	s.Secrets = [][]byte{bytes.Repeat([]byte("k"), 32)}
	s.run()
	ada := s.first("ada")
	for body, want := range map[string]int{`{"name":"ci"}`: 422, `{"name":"c i","role":"viewer"}`: 422, `{"name":"ci","role":"viewer","life":"9000h"}`: 422,
		`{"name":"ci","role":"viewer","life":"-1h"}`: 422, `{"name":"ci","role":"viewer","life":"soon"}`: 422} {
		ada.must(want, "POST", "/api/v1/tokens", body)
	}
	made := ada.must(201, "POST", "/api/v1/tokens", `{"name":"ci","role":"operator","life":"8760h"}`)
	ada.must(409, "POST", "/api/v1/tokens", `{"name":"ci","role":"viewer"}`)
	program := func(s *stage) *browser {
		b := s.browser()
		b.header.Set("Authorization", "bearer "+made.at("token").(string))
		return b
	}
	ci := program(s)
	if a := ci.must(200, "GET", "/api/v1/auth/me", nil); a.at("name") != "token:ci" || a.at("via") != "token" || a.at("role") != "operator" {
		t.Errorf("%s", a.text)
	}
	ci.must(200, "POST", "/api/v1/nodes/node1/actions/reset", "{}")
	list := ada.must(200, "GET", "/api/v1/tokens", nil)
	if list.at("items", 0, "by") != "ada" || list.at("items", 0, "used") == nil || list.at("items", 0, "token") != nil || strings.Contains(list.text, "eyJ") {
		t.Errorf("%s", list.text)
	}
	if users := ada.must(200, "GET", "/api/v1/users", nil); users.at("items", 0, "tokens", 0) != "ci" {
		t.Errorf("%s", users.text)
	}
	// Over a restart with new secrets, the old ones being the previous generation; then without those.
	again := newStage(t, "node1")
	again.StateDir, again.Secrets = s.StateDir, [][]byte{bytes.Repeat([]byte("n"), 32), s.Secrets[0]}
	program(again.run()).must(200, "GET", "/api/v1/nodes", nil)
	third := newStage(t, "node1")
	third.StateDir, third.Secrets = s.StateDir, again.Secrets[:1]
	program(third.run()).must(401, "GET", "/api/v1/nodes", nil)

	// Revoked, it ends at once, and so does the stream that it reads.
	r, _ := http.NewRequest("GET", s.url+"/api/v1/stream", nil)
	r.Header = ci.header
	stream, err := ci.client.Do(r)
	if err != nil || stream.StatusCode != 200 {
		t.Fatal(stream, err)
	}
	defer stream.Body.Close()
	ada.must(204, "DELETE", "/api/v1/tokens/"+made.at("id").(string), `{"reason":"a test"}`)
	ci.must(401, "GET", "/api/v1/nodes", nil)
	var text bytes.Buffer
	if _, err := text.ReadFrom(stream.Body); err != nil || !strings.Contains(text.String(), "auth.expired") {
		t.Errorf("%v: %s", err, text.String())
	}
	ada.must(404, "DELETE", "/api/v1/tokens/x", "{}")
	if o := ada.must(200, "GET", "/api/v1/overview", nil); !strings.Contains(o.text, "token.revoked") || !strings.Contains(o.text, "token=ci") {
		t.Errorf("operators do not hear of it: %s", o.text)
	}
}

// Who leaves may take the tokens along; else programs go on.
func TestTokensOfWhoLeaves(t *testing.T) {
	s := newStage(t, "node1").run()
	ada := s.first("ada")
	status := func(signed any) int {
		b := s.browser()
		b.header.Set("Authorization", "Bearer "+signed.(string))
		return b.do("GET", "/api/v1/nodes", nil).status
	}
	for body, want := range map[string]int{"{}": 200, `{"revokeTokens":true}`: 401} {
		ada.must(201, "POST", "/api/v1/users", map[string]string{"name": "bob", "role": "admin", "password": quiet})
		made := s.as("bob", quiet).must(201, "POST", "/api/v1/tokens", map[string]string{"name": "of-bob-" + time.Duration(want).String(), "role": "viewer"})
		ada.must(204, "DELETE", "/api/v1/users/bob", body)
		if got := status(made.at("token")); got != want {
			t.Errorf("%s: %d, want %d", body, got, want)
		}
	}
}
