package assembly

import (
	"bufio"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twinhop/cmd/twinhop/secrets"
	"twinhop/gateway/config"
)

// probed is where the admin of a whole gateway is reached, and what whoever
// may enter has.
type probed struct {
	t             *testing.T
	g             *Gateway
	addr          string
	tls           *tls.Config
	cookie, token string
}

// reply is what comes back.
type reply struct {
	*http.Response
	text string
}

// enough is more than any request needs. Of larger ones an answer may be lost: who
// does not read what comes resets the connection, and its status is 0 here.
const enough = 32 << 10

// raw sends a request head and body as they are, and reads one answer.
func (p *probed) raw(text string) reply {
	p.t.Helper()
	c, err := net.DialTimeout("tcp", p.addr, 5*time.Second)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.tls != nil {
		c = tls.Client(c, p.tls)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	_, wrote := io.WriteString(c, text) // of what is too much the rest is not taken
	method, _, _ := strings.Cut(text, " ")
	a, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	switch {
	case err != nil && wrote != nil || err != nil && len(text) > enough:
		return reply{&http.Response{Header: http.Header{}}, "closed"}
	case err != nil:
		p.t.Fatalf("%.100q: %v", text, err)
	}
	defer a.Body.Close()
	body, _ := io.ReadAll(a.Body)
	return reply{a, string(body)}
}

// send is raw with the words that every request has. Each header is a line.
func (p *probed) send(what, body string, headers ...string) reply {
	p.t.Helper()
	kind := ""
	if !strings.Contains("\n"+strings.Join(headers, "\n"), "\nContent-Type:") {
		kind = "Content-Type: application/json\r\n"
	}
	lines := ""
	if len(headers) > 0 {
		lines = strings.Join(headers, "\r\n") + "\r\n"
	}
	if !strings.Contains("\n"+lines, "\nHost:") {
		lines += "Host: " + p.addr + "\r\n"
	}
	return p.raw(fmt.Sprintf("%s HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n%s%s\r\n%s", what, len(body), kind, lines, body))
}

// enters tells whether what is shown lets in.
func (p *probed) enters(header string) bool {
	return p.send("GET /api/v1/users", "", header).StatusCode == 200
}

func (p *probed) must(code int, what, body string, headers ...string) reply {
	p.t.Helper()
	a := p.send(what, body, headers...)
	if a.StatusCode != code {
		p.t.Errorf("%s %s %q: %d %s, want %d", what, body, headers, a.StatusCode, a.text, code)
	}
	return a
}

// login logs in and returns the cookie as a header.
func (p *probed) login(headers ...string) string {
	p.t.Helper()
	a := p.must(200, "POST /api/v1/auth/login", `{"name":"ops","password":"`+phrase+`"}`, headers...)
	if len(a.Cookies()) != 1 {
		p.t.Fatal("no cookie", a.Header)
	}
	return "Cookie: " + a.Cookies()[0].Name + "=" + a.Cookies()[0].Value
}

const phrase = "correct horse 77 battery"

// probes builds a gateway that somebody uses, with TLS or without.
func probes(t *testing.T, secure bool) *probed {
	dir, links := t.TempDir(), make(chan string, 1)
	c := settings(t, sign(t, "one"))
	c.Admin.Tokens.Algorithm = "HS256"
	p := &probed{t: t}
	if secure {
		a := newAuthority(t, dir)
		a.issue("site", "127.0.0.1")
		c.Admin.TLS = config.TLS{Cert: "site.pem", Key: "site.key"}
		p.tls = a.trusting()
		p.tls.ServerName = "127.0.0.1"
	}
	var err error
	if p.g, err = Build(Options{Config: c, Dir: dir, OnSetup: func(u string) { links <- u }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run(t, p.g))
	<-p.g.Ready()
	p.addr = p.g.Addrs().Admin
	for _, who := range []string{"admin", "twinhop"} { // before there is anybody nobody is let in
		p.must(401, "POST /api/v1/auth/login", fmt.Sprintf(`{"name":%q,"password":%q}`, who, who))
	}
	p.must(401, "GET /api/v1/overview", "")
	p.must(403, "POST /api/v1/auth/setup", `{"name":"ops","password":"`+phrase+`","token":"guessed"}`)
	_, link, _ := strings.Cut(<-links, "#setup=")
	p.must(200, "POST /api/v1/auth/setup", `{"name":"ops","password":"`+phrase+`","token":"`+link+`"}`)
	p.must(409, "POST /api/v1/auth/setup", `{"name":"eve","password":"`+phrase+`","token":"`+link+`"}`)
	p.cookie = p.login()
	var made struct{ Token string }
	a := p.must(201, "POST /api/v1/tokens", `{"name":"ci","role":"admin","life":"1h"}`, p.cookie)
	if err := json.Unmarshal([]byte(a.text), &made); err != nil || made.Token == "" {
		t.Fatal(a.text, err)
	}
	p.token = made.Token
	if !p.enters(p.cookie) || !p.enters("Authorization: Bearer "+p.token) || p.enters("X-Nothing: shown") {
		t.Fatal("the door opens to the wrong ones: the probes would show nothing")
	}
	return p
}

// untouched fails when anything was changed by who must not.
func (p *probed) untouched() {
	p.t.Helper()
	for path, want := range map[string]string{"/api/v1/nodes/node1": `"activation":"active"`, "/api/v1/users": `"total":{"value":1,`, "/api/v1/tokens": `"total":{"value":1,`} {
		if a := p.send("GET "+path, "", p.cookie); a.StatusCode != 200 || !strings.Contains(a.text, want) {
			p.t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
}

// Whoever is no admin does not become one, through the admin of a whole gateway as it is served, in the clear and by TLS.
func TestAdminProbes(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			p := probes(t, secure)
			p.tokens()
			p.untouched()
			p.forms()
			p.untouched()
			p.paths()
			p.untouched()
			p.sizes()
			p.answers()
			p.logins()
			p.untouched()
		})
	}
}

// tokens shows what somebody could make of a token, and who knows the key, too.
func (p *probed) tokens() {
	segment := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	parts := strings.Split(p.token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		p.t.Fatal(err)
	}
	master, _ := p.g.secrets.Key(secrets.Admin, 32)
	key, err := hkdf.Key(sha256.New, master, nil, "twinhop admin token, HS256, signature", 32)
	if err != nil {
		p.t.Fatal(err)
	}
	id, _ := hkdf.Key(sha256.New, master, nil, "twinhop admin token, HS256, name", 8)
	kid := hex.EncodeToString(id)
	sign := func(head string, with []byte, change func(map[string]any)) string {
		var c map[string]any
		if err := json.Unmarshal(claims, &c); err != nil {
			p.t.Fatal(err)
		}
		change(c)
		body, _ := json.Marshal(c)
		draft := segment(head) + "." + segment(string(body))
		m := hmac.New(sha256.New, with)
		io.WriteString(m, draft)
		return draft + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
	}
	same := func(map[string]any) {}
	head := `{"alg":"HS256","kid":"` + kid + `","typ":"JWT"}`
	if !p.enters("Authorization: Bearer " + sign(head, key, same)) {
		p.t.Fatal("the forger has not the true key: these probes show nothing")
	}
	now := float64(time.Now().Unix())
	shown := map[string]string{
		"expired":        sign(head, key, func(c map[string]any) { c["exp"] = now - 60 }),
		"no end":         sign(head, key, func(c map[string]any) { delete(c, "exp") }),
		"end as text":    sign(head, key, func(c map[string]any) { c["exp"] = "never" }),
		"not yet":        sign(head, key, func(c map[string]any) { c["nbf"] = now + 600 }),
		"other audience": sign(head, key, func(c map[string]any) { c["aud"] = "shop" }),
		"other issuer":   sign(head, key, func(c map[string]any) { c["iss"] = "shop" }),
		"other id":       sign(head, key, func(c map[string]any) { c["jti"] = "AAAAAAAAAAAAAAAA" }),
		"other subject":  sign(head, key, func(c map[string]any) { c["sub"] = "ops" }),
		"kid path":       sign(`{"alg":"HS256","kid":"../../../../dev/null","typ":"JWT"}`, nil, same),
		"kid absolute":   sign(`{"alg":"HS256","kid":"/dev/null","typ":"JWT"}`, nil, same),
		"kid statement":  sign(`{"alg":"HS256","kid":"x' UNION SELECT 'a","typ":"JWT"}`, []byte("a"), same),
		"no kid":         sign(`{"alg":"HS256","typ":"JWT"}`, key, same),
		"own key":        sign(`{"alg":"HS256","kid":"`+kid+`","jwk":{"kty":"oct","k":"YQ"}}`, []byte("a"), same),
		"key elsewhere":  sign(`{"alg":"HS256","kid":"`+kid+`","jku":"http://127.0.0.1:1/k"}`, []byte("a"), same),
		"cut signature":  p.token[:len(p.token)-1],
		"no signature":   parts[0] + "." + parts[1] + ".",
		"two parts":      parts[0] + "." + parts[1],
		"tampered":       parts[0] + "." + segment(strings.Replace(string(claims), `"ci"`, `"ce"`, 1)) + "." + parts[2],
		"padded":         p.token + "=", "twice": p.token + "," + p.token, "long": p.token + strings.Repeat("A", 20_000),
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "", "HS384", "HS512", "EdDSA", "RS256"} {
		shown["alg "+alg] = segment(`{"alg":"`+alg+`","kid":"`+kid+`","typ":"JWT"}`) + "." + parts[1] + "."
		shown["alg and signature "+alg] = segment(`{"alg":"`+alg+`","kid":"`+kid+`","typ":"JWT"}`) + "." + parts[1] + "." + parts[2]
	}
	for _, weak := range []string{"", "secret", "password", "changeme", "twinhop", "admin", "jwt", "key", "test", "123456", kid, strings.Repeat("\x00", 32)} {
		shown["weak "+weak] = sign(head, []byte(weak), same)
	}
	for what, token := range shown {
		if p.enters("Authorization: Bearer " + token) {
			p.t.Errorf("a token lets in: %s", what)
		}
	}
	for _, header := range []string{"Authorization: " + p.token, "Authorization: Basic " + p.token, "X-Access-Token: " + p.token, "Cookie: " + strings.SplitN(strings.TrimPrefix(p.cookie, "Cookie: "), "=", 2)[0] + "=" + p.token,
		"X-Forwarded-User: ops", "X-Remote-User: ops", "Remote-User: ops"} {
		if p.enters(header) {
			p.t.Errorf("lets in: %.40s", header)
		}
	}
	for _, path := range []string{"?access_token=", "?token=", "?jwt="} {
		p.must(401, "GET /api/v1/users"+path+p.token, "")
	}
}

// forms sends what a page of another site can, with the cookie of who is logged in.
func (p *probed) forms() {
	const form = "Content-Type: application/x-www-form-urlencoded"
	const stop = `{"activation":"disabled","force":true}`
	for what, headers := range map[string][]string{
		"a form":                  {form},
		"a form of files":         {"Content-Type: multipart/form-data; boundary=x"},
		"a form of plain text":    {"Content-Type: text/plain"},
		"JSON as plain text":      {"Content-Type: text/plain; application/json"},
		"a type that is near":     {"Content-Type: application/json-patch"},
		"another site":            {"Sec-Fetch-Site: cross-site"},
		"a neighbour":             {"Sec-Fetch-Site: same-site"},
		"another origin":          {"Origin: https://evil.example"},
		"a sandbox":               {"Origin: null"},
		"the same host elsewhere": {"Origin: http://127.0.0.1:1"},
		"another host":            {"Host: evil.example"},
	} {
		for _, request := range []string{"PATCH /api/v1/nodes/node1", "POST /api/v1/users", "DELETE /api/v1/nodes/node1", "POST /api/v1/config/apply", "POST /api/v1/config/reload", "POST /api/v1/auth/login"} {
			for _, body := range []string{stop, ""} {
				a := p.send(request, body, append(headers, "If-Match: *", p.cookie)...)
				if a.StatusCode != 403 && a.StatusCode != 415 && a.StatusCode != 421 {
					p.t.Errorf("%s %s of %s: %d %s", request, body, what, a.StatusCode, a.text)
				}
			}
		}
	}
	for _, headers := range [][]string{{"X-HTTP-Method-Override: DELETE"}, {"X-Method-Override: PATCH"}, {"X-HTTP-Method: DELETE"}} {
		for _, request := range []string{"GET /api/v1/nodes/node1?_method=DELETE", "GET /api/v1/nodes/node1", "POST /api/v1/nodes/node1"} {
			p.send(request, stop, append(headers, p.cookie)...)
		}
	}
	for _, request := range []string{"GET /api/v1/config/reload", "HEAD /api/v1/config/reload", "GET /api/v1/auth/logout", "GET /api/v1/nodes/node1/actions/drain"} {
		if a := p.send(request, stop, p.cookie); a.StatusCode != 405 && a.StatusCode != 404 {
			p.t.Errorf("%s: %d %s", request, a.StatusCode, a.text)
		}
	}
	// Who asks a browser whether another site may is told nothing that would let it.
	for _, method := range []string{"OPTIONS", "GET"} {
		a := p.send(method+" /api/v1/nodes", "", "Origin: https://evil.example", "Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: content-type", p.cookie)
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				p.t.Errorf("%s: %s: %s", method, name, a.Header.Get(name))
			}
		}
	}
	if !p.enters(p.cookie) {
		p.t.Error("somebody was logged out from elsewhere")
	}
}

