package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinhop/admin/stamp"
)

var quiet = slog.New(slog.DiscardHandler)

func open(t *testing.T, path string, maxBytes int64) *Book {
	t.Helper()
	b, err := Open(path, maxBytes, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func deed(actor string) Entry {
	return Entry{At: stamp.Of(time.Unix(1000, 0)), Actor: actor, Via: "socket", Action: "node.set", Result: OK}
}

// What was written down outlives the process, and the numbers go on.
func TestOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	b := open(t, path, 1<<20)
	for i := range 3 {
		b.Add(deed(fmt.Sprint("ada", i)))
	}
	b.Close()
	// A crash cut the last line.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"id":"a_4","actor":"cut`)
	f.Close()
	os.Chmod(path, 0o644)
	b = open(t, path, 1<<20)
	if e := b.Add(deed("bob")); e.ID != "a_4" {
		t.Errorf("the next is %s", e.ID)
	}
	got := b.back()
	if len(got) != 4 || got[0].Actor != "bob" || got[3].Actor != "ada0" || !got[3].When().Equal(time.Unix(1000, 0)) {
		t.Errorf("%d kept: %+v", len(got), got)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st.Mode(), err)
	}
	text, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 5 || !json.Valid([]byte(lines[4])) {
		t.Errorf("the file has %d lines, the last %s", len(lines), lines[4])
	}
}

// A full file makes room for the next; the oldest of them goes.
func TestFilesTurn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	b := open(t, path, 2000)
	for i := range 200 {
		b.Add(deed(fmt.Sprintf("ada%03d", i)))
	}
	all, _ := filepath.Glob(path + "*")
	if len(all) != Files+1 {
		t.Errorf("files: %v", all)
	}
	for _, name := range all {
		st, err := os.Stat(name)
		if err != nil || st.Size() > 2000 || st.Size() == 0 || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}
	newest, _ := os.ReadFile(path)
	before, _ := os.ReadFile(path + ".1")
	if !bytes.Contains(newest, []byte("ada199")) || bytes.Contains(before, []byte("ada199")) || len(before) < 1000 {
		t.Errorf("%s", newest)
	}
	b.Close()
	b = open(t, path, 2000)
	if e := b.Add(deed("bob")); e.ID != "a_201" {
		t.Errorf("the next is %s", e.ID)
	}
	if got := b.back(); len(got) < 10 || got[1].Actor != "ada199" || got[9].Actor != "ada191" {
		t.Errorf("%d are read again", len(got))
	}
}

// Only so many are in memory, whatever the file has.
func TestMemoryIsBounded(t *testing.T) {
	b := open(t, "", 0)
	for range Kept + 10 {
		b.Add(deed("ada"))
	}
	if got := b.back(); len(got) != Kept || got[0].ID != fmt.Sprint("a_", Kept+10) {
		t.Errorf("%d kept, the newest %s", len(got), got[0].ID)
	}
}

// A file that nobody can write is told, and not found out later.
func TestFileThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "missing", "audit.jsonl"), 1000, quiet); err == nil {
		t.Error("opened in a directory that is not there")
	}
	if _, err := Open(dir, 1000, quiet); err == nil {
		t.Error("a directory was opened")
	}
}

func TestValuesAreBounded(t *testing.T) {
	if v := Value(strings.Repeat("x", 5000)); string(v) != `"5002 bytes"` {
		t.Errorf("%.50s", v)
	}
	if Value(nil) != nil || Value(map[string]any(nil)) != nil || Value(map[string]any{}) != nil || Value(make(chan int)) != nil || string(Value(map[string]int{"a": 1})) != `{"a":1}` {
		t.Error("small values")
	}
}
