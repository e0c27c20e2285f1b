package assembly

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"twinhop/gateway/config"
)

// said is an answer of the API.
type said struct {
	code int
	tag  string
	text string
}

// api asks by the socket, as an admin.
func api(t *testing.T, g *Gateway, method, path, match, body string) said {
	t.Helper()
	socket := g.Addrs().Socket
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if match != "" {
		r.Header.Set("If-Match", match)
	}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return said{a.StatusCode, a.Header.Get("ETag"), string(text)}
}

// tracks starts a node that begins a session for who has none, and says its name.
func tracks(t *testing.T, name string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("JSESSIONID"); err != nil || !strings.HasSuffix(c.Value, "."+name) {
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: rand.Text() + "." + name, Path: "/"})
		}
		io.WriteString(w, name)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// visit sends a request and returns which node answered, and the cookie it set.
func visit(t *testing.T, url, cookie string) (node, set string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	a, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != 200 {
		t.Fatal(a.Status, err)
	}
	set, _, _ = strings.Cut(a.Header.Get("Set-Cookie"), ";")
	return string(text), set
}

// Affinity changed by the API counts at once, costs nobody their session, and
// still counts when the configuration was read again and after a restart.
func TestAffinityByTheAPI(t *testing.T) {
	c := settings(t, "")
	c.Nodes = []config.Node{web("n1", tracks(t, "n1")), web("n2", tracks(t, "n2"))}
	g, err := Build(Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, g)
	<-g.Ready()
	at := "http://" + g.Addrs().HTTP[0]
	homes := map[string]string{}
	for _, user := range []string{"a", "b", "c", "d"} { // with a session of their own each, half of them by node
		node, cookie := visit(t, at+"/?appsession="+user, "")
		homes[user+" "+cookie] = node
	}
	sessions := g.table.Usage().Sessions
	stays := func() {
		t.Helper()
		for who, home := range homes {
			user, cookie, _ := strings.Cut(who, " ")
			if node, _ := visit(t, at+"/?appsession="+user, cookie); node != home {
				t.Errorf("%s was at %s, is at %s", who, home, node)
			}
			if node, _ := visit(t, at+"/", cookie); node != home {
				t.Errorf("%s without its name was at %s, is at %s", who, home, node)
			}
		}
		if n := g.table.Usage().Sessions; n < sessions {
			t.Errorf("%d sessions, there were %d", n, sessions)
		}
	}
	stays()

	before := api(t, g, "GET", "/api/v1/affinity", "", "")
	put := `{"affinity": {"http": [{"source": "cookie", "name": "JSESSIONID"}, {"source": "query", "name": "appsession"}, {"source": "query", "name": "user"}],
		"sip": ["from.user", "call-id"], "maxKeys": 32}, "reason": "users have a name"}`
	if a := api(t, g, "PUT", "/api/v1/affinity?dryRun=true", before.tag, put); a.code != 200 || !strings.Contains(a.text, `"changed":["affinity.http","affinity.maxKeys","affinity.sip"]`) ||
		!strings.Contains(a.text, `"restart":["affinity.maxKeys"]`) || a.tag != before.tag || api(t, g, "GET", "/api/v1/affinity", "", "") != before {
		t.Errorf("dry: %+v", a)
	}
	after := api(t, g, "PUT", "/api/v1/affinity", before.tag, put)
	if after.code != 200 || after.tag == before.tag {
		t.Fatalf("%+v", after)
	}
	stays()
	first, _ := visit(t, at+"/?user=kim", "")
	for range 4 { // round robin would take the other node
		if node, _ := visit(t, at+"/?user=kim", ""); node != first {
			t.Errorf("user=kim is at %s, then at %s: the new key is not read", first, node)
		}
	}
	if a := api(t, g, "PUT", "/api/v1/affinity", before.tag, put); a.code != 412 || a.tag != after.tag {
		t.Errorf("the older version: %+v", a)
	}

	r, err := g.Reload(t.Context(), c)
	if err != nil || !slices.Equal(r.Kept, []string{"affinity"}) {
		t.Errorf("read again: %+v, %v", r, err)
	}
	if a := api(t, g, "GET", "/api/v1/affinity", "", ""); a.tag != after.tag || !strings.Contains(a.text, `"name":"user"`) {
		t.Errorf("read again: %+v", a)
	}
	stays()
	stop()

	g = atWork(t, c)
	at = "http://" + g.Addrs().HTTP[0]
	a := api(t, g, "GET", "/api/v1/affinity", "", "")
	if a.tag != after.tag || !strings.Contains(a.text, `"origin":"api"`) || !strings.Contains(a.text, "users have a name") || g.config.Affinity.MaxKeys != 32 {
		t.Errorf("after a restart: %+v", a)
	}
	first, _ = visit(t, at+"/?user=kim", "")
	for range 4 {
		if node, _ := visit(t, at+"/?user=kim", ""); node != first {
			t.Error("after a restart the new key is not read")
		}
	}
	if a := api(t, g, "DELETE", "/api/v1/affinity", a.tag, ""); a.code != 200 {
		t.Errorf("%+v", a)
	}
	if a := api(t, g, "GET", "/api/v1/affinity", "", ""); a.tag != before.tag || a.text != before.text {
		t.Errorf("as before: %+v", a)
	}
	if _, err := os.Stat(g.affinityFile()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// A bad edit is refused with the place and the reason, and changes nothing.
func TestAffinityRefused(t *testing.T) {
	g := atWork(t, settings(t, sign(t, "one")))
	before := api(t, g, "GET", "/api/v1/affinity", "", "")
	for _, x := range []struct {
		match, body string
		code        int
		want        string
	}{
		{"", `{"affinity": {}}`, 428, "/problems/which"},
		{"W/" + before.tag, `{"affinity": {}}`, 412, "/problems/changed"},
		{`"x"`, `{"affinity": {"leader": "spi"}}`, 412, ""},
		{`"x", ` + before.tag, `{"affinity": {"http": [{"source": "cookie", "name": "A"}, {"source": "coke", "name": "B"}]}}`, 422, `"pointer":"#/affinity/http/1/source"`},
		{"*", `{"affinity": {"sip": ["from.usr"]}}`, 422, `did you mean \"from.user\"?`},
		{"*", `{"affinity": {"leader": "sip"}, "reason": "` + strings.Repeat("x", 501) + `"}`, 422, "#/reason"},
		{"*", `{}`, 422, "#/affinity"},
		{"*", `{"affinity": 7}`, 422, "#/affinity"},
		{"*", `{"affinity": {}, "x": 1}`, 422, ""},
		{"*", `[`, 400, ""},
	} {
		a := api(t, g, "PUT", "/api/v1/affinity", x.match, x.body)
		if a.code != x.code || !strings.Contains(a.text, x.want) || !json.Valid([]byte(a.text)) {
			t.Errorf("%s: %d %s, want %d %s", x.body, a.code, a.text, x.code, x.want)
		}
	}
	if a := api(t, g, "DELETE", "/api/v1/affinity", "*", `{"affinity": {}}`); a.code != 422 {
		t.Errorf("%+v", a)
	}
	if a := api(t, g, "GET", "/api/v1/affinity", "", ""); a != before {
		t.Errorf("%+v, was %+v", a, before)
	}
}

// What cannot be kept does not count either.
func TestAffinityThatCannotBeKept(t *testing.T) {
	g := atWork(t, settings(t, sign(t, "one")))
	before := api(t, g, "GET", "/api/v1/affinity", "", "")
	if err := os.MkdirAll(g.affinityFile()+"/in the way", 0o700); err != nil {
		t.Fatal(err)
	}
	if a := api(t, g, "PUT", "/api/v1/affinity", "*", `{"affinity": {"leader": "sip"}}`); a.code != 422 || !strings.Contains(a.text, "state directory") || strings.Contains(a.text, g.places.state) {
		t.Errorf("%+v", a)
	}
	if a := api(t, g, "GET", "/api/v1/affinity", "", ""); a != before || g.leaderWord() != "http" {
		t.Errorf("%+v", a)
	}
}

// What came lately can be tried with other keys; that changes nothing.
func TestAffinityPreview(t *testing.T) {
	c := settings(t, "")
	c.Nodes = []config.Node{web("n1", tracks(t, "n1")), web("n2", tracks(t, "n2"))}
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	homes := map[string]bool{}
	for i := range 4 { // nobody knows that they are one user
		node, _ := visit(t, at+"/?user=kim", "")
		homes[node] = true
		for len(g.specimens.Last(10)) <= i {
			runtime.Gosched() // it is kept when the answer is out
		}
	}
	before, sessions := api(t, g, "GET", "/api/v1/affinity", "", ""), g.table.Usage()
	post := func(body string) said { return api(t, g, "POST", "/api/v1/affinity/preview", "", body) }
	a := post(`{"affinity": {"http": [{"source": "query", "name": "user"}, {"source": "cookie", "name": "JSESSIONID"}], "maxKeys": 9}, "last": 3}`)
	for _, want := range []string{`"recorded":3`, `"http":3`, `"newlySticky":2`, `"unchanged":1`, `"changed":["affinity.http","affinity.maxKeys"]`, `"restart":["affinity.maxKeys"]`,
		`"source":"query","name":"user","text":"…#`, `"rule":"param_appsession"`, `"code":"few"`} {
		if a.code != 200 || !strings.Contains(a.text, want) {
			t.Errorf("%s is missing: %+v", want, a)
		}
	}
	if len(homes) != 2 || strings.Contains(a.text, "kim") {
		t.Error(homes, a.text)
	}
	if a := api(t, g, "GET", "/api/v1/affinity/sources", "", ""); a.code != 200 || !strings.Contains(a.text, `"seen":[{"name":"user","share":1}]`) {
		t.Errorf("%+v", a)
	}
	for body, want := range map[string]string{
		`{"affinity": {"http": [{"source": "cookie", "name": "A"}, {"source": "coke", "name": "B"}]}}`: `"pointer":"#/affinity/http/1/source"`,
		`{"affinity": {"sip": ["from.usr"]}}`: `did you mean \"from.user\"?`,
		`{"affinity": {}, "last": 0}`:         "#/last",
		`{"affinity": {}, "last": 10001}`:     "#/last",
		`{"last": 5}`:                         "#/affinity",
		`{"affinity": 7}`:                     "#/affinity",
		`{"affinity": {}, "reason": "x"}`:     "",
	} {
		if a := post(body); a.code != 422 || !strings.Contains(a.text, want) {
			t.Errorf("%s: %+v", body, a)
		}
	}
	if after := api(t, g, "GET", "/api/v1/affinity", "", ""); after != before || g.table.Usage() != sessions {
		t.Errorf("%+v, was %+v", after, before)
	}
}