// paths tries to come to something by another name.
func (p *probed) paths() {
	for _, target := range []string{"/api/v1/users/", "//api/v1/users", "/./api/v1/users", "/x/../api/v1/users", "/api/v1/../v1/users", "/healthz/../api/v1/users", "/api/v1/%75sers", "/api%2fv1%2fusers",
		"/%2e%2e/api/v1/users", "/api/v1/users%00", "/api/v1/users%20", "/api/v1/users;x=1", "/api/v1/users.json", "/API/V1/USERS", "/api/v1/users?x", "/api/v1/users%3fx", "/api\\v1\\users", "/healthz;/api/v1/users",
		"http://127.0.0.1/api/v1/users", "http://evil.example/api/v1/users", "/metrics/../api/v1/users", "/api/v1/auth/me/../../users"} {
		if a := p.send("GET "+target, ""); a.StatusCode < 300 || strings.Contains(a.text, `"role"`) {
			p.t.Errorf("%s: %d %s", target, a.StatusCode, a.text)
		}
	}
	for _, target := range []string{"/../state/secrets", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", "/index.html/../../go.mod", "/users.json", "/tokens.json", "/secrets", "/setup-url", "/.git/config",
		"/assets/", "/debug/pprof/", "/debug/vars", "/index.html%00.js"} {
		if a := p.send("GET "+target, "", p.cookie); a.StatusCode < 300 {
			p.t.Errorf("%s: %d %.80s", target, a.StatusCode, a.text)
		}
	}
	// Names in paths are names, whatever they look like.
	for _, name := range []string{"..%2f..%2fsecrets", "%2e%2e", "node1%00", "node1%2f..%2fnode1", "%3cscript%3e", "node1%0d%0aX:%20y", strings.Repeat("a", 10_000)} {
		for _, request := range []string{"GET /api/v1/nodes/", "GET /api/v1/sessions/", "GET /api/v1/config/versions/", "DELETE /api/v1/users/", "DELETE /api/v1/tokens/"} {
			a := p.send(request+name, "{}", p.cookie)
			if a.StatusCode < 400 || a.StatusCode >= 500 || a.Header.Get("X") != "" || strings.Contains(a.text, "<script>") {
				p.t.Errorf("%s%.30s: %d %.200s", request, name, a.StatusCode, a.text)
			}
		}
	}
}

