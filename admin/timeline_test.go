package admin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/trace/messages"
)

// What passed stands between the decisions about it, for whoever may look.
func TestTimelineHasMessages(t *testing.T) {
	s := newStage(t, "node1")
	s.Panel.Messages = &messages.Log{MaxBytes: 1 << 20}
	s.run()
	began := time.Now()
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	s.Panel.Messages.Exchange(&messages.Exchange{Session: d.Session, Method: "POST", Target: "/call;jsessionid=3F9A1122?to=bob", Status: 200, Node: "node1", Began: began, Took: 3200 * time.Microsecond})
	s.sip("c1@phone", "alice")
	s.Panel.Messages.Message(&messages.Message{Call: "c1@phone", Method: "INVITE", CSeq: 1, Out: true, Inside: true, Node: "node1", Transport: "udp", Data: make([]byte, 900)})
	s.Panel.Messages.Message(&messages.Message{Call: "c2@phone", Method: "BYE"})
	path := "/api/v1/sessions/" + d.Session.String() + "/timeline"
	a := s.login(RoleViewer).must(200, "GET", path, nil)
	var got strings.Builder
	for i := range a.body["items"].([]any) {
		fmt.Fprintln(&got, a.at("items", i, "type"), a.at("items", i, "proto"), a.at("items", i, "method"), a.at("items", i, "path"), a.at("items", i, "side"))
	}
	want := "exchange http POST /call client\ndecision http <nil> <nil> <nil>\nlearned http <nil> <nil> <nil>\ndecision sip <nil> <nil> <nil>\nmessage sip INVITE <nil> node\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s%s", got.String(), want, a.text)
	}
	if a.at("items", 0, "tookMs") != 3.2 || a.at("items", 4, "direction") != "out" || strings.Contains(a.text, "3F9A1122") {
		t.Errorf("%s", a.text)
	}
	s.login(RoleViewer).must(404, "GET", "/api/v1/sessions/"+appsession.ID{9}.String()+"/timeline", nil)
}

// heads are those of an exchange; an empty one there was not.
type heads [4]string

func (h heads) AppendHead(b []byte, which messages.Head) []byte { return append(b, h[which]...) }

// Who operates may watch a session, and then read what passes, without secrets.
func TestMessagesOfAWatchedSession(t *testing.T) {
	s := newStage(t, "node1")
	s.Panel.Messages = &messages.Log{MaxBytes: 1 << 20, Now: s.clock}
	s.run()
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	s.sip("c1@phone", "alice")
	path := "/api/v1/sessions/" + d.Session.String()
	s.login(RoleViewer).must(403, "POST", path+"/actions/watch", `{"minutes":5}`)
	b := s.login(RoleOperator)
	for _, bad := range []string{`{}`, `{"minutes":-1}`, `{"minutes":1441}`, `{"minutes":1e9}`} {
		b.must(422, "POST", path+"/actions/watch", bad)
	}
	if a := b.must(200, "POST", path+"/actions/watch", `{"minutes":5}`); a.at("watchedUntil") == nil {
		t.Errorf("%s", a.text)
	}
	passing(s, d.Session)
	a := b.must(200, "GET", path+"/timeline", nil)
	if a.at("watchedUntil") == nil {
		t.Errorf("%s", a.text)
	}
	var twins []any
	read := 0
	for i := range a.body["items"].([]any) {
		if a.at("items", i, "kept") != true {
			continue
		}
		read++
		x := b.must(200, "GET", fmt.Sprintf("%s/messages/%.0f", path, a.at("items", i, "n")), nil)
		s.login(RoleViewer).must(403, "GET", fmt.Sprintf("%s/messages/%.0f", path, a.at("items", i, "n")), nil)
		if strings.Contains(x.text, "SECRET") || !strings.Contains(x.text, "***") || strings.Contains(x.text, `\u202e`) || strings.Contains(x.text, "\u202e") {
			t.Errorf("%s", x.text)
		}
		switch a.at("items", i, "proto") {
		case "http":
			names := fmt.Sprint(x.at("texts", 0, "name"), x.at("texts", 1, "name"), x.at("texts", 2, "name"))
			if names != "cameleftanswerLeft" && names != "came left answerLeft" || x.at("texts", 1, "text") != x.at("text") || x.at("texts", 2, "text") != x.at("answer") ||
				!strings.Contains(fmt.Sprint(x.at("text")), "X-Forwarded-For") || strings.Contains(fmt.Sprint(x.at("texts", 0, "text")), "X-Forwarded-For") {
				t.Errorf("%s", x.text)
			}
		case "sip":
			twins = append(twins, x.at("n"), x.at("twin"))
			if x.at("twin") != a.at("items", i, "twin") || x.at("texts") != nil {
				t.Errorf("%s", x.text)
			}
		}
	}
	if len(twins) != 4 || twins[0] == nil || twins[0] != twins[3] || twins[1] != twins[2] {
		t.Errorf("twins %v: %s", twins, a.text)
	}
	if read != 3 {
		t.Errorf("%d messages kept: %s", read, a.text)
	}
	for _, n := range []string{"0", "x", "99999", "-1", "18446744073709551616"} {
		b.must(404, "GET", path+"/messages/"+n, nil)
	}
	for _, format := range []string{"txt", "json", "pcap"} {
		x := b.must(200, "GET", path+"/export?format="+format, nil)
		if strings.Contains(x.text, "SECRET") || !strings.Contains(x.text, "INVITE sip:bob@h SIP/2.0") || !strings.HasPrefix(x.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %s", format, x.text)
		}
		s.login(RoleViewer).must(403, "GET", path+"/export?format="+format, nil)
	}
	b.must(422, "GET", path+"/export?format=exe", nil)
	if a := b.must(200, "POST", path+"/actions/watch", `{"minutes":0}`); a.at("watchedUntil") != nil {
		t.Errorf("%s", a.text)
	}
}

// passing is an exchange and two messages of a call, with secrets in each.
func passing(s *stage, id appsession.ID) {
	invite := []byte("INVITE sip:bob@h SIP/2.0\r\nFrom: \u202e<sip:alice@h>\r\nAuthorization: Digest SECRET\r\n\r\n")
	s.Panel.Messages.Exchange(&messages.Exchange{Session: id, Method: "GET", Target: "/", Status: 200, Node: "node1", Began: s.clock(),
		Heads: heads{"GET /?x=SECRET HTTP/1.1\r\nCookie: SECRET\r\n\r\n", "GET /?x=SECRET HTTP/1.1\r\nX-Forwarded-For: 198.51.100.7\r\nCookie: SECRET\r\n\r\n", "", "HTTP/1.1 200 \r\nSet-Cookie: SECRET\r\n\r\n"}})
	s.Panel.Messages.Message(&messages.Message{Call: "c1@phone", Method: "INVITE", Data: invite})
	s.Panel.Messages.Message(&messages.Message{Call: "c1@phone", Method: "INVITE", Data: invite, Came: invite, Out: true, Node: "node1"})
}

func TestNothingCanBeWatchedWithoutMemory(t *testing.T) {
	s := newStage(t, "node1").run()
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	s.login(RoleOperator).must(409, "POST", "/api/v1/sessions/"+d.Session.String()+"/actions/watch", `{"minutes":5}`)
}
