package admin

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"twinhop/admin/access"
	"twinhop/admin/affinity"
	"twinhop/admin/configuration"
	"twinhop/admin/versions"
	"twinhop/gateway/config"
	"twinhop/gateway/config/veil"
	"twinhop/gateway/trace/messages"
)

// TestRolesRouteByRoute walks every route with every role.
func TestRolesRouteByRoute(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	id := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice").Session.String()
	s.Panel.Unban = func(netip.Addr) bool { return true }
	s.Panel.Affinity = &affinity.Panel{State: func() affinity.State { return affinity.State{} }, Sources: func() *affinity.Sources {
		return &affinity.Sources{HTTP: []affinity.Source{}, SIP: []affinity.Source{}}
	},
		Preview: func(context.Context, *affinity.Draft) (*affinity.Preview, error) {
			return &affinity.Preview{Proto: map[string]int{}, Examples: []affinity.Example{}, Groups: affinity.Groups{Before: []affinity.Group{}, After: []affinity.Group{}}, Warnings: []affinity.Warning{}, Changed: []string{}, Restart: []string{}}, nil
		}}
	s.Panel.Configuration = &configuration.Panel{State: func() configuration.State {
		return configuration.State{Now: &config.Config{}, Fixed: func(string) bool { return false }}
	},
		Check: func(context.Context, *string) (*configuration.Verdict, error) { return &configuration.Verdict{}, nil }}
	s.Panel.Versions = &versions.Panel{Book: &versions.Book{}, Veil: &veil.Veil{}, File: func() versions.OnDisk { return versions.OnDisk{Why: "not here"} },
		Compare: func(string, string) *versions.Outcome { return &versions.Outcome{} }}
	if _, err := s.Panel.Versions.Book.Add(versions.Version{Text: "a: 1\n"}); err != nil {
		t.Fatal(err)
	}
	s.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("# metrics\n")) })
	bodies := map[string]string{"POST /api/v1/config/diff": `{"from":"now","to":"v1"}`, "POST /api/v1/config/apply": `{"text":""}`,
		"PATCH /api/v1/nodes/:id": `{"activation":"active"}`, "POST /api/v1/route/explain": `{"proto":"sip"}`, "POST /api/v1/affinity/preview": `{"affinity":{}}`,
		"PUT /api/v1/loglevel": `{"level":"info"}`, "POST /api/v1/auth/login": `{"name":"x","password":"y"}`, "POST /api/v1/auth/setup": `{}`, "POST /api/v1/auth/logout": `{}`}
	// What can be done once, or needs something to do it to: operator_test.go has what it does.
	once := map[int]bool{http.StatusNotFound: true, http.StatusConflict: true, http.StatusUnprocessableEntity: true, http.StatusServiceUnavailable: true, http.StatusPreconditionRequired: true}
	changing := regexp.MustCompile("POST /api/v1/nodes$|DELETE /api/v1/nodes/|/actions/|/messages/|/resources/|/operations/|/switchover|/reload|/config/apply|/config/versions/|(PUT|DELETE) /api/v1/affinity|(DELETE|POST) /api/v1/sessions/s_|/users|/tokens|/auth/")
	open := []string{"/healthz", "/readyz", "/startupz", "/metrics", "/openapi.yaml", "/openapi.json", "/docs/api", "/docs/api.css", "/problems/:kind", "/api/v1/auth/setup", "/api/v1/auth/login", "/api/v1/auth/me"}
	for _, r := range routes {
		if (r.role == RoleNone) != slices.Contains(open, r.path) {
			t.Errorf("%s: is it meant to be open?", r.path)
		}
		if r.method != "GET" && r.role == RoleViewer && r.path != "/api/v1/route/explain" && r.path != "/api/v1/auth/logout" &&
			r.path != "/api/v1/auth/password" && r.path != "/api/v1/auth/logins/:login" && // their own
			r.path != "/api/v1/config/diff" && // changes nothing
			r.path != "/api/v1/rpc" { // which looks at the command: TestCommandsOfOpenSIPS
			t.Errorf("%s %s changes something: not for viewers", r.method, r.path)
		}
		path := strings.NewReplacer(":id", "node1", ":sid", id, ":name", "pstn", ":ip", "198.51.100.7", ":login", "x", ":token", "x", ":version", "v1", ":n", "1", "/export", "/export?format=txt").Replace(r.path)
		for _, role := range []Role{RoleNone, RoleViewer, RoleOperator, RoleAdmin} {
			b := s.browser()
			if role != RoleNone {
				b = s.login(role)
			}
			if r.path == "/api/v1/stream" {
				if role == RoleNone {
					b.must(401, "GET", path, nil)
				}
				continue
			}
			var body any
			if r.method != "GET" {
				if body = bodies[r.method+" "+r.path]; body == "" {
					body = "{}"
				}
			}
			a := b.do(r.method, path, body)
			switch {
			case role == RoleNone && r.role > RoleNone:
				if a.status != 401 || a.at("type") != "/problems/login-needed" || a.at("setup") != true {
					t.Errorf("%s %s by a stranger: %d %s", r.method, path, a.status, a.text)
				}
			case role < r.role:
				if a.status != 403 || a.at("type") != "/problems/forbidden" {
					t.Errorf("%s %s by a %v: %d %s", r.method, path, role, a.status, a.text)
				}
			case r.role > RoleNone && a.status >= 300 && !(once[a.status] && changing.MatchString(r.method+" "+path) && (r.method != "GET" || a.status == 404)):
				t.Errorf("%s %s by a %v: %d %s", r.method, path, role, a.status, a.text)
			}
			if a.header.Get("Cache-Control") != "no-store" || !strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
				strings.Contains(a.header.Get("Content-Security-Policy"), "unsafe") {
				t.Errorf("%s: headers %v", path, a.header)
			}
		}
	}
}

