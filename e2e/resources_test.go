package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// boxes puts up the four boxes of OpenSIPS' tutorial behind a gateway. It
// returns the last of them as well.
func boxes(t *testing.T) (w *world, last *sippRun) {
	w = &world{t: t, dir: scratch(t)}
	at := func() string { return fmt.Sprintf("127.0.0.1:%d", freePort(t)) }
	w.external, w.admin = at(), "http://"+at()
	var b strings.Builder
	fmt.Fprintf(&b, "listen: {sip: {external: [\"udp://%s\"], internal: [\"udp://%s\"]}}\nnodes:\n", w.external, at())
	for i, capacity := range []string{"transc: 30, pstn: 32", "vm: 100, transc: 10", "vm: 50, conf: 300", "vm: 10, conf: 10, transc: 10, pstn: 32"} {
		port := freePort(t)
		last = sippNode(t, w.dir, fmt.Sprintf("node%d", i+1), port)
		fmt.Fprintf(&b, "  - {name: box%d, sip: [\"udp://127.0.0.1:%d\"], capacity: {%s}}\n", i+1, port, capacity)
	}
	fmt.Fprintf(&b, `sip:
  balance: resources
  resources:
    rules:
      - {user: "^both$", needs: [transc, pstn]}
      - {user: "^line$", needs: [pstn]}
    unmatched: refuse
health: {sip: {interval: 1s}}
admin: {listen: %q}
state: {dir: state}
shutdown: {announce: 0s, grace: 100ms}
`, strings.TrimPrefix(w.admin, "http://"))
	w.raise(b.String())
	return w, last
}

// raise starts a gateway with this configuration, and stops it when the test ends.
func (w *world) raise(config string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "twinhop.yaml"), []byte(config), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "state"), 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.startBoxes()
	w.t.Cleanup(w.strike)
}

// stillHeld gives up where so much time went by that the calls begun then are about to be hung up.
func stillHeld(t *testing.T, begin time.Time, held time.Duration) {
	t.Helper()
	spent := time.Since(begin)
	switch {
	case spent <= held-5*time.Second:
	case os.Getenv("CI") == "true":
		t.Fatalf("this machine is too slow: %v of the %v that calls are held", spent, held)
	default:
		t.Skipf("this machine was too slow: %v of the %v that calls are held", spent, held)
	}
}

func (w *world) startBoxes() {
	var err error
	if w.proc, err = launch(w.dir, "twinhop", built(w.t, true), "run", "-c", "twinhop.yaml"); err != nil {
		w.t.Fatal(err)
	}
	w.socket = overSocket(filepath.Join(w.dir, "state", "admin.sock"))
	eventually(w.t, 20*time.Second, "the gateway is ready", w.ready)
}

