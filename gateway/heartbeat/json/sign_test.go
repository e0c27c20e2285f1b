package json

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// signed returns a request for a body, with headers that change may spoil.
func signed(secret, body string, change func(http.Header)) string {
	r, err := http.NewRequest(http.MethodPost, "http://x/", nil)
	if err != nil {
		panic(err)
	}
	Sign([]byte(secret), r, []byte(body))
	if change != nil {
		change(r.Header)
	}
	if nonce := r.Header.Get(NonceHeader); len(nonce) < 16 || len(nonce) > 64 { // signed by somebody who holds the secret
		r.Header.Set(SignatureHeader, fmt.Sprintf("%x", sum([]byte(secret), r, []byte(body))))
	}
	var head strings.Builder
	_ = r.Header.Write(&head) // a Builder takes everything
	return strings.Replace(request(body), "\r\n\r\n", "\r\n"+head.String()+"\r\n", 1)
}

func TestSignatures(t *testing.T) {
	const key = "a secret of the operator"
	set := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	tests := []struct {
		name   string
		text   func() string
		status int
	}{
		{"signed", func() string { return signed(key, startBody, nil) }, 200},
		{"not signed", func() string { return request(startBody) }, 401},
		{"another key", func() string { return signed("another", startBody, nil) }, 401},
		{"another body", func() string {
			return strings.Replace(signed(key, startBody, nil), "1485157008580", "1485157008581", 1)
		}, 401},
		{"another path", func() string { return strings.Replace(signed(key, startBody, nil), "POST / ", "POST /x ", 1) }, 404},
		{"another time", func() string {
			return signed(key, startBody, set(TimestampHeader, fmt.Sprint(time.Now().Unix()+1)))
		}, 401},
		{"no time", func() string { return signed(key, startBody, set(TimestampHeader, "")) }, 401},
		{"another nonce", func() string { return signed(key, startBody, set(NonceHeader, "abcdefghijklmnopq")) }, 401},
		{"no nonce", func() string { return signed(key, startBody, set(NonceHeader, "")) }, 401},
		{"a short nonce", func() string { return signed(key, startBody, set(NonceHeader, "abc")) }, 401},
		{"a long nonce", func() string { return signed(key, startBody, set(NonceHeader, strings.Repeat("n", 65))) }, 401},
		{"no signature", func() string { return signed(key, startBody, set(SignatureHeader, "")) }, 401},
		{"no hexadecimal", func() string { return signed(key, startBody, set(SignatureHeader, "xyz")) }, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, func(s *Server) { s.Secret = []byte(key) })
				defer s.stop()
				status, body, _ := s.raw("10.0.0.1", tt.text())
				if status != tt.status || (s.nodes() != "") != (status == 200) || status != 200 && strings.Contains(body, "start") {
					t.Errorf("%d %s, nodes %s", status, body, s.nodes())
				}
			})
		})
	}
}

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, func(s *Server) { s.Secret = []byte("key") })
		defer s.stop()
		text := signed("key", startBody, nil)
		late := signed("key", startBody, nil)
		if status, _, _ := s.raw("10.0.0.1", text); status != 200 {
			t.Fatal(status)
		}
		for i := range 100 {
			if status, _, _ := s.raw("10.0.0.1", text); status != 401 {
				t.Fatalf("taken again after %d s", i)
			}
			if i == 30 {
				if status, _, _ := s.raw("10.0.0.1", late); status != 200 {
					t.Error("not taken after 30 s")
				}
			}
			time.Sleep(time.Second)
		}
		late = signed("key", startBody, nil)
		time.Sleep(31 * time.Second)
		if status, body, _ := s.raw("10.0.0.1", late); status != 401 || !strings.Contains(body, "30 seconds off") {
			t.Errorf("after 31 s: %d %s", status, body)
		}
	})
}

// From whichever side the clocks differ, a nonce is remembered for as long as
// its message would be taken, and no longer.
func TestNonces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n Nonces
		now := time.Now()
		for i := range maxNonces {
			if err := n.take(fmt.Sprint(i), now); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.take("more", now); err != errCrowd {
			t.Errorf("one more: %v", err)
		}
		if err := n.take("7", now.Add(2*window)); err != errReplay {
			t.Errorf("after a minute: %v", err)
		}
		now = now.Add(2*window + 2*time.Second)
		if err := n.take("7", now.Add(window)); err != errReplay {
			t.Errorf("in the generation before: %v", err)
		}
		if err := n.take("more", now.Add(window)); err != nil {
			t.Error(err)
		}
		if err := n.take("7", now.Add(10*window)); err != nil || len(n.now) != 1 || n.old != nil {
			t.Errorf("long after: %v, %d remembered", err, len(n.now)+len(n.old))
		}
		r, err := http.NewRequest(http.MethodPost, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		Sign([]byte("k"), r, nil)
		r.Header.Set(TimestampHeader, fmt.Sprint(time.Now().Unix()+31))
		r.Header.Set(SignatureHeader, fmt.Sprintf("%x", sum([]byte("k"), r, nil)))
		if err := n.Verify([]byte("k"), r, nil); err != errStale {
			t.Errorf("from the future: %v", err)
		}
	})
}
