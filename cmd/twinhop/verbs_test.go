package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ask runs a verb against a gateway and returns what it prints and its code.
func (g *gateway) ask(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	c := program(t, g.dir, args...)
	c.Env = append(c.Env, "TWINHOP_SOCKET="+filepath.Join(g.dir, "state", "admin.sock"))
	var out, err bytes.Buffer
	c.Stdout, c.Stderr = &out, &err
	code = exitCode(t, c.Run())
	return out.String(), err.String(), code
}

// must runs a verb that succeeds and prints all of the words.
func (g *gateway) must(t *testing.T, words string, args ...string) string {
	t.Helper()
	out, err, code := g.ask(t, args...)
	if code != 0 {
		t.Fatalf("%v: %d %s", args, code, err)
	}
	for _, w := range strings.Fields(words) {
		if !strings.Contains(out, w) {
			t.Errorf("%v does not say %s:\n%s", args, w, out)
		}
	}
	return out
}

// wrong runs a verb that fails with a code and a reason.
func (g *gateway) wrong(t *testing.T, code int, reason string, args ...string) {
	t.Helper()
	if out, err, got := g.ask(t, args...); got != code || !strings.Contains(err, reason) {
		t.Errorf("%v: %d %q %q, want %d and %q", args, got, out, err, code, reason)
	}
}

// The verbs against a running program: everything an operator does to a node,
// to a session and to the configuration.
func TestVerbs(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	g.must(t, "node1 active up", "nodes", "list")
	g.must(t, "node1 default", "nodes", "show", "node1")
	g.wrong(t, 4, "no node of this name", "nodes", "show", "node9")
	g.wrong(t, 2, "takes 1 arguments", "nodes", "show")
	g.wrong(t, 2, "not a number", "nodes", "weight", "node1", "x")
	g.must(t, "weight=5", "nodes", "weight", "node1", "5", "--reason", "bigger")
	g.must(t, "left.http left.sip last true", "nodes", "disable", "node1", "--dry-run")
	g.must(t, "node.activation active", "nodes", "drain", "node1", "--dry-run")
	g.must(t, "active", "nodes", "show", "node1")
	if _, talk, _ := g.ask(t, "nodes", "weight", "node1", "7"); talk != "To undo: twinhop nodes weight node1 5\n" {
		t.Errorf("how to undo a weight: %s", talk)
	}
	if _, talk, _ := g.ask(t, "nodes", "weight", "node1", "5", "-q"); talk != "" {
		t.Errorf("-q: %s", talk)
	}
	g.must(t, "distance=2 domain=east busyLimit=9", "nodes", "set", "node1", "--distance", "2", "--domain", "east", "--busy-limit", "9")
	g.wrong(t, 1, "redirect", "nodes", "set", "node1", "--redirect", "a b")
	g.wrong(t, 1, "force", "nodes", "disable", "node1")

	second := startNode(t)
	second.release()
	g.must(t, "node2 weight=1", "nodes", "add", "node2", "--http", second.http.URL, "--sip", "udp://"+second.sip.LocalAddr().String(), "--capacity", "vm=3,pstn=2")
	g.must(t, "pstn 0 2 2", "resources", "status", "node2")
	g.wrong(t, 2, "capacity", "nodes", "add", "node3", "--http", "http://127.0.0.1:1", "--capacity", "vm=x")
	g.wrong(t, 1, "http", "nodes", "add", "node3", "--http", "gopher://x")
	g.wrong(t, 1, "of this name", "nodes", "add", "node2", "--http", "http://127.0.0.1:1")
	until(t, "node2 is up", func() bool { return strings.Count(g.must(t, "", "nodes", "list"), "http=up sip=up") == 2 })

	// A call that is held keeps a drain from its end.
	g.must(t, "", "nodes", "stop", "node2")
	hangUp := newPhone(t, g.sip).call("held")
	g.must(t, "", "nodes", "activate", "node2")
	g.wrong(t, 6, "1 calls", "nodes", "drain", "node1", "--wait", "100ms")
	g.wrong(t, 1, "already", "nodes", "drain", "node1")
	g.must(t, "node1 running 1 of", "nodes", "drains")
	g.must(t, "cancelled", "nodes", "drain", "node1", "--cancel")
	g.wrong(t, 4, "not being drained", "nodes", "drain", "node1", "--cancel")
	g.must(t, "node1 active", "nodes", "show", "node1")
	g.interrupted(t, "nodes", "drain", "node1", "--wait", "1m")
	g.must(t, "up probe", "nodes", "probe", "node1")
	list := g.must(t, "call=held", "sessions", "find", "held")
	g.wrong(t, 4, "no session is known by", "sessions", "find", "nobody")
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	g.must(t, id+" node1", "sessions", "list", "--node", "node1")
	g.must(t, "why", "sessions", "show", id)
	g.must(t, "node2", "sessions", "move", id, "node2")
	g.must(t, "0 sessions", "nodes", "switchover", "node1", "node2")
	g.wrong(t, 4, "route", "nodes", "switchover", "never", "node2")
	if answer := hangUp(); !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Errorf("BYE: %s", answer)
	}
	until(t, "node1 is empty", func() bool {
		return strings.Contains(g.must(t, "", "nodes", "show", "node1", "-o", "json"), `"calls": 0`)
	})
	g.must(t, "active", "nodes", "activate", "node1")
	g.must(t, "done", "nodes", "drain", "node1", "--stop", "--wait", "10s", "-o", "json")
	g.must(t, "stopped", "nodes", "list")
	g.must(t, "sessions", "nodes", "remove", "node1", "--dry-run")
	g.must(t, "node1 stopped", "nodes", "show", "node1")
	_, talk, _ := g.ask(t, "nodes", "remove", "node1", "--reason", "sold")
	if want := "To undo: twinhop nodes add node1 --route node1 --weight 5 --http " + n.http.URL + " --sip udp://" + n.sip.LocalAddr().String(); !strings.Contains(talk, want) {
		t.Errorf("%s does not say %s", talk, want)
	}
	if log := g.log.String(); !strings.Contains(log, "reason=sold") || !strings.Contains(log, `words="weight=5"`) && !strings.Contains(log, "words=weight=5") {
		t.Errorf("the log does not say what was done and why:\n%s", log)
	}
	g.wrong(t, 1, "holds", "nodes", "remove", "node2")
	g.must(t, "", "sessions", "forget", id)
	g.wrong(t, 4, "session", "sessions", "show", id)
	g.wrong(t, 1, "in error in none", "nodes", "recover", "node2", "--socket", filepath.Join(g.dir, "state", "admin.sock"))
	g.wrong(t, 1, "no gateway answers", "nodes", "list", "--socket", filepath.Join(g.dir, "absent.sock"))
	g.reloads(t)
}

