package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSecretsAreMadeOnceAndPrivate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secrets")
	var wg sync.WaitGroup
	made := make([]*Secrets, 8)
	for i := range made { // gateways that start together agree
		wg.Go(func() {
			s, err := Load(name)
			if err != nil {
				t.Error(err)
			}
			made[i] = s
		})
	}
	wg.Wait()
	for _, s := range made[1:] {
		if s == nil || !bytes.Equal(s.current, made[0].current) {
			t.Fatal("two processes have different secrets from one file")
		}
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(name)); len(left) != 1 {
		t.Errorf("files left behind: %v", left)
	}
	if made[0].previous != nil || len(made[0].current) != masterLen {
		t.Errorf("a new file has %d and %d bytes", len(made[0].current), len(made[0].previous))
	}
}

func TestSecretsThatOthersCanReadAreRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secrets")
	if _, err := Load(name); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o610} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(name); !errors.Is(err, ErrSecrets) || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := Load(t.TempDir()); !errors.Is(err, ErrSecrets) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "no", "dir")); !errors.Is(err, ErrSecrets) {
		t.Errorf("no directory: %v", err)
	}
}

func TestParseSecrets(t *testing.T) {
	a := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	b := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, 32))
	s, err := parse([]byte("# words\n\ncurrent " + a + "\n previous\t" + b + "\n"))
	if err != nil || s.current[0] != 1 || s.previous[0] != 2 {
		t.Fatalf("%v, %v", s, err)
	}
	for name, text := range map[string]string{
		"empty": "", "no current": "previous " + a, "twice": "current " + a + "\ncurrent " + b, "short": "current " + a[:40],
		"not base64": "current " + strings.Repeat("!", 44), "unknown": "next " + a, "no key": "current", "words": "current " + a + " x",
		"too long": "current " + a + "\n" + strings.Repeat("# comment\n", 500),
	} {
		_, err := parse([]byte(text))
		if err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), a[:20]) || strings.Contains(err.Error(), "!!!") {
			t.Errorf("%s: the error tells the key: %v", name, err)
		}
	}
}

// The derivation is a contract between releases: gateways of two releases
// must understand each other's hints.
func TestDerivedKeysAreFixedAndDiffer(t *testing.T) {
	s := Secrets{current: bytes.Repeat([]byte{7}, 32), previous: bytes.Repeat([]byte{8}, 32)}
	want := map[string]string{
		SIP:    "f173e3f368c09f726ca194ead742bf05",
		Names:  "9935489f8b5d1f822431fdf393f1c85c",
		Cookie: "2f87e70b598d89bd13ed46745ea12658",
		Admin:  "9c0f2b99cda65fa385a67d6171f25ce5",
	}
	seen := map[string]string{}
	for purpose, hexKey := range want {
		current, previous := s.Key(purpose, 16)
		got := hex.EncodeToString(current)
		if got != hexKey {
			t.Errorf("%s: %s, want %s", purpose, got, hexKey)
		}
		for _, k := range []string{got, hex.EncodeToString(previous)} {
			if other, twice := seen[k]; twice {
				t.Errorf("%s and %s have one key", purpose, other)
			}
			seen[k] = purpose
		}
	}
	if _, previous := (&Secrets{current: s.current}).Key(SIP, 16); previous != nil {
		t.Error("a previous key was made of nothing")
	}
}

func FuzzParseSecrets(f *testing.F) {
	f.Add([]byte("current " + base64.StdEncoding.EncodeToString(make([]byte, 32))))
	f.Add([]byte("# x\nprevious y\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := parse(text); err == nil && len(s.current) != masterLen {
			t.Errorf("%d bytes", len(s.current))
		}
	})
}