// sizes sends more than anybody needs.
func (p *probed) sizes() {
	for what, a := range map[string]reply{
		"413 a body": p.send("PATCH /api/v1/nodes/node1", `{"reason":"`+strings.Repeat("x", 64<<10)+`"}`, p.cookie),
		"413 a text": p.send("POST /api/v1/config/apply", `{"text":"`+strings.Repeat("x", 2<<20)+`"}`, p.cookie, "If-Match: *"),
		"431 a head": p.send("GET /api/v1/nodes", "", "X-Long: "+strings.Repeat("x", 64<<10), p.cookie),
	} {
		if a.StatusCode != 0 && !strings.HasPrefix(what, fmt.Sprint(a.StatusCode)) {
			p.t.Errorf("%s: %d", what, a.StatusCode)
		}
	}
	for _, body := range []string{strings.Repeat("[", 60_000), `{"activation":` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000) + "}", `{"activation":1e400}`, "{\"activation\":\"\xff\"}", `{"a":1}{"b":2}`, "", "null", "[]", `"x"`} {
		if a := p.send("POST /api/v1/route/explain", body, p.cookie); a.StatusCode < 400 || a.StatusCode >= 500 {
			p.t.Errorf("%.30q: %d %.100s", body, a.StatusCode, a.text)
		}
	}
}

