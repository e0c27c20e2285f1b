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
	s.Panel.Messages.Message(&messages.Message{Call: "c1@phone", Method: "INVITE", CSeq: 1, Out: true, Inside: true, Node: "node1", Transport: "udp", Size: 900})
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