func TestSetupOnce(t *testing.T) {
	s := newStage(t, "node1").run()
	url := <-s.setup
	_, token, _ := strings.Cut(url, "#setup=")
	path := filepath.Join(s.StateDir, "setup-url")
	private := func(path string) {
		st, err := os.Stat(path)
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, st, err)
		}
	}
	private(path)
	b := s.browser()
	if a := b.must(401, "GET", "/api/v1/auth/me", nil); a.at("setup") != true {
		t.Errorf("%s", a.text)
	}
	good := map[string]string{"token": token, "name": "ada", "password": "a long and quiet river"}
	with := func(key, value string) map[string]string {
		m := map[string]string{}
		for k, v := range good {
			m[k] = v
		}
		m[key] = value
		return m
	}
	b.must(403, "POST", "/api/v1/auth/setup", with("token", "guess"))
	for _, weak := range []string{"short", "passwordpassword", "administrator1", "aaaaaaaaaaaaaaaa", "ada-ada-ada-ada-river", "qwertyuiop12345", strings.Repeat("x y", 200)} {
		if a := b.must(422, "POST", "/api/v1/auth/setup", with("password", weak)); a.at("errors", 0, "pointer") != "#/password" {
			t.Errorf("%s: %s", weak, a.text)
		}
	}
	for _, bad := range []string{"", "a b", "<b>", strings.Repeat("a", 65)} {
		b.must(422, "POST", "/api/v1/auth/setup", with("name", bad))
	}
	a := b.must(200, "POST", "/api/v1/auth/setup", good)
	if a.at("role") != "admin" || a.at("via") != "cookie" {
		t.Errorf("%s", a.text)
	}
	b.must(200, "GET", "/api/v1/overview", nil)
	private(filepath.Join(s.StateDir, "users.json"))
	if text, _ := os.ReadFile(filepath.Join(s.StateDir, "users.json")); strings.Contains(string(text), "river") || !strings.Contains(string(text), "$argon2id$") {
		t.Errorf("users.json: %s", text)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("setup-url is still there")
	}
	s.browser().must(409, "POST", "/api/v1/auth/setup", good)

	// The user is there after a restart, and no link is offered.
	again := newStage(t, "node1")
	again.StateDir = s.StateDir
	again.run()
	c := again.browser()
	c.must(200, "POST", "/api/v1/auth/login", map[string]string{"name": "ada", "password": "a long and quiet river"})
	c.must(200, "GET", "/api/v1/overview", nil)
	select {
	case url := <-again.setup:
		t.Errorf("offered again: %s", url)
	default:
	}
}

