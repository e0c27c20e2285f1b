package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unpacked are the files of a bundle.
func unpacked(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for r := tar.NewReader(z); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(head.Name)] = string(body)
	}
}

// The bundle has the state of the gateway, none of its secrets, and of what the user may not see it says so.
func TestSupport(t *testing.T) {
	n := startNode(t)
	n.release()
	g := startGatewayOf(t, n, "admin: {listen: \"127.0.0.1:0\"}\nshutdown: {announce: 0, grace: 1s}\ntelemetry: {hep: {addr: \"udp://127.0.0.1:9\", password: \"whisper-7731\"}}\n")
	c := program(t, g.dir, "user", "add", "ops", "--role", "admin", "--socket", "state/admin.sock")
	c.Stdin = strings.NewReader("correct horse 77 battery\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	viewer := strings.TrimSpace(g.must(t, "", "token", "create", "look", "-q"))
	if s := g.status(g.http, "/?appsession=verysecretsession"); s != 200 {
		t.Fatal(s)
	}
	g.must(t, "all.tar.gz", "support", "--file", "all.tar.gz")
	all := unpacked(t, filepath.Join(g.dir, "all.tar.gz"))
	for name, word := range map[string]string{"version.json": "twinhop", "nodes.json": "node1", "config.json": "leader", "metrics.txt": "twinhop_build_info", "audit.json": "user.add", "contents.txt": "overview.json"} {
		if !strings.Contains(all[name], word) {
			t.Errorf("%s does not say %s: %.200s", name, word, all[name])
		}
	}
	if strings.Contains(all["contents.txt"], "missing") || len(all) < 13 {
		t.Errorf("%d files\n%s", len(all), all["contents.txt"])
	}
	secrets, err := os.ReadFile(filepath.Join(g.dir, "state", "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range all {
		for _, secret := range append(strings.Fields(string(secrets)), "whisper-7731", viewer, "correct horse", "verysecretsession") {
			if len(secret) > 10 && strings.Contains(text, secret) {
				t.Errorf("%s has a secret", name)
			}
		}
	}
	if info, err := os.Stat(filepath.Join(g.dir, "all.tar.gz")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	g.wrong(t, 1, "exists", "support", "--file", "all.tar.gz")
	if out, code := g.by(t, []string{"TWINHOP_TOKEN=" + viewer}, "support", "--addr", "http://"+g.admin, "--file", "some.tar.gz"); code != 0 {
		t.Errorf("%d %s", code, out)
	}
	if some := unpacked(t, filepath.Join(g.dir, "some.tar.gz")); !strings.Contains(some["contents.txt"], "audit.json is missing: Not allowed") || !strings.Contains(some["nodes.json"], "node1") {
		t.Errorf("of a viewer: %s", some["contents.txt"])
	}
	g.wrong(t, 1, "is it running", "support", "--socket", "absent.sock", "--file", "none.tar.gz")
	if _, err := os.Stat(filepath.Join(g.dir, "none.tar.gz")); err == nil {
		t.Error("a bundle of nothing")
	}
}
