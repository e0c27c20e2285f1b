package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// SIGTERM: the gateway says it is leaving, finishes what it has begun, lets calls end, and
// goes with exit status 0.
func TestDrain(t *testing.T) {
	w := set(t, stage{Tomcats: true, Agents: true, Config: "shutdown: {announce: 1s, grace: 30s}\n"})
	phone := newAgent(t, "phone")
	held := mustCall(t, w, phone, alice, bob)

	type result struct {
		page
		err error
	}
	slow := make(chan result, 1)
	go func() {
		p, err := fetch(directly, "GET", w.http+"/app/plain.jsp?ms=3000", nil)
		slow <- result{p, err}
	}()
	time.Sleep(300 * time.Millisecond) // the slow request is under way
	if err := syscall.Kill(w.proc.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, 900*time.Millisecond, "readyz says no", func() error {
		if w.ready() == nil {
			return fmt.Errorf("still ready")
		}
		return nil
	})
	if p, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil); err != nil {
		t.Errorf("while the departure is announced: %+v, %v; want to be served", p, err)
	}
	if r := <-slow; r.err != nil || !r.whole {
		t.Errorf("the request under way: %+v, %v", r.page, r.err)
	}

	eventually(t, 10*time.Second, "new calls are refused", func() error {
		c, err := phone.invite(w.external, "sip:late@e2e.invalid", bob, "")
		if err == nil {
			_, _ = c.bye()
			return fmt.Errorf("a new call was taken by %s", c.node)
		}
		if c.setUp == nil || c.setUp.status() != http.StatusServiceUnavailable {
			t.Fatalf("a new call: %v, want 503", err)
		}
		if after, err := strconv.Atoi(c.setUp.get("Retry-After")); err != nil || after < 1 {
			t.Errorf("Retry-After is %q", c.setUp.get("Retry-After"))
		}
		return nil
	})
	if !w.proc.running() {
		t.Fatal("the gateway left while a call was held")
	}
	if r, err := held.bye(); err != nil || r.status() != 200 || r.get("X-Node") != held.node {
		t.Errorf("BYE of the held call: %v, %v", r, err)
	}
	if err := w.proc.wait(15 * time.Second); err != nil {
		t.Errorf("after the last call: %v, want exit status 0", err)
	}
}

// A configuration with faults is refused with all of them, before anything is bound.
func TestFaultsInTheConfiguration(t *testing.T) {
	binary, dir := built(t, true), scratch(t)
	const text = "version: 1\nnodes:\n  - {name: node1, weigth: 3}\nafinity: {}\n"
	path := dir + "/twinhop.yaml"
	write(t, path, text)
	for _, verb := range []string{"check", "run"} {
		p, err := launch(dir, verb, binary, verb, "-c", path)
		if err != nil {
			t.Fatal(err)
		}
		_ = p.wait(20 * time.Second)
		if code := p.cmd.ProcessState.ExitCode(); code != 3 {
			t.Errorf("%s ended with %d, want 3", verb, code)
		}
		contains(t, p.log, "twinhop.yaml:3:", `"weight"`, "twinhop.yaml:4:1", `"affinity"`)
	}
}
