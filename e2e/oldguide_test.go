package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The commands of the guide do what it says, with nodes that send heartbeats by Java RMI and do not know who takes them. A
// call that began before the configuration was converted goes on behind it. The old balancer itself is not there: what stops
// and starts it does nothing.
func TestOldBalancerGuide(t *testing.T) {
	t.Parallel() // it waits more than it works
	need(t, "curl", "bash")
	dir, binary := scratch(t), built(t, true)
	port := func() (string, string) { p := freePort(t); return fmt.Sprint(p), fmt.Sprintf("127.0.0.1:%d", p) }
	external, phones := port()
	internal, _ := port()
	web, _ := port()
	rmi, registry := port()
	object, _ := port()
	admin, _ := port()
	for _, d := range []string{"bin", "work", "state"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(binary, filepath.Join(dir, "bin", "twinhop")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bin", "systemctl"), []byte("#!/bin/sh\ntest \"$2\" = sip-balancer\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/restcomm/two-ports.properties")
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("@EXTERNAL@", external, "@INTERNAL@", internal, "@HTTP@", web, "@RMI@", rmi, "@OBJECT@", object)
	put(t, filepath.Join(dir, "work", "lb.properties"), []byte(fill.Replace(string(text))+"statisticPort="+admin+"\n"))

	w := &world{t: t, dir: dir, external: phones, http: "http://127.0.0.1:" + web}
	newOldNode(t, w, "node1", registry, "rmi")
	newOldNode(t, w, "node2", registry, "rmi")
	sh := newShell(t, filepath.Join(dir, "work"), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "STATE_DIRECTORY="+filepath.Join(dir, "state"))
	here := strings.NewReplacer(":2080/", ":"+web+"/")
	phone := newAgent(t, "phone")
	var held *call
	after := map[int]func(){
		3: func() { // taken over
			w.sessions(t)
			held = mustCall(t, w, phone, alice, bob)
		},
		4: func() {
			if said, code := sh.run("twinhop nodes list"); code != 0 || !strings.Contains(said, "node1") || !strings.Contains(said, "node2") {
				t.Errorf("nodes list: %d %s", code, said)
			}
			if said, _ := sh.run("curl -s http://127.0.0.1:" + admin + "/lbstat"); !strings.Contains(said, `"activeNodes"`) {
				t.Errorf("lbstat: %s", said)
			}
		},
		6: func() { // converted
			if r, err := held.bye(); err != nil || r.status() != 200 || r.get("X-Node") != held.node {
				t.Errorf("BYE of a call that began before: %v, %v", r, err)
			}
			w.sessions(t)
		},
	}
	steps := guide(t, "../docs/restcomm.md", "Five steps")
	for i, s := range steps {
		said, code := sh.run(here.Replace(s.command))
		if code != 0 || s.prints != "" && squeeze(said) != squeeze(s.prints) {
			log, _ := os.ReadFile(filepath.Join(dir, "work", "shell.log"))
			t.Fatalf("$ %s\nended with %d and printed %q, want %q\n%s", s.command, code, said, s.prints, bytes.TrimSpace(log))
		}
		if i+1 == len(steps) || steps[i+1].block != s.block {
			if do := after[s.block]; do != nil {
				do()
				delete(after, s.block)
			}
		}
	}
	if len(steps) < 11 || len(after) > 0 {
		t.Errorf("%d commands; blocks that were not there: %d", len(steps), len(after))
	}
	if _, err := net.Dial("tcp", registry); err != nil {
		t.Errorf("at the end nobody takes heartbeats: %v", err)
	}
	sh.run("kill %1; wait")
}
