package assembly

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"twinhop/gateway/config"
)

// askAdmin asks the admin by the socket of the command line.
func askAdmin(t *testing.T, g *Gateway, path, body string, into any) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", g.Addrs().Socket) }}}
	r, err := client.Post("http://localhost/api/v1"+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r.StatusCode
}

// toldOf is as much of an explanation as is looked at.
type toldOf struct {
	Title, Kind, Node, Rule, Pool, Session, Toward, Serves, Detail string
	CreatesSession, Assumed                                        bool
	Keys                                                           []struct{ Source, Value string }
	Rewrites                                                       []struct{ What, Before, After, Why string }
	Answer, Redirect                                               *struct {
		Status   int
		Location string
	}
	Faults []struct {
		Line, Column int
		Message      string
	}
	Errors []struct{ Pointer, Message string }
}

func (v *toldOf) rewrite(what string) string {
	for _, r := range v.Rewrites {
		if r.What == what {
			return r.After
		}
	}
	return ""
}

// What POST /route/explain answers about whole messages: who serves them, what changes on the way, what is wrong with them, and what would be if.
func TestExplainWholeMessages(t *testing.T) {
	c := settings(t, "")
	c.Nodes = []config.Node{servlets(t, "node1"), servlets(t, "node2")}
	c.Mounts = []config.Mount{{Path: "/app/*", Pool: "default"}}
	c.Affinity.Leader, c.FollowSIP = "sip", config.FollowSIP{Mode: "redirect", MaxCorrections: 2}
	g := atWork(t, c)
	ask := func(body string) (v toldOf, code int) {
		t.Helper()
		code = askAdmin(t, g, "/route/explain", body, &v)
		return v, code
	}
	const id = "3F9A11223344556677889900AABBCCC1"
	v, code := ask(`{"http": {"raw": "curl -b JSESSIONID=` + id + `.node2 http://shop.example/app/x?appsession=alice"}}`)
	if code != 200 || v.Node != "node2" || v.Rule != "cookie_route" || v.Title != "GET /app/x" || v.Pool != "default" || !v.CreatesSession || v.Answer != nil ||
		v.rewrite("X-Forwarded-For") != "127.0.0.1" || len(v.Keys) != 2 || strings.Contains(v.Keys[1].Value, id) {
		t.Errorf("%d %+v", code, v)
	}
	get(t, "http://"+g.Addrs().HTTP[0]+"/app/x?appsession=alice")
	home, _ := ask(`{"http": {"url": "/app/x?appsession=alice"}}`)
	other := map[string]string{"node1": "node2", "node2": "node1"}[home.Node]
	if other == "" || home.Session == "" || home.CreatesSession {
		t.Fatalf("%+v", home)
	}
	v, _ = ask(`{"http": {"url": "/app/x;jsessionid=` + id + `.` + other + `?appsession=alice"}}`)
	if v.Redirect == nil || v.Redirect.Status != 307 || !strings.HasSuffix(v.Redirect.Location, "."+home.Node+"?appsession=alice") || strings.Contains(v.Redirect.Location, id) {
		t.Errorf("%+v %+v", v, v.Redirect)
	}
	for word, want := range map[string]string{"down": "failover_down", "stopped": "failover_stopped", "disabled": "param_appsession", "ok": "param_appsession"} {
		v, _ := ask(`{"http": {"url": "/app/x?appsession=alice"}, "assume": {"nodes": {"` + home.Node + `": "` + word + `"}}}`)
		if v.Rule != want || !v.Assumed || (v.Node == home.Node) != strings.HasPrefix(want, "param") {
			t.Errorf("%s: %s on %s", word, v.Rule, v.Node)
		}
	}
	if v, _ := ask(`{"http": {"url": "/app/x?who=alice"}, "assume": {"affinity": {"http": [{"source": "query", "name": "who"}]}}}`); v.Node != home.Node || v.Rule != "param_appsession" {
		t.Errorf("with another key it is %s by %s", v.Node, v.Rule)
	}
	if v, code := ask(`{"http": {"url": "/"}, "assume": {"affinity": {"http": [{"source": "tea"}]}}}`); code != 422 || len(v.Errors) == 0 {
		t.Errorf("%d %+v", code, v)
	}
	if v, _ := ask(`{"http": {"url": "/elsewhere"}}`); v.Node != "" || v.Answer == nil || v.Answer.Status != 404 {
		t.Errorf("%+v", v)
	}
	if v, _ := ask(`{"http": {"raw": "GET /app/ HTTP/1.1\nHost: h\nno field"}}`); len(v.Faults) != 1 || v.Faults[0].Line != 3 || v.Answer == nil || v.Answer.Status != 400 {
		t.Errorf("%+v", v)
	}
	sip := `INVITE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:40001;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:alice@example.com>;tag=1\nTo: <sip:bob@example.com>\nCall-ID: c1\nCSeq: 1 INVITE\n\n`
	v, code = ask(`{"sip": {"raw": "` + sip + `"}}`)
	if code != 200 || v.Node == "" || v.Rule != "balance" || !strings.HasPrefix(v.Toward, "udp://127.0.0.1:") || v.rewrite("Max-Forwards") != "69" ||
		!strings.Contains(v.rewrite("Record-Route"), ";lr;th=") || !v.CreatesSession || v.Title != "INVITE example.com" {
		t.Errorf("%d %+v", code, v)
	}
	for from, want := range map[string]int{"CSeq: 1": 7, "From: <sip": 4, "Max-Forwards: 70": 3} {
		v, _ := ask(`{"sip": {"raw": "` + strings.Replace(sip, from, map[string]string{"CSeq: 1": "CSeq: x", "From: <sip": "From <sip", "Max-Forwards: 70": "Max-Forwards: z"}[from], 1) + `"}}`)
		if len(v.Faults) != 1 || v.Faults[0].Line != want || v.Node != "" || v.Answer == nil || v.Answer.Status != 400 {
			t.Errorf("%s: %+v %+v", from, v.Faults, v)
		}
	}
	for body, want := range map[string]int{`{"sip": {"raw": "x", "transport": "tls"}}`: 409, `{"sip": {"raw": "x", "from": "[2001:db8::1]:5060"}}`: 409, `{"sip": {}}`: 422,
		`{"http": {"url": "/"}, "sip": {"raw": "x"}}`: 422, `{"http": {"url": "/"}, "assume": {"nodes": {"node9": "down"}}}`: 422, `{"http": {"url": "/"}, "assume": {"nodes": {"node1": "tired"}}}`: 422} {
		if v, code := ask(body); code != want {
			t.Errorf("%s: %d %+v", body, code, v)
		}
	}
	if v, _ := ask(`{"sip": {"raw": "SIP/2.0 200 OK\nVia: SIP/2.0/UDP h\n\n"}}`); len(v.Faults) != 1 || v.Node != "" {
		t.Errorf("%+v", v)
	}
}