// only lets new calls go to the boxes named.
func (w *world) only(boxes ...string) {
	w.t.Helper()
	for i := range 4 {
		name, is := fmt.Sprintf("box%d", i+1), "disabled"
		if slices.Contains(boxes, name) {
			is = "active"
		}
		if err := w.ask("PATCH", "/api/v1/nodes/"+name, map[string]any{"activation": is, "force": true}, &struct{}{}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// inUse is what calls take of two resources on the four boxes.
func (w *world) inUse() string {
	var list struct {
		Items []struct {
			Node      string
			Resources []struct {
				Name string
				Used int
			}
		}
	}
	if err := w.ask("GET", "/api/v1/resources", nil, &list); err != nil {
		return err.Error()
	}
	var all []string
	for _, x := range list.Items {
		n := map[string]int{}
		for _, r := range x.Resources {
			n[r.Name] = r.Used
		}
		all = append(all, fmt.Sprintf("%d/%d", n["transc"], n["pstn"]))
	}
	return strings.Join(all, " ")
}

func (w *world) used(want string) {
	w.t.Helper()
	eventually(w.t, 20*time.Second, "in use is "+want, func() error {
		if got := w.inUse(); got != want {
			return fmt.Errorf("%s", got)
		}
		return nil
	})
}

// hold has calls placed to a user and held till they are hung up.
func (w *world) hold(name, user string, calls int, d time.Duration) *sippRun {
	args := callerArgs(freePort(w.t), w.external, load{rate: 20, calls: calls, hold: d})
	args[1] = user
	return sipp(w.t, w.dir, "held"+name, args...)
}

// answered counts the calls that got an answer of this code, to all of their
// requests if that is 200.
func (r *sippRun) answered(code string) int {
	all, err := r.messages()
	if err != nil {
		return -1
	}
	calls := map[string]map[string]bool{}
	for _, l := range all {
		if !l.sent && strings.HasPrefix(l.start, "SIP/2.0 "+code) {
			if calls[l.call] == nil {
				calls[l.call] = map[string]bool{}
			}
			calls[l.call][l.cseq] = true
		}
	}
	n := 0
	for _, seen := range calls {
		if code != "200" || len(seen) == 2 {
			n++
		}
	}
	return n
}

// The numbers of OpenSIPS' tutorial with real calls: box 1 has 10/18 and box 4
// 9/16 in use; of 20 more calls box 1 gets 14 and box 4 one, 5 are refused. A
// restart forgets none of them, and when they have hung up nothing is in use,
// nor of a box that dies.
func TestResourcesOfTheTutorial(t *testing.T) {
	t.Parallel() // it waits more than it works
	w, box4 := boxes(t)
	const held = 25 * time.Second
	begin := time.Now()
	w.only("box1")
	callers := []*sippRun{w.hold("1", "both", 10, held), w.hold("2", "line", 8, held)}
	w.used("10/18 0/0 0/0 0/0")
	w.only("box4")
	callers = append(callers, w.hold("3", "both", 9, held), w.hold("4", "line", 7, held))
	w.used("10/18 0/0 0/0 9/16")
	w.only("box1", "box2", "box3", "box4")
	last := w.hold("5", "both", 20, held)
	w.used("24/32 0/0 0/0 10/17")
	eventually(t, 10*time.Second, "5 are refused", func() error {
		if n := last.answered("503"); n != 5 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	// The same by OpenSIPS' own command.
	var reply struct {
		Result struct {
			Destinations []struct {
				ID        int
				Enabled   string
				Resources []struct {
					Name      string
					Max, Load int
				}
			}
		}
	}
	if err := w.ask("POST", "/api/v1/rpc", map[string]any{"jsonrpc": "2.0", "method": "lb_list", "id": 1}, &reply); err != nil {
		t.Fatal(err)
	}
	if all := reply.Result.Destinations; len(all) != 4 || all[3].Enabled != "yes" || fmt.Sprint(all[3].Resources) != "[{conf 10 0} {pstn 32 17} {transc 10 10} {vm 10 0}]" {
		t.Errorf("%+v", all)
	}
	stillHeld(t, begin, held)
	if err := w.proc.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := w.proc.wait(10 * time.Second); err != nil {
		t.Error(err)
	}
	w.startBoxes()
	w.used("24/32 0/0 0/0 10/17")
	for i, c := range append(callers, last) {
		if err := c.wait(held + 30*time.Second); err != nil {
			t.Errorf("caller %d: %v", i+1, err)
		}
		if n, want := c.answered("200"), []int{10, 8, 9, 7, 15}[i]; n != want {
			t.Errorf("caller %d: %d calls and their BYEs were answered, want %d", i+1, n, want)
		}
	}
	w.used("0/0 0/0 0/0 0/0")
	w.only("box4")
	w.hold("6", "both", 3, time.Minute)
	w.used("0/0 0/0 0/0 3/3")
	box4.kill()
	w.used("0/0 0/0 0/0 0/0")
	text, _ := os.ReadFile(w.proc.log)
	if n := strings.Count(string(text), "transc of node box4 in pool default is full"); n != 1 {
		t.Errorf("that box4 is full was told %d times", n)
	}
}
