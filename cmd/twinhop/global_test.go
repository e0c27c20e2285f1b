package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// by runs a verb that finds its gateway by the words and the environment alone.
func (g *gateway) by(t *testing.T, env []string, args ...string) (out string, code int) {
	t.Helper()
	c := program(t, g.dir, args...)
	c.Env = append(append(c.Env, "HOME="+g.dir, "XDG_STATE_HOME="+g.dir), env...)
	text, err := c.CombinedOutput()
	return string(text), exitCode(t, err)
}

// A gateway is asked by network with a token: of the command line, the environment, or the user's own settings.
func TestGatewayIsAskedByNetwork(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	c := program(t, g.dir, "user", "add", "ops", "--role", "admin", "--socket", "state/admin.sock")
	c.Stdin = strings.NewReader("correct horse 77 battery\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	viewer := strings.TrimSpace(g.must(t, "", "token", "create", "look", "--quiet"))
	addr := "http://" + g.admin
	settings := filepath.Join(g.dir, "settings", "twinhop", "cli.yaml")
	if err := os.MkdirAll(filepath.Dir(settings), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		name, file string
		env        []string
		args       string
		code       int
		says       string
	}{
		{name: "nobody", args: "nodes list --addr " + addr, code: 5, says: "Log in"},
		{name: "token", args: "nodes list --token " + viewer + " --addr " + addr, says: "node1"},
		{name: "before the verb", args: "--addr " + addr + " --token " + viewer + " nodes list -o name", says: "node1\n"},
		{name: "environment", env: []string{"TWINHOP_ADDR=" + addr, "TWINHOP_TOKEN=" + viewer}, args: "nodes show node1 -o yaml", says: "name: node1\n"},
		{name: "file", file: "addr: " + addr + "\ntoken: " + viewer + "\n", args: "nodes list -o wide", says: "node1"},
		{name: "file that names one", file: "addr: " + addr + "\ntokenFile: look.token\n", args: "status -q", says: "good\n"},
		{name: "token of the file goes nowhere else", file: "addr: http://other.example\ntoken: " + viewer + "\n", args: "nodes list --addr " + addr, code: 5, says: "Log in"},
		{name: "socket before file", file: "addr: " + addr + "\n", args: "nodes list --addr unix:state/admin.sock", says: "node1"},
		{name: "role", env: []string{"TWINHOP_TOKEN=" + viewer}, args: "nodes disable node1 --addr " + addr, code: 5, says: "operator"},
		{name: "bad file", file: "adr: x\n", args: "nodes list", code: 2, says: `did you mean "addr"`},
		{name: "bad address", args: "nodes list --addr gw1:8090", code: 2, says: "http://host:port"},
		{name: "two addresses", args: "nodes list --addr " + addr + " --socket x", code: 2, says: "one of them"},
		{name: "no authorities", args: "nodes list --addr https://127.0.0.1:1 --ca none.pem", code: 2, says: "none.pem"},
		{name: "no gateway", args: "nodes list", code: 1, says: "is it running"},
		{name: "no time", args: "nodes list --timeout 1ns --addr " + addr, code: 6, says: "no answer"},
		{name: "bad form", args: "nodes list -o yml", code: 2, says: "table, wide, json, yaml, name"},
		{name: "means nothing", args: "check twinhop.yaml --token x", code: 2, says: "asks no gateway"},
		{name: "no colours in a file", env: []string{"TWINHOP_ADDR=" + addr, "TWINHOP_TOKEN=" + viewer}, args: "status", says: "good, ready"},
	} {
		t.Run(x.name, func(t *testing.T) {
			write(filepath.Join(filepath.Dir(settings), "look.token"), viewer+"\n", 0o600)
			if write(settings, x.file, 0o600); x.file == "" {
				os.Remove(settings)
			}
			if out, code := g.by(t, x.env, strings.Fields(x.args)...); code != x.code || !strings.Contains(out, x.says) {
				t.Errorf("%d %s, want %d and %q", code, out, x.code, x.says)
			}
		})
	}
	write(settings, "addr: "+addr+"\ntoken: "+viewer+"\n", 0o644)
	if out, code := g.by(t, nil, "nodes", "list"); code != 2 || !strings.Contains(out, "chmod 600") || strings.Contains(out, viewer) {
		t.Errorf("a token that all can read: %d %s", code, out)
	}
}

// How the gateway is, for people and for programs that look at the exit code.
func TestStatusAndTop(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	if s := g.status(g.http, "/"); s != 200 {
		t.Fatal(s)
	}
	g.must(t, "good, ready node1 active http=up sip=up sessions", "status")
	g.must(t, "node1 SHARE TARGET probe", "status", "-o", "wide")
	g.must(t, `"class": "good"`, "status", "-o", "json")
	g.must(t, "HTTP by balance node1", "top")
	g.wrong(t, 2, "100ms", "top", "--interval", "1ms")
	g.must(t, "", "nodes", "stop", "node1", "--force")
	if out, _, code := g.ask(t, "status"); code != 1 || !strings.Contains(out, "bad, ") || !strings.Contains(out, "no node can serve") || !strings.Contains(out, "stopped") {
		t.Errorf("without a node: %d %s", code, out)
	}
	if out, _, code := g.ask(t, "status", "-o", "json"); code != 1 || !strings.Contains(out, `"class": "bad"`) {
		t.Errorf("without a node: %d %s", code, out)
	}
}
