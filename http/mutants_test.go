package http

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"twinhop/http/head"
)

// What clients say, and what may get into it or be lost on the way.
var (
	utterances = []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /a/b;x=1?c=%20&d HTTP/1.1\r\nHost: app.example:8080\r\nCookie: JSESSIONID=a.n1\r\nConnection: Keep-Alive\r\n\r\n",
		"HEAD / HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n",
		"POST /f HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
		"POST /f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"OPTIONS /f HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n",
		"GET /f HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
		"GET /f HTTP/1.1\r\nHost: h\r\nPragma: no-cache\r\nTE: trailers\r\n\r\n",
	}
	crumbs = []string{"\r\n", "\n", "\r", " ", "\t", ":", ";", "%", "\x00", "\xff", "/", "..", "//", "#", "[", "@", "\"", "0", "5", "http://x/",
		"Content-Length: 3\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Host: h\r\n", "Connection: close\r\n",
		"Connection: keep-alive\r\n", "Connection: upgrade\r\n", "Upgrade: websocket\r\n", "Expect: 100-continue\r\n", "HTTP/1.1", "HTTP/1.0",
		"\r\n\r\n", "GET ", "POST "}
)

// parrot is a node that says what it was asked.
type parrot struct{}

func (parrot) Exchange(_ context.Context, _ string, r *head.Request, body io.Reader) (*head.Response, error) {
	said := []string{r.Method, r.Target, r.Host}
	for f := range r.Fields.All() {
		said = append(said, f.Name+": "+f.Value)
	}
	if body != nil {
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, &head.BodyError{Err: err}
		}
		said = append(said, string(text))
	}
	answer := &saidBody{pieces: []string{fmt.Sprintf("%q", said)}}
	if head.Bodyless(r.Method, 200) {
		answer.pieces = nil
	}
	return &head.Response{Status: 200, ContentLength: -1, Body: answer}, nil
}

// A hostile client hears the same whichever way its requests come, however
// little of them is HTTP: nothing is a request, or two, on one way only.
func TestLanesTakeSpoiledRequestsAlike(t *testing.T) {
	var stages [2]*stage
	for i := range stages {
		stages[i] = newStage(t, []node{{"n1", "127.0.0.1:1"}}, func(s *stage) {
			s.front.Backends = map[string]head.Backend{"http": parrot{}}
			s.front.detour = i == 1
		})
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range 2000 {
		var text strings.Builder
		for range 1 + random.IntN(4) {
			text.WriteString(spoiled(random))
		}
		text.WriteString("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		short, long := hears(stages[0], text.String()), hears(stages[1], text.String())
		if short != long {
			t.Fatalf("seed %d, client %d: %q\nhears %q\nby net/http %q", seed, n, text.String(), short, long)
		}
	}
}

// spoiled is a request into which something got, or of which something is missing.
func spoiled(random *rand.Rand) string {
	s := utterances[random.IntN(len(utterances))]
	for range random.IntN(3) {
		i, crumb := random.IntN(len(s)+1), crumbs[random.IntN(len(crumbs))]
		if first := strings.Index(s, "\r\n") + 2; strings.HasSuffix(crumb, "\r\n") && first <= len(s) && random.IntN(2) == 0 {
			i = first // a line of its own
		}
		if random.IntN(3) == 0 {
			s = s[:i] + s[min(len(s), i+1+random.IntN(4)):]
		} else {
			s = s[:i] + crumb + s[i:]
		}
	}
	return s
}

// hears is what a client is told that says text and waits, but not for ever.
func hears(s *stage, text string) string {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, text)
	answer, _ := io.ReadAll(c)
	_, port, _ := net.SplitHostPort(s.addr) // stands in for a Host that is missing
	return withoutDate(strings.ReplaceAll(string(answer), port, "PORT"))
}
