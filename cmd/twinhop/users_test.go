package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// Users and tokens by the command line, against a running program.
func TestUserAndTokenVerbs(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	with := func(password string, args ...string) (int, string) {
		t.Helper()
		c := program(t, g.dir, args...)
		c.Env = append(c.Env, "TWINHOP_SOCKET="+filepath.Join(g.dir, "state", "admin.sock"))
		var out bytes.Buffer
		c.Stdin, c.Stdout, c.Stderr = strings.NewReader(password+"\n"), &out, &out
		return exitCode(t, c.Run()), out.String()
	}
	if code, out := with("a long and quiet river", "user", "add", "bob"); code != 1 || !strings.Contains(out, "no admin") {
		t.Errorf("a first user who is no admin: %d %s", code, out)
	}
	if code, out := with("a long and quiet river", "user", "add", "ada", "--role", "admin"); code != 0 || !strings.Contains(out, "ada is admin\n") || !strings.Contains(out, "To undo: twinhop user rm ada\n") {
		t.Fatalf("%d %s", code, out)
	}
	if code, out := with("short", "user", "add", "bob"); code != 1 || !strings.Contains(out, "at least 12") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := with("a long and quiet river", "user", "add", "bob"); code != 0 {
		t.Errorf("%d %s", code, out)
	}
	g.must(t, "bob is operator", "user", "role", "bob", "operator", "--reason", "a test")
	g.must(t, "ACTOR local user.set user:bob ok a test", "audit", "--action", "user")
	g.must(t, "socket role", "audit", "--since", "1h", "-o", "wide")
	g.wrong(t, 2, "--until", "audit", "--until", "later")
	g.must(t, `"action": "user.add"`, "audit", "--result", "refused", "-o", "json")
	g.must(t, "USER ada admin bob operator", "user", "list")
	if code, out := with("a short and loud brook", "user", "passwd", "bob"); code != 0 {
		t.Errorf("%d %s", code, out)
	}
	g.wrong(t, 1, "no admin", "user", "rm", "ada")
	g.must(t, "gone", "user", "rm", "bob", "--revoke-tokens")
	g.wrong(t, 4, "no user", "user", "rm", "bob")

	signed := strings.TrimSpace(g.must(t, "eyJ", "token", "create", "ci", "--role", "operator", "--life", "1h"))
	list := g.must(t, "ci operator local", "token", "list")
	if strings.Contains(list, signed) || strings.Count(signed, ".") != 2 {
		t.Errorf("%s\n%s", signed, list)
	}
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	g.wrong(t, 1, "There is a token of this name", "token", "create", "ci")
	g.must(t, "revoked", "token", "revoke", id)
	g.wrong(t, 4, "no token", "token", "revoke", "x")
	g.wrong(t, 1, "from 1m", "token", "create", "cd", "--life", "9000h")
}
