package routing

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

const draft = `version: 1
listen:
  http: [{addr: "127.0.0.1:8080"}]
  sip: {external: ["udp://0.0.0.0:5060"], internal: ["udp://127.0.0.1:5065"]}
nodes:
  - {name: node1, http: "http://127.0.0.1:1", sip: ["udp://127.0.0.1:5080"]}
  - {name: node2, http: "http://127.0.0.1:2", sip: ["udp://127.0.0.1:5081"]}
mounts: [{path: "/app/*", pool: default}]
`

// route runs the verb beside a draft of a configuration.
func route(t *testing.T, in string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "draft.yaml")
	if err := os.WriteFile(file, []byte(draft), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &ask.Global{}
	root := &cobra.Command{Use: "twinhop", SilenceErrors: true, SilenceUsage: true}
	g.Flags(root.PersistentFlags())
	root.AddCommand(Command(g))
	var out, talk bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&talk)
	root.SetIn(strings.NewReader(in))
	root.SetArgs(append([]string{"route", "-c", file}, args...))
	err := root.Execute()
	var e ask.Exit
	switch {
	case errors.As(err, &e):
		return out.String(), talk.String() + e.Error(), e.Code
	case err != nil:
		return out.String(), err.Error(), ask.Failed
	}
	return out.String(), talk.String(), ask.OK
}

// By a configuration alone: what the message says and hashes decide, and an exit code tells programs whether anybody would get it.
func TestOffline(t *testing.T) {
	sip := "INVITE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:40001;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:alice@example.com>;tag=1\nTo: <sip:bob@example.com>\nCall-ID: c1\nCSeq: 1 INVITE\n\n"
	for name, c := range map[string]struct {
		in   string
		args []string
		code int
		want string
	}{
		"a cookie":     {"", []string{"--url", "/app/x", "--cookie", "JSESSIONID=AAAABBBBCCCCDDDD.node2"}, 0, "node2 cookie_route default"},
		"steps":        {"", []string{"--url", "/app/x?appsession=alice", "--explain"}, 0, "miss param_appsession winner X-Forwarded-For"},
		"supposed":     {"", []string{"--url", "/app/x", "--cookie", "JSESSIONID=AAAABBBBCCCCDDDD.node2", "--assume", "node2=down"}, 0, "node1 failover_down"},
		"nobody":       {"", []string{"--url", "/app/x", "--assume", "node1=down", "--assume", "node2=stopped"}, 4, "no_node 503"},
		"not mounted":  {"", []string{"--url", "/x"}, 4, "404"},
		"a request":    {"GET /app/ HTTP/1.1\nHost: h\n", []string{"--http", "-"}, 0, "balance"},
		"curl":         {"curl http://h/app/", []string{"--http", "-"}, 0, "balance"},
		"a call":       {sip, []string{"--sip", "-", "--explain"}, 0, "INVITE udp://127.0.0.1:508 Record-Route balance"},
		"no call":      {strings.Replace(sip, "Max-Forwards: 70", "Max-Forwards: 0", 1), []string{"--sip", "-"}, 4, "483"},
		"a broken one": {strings.Replace(sip, "CSeq: 1", "CSeq: x", 1), []string{"--sip", "-"}, 4, "7:1:"},
		"two":          {"", []string{"--url", "/", "--sip", "x"}, 2, ""},
		"none":         {"", nil, 2, ""},
		"a header":     {"", []string{"--url", "/", "--header", "x"}, 2, ""},
		"a guess":      {"", []string{"--url", "/", "--assume", "node1"}, 2, ""},
		"a stranger":   {"", []string{"--url", "/", "--assume", "node9=down"}, 1, ""},
		"of a file":    {"x", []string{"--http", "-", "--cookie", "a=b"}, 2, ""},
		"tls":          {sip, []string{"--sip", "-", "--transport", "tls"}, 1, ""},
	} {
		out, talk, code := route(t, c.in, c.args...)
		if code != c.code {
			t.Errorf("%s: exit %d, want %d\n%s%s", name, code, c.code, out, talk)
		}
		for _, w := range strings.Fields(c.want) {
			if !strings.Contains(out, w) {
				t.Errorf("%s: no %s in\n%s%s", name, w, out, talk)
			}
		}
		if code != 0 && out == "" && talk == "" {
			t.Errorf("%s: fails without a word", name)
		}
	}
	out, _, _ := route(t, "", "--url", "/app/", "-o", "json")
	var v struct{ Node, Rule string }
	if err := json.Unmarshal([]byte(out), &v); err != nil || v.Rule != "balance" {
		t.Errorf("%s: %v", out, err)
	}
}
