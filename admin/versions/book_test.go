package versions

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The last versions are there after a restart, numbers go on, and nobody else reads the file.
func TestBookKeepsTheLast(t *testing.T) {
	b := &Book{File: filepath.Join(t.TempDir(), "versions.json")}
	if err := b.Load(); err != nil || b.Now().Number != 0 {
		t.Fatal(err, b.Now())
	}
	for i := range Kept + 5 {
		for range 2 { // the same text once more is no version
			if n, err := b.Add(Version{Text: fmt.Sprint("text ", i), By: By{Source: File, Actor: "ops", Restored: i}, Changed: []string{"a"}}); n != i+1 || err != nil {
				t.Fatal(n, err)
			}
		}
	}
	again := &Book{File: b.File}
	if err := again.Load(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b.All(), again.All()); d != "" || len(b.All()) != Kept {
		t.Errorf("%d: %s", len(b.All()), d)
	}
	if n, err := again.Add(Version{Text: "another"}); n != Kept+6 || err != nil {
		t.Error(n, err)
	}
	for id, want := range map[string]bool{"v1": false, "v5": false, "v7": true, "v26": true, "v27": false, "v07": false, "7": false, "v-7": false, "v+7": false, "": false, "vv7": false} {
		if v, ok := again.Find(id); ok != want || ok && ID(v.Number) != id {
			t.Errorf("%q: %v %d", id, ok, v.Number)
		}
	}
	if info, err := os.Stat(b.File); err != nil || info.Mode() != 0o600 {
		t.Error(info, err)
	}
}

// A file that cannot be believed is told, and the process goes on without it.
func TestBadBooks(t *testing.T) {
	for text, mode := range map[string]os.FileMode{"": 0o600, "{": 0o600, "{}": 0o600, `[{"number":0}]`: 0o600, `[{"number":2},{"number":2}]`: 0o600, "[]": 0o644, `[{"number":"x"}]`: 0o600} {
		b := &Book{File: filepath.Join(t.TempDir(), "versions.json")}
		if err := os.WriteFile(b.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(b.File, mode); err != nil {
			t.Fatal(err)
		}
		if err := b.Load(); err == nil || !strings.Contains(err.Error(), "versions of the configuration") {
			t.Errorf("%q: %v", text, err)
		}
		if n, err := b.Add(Version{Text: "new"}); n != 1 || err != nil {
			t.Errorf("%q: then %d, %v", text, n, err)
		}
	}
	b := &Book{File: t.TempDir()}
	if err := b.Load(); err == nil {
		t.Error("a directory is read")
	}
	if n, err := b.Add(Version{Text: "x"}); n != 1 || err == nil || b.Now().Text != "x" {
		t.Error("what cannot be kept is not even known:", n, err)
	}
}

// A line has the key of what begins there, as people would call it.
func TestKeysOfLines(t *testing.T) {
	got := keys("# é\naffinity:\n  leader: sip\n  ttl: {idle: 1m, max: 2m}\nnodes:\n  - name: a\n    http: x\n  - {name: b}\nlimits:\n  trusted:\n    - 10.0.0.0/8\n")
	want := map[int]string{3: "affinity.leader", 4: "affinity.ttl", 6: "nodes[0]", 7: "nodes[0].http", 8: "nodes[1]", 11: "limits.trusted[0]"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
