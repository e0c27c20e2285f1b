package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A session is found by whatever somebody has at hand; what passed for it is drawn, followed, read and taken away.
func TestTraceOfACall(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	second := startNode(t)
	second.release()
	if s := g.status(g.http, "/?appsession=alice"); s != 200 {
		t.Fatal(s)
	}
	p := newPhone(t, g.sip)
	hangUp := p.call("first")
	drawn := g.must(t, "gateway node1 INVITE 200 ACK balance route_header", "trace", "first")
	if n := len(regexp.MustCompile(`(?m)#\d+ .*[<>]\S*.*$`).FindAllString(drawn, -1)); n != 6 {
		t.Errorf("an INVITE, its answer and an ACK each cross the gateway, and %d messages are drawn:\n%s", n, drawn)
	}
	g.must(t, `"type": "message" "rule":`, "trace", "call:first", "-o", "json")
	g.wrong(t, 4, "no session is known", "trace", "nobody")
	id := strings.Fields(drawn)[0]

	number := regexp.MustCompile(`#(\d+)`).FindStringSubmatch(drawn)[1]
	g.wrong(t, 4, "not kept", "trace", id, "--raw", number)
	if out, talk, code := g.ask(t, "sessions", "watch", "first", "--minutes", "5"); code != 0 || !strings.Contains(out, "is watched until") || !strings.Contains(talk, "--end") {
		t.Errorf("watch: %d %s %s", code, out, talk)
	}
	c := program(t, g.dir, "trace", "first", "--follow")
	c.Env = append(c.Env, "TWINHOP_SOCKET="+filepath.Join(g.dir, "state", "admin.sock"))
	var said, failed lines
	c.Stdout, c.Stderr = &said, &failed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the ladder so far", func() bool { return strings.Contains(said.String(), "ACK") })
	if answer := hangUp(); !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Error(answer)
	}
	until(t, "the end of the call is drawn", func() bool { return strings.Count(said.String(), " 200 BYE ") == 2 })
	c.Process.Signal(os.Interrupt)
	if code := exitCode(t, c.Wait()); code != 130 || strings.Count(said.String(), "ACK") != 2 {
		t.Errorf("%d, each once:\n%s%s", code, said.String(), failed.String())
	}
	kept := regexp.MustCompile(`#(\d+)\*.* BYE -+>`).FindStringSubmatch(g.must(t, "", "trace", id))
	if kept == nil {
		t.Fatal("no text is kept of the BYE")
	}
	g.must(t, "BYE sip: Call-ID: first", "trace", id, "--raw", kept[1])
	g.must(t, "is not watched any more", "sessions", "watch", id, "--end")

	g.must(t, "BYE", "sessions", "export", "first")
	g.must(t, "", "sessions", "export", "first", "--format", "pcap", "--file", "call.pcap")
	if info, err := os.Stat(filepath.Join(g.dir, "call.pcap")); err != nil || info.Size() < 100 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	g.wrong(t, 1, "exists", "sessions", "export", "first", "--file", "call.pcap")
	g.wrong(t, 1, "txt, json or pcap", "sessions", "export", "first", "--format", "gif", "--file", "call.gif")
	if _, err := os.Stat(filepath.Join(g.dir, "call.gif")); err == nil {
		t.Error("a file of a refused export stays")
	}
	newPhone(t, g.sip).call("firstly")()
	g.wrong(t, 1, "fits several sessions", "trace", "irst")

	g.must(t, "", "nodes", "add", "node2", "--http", second.http.URL, "--sip", "udp://"+second.sip.LocalAddr().String())
	until(t, "node2 is up", func() bool { return strings.Count(g.must(t, "", "nodes", "list"), "http=up sip=up") == 2 })
	if out, talk, code := g.ask(t, "sessions", "move", id, "node2", "--dry-run"); code != 0 || !strings.Contains(out, "node2") || !strings.Contains(talk, "Nothing was changed") {
		t.Errorf("move --dry-run: %d %s %s", code, out, talk)
	}
	g.must(t, "to node2", "nodes", "switchover", "node1", "node2", "--dry-run")
	g.must(t, id, "sessions", "list", "--node", "node1")
	if _, talk, code := g.ask(t, "sessions", "move", id, "node2"); code != 0 || !strings.Contains(talk, "To undo: twinhop sessions move "+id+" node1") {
		t.Errorf("move: %d %s", code, talk)
	}
	g.must(t, "moved node1 node2", "trace", id)
	g.must(t, "", "sessions", "forget", id, "--dry-run")
	g.must(t, id, "sessions", "show", id)
	if _, talk, code := g.ask(t, "sessions", "forget", id); code != 0 || !strings.Contains(talk, "cannot be undone") {
		t.Errorf("forget: %d %s", code, talk)
	}
}
