package http

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"twinhop/http/head"
)

// said is a node that gives one answer, in pieces; an empty piece at the end
// is an answer that is cut.
type said struct {
	resp   head.Response
	pieces []string
}

func (s *said) Exchange(_ context.Context, _ string, r *head.Request, _ io.Reader) (*head.Response, error) {
	resp := &head.Response{Status: s.resp.Status, ContentLength: s.resp.ContentLength}
	if r.Inform != nil && s.resp.Reason == "hints" {
		var hints head.Fields
		hints.Add("Link", "</a.css>")
		hints.Add("link", "</b.css>")
		r.Inform(statusHints, &hints)
	}
	for f := range s.resp.Fields.All() {
		resp.Fields.Add(f.Name, f.Value)
	}
	for f := range s.resp.Trailer.All() {
		resp.Trailer.Add(f.Name, f.Value)
	}
	resp.Body = &saidBody{pieces: slices.Clone(s.pieces)}
	if head.Bodyless(r.Method, resp.Status) {
		resp.Body = &saidBody{}
	}
	return resp, nil
}

type saidBody struct{ pieces []string }

func (b *saidBody) Read(p []byte) (int, error) {
	switch {
	case len(b.pieces) == 0:
		return 0, io.EOF
	case b.pieces[0] == "":
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p, b.pieces[0])
	if b.pieces[0] = b.pieces[0][n:]; b.pieces[0] == "" {
		b.pieces = b.pieces[1:]
		if len(b.pieces) == 0 {
			return n, io.EOF
		}
	}
	return n, nil
}

func (b *saidBody) Close() error { return nil }

// detour sends the requests to all stages by net/http.
var detour bool

// lanes runs a test with its plain requests coming the short way, and again
// with all of them coming by net/http.
func lanes(t *testing.T, test func(t *testing.T)) {
	t.Run("short", test)
	detour = true
	defer func() { detour = false }()
	t.Run("net-http", test)
}

// What follows a body cannot pass for a field of the head: it would frame the
// answer anew, or go around what is rewritten there.
func TestTrailers(t *testing.T) {
	lanes(t, func(t *testing.T) {
		peer := &said{resp: head.Response{Status: 200, ContentLength: -1}, pieces: []string{"hello"}}
		for _, name := range []string{"Content-Length", "transfer-encoding", "Set-Cookie", "Connection", "Location", "X-Twinhop-Node", "x-sum", "Server-Timing"} {
			peer.resp.Trailer.Add(name, "0")
		}
		s := newStage(t, []node{{"n1", "127.0.0.1:1"}}, func(s *stage) { s.front.Backends = map[string]head.Backend{"http": peer} })
		_, end, _ := strings.Cut(s.rawSend("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "\r\n0\r\n")
		lines := strings.Split(strings.TrimSuffix(end, "\r\n\r\n"), "\r\n")
		slices.Sort(lines)
		if want := []string{"Server-Timing: 0", "X-Sum: 0"}; !slices.Equal(lines, want) {
			t.Errorf("%q, expected %q", lines, want)
		}
	})
}

// A client cannot tell which way its request came: the bytes it gets are the
// same, but for the moment at which an answer of unknown length is first sent.
func TestLanesAnswerAlike(t *testing.T) {
	peer := &said{}
	var stages [2]*stage
	for i := range stages {
		stages[i] = newStage(t, []node{{"n1", "127.0.0.1:1"}}, func(s *stage) {
			s.front.Backends = map[string]head.Backend{"http": peer}
			s.front.detour = i == 1
		})
	}
	long := strings.Repeat("0123456789", 10000)
	fields := []head.Field{{Name: "x-b", Value: "2"}, {Name: "Set-Cookie", Value: "a=b"}, {Name: "Content-Type", Value: "text/plain"}, {Name: "ETag", Value: `"x"`}, {Name: "X-A", Value: ""}, {Name: "X-C", Value: "a\r\nX-Evil: b\n"}, {Name: "set-cookie", Value: "c=d"}}
	dated := append(fields[:len(fields):len(fields)], head.Field{Name: "Date", Value: "Sat, 21 Nov 2026 10:00:00 GMT"})
	pieces := map[string][]string{"none": nil, "short": {"short"}, "two": {"one ", "two"}, "long": {long}, "cut": {"cut", ""}, "edge": {long[:2048]}, "beyond": {long[:2049]}}
	n := 0
	for _, status := range []int{200, 201, 204, 206, 299, 302, 304, 404, 500, 503, 599} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			for name, body := range pieces {
				for _, length := range []string{"", "known", "wrong"} {
					peer.resp = head.Response{Status: status, ContentLength: -1}
					if length != "" {
						peer.resp.ContentLength = int64(len(strings.Join(body, "")))
					}
					if length == "wrong" {
						peer.resp.ContentLength++
					}
					with := fields
					if n++; n%2 == 0 {
						with = dated
					}
					if n%3 == 0 {
						peer.resp.Reason = "hints"
					}
					if n%5 == 0 {
						peer.resp.Trailer.Add("x-after", "1")
					}
					for _, f := range with {
						peer.resp.Fields.Add(f.Name, f.Value)
					}
					peer.pieces = body
					request := method + " / HTTP/1.1\r\nHost: h\r\n\r\n" + method + " / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
					var got [2]string
					for i, s := range stages {
						got[i] = withoutDate(s.rawSend(request))
					}
					if got[0] != got[1] {
						t.Errorf("%s %d %s, length %s:\n%.600q\nby net/http\n%.600q", method, status, name, length, got[0], got[1])
					}
				}
			}
		}
	}
	t.Logf("%d answers", n)
}

func withoutDate(answer string) string {
	var kept strings.Builder
	for line := range strings.Lines(answer) {
		if date, ok := strings.CutPrefix(line, "Date: "); ok && !strings.Contains(date, " 10:00:00 ") {
			line = "Date: now\r\n"
		}
		kept.WriteString(line)
	}
	return kept.String()
}
