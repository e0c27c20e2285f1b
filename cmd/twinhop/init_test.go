package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What init writes, the program runs by; it is never written over by mistake; old files are known by what is in them.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	run := func(code int, says string, args ...string) string {
		t.Helper()
		out, err := program(t, dir, args...).CombinedOutput()
		if got := exitCode(t, err); got != code || !strings.Contains(string(out), says) {
			t.Errorf("%v: %d %s, want %d and %q", args, got, out, code, says)
		}
		return string(out)
	}
	run(0, "twinhop check -c new.yaml", "init", "--file", "new.yaml")
	run(0, "no problems", "check", "-c", "new.yaml", "--strict")
	run(1, "exists", "init", "--file", "new.yaml")
	run(0, "", "init", "--file", "new.yaml", "--force")
	if text, err := os.ReadFile(filepath.Join(dir, "new.yaml")); err != nil || run(0, "version: 1", "init") != string(text) {
		t.Error("the file is another text than what is printed", err)
	}
	for name, text := range map[string]string{
		"jk.txt":   "# of mod_jk\nworker.list=w1\nworker.w1.host=10.0.0.1\nworker.w1.port=8009\n",
		"map.txt":  "/app/*=w1\n",
		"lb.txt":   "# of a balancer\nhost=127.0.0.1\nexternalUdpPort=5060\ninternalUdpPort=5065\n",
		"conf.txt": "Listen 80\nJkWorkersFile jk.txt\nJkMount /app/* w1\n",
		"any.txt":  "hello\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(0, "ajp://10.0.0.1:8009", "init", "--from", "jk.txt", "--from", "map.txt")
	run(0, "5 used", "init", "--from", "conf.txt", "--file", "from.yaml", "--force")
	run(0, "udp://127.0.0.1:5060", "init", "--from", "lb.txt")
	run(2, "no file that is known", "init", "--from", "any.txt")
	run(2, "another file of this kind", "init", "--from", "jk.txt", "--from", "jk.txt")
	run(2, "do not go together", "init", "--from", "jk.txt", "--from", "lb.txt")
	run(1, "absent.txt", "init", "--from", "absent.txt")
	run(2, "no argument", "init", "x")
}

// What is commented out in the starter and says that it is a default, or is ready to be used, is understood.
func TestStarterIsUnderstoodWithoutItsMarks(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	for line := range strings.Lines(string(starter)) {
		if trimmed := strings.TrimPrefix(line, "# "); trimmed != line && strings.Contains(trimmed, ": {") {
			line = trimmed
		}
		b.WriteString(line)
	}
	if n := strings.Count(b.String(), "\nhealth:") + strings.Count(b.String(), "\nstate:") + strings.Count(b.String(), "\nshutdown:"); n != 3 {
		t.Fatalf("%d keys were commented out:\n%s", n, b.String())
	}
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := program(t, dir, "check", "-c", "all.yaml").CombinedOutput(); err != nil {
		t.Errorf("%v %s", err, out)
	}
}
