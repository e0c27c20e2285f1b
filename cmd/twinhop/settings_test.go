package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// file writes a file into the directory of the gateway.
func (g *gateway) file(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What ties messages to sessions is read, tried, replaced and given back, and each change says how to undo it.
func TestAffinityVerbs(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	was := g.must(t, "leader: http source: call-id", "affinity", "get")
	g.file(t, "same.yaml", was)
	g.must(t, "changed -", "affinity", "set", "same.yaml")
	g.file(t, "users.yaml", "# users are known by name\nsip: [from.user, call-id]\nttl: {idle: 30m}\n")
	g.must(t, "changed affinity.sip", "affinity", "set", "users.yaml", "--dry-run")
	if out := g.must(t, "", "affinity", "get"); out != was {
		t.Errorf("a dry run changed it:\n%s", out)
	}
	if _, talk, code := g.ask(t, "affinity", "set", "users.yaml", "--reason", "a test"); code != 0 || talk != "To undo: twinhop affinity revert\n" {
		t.Errorf("%d %s", code, talk)
	}
	g.must(t, "from.user", "affinity", "get")
	g.must(t, `"origin": "api"`, "affinity", "get", "-o", "json")
	g.file(t, "whole.yaml", "version: 1\naffinity: {sip: [to.user]}\n")
	_, talk, code := g.ask(t, "affinity", "set", "whole.yaml")
	if code != 0 || !strings.Contains(talk, "To undo: twinhop affinity set - <<<'{") || !strings.Contains(talk, "from.user") {
		t.Errorf("%d %s", code, talk)
	}
	g.file(t, "undo.json", strings.TrimSuffix(strings.TrimPrefix(talk, "To undo: twinhop affinity set - <<<'"), "'\n"))
	g.must(t, "changed affinity.sip", "affinity", "set", "undo.json")
	g.must(t, "from.user", "affinity", "get")
	g.file(t, "wrong.yaml", "sip: [from.usr]\n")
	g.wrong(t, 1, `did you mean "from.user"?`, "affinity", "set", "wrong.yaml")
	g.file(t, "broken.yaml", "sip: [\n")
	g.wrong(t, 3, "broken.yaml: line", "affinity", "set", "broken.yaml")
	g.wrong(t, 1, "absent.yaml", "affinity", "set", "absent.yaml")
	g.must(t, "changed affinity.sip", "affinity", "revert")
	if out := g.must(t, "", "affinity", "get"); out != was {
		t.Errorf("after revert:\n%s", out)
	}
	g.must(t, "local affinity.set affinity.remove", "audit", "--action", "affinity")
}

// The configuration in force is shown with where each line comes from, and a file is judged before it is used.
func TestConfigVerbs(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	g.must(t, "listen: affinity: leader:", "config", "show")
	g.must(t, "# default file twinhop.yaml:", "config", "show", "-o", "wide")
	if out := g.must(t, "node1", "config", "show", "--changed"); strings.Contains(out, "leader") {
		t.Errorf("a default is no change:\n%s", out)
	}
	g.must(t, "changed -", "config", "validate")
	g.file(t, "wrong.yaml", "mounts: [{pth: /only}]\n")
	if out, _, code := g.ask(t, "config", "validate", "wrong.yaml"); code != 3 || !strings.Contains(out, `did you mean "path"?`) || !strings.Contains(out, "error") {
		t.Errorf("%d %s", code, out)
	}
	text, err := os.ReadFile(filepath.Join(g.dir, "twinhop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	g.file(t, "more.yaml", string(text)+"mounts: [{path: /only}]\n")
	g.must(t, "changed mounts", "config", "validate", "more.yaml")
	g.wrong(t, 2, "one file", "config", "validate", "a", "b")
}

// A configuration is edited, tried, applied, compared and brought back.
func TestConfigIsAppliedAndBroughtBack(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	g.wrong(t, 1, "configWritable", "config", "apply", "twinhop.yaml")
	n2 := startNode(t)
	n2.release()
	g = startGatewayOf(t, n2, "admin: {listen: \"127.0.0.1:0\", configWritable: true}\nshutdown: {announce: 0, grace: 1s}\n")
	text := g.must(t, "nodes:", "config", "show", "--file")
	g.must(t, "v1 *", "config", "versions")
	g.file(t, "new.yaml", text+"mounts: [{path: /only}]\n")
	g.must(t, "+mounts:", "config", "diff", "--draft", "new.yaml")
	if out, talk, code := g.ask(t, "config", "diff"); code != 0 || out != "" || !strings.Contains(talk, "no differences") {
		t.Errorf("%d %s %s", code, out, talk)
	}
	g.must(t, "changed mounts", "config", "apply", "new.yaml", "--dry-run")
	if out := g.must(t, "", "config", "show", "--file"); out != text {
		t.Errorf("a dry run wrote the file:\n%s", out)
	}
	g.wrong(t, 1, "v1 is in force by now, not v7", "config", "apply", "new.yaml", "--base", "v7")
	out, talk, code := g.ask(t, "config", "apply", "new.yaml", "--base", "v1", "--reason", "one path")
	if code != 0 || !strings.Contains(out, "v2") || talk != "To undo: twinhop config rollback v1\n" {
		t.Errorf("%d %s %s", code, out, talk)
	}
	if s := g.status(g.http, "/other"); s != 404 {
		t.Errorf("/other: %d", s)
	}
	g.must(t, "v2 * api mounts one path", "config", "versions")
	g.must(t, "-mounts:", "config", "diff", "v2", "v1")
	if old := g.must(t, "", "config", "show", "--version", "v1"); old != text {
		t.Errorf("v1 was\n%s\nand is\n%s", text, old)
	}
	g.must(t, "changed mounts", "config", "rollback", "v1", "--dry-run")
	g.must(t, "changed mounts v3", "config", "rollback", "v1", "--reason", "all paths")
	if s := g.status(g.http, "/other"); s != 200 {
		t.Errorf("/other: %d", s)
	}
	g.must(t, "rollback of v1", "config", "versions")
	g.wrong(t, 4, "no such version", "config", "rollback", "v99")
	g.wrong(t, 2, "two configurations", "config", "diff", "a", "b", "c")
	g.file(t, "wrong.yaml", text+"mounts: [{pth: /only}]\n")
	g.wrong(t, 1, `did you mean "path"?`, "config", "apply", "wrong.yaml")
}

// What a draft of the affinity would have made of messages that passed.
func TestAffinityPreviewVerb(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	g.must(t, "sip call-id from.user http query", "affinity", "sources")
	g.file(t, "users.yaml", "sip: [from.user, call-id]\n")
	p := newPhone(t, g.sip)
	p.call("first")()
	p.call("second")()
	until(t, "the calls are recorded", func() bool {
		return strings.Contains(g.must(t, "messages unchanged", "affinity", "preview", "users.yaml"), "2 SIP")
	})
	g.must(t, "MOST FREQUENT THEN from.user=", "affinity", "preview", "users.yaml")
	g.must(t, `"recorded": 2, "affinity.sip"`, "affinity", "preview", "users.yaml", "-o", "json", "--last", "100")
	g.must(t, "http", "affinity", "get") // still
	g.file(t, "wrong.yaml", "sip: [from.usr]\n")
	g.wrong(t, 1, `did you mean "from.user"?`, "affinity", "preview", "wrong.yaml")
}

// More is logged at once, and less again when the time is over or the configuration is read again.
func TestLogLevelVerb(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	g.must(t, "info", "loglevel")
	g.must(t, "debug", "loglevel", "debug", "--dry-run")
	g.must(t, `"configured": "info"`, "loglevel", "-o", "json")
	if out, talk, code := g.ask(t, "loglevel", "debug", "--for", "10m", "--reason", "a test"); code != 0 || out != "debug\n" || !strings.Contains(talk, "To undo: twinhop loglevel info\n") || !strings.Contains(talk, "a test; then info") {
		t.Errorf("%d %s %s", code, out, talk)
	}
	g.status(g.http, "/")
	until(t, "a request is in the log", func() bool { return strings.Contains(g.log.String(), "level=DEBUG") })
	g.must(t, "", "config", "reload")
	g.must(t, `"level": "info"`, "loglevel", "-o", "json")
	text, err := os.ReadFile(filepath.Join(g.dir, "twinhop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	g.file(t, "twinhop.yaml", string(text)+"telemetry: {log: {level: warn}}\n")
	g.must(t, "changed telemetry.log.level", "config", "reload")
	g.must(t, "warn", "loglevel")
	g.must(t, "debug", "loglevel", "debug")
	if _, talk, code := g.ask(t, "loglevel", "warn"); code != 0 || talk != "To undo: twinhop loglevel debug\n" {
		t.Errorf("%d %s", code, talk)
	}
	g.wrong(t, 1, "debug, info, warn or error", "loglevel", "loud")
	g.wrong(t, 2, "one level", "loglevel", "debug", "info")
	g.wrong(t, 2, "needs a level", "loglevel", "--for", "1m")
	g.must(t, "local loglevel.set", "audit", "--action", "loglevel")
}