func TestSetupLinkExpires(t *testing.T) {
	s := newStage(t, "node1").run()
	_, token, _ := strings.Cut(<-s.setup, "#setup=")
	s.later(setupLife + time.Second)
	s.browser().must(403, "POST", "/api/v1/auth/setup", map[string]string{"token": token, "name": "ada", "password": "a long and quiet river"})
}

func TestLoginEnds(t *testing.T) {
	s := newStage(t, "node1").run()
	b := s.login(RoleViewer)
	cookie := func(b *browser) string {
		r, _ := http.NewRequest("GET", b.base+"/api/v1/nodes", nil)
		for _, c := range b.client.Jar.Cookies(r.URL) {
			return c.Name + "=" + c.Value
		}
		return ""
	}
	old := cookie(b)
	b.must(204, "POST", "/api/v1/auth/logout", "{}")
	b.must(401, "GET", "/api/v1/nodes", nil)
	c := s.browser()
	c.header.Set("Cookie", old)
	c.must(401, "GET", "/api/v1/nodes", nil) // a copied cookie is worth nothing after the log out

	b = s.login(RoleViewer)
	for range 4 { // active every 7 h: until the absolute end
		b.must(200, "GET", "/api/v1/nodes", nil)
		s.later(7 * time.Hour)
	}
	b.must(401, "GET", "/api/v1/nodes", nil)
	b = s.login(RoleViewer)
	s.later(access.IdleLife + time.Minute)
	b.must(401, "GET", "/api/v1/nodes", nil)

	for _, forged := range []string{"twinhop=", "twinhop=AAAA", "twinhop=" + old, old[:len(old)-4] + "AAAA", strings.Repeat("twinhop=x; ", 50)} {
		c := s.browser()
		c.header.Set("Cookie", forged)
		c.must(401, "GET", "/api/v1/nodes", nil)
	}
	other := newStage(t, "node1").run() // other secrets
	c = other.browser()
	c.header.Set("Cookie", cookie(s.login(RoleAdmin)))
	c.must(401, "GET", "/api/v1/nodes", nil)
}

