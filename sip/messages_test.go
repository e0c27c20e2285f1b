package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/trace"
	"twinhop/gateway/trace/messages"
	"twinhop/sip/peek"
)

// remembered is what the front has told of a call, a line for each message.
func (s *stage) remembered(call string) string {
	var b strings.Builder
	for _, x := range s.front.Messages.Of(appsession.ID{}, []uint64{trace.CallMark(call)}) {
		way, side := "from", "world"
		if x.Out {
			way = "to"
		}
		if x.Inside {
			side = "inside"
		}
		if x.Size < 100 || !x.Local.IsValid() || x.Transport != "udp" || x.CSeq != 1 {
			s.t.Errorf("%+v", x)
		}
		fmt.Fprintf(&b, "%s %s %s %s %s %d\n", way, side, x.Node, x.Peer, x.Method, x.Status)
	}
	return b.String()
}

func TestMessagesOfACallAreRemembered(t *testing.T) {
	for name, two := range map[string]bool{"two ports": true, "one port": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, two, Settings{})
			s.front.Messages = &messages.Log{MaxBytes: 1 << 20}
			lines := request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")
			sent := s.in("external", client, []byte(strings.Join(lines, "\r\n")+"\r\n\r\n"))
			if len(sent) != 1 {
				t.Fatalf("%d messages left", len(sent))
			}
			m := new(peek.Message)
			m.Scan(sent[0].data)
			s.in("internal", node1, []byte(answer(m, "180 Ringing")))
			lines[0] = "INVITE mailto:bob@example.com SIP/2.0"
			lines[1] = strings.Replace(lines[1], "INVITEc1", "other", 1)
			s.in("external", client, []byte(strings.Join(lines, "\r\n")+"\r\n\r\n"))
			want := `from world  198.51.100.7:5060 INVITE 0
to inside node1 10.0.0.1:5080 INVITE 0
from inside node1 10.0.0.1:5080 INVITE 180
to world  198.51.100.7:5060 INVITE 180
from world  198.51.100.7:5060 INVITE 0
to world  198.51.100.7:5060 INVITE 416
`
			if got := s.remembered("c1"); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// What is kept of a message that came, and of what left because of it, are the
// two as they were.
func TestTextsOfAWatchedCall(t *testing.T) {
	s := newStage(t, true, Settings{})
	s.front.Messages = &messages.Log{MaxBytes: 1 << 20}
	calls := []uint64{trace.CallMark("c1")}
	if err := s.front.Messages.Watch(appsession.ID{1}, calls, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	lines := request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>", "Authorization: Digest response=SECRET")
	sent := s.in("external", client, []byte(strings.Join(lines, "\r\n")+"\r\n\r\n"))
	got := s.front.Messages.Kept(appsession.ID{1}, calls)
	if len(got) != 2 || len(sent) != 1 {
		t.Fatalf("%d kept", len(got))
	}
	masked := func(s string) string { return strings.Replace(s, "response=SECRET", "***", 1) }
	if want := masked(strings.Join(lines, "\r\n") + "\r\n\r\n"); string(got[0].Text) != want {
		t.Errorf("came\n%s", got[0].Text)
	}
	if want := masked(string(sent[0].data)); string(got[1].Text) != want {
		t.Errorf("left\n%s\nkept\n%s", want, got[1].Text)
	}
}
