package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A file with a secret is for its owner alone, also where it takes the place
// of one that everybody could read; what is there is not touched unasked.
func TestConvertWritesFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string, mode fs.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	look := func(name string) (string, fs.FileMode) {
		t.Helper()
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text), info.Mode().Perm()
	}
	put("open", "worker.list=ajp13\nworker.ajp13.mount=/*\n", 0o644)
	put("secret", "worker.list=ajp13\nworker.ajp13.mount=/*\nworker.ajp13.secret=s3cret\n", 0o644)
	put("old.yaml", "old", 0o644)
	for _, c := range []struct {
		workers, out string
		force        bool
		code         int
		mode         fs.FileMode
	}{
		{"open", "new.yaml", false, 0, 0o644},
		{"secret", "secret.yaml", false, 0, 0o600},
		{"secret", "old.yaml", false, 1, 0o644},
		{"secret", "old.yaml", true, 0, 0o600},
		{"open", "old.yaml", true, 0, 0o644},
	} {
		args := []string{"convert", "--workers", c.workers, "-o", c.out}
		if c.force {
			args = append(args, "--force")
		}
		var stderr bytes.Buffer
		p := program(t, dir, args...)
		p.Stderr = &stderr
		if code := exitCode(t, p.Run()); code != c.code {
			t.Errorf("%v: %d, want %d\n%s", args, code, c.code, stderr.String())
		}
		text, mode := look(c.out)
		if mode != c.mode || (text == "old") != (c.code != 0) {
			t.Errorf("%v: mode %v, want %v; %d bytes", args, mode, c.mode, len(text))
		}
		if bytes.Contains(stderr.Bytes(), []byte("s3cret")) {
			t.Errorf("%v tells the secret:\n%s", args, stderr.String())
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".twinhop-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// A file with the password of a keystore is for its owner alone, and nothing that is printed has it.
func TestConvertKeepsPasswords(t *testing.T) {
	dir := t.TempDir()
	store, err := os.ReadFile("certs/keystore/testdata/one.jks")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"lb.jks": string(store), "lb.properties": "externalPort=5060\nexternalWssPort=5063\ninternalPort=5065\njavax.net.ssl.keyStore=lb.jks\njavax.net.ssl.keyStorePassword=changeit\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var printed bytes.Buffer
	for _, args := range [][]string{{"convert", "--lb", "lb.properties", "-o", "new.yaml"}, {"check", "--lb", "lb.properties"}, {"check", "-c", "new.yaml"}} {
		p := program(t, dir, args...)
		p.Stdout, p.Stderr = &printed, &printed
		if code := exitCode(t, p.Run()); code != 0 {
			t.Errorf("%v: %d\n%s", args, code, printed.String())
		}
	}
	info, err := os.Stat(filepath.Join(dir, "new.yaml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if strings.Contains(printed.String(), "changeit") || !strings.Contains(printed.String(), "keyStore") {
		t.Errorf("the password is told, or nothing is:\n%s", printed.String())
	}
}

// What is no file, such as /dev/null, is written to, and not replaced by one.
func TestConvertWritesToWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "workers"), []byte("worker.list=ajp13\nworker.ajp13.mount=/*\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, force := range []string{"--force", "--force=false"} {
		if code := exitCode(t, program(t, dir, "convert", "--workers", "workers", "-o", "pipe", force).Run()); code != 0 {
			t.Errorf("%s: exit code %d", force, code)
		}
		if info, err := os.Lstat(pipe); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
			t.Fatal(force, "the pipe was replaced:", info, err)
		}
		buf := make([]byte, 64<<10)
		n, err := f.Read(buf)
		if err != nil || !bytes.Contains(buf[:n], []byte("version: 1")) {
			t.Errorf("%s: %v, %q", force, err, buf[:n])
		}
	}
	out, err := program(t, dir, "convert", "--workers", "workers", "-o", "-").Output()
	if err != nil || !bytes.Contains(out, []byte("version: 1")) {
		t.Errorf("-o -: %v %q", err, out)
	}
}
