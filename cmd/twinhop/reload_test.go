package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// SIGHUP puts the file as it is now into force; a call that is held goes on.
// A file that is not valid changes nothing, and the log says where it is wrong.
func TestHangup(t *testing.T) {
	n := startNode(t)
	g := startGateway(t, n, "{announce: 0, grace: 1s}")
	n.release()
	name := filepath.Join(g.dir, "twinhop.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	hangup := func(more, told string) {
		t.Helper()
		if err := os.WriteFile(name, append([]byte(more), text...), 0o600); err != nil {
			t.Fatal(err)
		}
		before := strings.Count(g.log.String(), told)
		g.Process.Signal(syscall.SIGHUP)
		until(t, told, func() bool { return strings.Count(g.log.String(), told) > before })
	}
	p := newPhone(t, g.sip)
	hangUp := p.call("held")
	metric := func(want string) {
		t.Helper()
		r, err := client.Get("http://" + g.admin + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		page, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(page), "\ntwinhop_config_last_reload_successful "+want+"\n") {
			t.Errorf("the metrics do not say %s of the last reload (%v)", want, err)
		}
	}
	metric("1")
	hangup("mounts: [{path: /only}]\n", "the configuration was reloaded")
	if s := g.status(g.http, "/only"); s != 200 {
		t.Errorf("/only: %d", s)
	}
	if s := g.status(g.http, "/other"); s != 404 {
		t.Errorf("/other: %d", s)
	}
	hangup("mounts: [{path: other, pol: x}]\n", "the configuration in force stays")
	metric("0")
	if s := g.status(g.http, "/only"); s != 200 {
		t.Errorf("after a wrong file: /only: %d", s)
	}
	for _, said := range []string{`place=twinhop.yaml:1:24`, `key=mounts[0].pol`, `hint="did you mean \"pool\"?"`} {
		if !strings.Contains(g.log.String(), said) {
			t.Errorf("the log does not say %s", said)
		}
	}
	hangup("limits: {http: {headerTimeout: 7s}}\n", "these keys count after a restart only")
	metric("1")
	if answer := hangUp(); !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Errorf("BYE: %s", answer)
	}
	g.Process.Signal(syscall.SIGTERM)
	if code := g.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	audit, err := os.ReadFile(filepath.Join(g.dir, "state", "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var results []string
	for line := range strings.Lines(string(audit)) {
		var e struct{ Via, Action, Result string }
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Via != "signal" || e.Action != "config.reload" {
			t.Errorf("%s %v", line, err)
		}
		results = append(results, e.Result)
	}
	if !slices.Equal(results, []string{"ok", "refused", "ok"}) {
		t.Errorf("the audit has %q", results)
	}
}
