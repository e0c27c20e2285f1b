package sip

import (
	"strings"
	"testing"

	"twinhop/gateway/trace/specimens"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
)

// What opens something is kept once, with where it went, whether the front waits for its answer or
// not; repetitions, what stands in a dialog, and what nodes begin are not.
func TestOpeningsAreKept(t *testing.T) {
	for name, set := range map[string]Settings{"stateless": {}, "pending": {Pending: pending.Settings{Attempts: 3, Max: 100}}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, true, set)
			s.front.Specimens = &specimens.Recorder{MaxBytes: 1 << 20}
			send := func(method, call string, more ...string) []caught {
				return s.in("external", client, []byte(strings.Join(request(method, "sip:bob@192.0.2.1", call, more...), "\r\n")+"\r\n\r\n"))
			}
			open := send("INVITE", "c1", "To: <sip:bob@example.com>")
			m := new(peek.Message)
			m.Scan(open[0].data)
			send("INVITE", "c1", "To: <sip:bob@example.com>")
			s.in("internal", node1, []byte(answer(m, "200 OK")))
			send("ACK", "c1", "To: <sip:bob@example.com>;tag=2")
			send("BYE", "c1", "To: <sip:bob@example.com>;tag=2")
			send("MESSAGE", "c2", "To: <sip:bob@example.com>")
			s.in("internal", node1, []byte(strings.Join(request("MESSAGE", "sip:bob@198.51.100.7", "c3", "To: <sip:bob@example.com>"), "\r\n")+"\r\n\r\n"))
			var calls []uint64
			for _, x := range s.front.Specimens.Last(10) {
				if x.Node == "" || x.Pool == "" || x.Session.IsZero() || x.From != client.Addr() {
					t.Errorf("%+v", x)
				}
				for _, k := range x.Keys {
					if k.Source.String() == "call-id" {
						calls = append(calls, k.Value)
					}
				}
			}
			if n := len(calls); n < 2 || calls[0] != specimens.Hash("c1") || calls[n-1] != specimens.Hash("c2") || name == "pending" && n != 2 || n > 3 {
				t.Errorf("kept %x, want c1 %x and c2 %x", calls, specimens.Hash("c1"), specimens.Hash("c2"))
			}
		})
	}
}
