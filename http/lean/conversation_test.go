package lean

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"twinhop/http/head"
)

// A client that says many things, in pieces of any size, hears the same from
// our server before net/http's as from net/http's alone.
func TestConversations(t *testing.T) {
	ours := newRig(t, func(s *Server) {
		s.Handle = func(c *Conn) Verdict {
			var q head.Request
			if !c.Request(&q) {
				return Elsewhere
			}
			var fields []string
			for f := range q.Fields.All() {
				fields = append(fields, f.Name+": "+f.Value)
			}
			return say(c, echo(q.Method, q.Target, q.Host, fields, string(c.Body)))
		}
	})
	ours.long.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var fields []string
		for name, values := range r.Header {
			for _, v := range values {
				if name != "Connection" && name != "Content-Length" {
					fields = append(fields, name+": "+v)
				}
			}
		}
		slices.SortStableFunc(fields, func(a, b string) int { return strings.Compare(a[:strings.Index(a, ":")], b[:strings.Index(b, ":")]) })
		text := echo(r.Method, r.RequestURI, r.Host, fields, string(body))
		w.Header()["Content-Type"] = nil
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		io.WriteString(w, text)
	})
	alone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	theirs := &http.Server{Handler: ours.long.Handler}
	done := make(chan struct{})
	go func() { theirs.Serve(alone); close(done) }()
	defer func() { theirs.Close(); <-done }()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	texts := slices.Concat(plainRequests, plainRequests, plainRequests, otherRequests)
	for i := range 300 {
		var said strings.Builder
		for range 1 + random.IntN(6) {
			said.WriteString(texts[random.IntN(len(texts))])
		}
		said.WriteString("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		got, want := ask(t, random, ours.addr, said.String()), ask(t, random, alone.Addr().String(), said.String())
		if got != want {
			t.Fatalf("seed %d, conversation %d:\n%.2000q\nis answered\n%.2000q\nnet/http answers\n%.2000q", seed, i, said.String(), got, want)
		}
	}
}

func echo(method, target, host string, fields []string, body string) string {
	return fmt.Sprintf("%s %q %q %q %q\n", method, target, host, fields, body)
}

var dates = regexp.MustCompile(`Date: [^\r]*`)

// ask sends text in pieces and returns all that is answered.
func ask(t *testing.T, random *rand.Rand, addr, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	pieces := []string{}
	for size := 1 + random.IntN(3000); text != ""; {
		n := min(len(text), 1+random.IntN(size))
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	go func() {
		for _, p := range pieces {
			if _, err := io.WriteString(c, p); err != nil {
				return
			}
		}
		c.(*net.TCPConn).CloseWrite()
	}()
	answer, _ := io.ReadAll(c)
	return dates.ReplaceAllString(string(answer), "Date: now")
}