// Browsers send a cookie to every port of its host: the path keeps that of the
// admin from the applications that the gateway serves under the same name.
func TestTheCookieGoesToTheAPIOnly(t *testing.T) {
	s := newStage(t, "node1").run()
	b := s.login(RoleViewer)
	at := func(path string) int {
		r, err := http.NewRequest("GET", "http://127.0.0.1:8080"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(b.client.Jar.Cookies(r.URL))
	}
	for path, want := range map[string]int{"/": 0, "/shop/cart": 0, "/api": 0, "/api/v10": 0, "/api/v1/nodes": 1} {
		if n := at(path); n != want {
			t.Errorf("%s gets %d cookies of the admin, want %d", path, n, want)
		}
	}
	out := b.must(204, "POST", "/api/v1/auth/logout", "{}")
	if at("/api/v1/nodes") != 0 {
		t.Errorf("still there after the log out: %q", out.header.Get("Set-Cookie"))
	}
	for _, r := range routes {
		if r.role > RoleNone && !strings.HasPrefix(r.path, "/api/v1/") {
			t.Errorf("%s needs a log in and is out of the cookie's reach", r.path)
		}
	}
}

func TestCookieOverTLS(t *testing.T) {
	keys, err := access.NewCookies([][]byte{make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "https://admin.example/api/v1/auth/login", nil)
	w := httptest.NewRecorder()
	if err := keys.Set(w, r, "somebody"); err != nil {
		t.Fatal(err)
	}
	c := w.Result().Cookies()[0]
	if c.Name != "__Host-twinhop" || c.Path != "/" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Domain != "" {
		t.Errorf("browsers refuse it: %v", c)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	s := newStage(t, "node1").run()
	_, token, _ := strings.Cut(<-s.setup, "#setup=")
	b := s.browser()
	b.must(200, "POST", "/api/v1/auth/setup", map[string]string{"token": token, "name": "ada", "password": "a long and quiet river"})
	c := s.browser()
	known := c.must(401, "POST", "/api/v1/auth/login", map[string]string{"name": "ada", "password": "x"})
	stranger := c.must(401, "POST", "/api/v1/auth/login", map[string]string{"name": "nobody", "password": "x"})
	if known.at("detail") != stranger.at("detail") || known.at("title") != stranger.at("title") {
		t.Errorf("%s and %s tell who exists", known.text, stranger.text)
	}
	for range 3 {
		c.must(401, "POST", "/api/v1/auth/login", map[string]string{"token": "guess"})
	}
	good := map[string]string{"name": "ada", "password": "a long and quiet river"}
	a := c.must(429, "POST", "/api/v1/auth/login", good)
	if a.header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After: %s", a.header.Get("Retry-After"))
	}
	s.later(31 * time.Second)
	c.must(401, "POST", "/api/v1/auth/login", map[string]string{"name": "ada", "password": "x"})
	s.later(31 * time.Second)
	c.must(429, "POST", "/api/v1/auth/login", good) // the wait doubles
	s.later(31 * time.Second)
	c.must(200, "POST", "/api/v1/auth/login", good)
	// Refused are the six 401 above: neither who has to wait, nor who gets in.
	if n := failures(t, s); n != 6 {
		t.Errorf("%v failed attempts", n)
	}
}

func TestGuessedSetupLinksAreCounted(t *testing.T) {
	s := newStage(t, "node1").run()
	_, token, _ := strings.Cut(<-s.setup, "#setup=")
	b := s.browser()
	user := map[string]string{"token": "guess", "name": "ada", "password": "a long and quiet river"}
	for range 5 {
		b.must(403, "POST", "/api/v1/auth/setup", user)
	}
	user["token"] = token
	b.must(429, "POST", "/api/v1/auth/setup", user)
	s.later(31 * time.Second)
	b.must(200, "POST", "/api/v1/auth/setup", user)
	if n := failures(t, s); n != 5 {
		t.Errorf("%v failed attempts", n)
	}
}

// failures reads twinhop_admin_login_failures_total.
func failures(t *testing.T, s *stage) float64 {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(s.Collector()); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "twinhop_admin_login_failures_total" {
			return f.Metric[0].Counter.GetValue()
		}
	}
	t.Fatal("there is no such metric")
	return 0
}

func TestLoginLinkWorksOnce(t *testing.T) {
	s := newStage(t, "node1").run()
	url, err := s.LoginURL("demo", RoleAdmin, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(url, "#t=")
	s.browser().must(200, "POST", "/api/v1/auth/login", map[string]string{"token": token})
	s.browser().must(401, "POST", "/api/v1/auth/login", map[string]string{"token": token})
	// A second link for the same user leaves the other tabs logged in.
	b := s.login(RoleViewer)
	before := b.must(200, "GET", "/api/v1/auth/me", nil)
	url, _ = s.LoginURL("test-viewer", RoleViewer, time.Minute)
	_, token, _ = strings.Cut(url, "#t=")
	if a := b.must(200, "POST", "/api/v1/auth/login", map[string]string{"token": token}); a.header.Get("Set-Cookie") != "" || a.at("name") != before.at("name") {
		t.Errorf("a new log in: %v, %s", a.header, a.text)
	}
	url, _ = s.LoginURL("demo", RoleAdmin, time.Minute)
	_, token, _ = strings.Cut(url, "#t=")
	if a := b.must(200, "POST", "/api/v1/auth/login", map[string]string{"token": token}); a.at("role") != "admin" || a.header.Get("Set-Cookie") == "" {
		t.Errorf("not logged in as who the link speaks for: %s", a.text)
	}
	url, _ = s.LoginURL("demo", RoleAdmin, time.Minute)
	_, token, _ = strings.Cut(url, "#t=")
	s.later(2 * time.Minute)
	s.browser().must(401, "POST", "/api/v1/auth/login", map[string]string{"token": token})
}

func TestOtherSitesAreRefused(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	for _, h := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
		{"Origin": "null"}, {"Origin": "http://localhost:1"}} {
		b := s.login(RoleAdmin)
		for k, v := range h {
			b.header.Set(k, v)
		}
		if a := b.must(403, "PATCH", "/api/v1/nodes/node1", `{"activation":"stopped"}`); a.at("type") != "/problems/cross-site" {
			t.Errorf("%v: %s", h, a.text)
		}
	}
	b := s.login(RoleAdmin)
	b.header.Set("Origin", s.url)
	b.must(200, "PATCH", "/api/v1/nodes/node1", `{"activation":"active"}`)
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"} {
		b.header.Set("Content-Type", kind)
		b.must(415, "PATCH", "/api/v1/nodes/node1", `{"activation":"stopped"}`)
	}
	// A name that leads to this machine is not this machine's name.
	for host, want := range map[string]int{"evil.example": 421, "localhost": 200, "127.0.0.1:1": 200, "[::1]:80": 200, "": 400, "localhost.evil.example": 421} {
		b := s.browser()
		b.header.Set("Host", host)
		if host == "" {
			continue // net/http's client fills it in
		}
		b.must(want, "GET", "/healthz", nil)
	}
	s.Hosts = []string{"admin.example"}
	b = s.browser()
	b.header.Set("Host", "admin.example")
	b.must(200, "GET", "/healthz", nil)
	// Who is asked for by whom is what the connection says.
	b = s.browser()
	b.header.Set("X-Forwarded-For", "10.9.8.7")
	for range 6 {
		b.do("POST", "/api/v1/auth/login", map[string]string{"token": "x"})
	}
	s.browser().must(429, "POST", "/api/v1/auth/login", map[string]string{"token": "x"})
}

