package sip

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"twinhop/gateway/trace"
	"twinhop/gateway/trace/messages"
	"twinhop/sip/guard"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
)

// BenchmarkCall carries whole calls through router, affinity table, call counters, metrics and trace, everything but the system's sockets: the
// time is for one message. Calls overlap as they do at 1,000 a second that last 500 ms, so little is warm; "make bench-sip" tells what the rest
// costs.
//
//	lean  sendTrying: never, failover.attempts: 0
//	full  as shipped
//	old   as the old balancers: their hint in Record-Route, the sender's address in what nodes get
func BenchmarkCall(b *testing.B) {
	for name, set := range map[string]Settings{
		"lean": {Pending: pending.Settings{Send100: pending.Never}},
		"full": {Pending: shipped, Scanners: guard.DefaultScanners()},
		"old":  {Pending: shipped, Scanners: guard.DefaultScanners(), OldHint: true, InitialRemote: true},
	} {
		b.Run(name, func(b *testing.B) {
			script, passed := record(b, set), &messages.Log{MaxBytes: 32 << 20}
			log := &trace.Log{MaxBytes: 32 << 20, Linked: passed.Linked}
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				b.StopTimer()
				s := quietStage(b, set)
				s.front.Router.Observer, s.front.Messages = log, passed
				w := s.workers["external"]
				b.StartTimer()
				n += play(w, script, b.N-n)
			}
		})
	}
}

var shipped = pending.Settings{Invite: 2 * time.Second, Trying: 4 * time.Second, Total: 20 * time.Second, Attempts: 3, Codes: []int{503}}

const (
	benchCalls = 1 << 12
	benchHeld  = 500 // calls between the ACK and the BYE of one
	benchSteps = 7
	benchBatch = 4 // messages that one wait brings
)

// step is a message that comes.
type step struct {
	data []byte
	from netip.AddrPort
}

// play gives at most n messages to a worker.
func play(w *worker, script []step, n int) int {
	n = min(n, len(script))
	buf := make([]byte, 65536)
	for i := range n {
		st := &script[i]
		w.Receive(buf[:copy(buf, st.data)], st.from)
		if i%benchBatch == benchBatch-1 {
			w.Flush()
		}
	}
	w.Flush()
	return n
}

func quietStage(b *testing.B, set Settings) *stage {
	s := newStage(b, false, set)
	s.catcher("external").quiet = true
	return s
}

// record writes down the messages of calls that overlap. Branches, hints and the nodes chosen are the same in each play.
func record(b *testing.B, set Settings) []step {
	s := newStage(b, false, set)
	type half struct{ bye, ok step }
	var script []step
	var held []half
	one := func(from netip.AddrPort, data []byte) *caught {
		script = append(script, step{data, from})
		return s.only(from, data)
	}
	over := func(h half) { script = append(script, h.bye, h.ok) }
	const sdp = "v=0\r\no=caller 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
	for i := range benchCalls {
		call := fmt.Sprintf("%d-4711@198.51.100.7", i)
		invite := []byte(fmt.Sprintf("INVITE sip:service@192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-4711-%d-0;rport\r\nMax-Forwards: 70\r\n"+
			"From: <sip:caller%d@example.com>;tag=c%d\r\nTo: <sip:service@example.com>\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\nContact: <sip:caller@198.51.100.7:5060>\r\n"+
			"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", i, i, i, call, len(sdp), sdp))
		left := one(client, invite)
		m := scanned(b, left.data)
		for _, status := range []string{"100 Trying", "180 Ringing", "200 OK"} {
			one(left.to, []byte(answer(m, status)))
		}
		route := "Route: " + string(m.Text(m.RecordRoutes.At(0).Span)) + "\r\n"
		later := func(method string, cseq int) []byte {
			return []byte(fmt.Sprintf("%s sip:service@%s SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-4711-%d-%d;rport\r\nMax-Forwards: 70\r\n%s"+
				"From: <sip:caller%d@example.com>;tag=c%d\r\nTo: <sip:service@example.com>;tag=callee\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContent-Length: 0\r\n\r\n",
				method, left.to, i, cseq+4, route, i, i, call, cseq, method))
		}
		one(client, later("ACK", 1))
		bye := s.only(client, later("BYE", 2))
		gone := []byte(answer(scanned(b, bye.data), "200 OK"))
		s.only(bye.to, gone)
		if held = append(held, half{step{later("BYE", 2), client}, step{gone, bye.to}}); len(held) > benchHeld {
			over(held[0])
			held = held[1:]
		}
	}
	for _, h := range held {
		over(h)
	}
	if len(script) != benchSteps*benchCalls {
		b.Fatalf("%d messages", len(script))
	}
	return script
}

// only gives a message to the stage, of which exactly one may come, and what it is goes with it.
func (s *stage) only(from netip.AddrPort, data []byte) *caught {
	sent := s.in("external", from, append([]byte(nil), data...))
	if len(sent) != 1 {
		s.t.Fatalf("%d messages left because of\n%s", len(sent), data)
	}
	var m peek.Message
	if r := m.Scan(append([]byte(nil), sent[0].data...)); r != peek.OK {
		s.t.Fatalf("%v:\n%s", r, sent[0].data)
	}
	return &sent[0]
}
