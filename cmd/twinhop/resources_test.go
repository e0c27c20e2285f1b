package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The verbs of resources against a running program, and what calls take there.
func TestResourceVerbs(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	if out, err, code := g.ask(t, "resources", "list", "-o", "json"); code != 0 || strings.TrimSpace(out) != "[]" {
		t.Errorf("without resources: %d %s %s", code, out, err)
	}
	name := filepath.Join(g.dir, "twinhop.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	conf := strings.Replace(string(text), "{name: node1,", "{name: node1, capacity: {vm: 1, pstn: 9},", 1) +
		"sip: {balance: resources, resources: {default: [vm], full: 500}}\n"
	if err := os.WriteFile(name, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	g.must(t, "nodes sip.resources", "config", "reload")
	hangUp := newPhone(t, g.sip).call("first")
	row := func(words ...string) {
		t.Helper()
		list := g.must(t, "POOL CAPACITY", "resources", "status", "node1")
		if got := strings.Fields(strings.Split(list, "\n")[2]); strings.Join(got, " ") != strings.Join(words, " ") {
			t.Errorf("got %v, want %v", got, words)
		}
	}
	row("default", "node1", "yes", "vm", "1", "1", "0")
	if answer := newPhone(t, g.sip).ask("INVITE", "sip:bob@example.com", "second", callee, nil); !strings.HasPrefix(answer, "SIP/2.0 500 Service full") {
		t.Errorf("a call too many: %s", answer)
	}
	g.must(t, "node1", "resources", "resize", "node1", "vm", "3", "--reason", "more")
	g.must(t, "", "config", "reload")
	row("default", "node1", "yes", "vm", "1", "3", "2")
	another := newPhone(t, g.sip).call("third")
	g.must(t, "", "resources", "resize", "node1", "vm", "1", "--pool", "default")
	row("default", "node1", "yes", "vm", "2", "1", "-1")
	hangUp()
	another()
	row("default", "node1", "yes", "vm", "0", "1", "1")

	g.must(t, "disabled", "nodes", "disable", "node1", "--force")
	row("default", "node1", "disabled", "vm", "0", "1", "1")
	g.must(t, "active", "nodes", "activate", "node1")

	g.must(t, "node1", "resources", "list", "--pool", "default")
	g.must(t, "node1", "resources", "status", "node1", "--pool", "default")
	g.wrong(t, 4, `no node that has resources in pool "other"`, "resources", "list", "--pool", "other")
	g.wrong(t, 4, `no node "node1" that has resources in pool "other"`, "resources", "status", "node1", "--pool", "other")
	g.wrong(t, 4, "no node", "resources", "status", "node9")
	g.wrong(t, 4, "There is no node with this resource", "resources", "resize", "node1", "fax", "1")
	g.wrong(t, 4, "There is no node with this resource", "resources", "resize", "node1", "vm", "1", "--pool", "other")
	g.wrong(t, 2, "no capacity", "resources", "resize", "node1", "vm", "1x")
	g.wrong(t, 2, "takes 3 arguments", "resources", "resize", "node1", "vm")
}
