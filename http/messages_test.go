package http

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/trace/messages"
)

// The first exchange of a session is of it, though only its answer names it;
// the gateway's own refusals, and what belongs to no session, are not.
func TestExchangesOfASessionAreRemembered(t *testing.T) {
	log := &messages.Log{MaxBytes: 1 << 20}
	n := app(t, "node1", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "3F9A.node1", Path: "/"})
		}
		if strings.HasPrefix(r.URL.Path, "/gone") {
			w.WriteHeader(http.StatusGone)
		}
		io.WriteString(w, "here")
	})
	s := newStage(t, []node{n}, func(s *stage) { s.front.Messages = log })
	s.get("/open")
	s.get("/login?user=alice")
	s.get("/gone;jsessionid=3F9A.node1", "Cookie: JSESSIONID=3F9A.node1")
	s.stop() // all exchanges have ended
	b, err := s.store.Find(t.Context(), []appsession.Key{{Space: appsession.HTTP, Realm: s.registry.View().Pool("default").Realm, Value: "3F9A"}})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, x := range log.Of(b.ID, nil) {
		fmt.Fprintf(&got, "%s %s %d %s\n", x.Method, x.Path, x.Status, x.Node)
		if x.At.IsZero() || x.Took <= 0 || !x.Peer.IsValid() || !x.Local.IsValid() || x.Proto != "http" {
			t.Errorf("%+v", x)
		}
	}
	if want := "GET /login 200 node1\nGET /gone 410 node1\n"; got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

// Four heads of an exchange are kept: what came and left, there and back.
func TestTextsOfAWatchedSession(t *testing.T) {
	log := &messages.Log{MaxBytes: 1 << 20}
	n := app(t, "node1", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "3F9A11223344.node1", Path: "/"})
		w.Header().Set("X-Answer", "yes")
		w.Header().Set("X-Twinhop-Own", "of the node")
	})
	s := newStage(t, []node{n}, func(s *stage) { s.front.Messages = log })
	s.get("/login")
	b, err := s.store.Find(t.Context(), []appsession.Key{{Space: appsession.HTTP, Realm: s.registry.View().Pool("default").Realm, Value: "3F9A11223344"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Watch(b.ID, nil, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.get("/next;jsessionid=3F9A11223344.node1?x=3F9A11223344", "Cookie: JSESSIONID=3F9A11223344.node1")
	s.stop()
	got := log.Kept(b.ID, nil)
	if len(got) != 1 {
		t.Fatalf("%d kept", len(got))
	}
	for h, want := range [][]string{
		messages.Came:       {"GET /next;jsessionid=***?x=*** HTTP/1.1\r\n", "Cookie: JSESSIONID=***.node1\r\n", "!X-Forwarded-For"},
		messages.Left:       {"GET /next;jsessionid=***?x=*** HTTP/1.1\r\n", "Cookie: JSESSIONID=***.node1\r\n", "X-Forwarded-For: 127.0.0.1\r\n"},
		messages.Answer:     {"HTTP/1.1 200 \r\n", "X-Answer: yes\r\n", "X-Twinhop-Own: of the node\r\n", "Set-Cookie: JSESSIONID=***.node1; Path=/\r\n"},
		messages.AnswerLeft: {"HTTP/1.1 200 \r\n", "X-Answer: yes\r\n", "!X-Twinhop-Own", "Set-Cookie: JSESSIONID=***.node1; Path=/\r\n"},
	} {
		text := string(got[0].Heads[h])
		for _, part := range want {
			part, no := strings.CutPrefix(part, "!")
			if strings.Contains(text, part) == no {
				t.Errorf("%v: %q, it is %v that it is there", messages.Head(h), part, no)
			}
		}
		if strings.Contains(text, "3F9A11223344") || text == "" {
			t.Errorf("%v: %q", messages.Head(h), text)
		}
	}
}

// Bodies are kept where that is wanted: of a request whose body is known, and
// of an answer what came with its head.
func TestBodiesOfASampledSession(t *testing.T) {
	for _, bodies := range []bool{false, true} {
		log := &messages.Log{MaxBytes: 1 << 20, Sample: 1, Bodies: bodies}
		n := app(t, "node1", func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "3F9A.node1", Path: "/"})
			w.Header().Set("Content-Type", "application/json")
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, `{"said":"welcome","token":"SECRET"}`)
		})
		s := newStage(t, []node{n}, func(s *stage) { s.front.Messages = log })
		s.rawSend("POST /login HTTP/1.1\r\nHost: site\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n" + `{"who":"alice","password":"SECRET"}`)
		s.stop()
		b, err := s.store.Find(t.Context(), []appsession.Key{{Space: appsession.HTTP, Realm: s.registry.View().Pool("default").Realm, Value: "3F9A"}})
		if err != nil {
			t.Fatal(err)
		}
		got := log.Kept(b.ID, nil)
		if len(got) != 1 {
			t.Fatalf("%d kept", len(got))
		}
		came, answer := string(got[0].Heads[messages.Came]), string(got[0].Heads[messages.Answer])
		if strings.Contains(came, `"who":"alice"`) != bodies || strings.Contains(answer, `"said":"welcome"`) != bodies || strings.Contains(came+answer, "SECRET") ||
			strings.Contains(string(got[0].Heads[messages.Left])+string(got[0].Heads[messages.AnswerLeft]), "alice") {
			t.Errorf("%v:\n%s\n%s", bodies, came, answer)
		}
	}
}
