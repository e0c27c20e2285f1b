package follow

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestGuardForgets(t *testing.T) {
	var g Guard
	now := time.Unix(1000, 0)
	key := g.Key("A", "n1")
	if key == g.Key("A", "n2") || key == g.Key("A\x00", "n1") {
		t.Error("keys are equal")
	}
	g.Set(key, 2, now)
	if g.Count(key, nil, now.Add(Age)) != 2 || g.Count(key, nil, now.Add(Age+1)) != 0 || g.Count(key+1, nil, now) != 0 {
		t.Error("does not count or does not forget")
	}
	g.Set(key+uint64(len(g.seats)), 1, now) // takes the seat
	if g.Count(key, nil, now) != 0 {
		t.Error("another id's count")
	}
	if g.Cookie(key, 1, false) != "" {
		t.Error("a cookie that nobody signed")
	}
}

// The cookie carries the count to a gateway with the same secrets, for this key alone.
func TestTheCountTravels(t *testing.T) {
	old, new := bytes.Repeat([]byte("o"), 32), bytes.Repeat([]byte("n"), 32)
	now := time.Unix(1000, 0)
	a := &Guard{Secrets: [][]byte{old}}
	key := a.Key("A", "n1")
	line := a.Cookie(key, 3, true)
	if !strings.Contains(line, "; Secure") || strings.Contains(a.Cookie(key, 3, false), "Secure") {
		t.Errorf("Secure: %s", line)
	}
	c, err := http.ParseSetCookie(line)
	if err != nil || c.Name != CookieName || !c.HttpOnly || c.MaxAge != 60 || c.Path != "/" {
		t.Fatal(c, err)
	}
	lines := []string{"x=y; " + CookieName + "=zzz", "a=b; " + c.Name + "=" + c.Value}
	for name, want := range map[*Guard]int{{Secrets: [][]byte{old}}: 3, {Secrets: [][]byte{new, old}}: 3, {Secrets: [][]byte{new}}: 0, {}: 0} {
		if n := name.Count(key, lines, now); n != want {
			t.Errorf("%d corrections, want %d", n, want)
		}
		if n := name.Count(key+1, lines, now); n != 0 {
			t.Errorf("%d corrections of another", n)
		}
	}
}
