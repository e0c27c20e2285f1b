package appsession

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestIDText(t *testing.T) {
	id := Namer{1, 2}.ID(Key{Space: App, Value: "alice"})
	if got, ok := ParseID(id.String()); !ok || got != id {
		t.Errorf("%v is read as %v, %v", id, got, ok)
	}
	for _, bad := range []string{"", "s_", id.String()[1:], id.String() + "0", "x_" + id.String()[2:], "s_" + strings.Repeat("g", 32)} {
		if _, ok := ParseID(bad); ok {
			t.Errorf("ParseID accepts %q", bad)
		}
	}
}

// A name depends on all of the key and on the secret, and on nothing else.
func TestNamer(t *testing.T) {
	k := Key{Space: App, Value: "alice"}
	seen := map[ID]string{}
	for name, id := range map[string]ID{
		"plain": Namer{}.ID(k), "secret": Namer{K0: 1 << 40}.ID(k), "secret 2": Namer{K1: 1 << 40}.ID(k),
		"space": Namer{}.ID(Key{Space: Call, Value: "alice"}), "realm": Namer{}.ID(Key{Space: App, Realm: 1, Value: "alice"}),
		"value": Namer{}.ID(Key{Space: App, Value: "alicf"}), "empty": Namer{}.ID(Key{Space: App}),
	} {
		if other, ok := seen[id]; ok || id.IsZero() {
			t.Errorf("%s and %s have the name %v", name, other, id)
		}
		seen[id] = name
	}
	if (Namer{}).ID(k) != (Namer{}).ID(Key{Space: App, Value: string([]byte("alice"))}) {
		t.Error("equal keys have different names")
	}
	if n := testing.AllocsPerRun(100, func() { Namer{}.ID(k) }); n != 0 {
		t.Errorf("naming allocates %v times", n)
	}
}

func TestNext(t *testing.T) {
	id, seen := Namer{}.ID(Key{Space: App, Value: "x"}), map[ID]bool{}
	for range 1000 {
		if seen[id] || id.IsZero() {
			t.Fatalf("%v comes again", id)
		}
		seen[id] = true
		id = id.Next()
	}
	last := ID{8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff}
	if last.Next().IsZero() {
		t.Error("the name after the last one names nothing")
	}
}

func TestFit(t *testing.T) {
	fits := Key{Space: Call, Value: strings.Repeat("x", MaxValue)}
	if got := (Namer{}).Fit(fits); got != fits {
		t.Error("a value of the longest length is changed")
	}
	a, b := Key{Space: Call, Value: fits.Value + "a"}, Key{Space: Call, Value: fits.Value + "b"}
	x, y := Namer{}.Fit(a), Namer{}.Fit(b)
	if x == y || len(x.Value) > 64 || x.Space != Call || x != (Namer{}).Fit(a) {
		t.Errorf("got %v and %v", x, y)
	}
}

// Session ids and Call-IDs are secrets in logs.
func TestLogValue(t *testing.T) {
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("x", "key", Key{Space: HTTP, Value: "0123SECRET"})
	if strings.Contains(out.String(), "SECRET") || !strings.Contains(out.String(), "http:#") {
		t.Errorf("logged %s", out.String())
	}
}

func TestLeft(t *testing.T) {
	var l *Left
	if l.Has("n1") || l.Nodes() != nil {
		t.Error("nothing was left yet")
	}
	for i := range 10 {
		l = l.Add(fmt.Sprint("n", i), fmt.Sprint("n", i+1))
	}
	if want := []string{"n9", "n8", "n7", "n6"}; !slices.Equal(l.Nodes(), want) {
		t.Errorf("left %v, want %v", l.Nodes(), want)
	}
	if l.Add("", "n8").Has("n8") {
		t.Error("who is back is not left")
	}
	if l.Add("n9", "n9").Has("n9") {
		t.Error("from a node to itself is no leaving")
	}
}
