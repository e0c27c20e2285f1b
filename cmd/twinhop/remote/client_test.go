package remote

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// By network the gateway's certificate has to be of the authorities that were named, and the token goes to nobody else.
func TestAskedByTLS(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was asked with %q", r.URL, r.Header.Get("Authorization"))
	}))
	defer other.Close()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/api/v1/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		default:
			w.Header().Set("ETag", `"7"`)
			fmt.Fprintf(w, `{"path":%q,"match":%q}`, r.URL.Path, r.Header.Get("If-Match"))
		}
	}))
	defer s.Close()
	s.Config.ErrorLog = nil
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := To(Target{URL: s.URL, CA: ca, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out struct{ Path, Match string }
	head := http.Header{"If-Match": {`"6"`}}
	if err := c.With(t.Context(), "GET /nodes", head, Body{Out: &out}); err != nil || out.Path != "/api/v1/nodes" || out.Match != `"6"` || head.Get("ETag") != `"7"` {
		t.Errorf("%+v %v %v", out, head, err)
	}
	var p *Problem
	if err := c.Do(t.Context(), "GET /away", nil, nil); !errors.As(err, &p) || p.Status != http.StatusFound {
		t.Errorf("a redirect: %v", err)
	}
	strange, err := To(Target{URL: s.URL, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer strange.Close()
	if err := strange.Do(t.Context(), "GET /nodes", nil, nil); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody: %v", err)
	}
	for _, wrong := range []string{filepath.Join(t.TempDir(), "absent.pem"), filepath.Join("client_test.go")} {
		if _, err := To(Target{URL: s.URL, CA: wrong}); err == nil {
			t.Errorf("authorities of %s", wrong)
		}
	}
}

// A stream that breaks is taken up where it was; what refuses it for good ends it, and so does who reads it.
func TestStreamGoesOn(t *testing.T) {
	asked := make(chan string, 8)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last := r.Header.Get("Last-Event-ID")
		asked <- last
		switch last {
		case "":
			fmt.Fprint(w, ": a comment\nretry: 2000\n\nid: 4\nevent: event\ndata: {\"a\":\ndata: 1}\n\nid: 5\nevent: half")
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer s.Close()
	c, err := To(Target{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.again = 1
	var got []Event
	var broke bytes.Buffer
	err = c.Stream(t.Context(), "/stream", func(e Event) error { got = append(got, e); return nil }, func(err error) { fmt.Fprint(&broke, err) })
	var p *Problem
	if !errors.As(err, &p) || p.Status != http.StatusForbidden || len(got) != 1 || got[0] != (Event{"4", "event", `{"a":1}`}) || !strings.Contains(broke.String(), "ended") {
		t.Errorf("%v %v %s", got, err, broke.String())
	}
	if first, second := <-asked, <-asked; first != "" || second != "4" {
		t.Errorf("asked for what follows %q, then %q", first, second)
	}
	enough := errors.New("enough")
	if err := c.Stream(t.Context(), "/stream", func(Event) error { return enough }, nil); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := c.Stream(ctx, "/stream", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