// answers looks at what every answer has, and at what none may.
func (p *probed) answers() {
	master, _ := p.g.secrets.Key(secrets.Admin, 32)
	hidden := []string{"$argon2", phrase, p.token, base64.StdEncoding.EncodeToString(master), hex.EncodeToString(master), strings.SplitN(p.cookie, "=", 2)[1]}
	for _, target := range []string{"/", "/index.html", "/nothing", "/healthz", "/readyz", "/metrics", "/api/v1/overview", "/api/v1/nodes", "/api/v1/config", "/api/v1/config/versions", "/api/v1/config/versions/v1", "/api/v1/users",
		"/api/v1/tokens", "/api/v1/auth/me", "/api/v1/auth/logins", "/api/v1/sessions", "/api/v1/affinity", "/api/v1/limits", "/api/v1/version", "/api/v1/audit", "/api/v1/nothing"} {
		a := p.send("GET "+target, "", p.cookie)
		h := a.Header
		if h.Get("X-Frame-Options") != "DENY" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") ||
			(h.Get("Strict-Transport-Security") != "") != (p.tls != nil) || h.Get("Server") != "" || h.Get("X-Powered-By") != "" {
			p.t.Errorf("%s: %v", target, h)
		}
		for _, secret := range hidden {
			if strings.Contains(a.text, secret) {
				p.t.Errorf("%s tells a secret: %.6s…", target, secret)
			}
		}
	}
	for _, header := range []string{"X-Forwarded-Proto: https", "Forwarded: proto=https;host=evil.example", "X-Forwarded-Host: evil.example"} {
		a := p.must(200, "POST /api/v1/auth/login", `{"name":"ops","password":"`+phrase+`"}`, header)
		if k := a.Cookies()[0]; k.Secure != (p.tls != nil) || k.Domain != "" || !k.HttpOnly || k.SameSite != http.SameSiteStrictMode || strings.Contains(fmt.Sprint(a.Header)+a.text, "evil") {
			p.t.Errorf("%s: %+v", header, k)
		}
	}
}

