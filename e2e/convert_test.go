package e2e

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// converted puts a gateway before the two Tomcats whose configuration is what
// convert made of the files that httpd and mod_jk had.
func converted(t *testing.T) (*world, []byte) {
	w := &world{t: t, dir: scratch(t), tomcats: tomcats(t)}
	binary, config := built(t, true), filepath.Join(w.dir, "twinhop.yaml")
	run := func(args ...string) (code int, said []byte) {
		t.Helper()
		c := exec.CommandContext(t.Context(), binary, args...)
		c.Dir = "testdata/modjk"
		c.Env = append(os.Environ(), fmt.Sprintf("FIRST_AJP=%d", w.tomcats.nodes[0].AJP), fmt.Sprintf("SECOND_AJP=%d", w.tomcats.nodes[1].AJP))
		said, err := c.CombinedOutput()
		if _, exited := err.(*exec.ExitError); err != nil && !exited {
			t.Fatal(err)
		}
		return c.ProcessState.ExitCode(), said
	}
	w.http = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	w.admin = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	words := []string{"convert", "--workers", "workers.properties", "--urimap", "uriworkermap.properties", "--httpd", "httpd.conf",
		"--listen", strings.TrimPrefix(w.http, "http://"), "-o", config}
	code, report := run(words...)
	if code != 0 {
		t.Fatalf("convert: %d\n%s", code, report)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if code, said := run(words...); code != 1 || !bytes.Contains(said, []byte("--force")) {
		t.Errorf("a file that exists is written over: %d\n%s", code, said)
	}
	if code, said := run("check", "--strict", "-c", config); code != 0 {
		t.Fatalf("check: %d\n%s", code, said)
	}
	if info, err := os.Stat(config); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a file with a secret: %v %v", info.Mode(), err)
	}
	// What no file of mod_jk says.
	if err := os.Mkdir(filepath.Join(w.dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	text = fmt.Appendf(text, "state: {dir: state}\nadmin: {listen: %q}\nshutdown: {announce: 0s, grace: 1s}\n", strings.TrimPrefix(w.admin, "http://"))
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if w.proc, err = launch(w.dir, "twinhop", binary, "run", "-c", config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.strike)
	w.socket = overSocket(filepath.Join(w.dir, "state", "admin.sock"))
	eventually(t, 20*time.Second, "the gateway is ready", func() error { return w.ready() })
	return w, report
}

// The files of a real httpd with mod_jk are converted and run: sessions stay
// where their routes say, what was mapped is served and nothing else is.
func TestConvertedFilesOfModJK(t *testing.T) {
	w, report := converted(t)
	if bytes.Contains(report, []byte("s3cret")) {
		t.Errorf("the report has the secret:\n%s", report)
	}
	for _, n := range []string{"first", "second"} {
		w.health(n, "http", "up")
	}
	spread := map[string]int{}
	for i := range 20 {
		c, node := browser(t), ""
		for hits := range 10 {
			p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
			if err := stays(p, err, &node, hits+1); err != nil {
				t.Fatalf("client %d: %v", i, err)
			}
			if route(p.session) != node {
				t.Fatalf("session %q on %s", p.session, node)
			}
		}
		spread[node]++
	}
	if spread["node1"] != 10 || spread["node2"] != 10 {
		t.Errorf("sessions per node: %v", spread)
	}
	for path, want := range map[string]int{"/app/plain.jsp": 200, "/app/private/page.jsp": 404, "/app/status.jsp": 404, "/jkstatus/": 404, "/": 404, "/old/x": 404, "/behind/plain.jsp": 200} {
		resp, err := directly.Get(w.http + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if own := resp.Header.Get("Cache-Control") == "no-store"; resp.StatusCode != want || own != (want == 404) {
			t.Errorf("%s: %d, by the gateway itself: %v; want %d", path, resp.StatusCode, own, want)
		}
	}
	// The status worker shows what the old one showed, under the old names.
	resp, err := directly.Get(w.http + "/jkstatus?mime=prop")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 200 || !bytes.Contains(shown, []byte("worker.shop.balance_workers=first")) {
		t.Errorf("/jkstatus: %d, %v\n%s", resp.StatusCode, err, shown)
	}
	// /behind ignores session ids: one id is seen by both nodes.
	seen := map[string]bool{}
	for range 6 {
		_, lines := asTold(t, w, request(t, "GET", w.http+"/behind/told.jsp", nil, "Cookie: JSESSIONID=x.node1"))
		seen[lines["node"]] = true
	}
	if !seen["node1"] || !seen["node2"] {
		t.Errorf("without stickiness one id was served by %v", seen)
	}
}
