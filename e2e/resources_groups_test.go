package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// groups puts up two gates to the telephone network and two application
// servers behind a gateway that gives the calls of "line" to the gates.
func groups(t *testing.T) (w *world, nodes map[string]*sippRun) {
	w, nodes = &world{t: t, dir: scratch(t)}, map[string]*sippRun{}
	at := func() string { return fmt.Sprintf("127.0.0.1:%d", freePort(t)) }
	w.external, w.admin = at(), "http://"+at()
	var b strings.Builder
	fmt.Fprintf(&b, "listen: {sip: {external: [\"udp://%s\"], internal: [\"udp://%s\"]}}\nnodes:\n", w.external, at())
	for i, name := range []string{"gate1", "gate2", "app1", "app2"} {
		port := freePort(t)
		nodes[name] = sippNode(t, w.dir, fmt.Sprintf("node%d", i+1), port)
		fmt.Fprintf(&b, "  - {name: %s, sip: [\"udp://127.0.0.1:%d\"], capacity: {line: 6}}\n", name, port)
	}
	fmt.Fprintf(&b, `pools:
  default: {nodes: [app1, app2]}
  gates: {nodes: [gate1, gate2], realm: gates, balance: resources, health: {sip: {mode: down}}}
sip:
  resources:
    rules:
      - {user: "^line$", pool: gates, needs: [line]}
health: {sip: {interval: 1s}}
admin: {listen: %q}
state: {dir: state}
shutdown: {announce: 0s, grace: 100ms}
`, strings.TrimPrefix(w.admin, "http://"))
	w.raise(b.String())
	return w, nodes
}

// lines checks what is in use of each node of the pool "gates", and that none
// is of the others.
func (w *world) lines(want string) {
	w.t.Helper()
	eventually(w.t, 20*time.Second, "lines in use are "+want, func() error {
		var list struct {
			Items []struct {
				Pool, Node string
				Resources  []struct{ Used int }
			}
		}
		if err := w.ask("GET", "/api/v1/resources", nil, &list); err != nil {
			return err
		}
		var got []string
		for _, x := range list.Items {
			switch n := x.Resources[0].Used; {
			case x.Pool == "gates":
				got = append(got, fmt.Sprint(n))
			case n != 0:
				got = append(got, x.Pool+"/"+x.Node)
			}
		}
		if text := strings.Join(got, " "); text != want {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
}

// users counts the calls that a node got, by who was called.
func (r *sippRun) users(t *testing.T) map[string]int {
	all, err := r.messages()
	if err != nil {
		t.Fatal(err)
	}
	users, seen := map[string]int{}, map[string]bool{}
	for _, l := range all {
		_, rest, _ := strings.Cut(l.start, "INVITE sip:")
		if user, _, ok := strings.Cut(rest, "@"); ok && !seen[l.call] {
			seen[l.call] = true
			users[user]++
		}
	}
	return users
}

// Calls of two groups stay in theirs: while they are held, over a restart, when
// an operator disables a node there, and when a node of the group dies.
func TestGroupsByRule(t *testing.T) {
	t.Parallel() // it waits more than it works
	w, nodes := groups(t)
	const held = 12 * time.Second
	begin := time.Now()
	callers := []*sippRun{w.hold("1", "line", 6, held), w.hold("2", "other", 4, held)}
	w.lines("3 3")
	stillHeld(t, begin, held)
	if err := w.proc.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := w.proc.wait(10 * time.Second); err != nil {
		t.Error(err)
	}
	w.startBoxes()
	w.lines("3 3")
	w.answered(callers, held, 6, 4)
	w.lines("0 0")

	status := func(enabled int) {
		t.Helper()
		var reply struct{ Result string }
		ask := map[string]any{"jsonrpc": "2.0", "method": "lb_status", "params": []any{"gates/gate1", enabled}, "id": 1}
		if err := w.ask("POST", "/api/v1/rpc", ask, &reply); err != nil || reply.Result != "OK" {
			t.Fatalf("%q %v", reply.Result, err)
		}
	}
	status(0)
	w.answered([]*sippRun{w.hold("3", "line", 5, time.Second)}, time.Second, 5)
	status(1)
	nodes["gate2"].kill() // which nobody notices before a call does
	w.answered([]*sippRun{w.hold("4", "line", 6, time.Second)}, time.Second, 6)
	w.lines("0 0")
	if text, _ := os.ReadFile(w.proc.log); !strings.Contains(string(text), "sip of node gate2 was up and is down") {
		t.Error("nobody noticed that gate2 is dead")
	}
	for name, want := range map[string]string{"gate1": "map[line:9]", "gate2": "map[line:8]", "app1": "map[other:2]", "app2": "map[other:2]"} {
		if got := fmt.Sprint(nodes[name].users(t)); got != want {
			t.Errorf("%s got %s, want %s", name, got, want)
		}
	}
}

// answered waits for callers and checks how many calls of each were answered
// and hung up.
func (w *world) answered(callers []*sippRun, held time.Duration, want ...int) {
	w.t.Helper()
	for i, c := range callers {
		if err := c.wait(held + 30*time.Second); err != nil {
			w.t.Errorf("caller %d: %v", i+1, err)
		}
		if n := c.answered("200"); n != want[i] {
			w.t.Errorf("caller %d: %d calls and their BYEs were answered, want %d", i+1, n, want[i])
		}
	}
}