// logins tries to stay, or to have somebody use a log in that is known.
func (p *probed) logins() {
	name, value, _ := strings.Cut(strings.TrimPrefix(p.cookie, "Cookie: "), "=")
	planted := p.login("Cookie: " + name + "=planted-before")
	if strings.HasSuffix(planted, "=planted-before") || p.enters("Cookie: "+name+"=planted-before") {
		p.t.Error("who plants a cookie is logged in with it")
	}
	again := p.login(planted)
	if again == planted || p.enters(planted) || !p.enters(again) {
		p.t.Error("a log in goes on when its browser logs in anew")
	}
	other := map[string]string{"__Host-twinhop": "twinhop", "twinhop": "__Host-twinhop"}[name]
	for what, cookie := range map[string]string{"cut": name + "=" + value[:len(value)-4], "changed": name + "=" + value[:20] + "AAAA" + value[24:], "of the other name": other + "=" + value, "empty": name + "="} {
		if p.enters("Cookie: " + cookie) {
			p.t.Errorf("a cookie lets in that is %s", what)
		}
	}
	p.must(204, "POST /api/v1/auth/logout", "{}", again)
	if p.enters(again) {
		p.t.Error("a cookie lets in after its log out")
	}
	one, two := p.login(), p.login()
	p.must(204, "POST /api/v1/auth/password", `{"current":"`+phrase+`","password":"another quiet river"}`, one)
	if !p.enters(one) || p.enters(two) || p.enters(p.cookie) {
		p.t.Error("the others go on after the password was changed")
	}
	p.must(204, "POST /api/v1/auth/password", `{"current":"another quiet river","password":"`+phrase+`"}`, one)
	p.cookie = p.login()
	// Guesses are slowed down, whoever they say they come from.
	slowed := false
	for i := range 12 {
		a := p.send("POST /api/v1/auth/login", `{"name":"ops","password":"guess"}`, fmt.Sprintf("X-Forwarded-For: 192.0.2.%d", i), fmt.Sprintf("X-Real-IP: 192.0.2.%d", i))
		if slowed = a.StatusCode == 429 && a.Header.Get("Retry-After") != ""; !slowed && a.StatusCode != 401 {
			p.t.Errorf("guess %d: %d", i, a.StatusCode)
		}
	}
	if !slowed {
		p.t.Error("guesses go on and on")
	}
}

// The same log in is worth nothing at another gateway, nor after a restart.
func TestLoginsEndWithTheProcess(t *testing.T) {
	p := probes(t, false)
	other := probes(t, false)
	for what, header := range map[string]string{"cookie": p.cookie, "token": "Authorization: Bearer " + p.token} {
		if other.enters(header) {
			t.Errorf("another gateway takes the %s", what)
		}
	}
}