func TestHealthAndReadiness(t *testing.T) {
	s := newStage(t, "node1").run()
	b := s.browser()
	b.must(200, "GET", "/healthz", nil)
	b.must(200, "GET", "/readyz", nil)
	s.mu.Lock()
	s.bad["probes"] = errors.New("node1 was not probed yet")
	s.mu.Unlock()
	a := b.must(503, "GET", "/readyz", nil)
	if a.at("ready") != false || a.at("checks", 0, "name") != "probes" || a.at("checks", 0, "detail") != "node1 was not probed yet" || a.at("checks", 1, "ok") != true {
		t.Errorf("%s", a.text)
	}
	b.must(200, "GET", "/startupz", nil) // which nodes have no say in
	b.must(404, "GET", "/metrics", nil)
	b.must(404, "GET", "/api/v1/none", nil)
	b.must(404, "GET", "/../../etc/passwd", nil)
	b.must(404, "GET", "/dist/index.html", nil)
	b.must(405, "DELETE", "/api/v1/nodes", nil)
	b.must(405, "POST", "/", "{}")
	if a := b.must(200, "GET", "/", nil); !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.header)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close()
	ln, err := access.ListenUnix(path)
	if err != nil {
		t.Fatal("a dead socket is in the way:", err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if at := ln.Addr().String(); at != path {
		t.Errorf("the socket says it is at %s", at)
	}
	if _, err := access.ListenUnix(path); err == nil {
		t.Error("a live socket was replaced")
	}
	s := newStage(t, "node1", "node2").serve(ln)
	b := s.browser()
	b.base = "http://twinhop"
	b.client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(b.client.CloseIdleConnections)
	if a := b.must(200, "GET", "/api/v1/auth/me", nil); a.at("role") != "admin" || a.at("via") != "socket" {
		t.Errorf("%s", a.text)
	}
	b.must(200, "PATCH", "/api/v1/nodes/node1", `{"activation":"disabled"}`)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := access.ListenUnix(file); err == nil {
		t.Error("a file was replaced by a socket")
	}
}

// stream reads events until one of the given name comes.
type stream struct {
	t    *testing.T
	body *bufio.Reader
	done func()
}

func (b *browser) stream(t *testing.T, path, last string) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	r, err := http.NewRequestWithContext(ctx, "GET", b.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v", resp)
	}
	s := &stream{t, bufio.NewReader(resp.Body), func() { cancel(); resp.Body.Close() }}
	t.Cleanup(s.done)
	return s
}

