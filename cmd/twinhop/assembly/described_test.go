package assembly

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"twinhop/admin/openapi/conform"
	"twinhop/gateway/config"
)

// What a gateway at work answers is what the description of the API says, for every GET of it and for what asks without changing anything.
func TestAnswersAreAsDescribed(t *testing.T) {
	c := settings(t, "")
	c.Nodes = []config.Node{servlets(t, "node1"), servlets(t, "node2")}
	c.Affinity.SIP = []config.SIPSource{{Source: "from.user"}, {Source: "call-id"}}
	g := atWork(t, c)
	get(t, "http://"+g.Addrs().HTTP[0]+"/app/login?appsession=alice")
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	(&phone{t: t, conn: conn}).ask(g.Addrs().External[0], "alice")
	doc, err := conform.Described()
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", g.Addrs().Socket) }}}
	try := func(method, path, body string) (status int, text []byte) {
		t.Helper()
		r, err := http.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, err = io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		if err := conform.Check(r, resp, text); err != nil {
			t.Error(err)
		}
		return resp.StatusCode, text
	}
	_, sessions := try("GET", "/api/v1/sessions", "")
	_, after, _ := bytes.Cut(sessions, []byte(`"id":"`))
	sid, _, _ := bytes.Cut(after, []byte(`"`))
	fill := strings.NewReplacer("{id}", "node1", "{sid}", string(sid), "{n}", "1", "{version}", "v1", "{kind}", "conflict", "/export", "/export?format=json")
	asked := 0
	for path, item := range doc.Paths.Map() {
		if item.Get == nil || strings.HasSuffix(path, "/stream") {
			continue
		}
		asked++
		status, text := try("GET", fill.Replace(path), "")
		if status != 200 && !strings.Contains(path, "{n}") && !strings.Contains(path, "/operations/") && !strings.Contains(path, "{version}") {
			t.Errorf("%s: %d %.200s", path, status, text)
		}
	}
	if asked < 20 {
		t.Errorf("%d paths were asked for", asked)
	}
	sip := `INVITE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:40001;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:alice@example.com>;tag=1\nTo: <sip:bob@example.com>\nCall-ID: c1\nCSeq: 1 INVITE\n\n`
	for _, q := range [][3]string{
		{"POST", "/api/v1/route/explain", `{"http": {"url": "/app/x?appsession=alice"}, "assume": {"nodes": {"node1": "down"}}}`},
		{"POST", "/api/v1/route/explain", `{"http": {"raw": "GET /app/ HTTP/1.1\nno field"}}`},
		{"POST", "/api/v1/route/explain", `{"sip": {"raw": "` + sip + `"}}`},
		{"POST", "/api/v1/route/explain", `{"proto": "sip", "keys": [{"source": "call-id", "value": "c1"}]}`},
		{"POST", "/api/v1/config/validate", `{}`},
		{"POST", "/api/v1/config/validate", `{"text": "version: 1\nlisten: x"}`},
		{"POST", "/api/v1/config/diff", `{"from": "now", "text": "version: 1\nlisten: {http: [\":80\"]}"}`},
		{"POST", "/api/v1/affinity/preview", `{"affinity": {"sip": [{"source": "to.user"}]}}`},
		{"PATCH", "/api/v1/nodes/node1?dryRun=true", `{"activation": "disabled"}`},
		{"POST", "/api/v1/nodes/node1/actions/drain?dryRun=true", `{}`},
		{"POST", "/api/v1/sessions/" + string(sid) + "/actions/move?dryRun=true", `{"to": "node2", "force": true}`},
		{"POST", "/api/v1/switchover?dryRun=true", `{"from": "node1", "to": "node2"}`},
		{"DELETE", "/api/v1/sessions/" + string(sid) + "?dryRun=true", `{}`},
		{"PATCH", "/api/v1/nodes/node1", `{"weight": 2}`},
		{"POST", "/api/v1/nodes/node1/actions/probe", `{}`},
		{"POST", "/api/v1/sessions/" + string(sid) + "/actions/watch", `{"minutes": 1}`},
	} {
		try(q[0], q[1], q[2])
	}
}
