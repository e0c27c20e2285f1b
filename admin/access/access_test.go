package access

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestSecretsRotate(t *testing.T) {
	old, young := []byte(strings.Repeat("o", 32)), []byte(strings.Repeat("y", 32))
	before, err := NewCookies([][]byte{old})
	if err != nil {
		t.Fatal(err)
	}
	after, err := NewCookies([][]byte{young, old})
	if err != nil {
		t.Fatal(err)
	}
	carry := func(from, to Cookies) string {
		r, _ := http.NewRequest("GET", "http://x/", nil)
		w := &recorder{http.Header{}}
		if err := from.Set(w, r, "the key"); err != nil {
			t.Fatal(err)
		}
		text := w.Header().Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s", text, want)
			}
		}
		r.Header.Set("Cookie", text)
		return to.Key(r)
	}
	if carry(before, after) != "the key" || carry(after, after) != "the key" {
		t.Error("an old cookie is not read any more")
	}
	if carry(after, before) != "" {
		t.Error("sealed with the old key")
	}
	if _, err := NewCookies([][]byte{[]byte("short")}); err == nil {
		t.Error("a short secret is taken")
	}
}

type recorder struct{ header http.Header }

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
func (r *recorder) WriteHeader(int)             {}

func TestGuardIsBounded(t *testing.T) {
	g := &Guard{Now: time.Now}
	for n := range 3 * maxAttempted {
		g.Failed(time.Duration(n).String(), "u"+time.Duration(n).String())
	}
	if len(g.list) > maxAttempted+2 {
		t.Errorf("%d entries", len(g.list))
	}
}

// Others at the socket are strangers.
func TestSocketPeers(t *testing.T) {
	for uid, want := range map[int]bool{os.Getuid(): true, 0: true, -1: false, 54321: false} {
		ctx := context.WithValue(context.Background(), peerKey{}, uid)
		if socket, trusted := SocketPeer(ctx); !socket || trusted != want {
			t.Errorf("uid %d: %v, %v", uid, socket, trusted)
		}
	}
	if socket, trusted := SocketPeer(context.Background()); socket || trusted {
		t.Error("a TCP connection is no socket")
	}
}