func (s *stream) until(name string) (id, data string) {
	s.t.Helper()
	event := ""
	for {
		line, err := s.body.ReadString('\n')
		if err != nil {
			s.t.Fatalf("waiting for %s: %v", name, err)
		}
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			data = value
		case "":
			if event == name {
				return id, data
			}
			id, event, data = "", "", ""
		}
	}
}

func TestStream(t *testing.T) {
	s := newStage(t, "node1", "node2")
	s.Panel.Messages = &messages.Log{MaxBytes: 1 << 20}
	s.run()
	d := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice")
	b := s.login(RoleOperator)
	st := b.stream(t, "/api/v1/stream?topics=overview,nodes,sessions,session:"+d.Session.String(), "")
	st.until("hello")
	if _, data := st.until("overview.tick"); !strings.Contains(data, `"class":"good"`) {
		t.Errorf("tick: %s", data)
	}
	s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", d.Member.Route, "alice")
	if _, data := st.until("session.event"); !strings.Contains(data, d.Session.String()) || strings.Contains(data, "AAAAAAAAAAAA") {
		t.Errorf("session: %s", data)
	}
	s.Panel.Messages.Exchange(&messages.Exchange{Session: d.Session, Method: "GET", Target: "/shop;jsessionid=AAAAAAAAAAAA", Status: 200, Node: "node1", Began: s.clock()})
	if _, data := st.until("session.message"); !strings.Contains(data, `"path":"/shop"`) || strings.Contains(data, "AAAAAAAAAAAA") {
		t.Errorf("message: %s", data)
	}
	b.must(200, "PATCH", "/api/v1/nodes/node2", `{"activation":"disabled"}`)
	id, data := st.until("node.changed")
	for !strings.Contains(data, `"node.set"`) {
		id, data = st.until("node.changed")
	}
	b.must(200, "PATCH", "/api/v1/nodes/node2", `{"activation":"active"}`)
	st.until("node.changed")
	st.done()

	// Who comes back gets what was missed; who was away too long is told.
	back := b.stream(t, "/api/v1/stream?topics=nodes", id)
	if _, data := back.until("node.changed"); !strings.Contains(data, `"is":"active"`) {
		t.Errorf("missed: %s", data)
	}
	b.stream(t, "/api/v1/stream?topics=nodes", "99999").until("resync")
	for _, bad := range []string{"?topics=moon", "?topics=session:x", "?topics=,", "?topics=" + strings.Repeat("session:"+d.Session.String()+",", 3) + "x"} {
		b.must(422, "GET", "/api/v1/stream"+bad, nil)
	}
}

// The stream ends with the log in.
func TestStreamEndsWithLogout(t *testing.T) {
	s := newStage(t, "node1").run()
	b := s.login(RoleViewer)
	st := b.stream(t, "/api/v1/stream", "")
	st.until("overview.tick")
	b.must(204, "POST", "/api/v1/auth/logout", "{}")
	st.until("auth.expired")
	if _, err := st.body.ReadString('x'); err == nil {
		t.Error("the stream goes on")
	}
}