// interrupted runs a verb that waits, and interrupts it.
func (g *gateway) interrupted(t *testing.T, args ...string) {
	t.Helper()
	c := program(t, g.dir, args...)
	c.Env = append(c.Env, "TWINHOP_SOCKET="+filepath.Join(g.dir, "state", "admin.sock"))
	var said lines
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "progress is told", func() bool { return strings.Contains(said.String(), "1 calls") })
	c.Process.Signal(os.Interrupt)
	if code := exitCode(t, c.Wait()); code != 130 || !strings.Contains(said.String(), "it goes on draining") {
		t.Errorf("%v interrupted: %d %s", args, code, said.String())
	}
}

func (g *gateway) reloads(t *testing.T) {
	t.Helper()
	name := filepath.Join(g.dir, "twinhop.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ Changed, Restart []string }
	if err := json.Unmarshal([]byte(g.must(t, "", "config", "reload", "-o", "json")), &r); err != nil || len(r.Changed)+len(r.Restart) > 0 {
		t.Errorf("%+v %v", r, err)
	}
	if err := os.WriteFile(name, append([]byte("mounts: [{path: /only}]\nlimits: {http: {headerTimeout: 7s}}\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	g.must(t, "mounts restart limits.http.headerTimeout", "config", "reload", "--reason", "only")
	g.must(t, "node2", "nodes", "list") // what was added is still there
	if err := os.WriteFile(name, append([]byte("mounts: [{pth: /only}]\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	g.wrong(t, 1, `twinhop.yaml:1:11 mounts[0].pth: unknown key; did you mean "path"?`, "config", "reload")
	if s := g.status(g.http, "/only"); s != 200 {
		t.Errorf("/only: %d", s)
	}
}
