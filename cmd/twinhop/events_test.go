package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What happens is listed, kept out by words, and followed while it happens.
func TestEventsAreFollowed(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	g.must(t, "", "nodes", "weight", "node1", "3")
	g.must(t, "info node.words node1", "events", "--type", "node.words", "--since", "1h")
	if out := g.must(t, "", "events", "--severity", "bad"); out != "" {
		t.Errorf("nothing is bad: %s", out)
	}
	g.wrong(t, 2, "none of info, warn, bad", "events", "--severity", "worst")
	g.must(t, `"type": "node.words"`, "events", "-o", "json")
	c := program(t, g.dir, "events", "-f", "--node", "node1", "-o", "json")
	c.Env = append(c.Env, "TWINHOP_SOCKET="+filepath.Join(g.dir, "state", "admin.sock"))
	var said, failed lines
	c.Stdout, c.Stderr = &said, &failed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "those that were", func() bool { return strings.Contains(said.String(), "node.words") })
	before := strings.Count(said.String(), "\n")
	until(t, "one that happens", func() bool { // the stream may not be open yet
		g.must(t, "", "nodes", "disable", "node1", "--force")
		g.must(t, "", "nodes", "activate", "node1")
		return strings.Count(said.String(), "\n") > before
	})
	if all := strings.Split(strings.TrimSpace(said.String()), "\n"); !strings.HasPrefix(all[len(all)-1], "{") || !strings.Contains(all[len(all)-1], `"node":"node1"`) {
		t.Errorf("no line of JSON about node1: %s", all[len(all)-1])
	}
	c.Process.Signal(os.Interrupt)
	if code := exitCode(t, c.Wait()); code != 130 || failed.String() != "" {
		t.Errorf("%d %s", code, failed.String())
	}
}
