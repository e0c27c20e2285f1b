package sip

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"golang.org/x/tools/txtar"

	"twinhop/gateway"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
)

var every = []Source{{From: gateway.SourceFromAOR}, {From: gateway.SourceToUser}, {From: gateway.SourceHeader, Header: "X-User"}}

// Whatever arrives from outside, by UDP or TCP, and whatever the nodes then say, with failover as it is by default: what leaves goes to nodes
// or back to the host it came from, can be read by us and by sipgo, has nothing in our lines that breaks out of them, and is not more than
// the rules of RFC 3261 make of it; and when time has passed nothing is kept.
//
// Each byte of answers is what the nodes say to one request; way: single port, by a connection, as the old balancers did, TLS or WSS.
func FuzzWhatLeaves(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data, []byte{0}, byte(len(data)))
	}
	hostile := [][]byte{
		lined(request("INVITE", "sip:bob\x00@192.0.2.1", "c1", "To: <sip:bob@example.com>")...),
		lined(request("INVITE", "sip:bob@192.0.2.1;x=\rEvil: 1", "c1", "To: <sip:bob@example.com>")...),
		lined(request("INVITE", "sip:bob@192.0.2.1;org.mobicents.servlet.sip.ApplicationSessionKey=a%0d%0aEvil: 1", "c1", "To: \"x\r\n y\" <sip:bob%0d%0a@example.com>")...),
		lined("INVITE sip:bob@192.0.2.1 SIP/2.0", "Via: SIP/2.0/UDP 198.51.100.7;x=\ny;rport;branch=z9hG4bKa\r\n ;received=1", "From: <sip:a@b>;tag=a", "To: <sip:c@d>", "Call-ID: 1", "CSeq: 1 INVITE"),
		lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>", "Proxy-Require: a\r\n b, c")...),
		[]byte("\r\n\r\n\r\n"),
	}
	for i, data := range hostile {
		for way := range byte(16) {
			f.Add(data, []byte{byte(i), 6, 4, 2}, way)
		}
	}
	invite := lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>", "Content-Length: 0")...)
	for a := range len(said) {
		for b := range len(said) {
			f.Add(invite, []byte{byte(a), byte(b), 0, byte(a)}, byte(a+b))
		}
	}
	f.Fuzz(func(t *testing.T, data, answers []byte, way byte) {
		if len(data) > 8<<10 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			l := leaving{stage: newStage(t, way&1 == 0, Settings{Sources: every, OldHint: way&4 != 0, InitialRemote: way&4 != 0, Pending: pending.Settings{Invite: 2 * time.Second,
				Trying: 4 * time.Second, Total: 20 * time.Second, Attempts: 3, Codes: []int{503}}}), data: data, answers: answers[:min(len(answers), 16)]}
			l.addTCP(false, []string{"tls", "wss"}, false)
			l.serve([]string{"udp", "tcp"}, false)
			l.prepare()
			leg := [...]string{"external", "external-tcp", "external-tls", "external-wss"}[way>>1&1|way>>2&2]
			l.readable, l.sipgo = read(data), parsed(data)
			l.check(l.in(leg, client, bytes.Clone(data)))
			for range 600 {
				time.Sleep(500 * time.Millisecond)
				l.sent = nil
				l.front.turn(l.keeper, 0, l.fallen)
				l.check(l.settle())
			}
			if n := l.front.pending.Live(); n != 0 {
				t.Errorf("%d INVITEs are kept after five minutes", n)
			}
			l.bounded()
		})
	})
}

// seeds are the messages that come from outside in the scenes.
func seeds(f *testing.F) (all [][]byte) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no scenes: ", err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		m := memory{s: &stage{}}
		for _, s := range ar.Files {
			if strings.HasPrefix(s.Name, "in external") && !bytes.HasPrefix(s.Data, []byte("answer ")) {
				data := m.fill(s.Data)
				m.came(data)
				all = append(all, crlf(data))
			}
		}
	}
	return all
}

// said is what a node may say; 0: nothing.
var said = [...]string{"", "100 Trying", "180 Ringing", "183 Progress", "200 OK", "302 Moved", "487 Terminated", "503 Busy\r\nRetry-After: 3", "600 Busy"}

// leaving watches what leaves because of one input.
type leaving struct {
	*stage
	data            []byte
	answers         []byte
	readable, sipgo bool
	messages        int // that nodes have sent
	back, inner     int // messages to the sender, and to nodes
}

func (l *leaving) check(sent []caught) {
	for depth := 0; len(sent) > 0 && depth < 100; depth++ {
		c := sent[0]
		sent = sent[1:]
		l.one(c)
		if len(l.answers) == 0 || c.to.Addr() == client.Addr() || bytes.HasPrefix(c.data, []byte("SIP/")) || bytes.HasPrefix(c.data, []byte("ACK ")) {
			continue
		}
		status := said[int(l.answers[0])%len(said)]
		l.answers = l.answers[1:]
		var m peek.Message
		if status == "" || m.Scan(bytes.Clone(c.data)) != peek.OK {
			continue
		}
		l.messages++
		leg := "internal"
		if isStreamLeg(c.leg) {
			leg = "internal-tcp"
		}
		if l.front.legs.Single() {
			leg = strings.Replace(leg, "internal", "external", 1)
		}
		sent = append(sent, l.in(leg, c.to, []byte(answer(&m, status)))...)
	}
}

// one checks one message that leaves.
func (l *leaving) one(c caught) {
	t := l.t
	t.Helper()
	leavesOnlyToNodes(t, c, l.data)
	var m peek.Message
	m.Limits = &boundless
	if m.Scan(c.data) != peek.OK {
		return // an answer that echoes what could not be read: leavesOnlyToNodes has seen that it is one
	}
	if c.to.Addr() == client.Addr() {
		l.back++
	} else {
		l.inner++
	}
	told := []byte("\r\nX-Sip-Balancer-InitialRemoteAddr: 198.51.100.7\r\nX-Sip-Balancer-InitialRemotePort: 5060\r\n")
	if m.Remote && (bytes.Count(c.data[:m.HeadEnd], told) != 1 || c.to.Addr() == client.Addr() || l.front.settings.Load().InitialRemote == false) {
		t.Fatalf("told of the sender:\n%q\nbecause of\n%q", c.data, l.data)
	}
	if !l.readable {
		return
	}
	for line := range bytes.SplitSeq(c.data[:m.HeadEnd], []byte("\r\n")) {
		echoed, _, _ := bytes.Cut(line, []byte(";tag=")) // of a To with the tag of a node, or of our own
		if bytes.ContainsAny(line, "\r\n\x00") && !bytes.Contains(l.data, echoed) {
			t.Fatalf("the line %q was made of\n%q", line, l.data)
		}
	}
	if l.sipgo && !parsed(c.data) {
		t.Fatalf("sipgo reads\n%q\nbut not\n%q", l.data, c.data)
	}
}

// bounded checks how much has left: of an INVITE three attempts, each sent at most four times in the two seconds it has, as many CANCELs that
// are repeated ten times, and of our own final answer what RFC 3261 section 17.2.1 has it repeated; of anything else one message for one.
func (l *leaving) bounded() {
	in := 1 + bytes.Count(l.data, []byte("\r\n\r\n"))
	if toNodes := in*(3*4+3*11) + l.messages; l.inner > toNodes {
		l.t.Errorf("%d messages to nodes because of %d\n%q", l.inner, in, l.data)
	}
	if back := in*(1+1+12) + l.messages; l.back > back {
		l.t.Errorf("%d messages back because of %d\n%q", l.back, in, l.data)
	}
	if !bytes.Contains(l.data, []byte("INVITE")) && l.back > in+l.messages {
		l.t.Errorf("%d answers to what is no INVITE\n%q", l.back, l.data)
	}
}

// leavesOnlyToNodes checks where a message goes, that it can be read, and that what goes back is not much longer than what came.
func leavesOnlyToNodes(t testing.TB, c caught, data []byte) {
	t.Helper()
	if c.to != node1 && c.to != node2 && c.to.Addr() != client.Addr() {
		t.Fatalf("sent to %s:\n%q\nbecause of\n%q", c.to, c.data, data)
	}
	m := peek.Message{Limits: &boundless}
	if r := m.Scan(c.data); r != peek.OK && !bytes.HasPrefix(c.data, []byte("SIP/2.0 4")) && !bytes.HasPrefix(c.data, []byte("SIP/2.0 5")) {
		t.Fatalf("what leaves is %v:\n%q\nbecause of\n%q", r, c.data, data)
	}
	if c.to.Addr() == client.Addr() && len(c.data) > len(data)+500 {
		t.Fatalf("an answer of %d bytes to %d", len(c.data), len(data))
	}
}

func read(data []byte) bool {
	var m peek.Message
	return m.Scan(bytes.Clone(data)) == peek.OK
}

// parsed tells whether sipgo can read a message.
func parsed(data []byte) bool {
	_, err := sip.ParseMessage(data)
	return err == nil
}

// What the operator has configured does not break out of the lines it stands in, either.
func TestAdvertisedHostStaysInItsLine(t *testing.T) {
	s := newStage(t, true, Settings{})
	s.front.External[0].Host, s.front.External[0].InVia, s.front.External[0].InContact = "sip.example.net\r\nEvil: 1\r\n\x00", true, true
	s.prepare()
	for _, c := range append(s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")...)),
		s.in("internal", node1, lined("INVITE sip:carol@203.0.113.9 SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bKn", "From: <sip:a@b>;tag=1", "To: <sip:c@d>",
			"Call-ID: n1", "CSeq: 1 INVITE", "Contact: <sip:bob@10.0.0.1:5080>"))...) {
		if bytes.Contains(c.data, []byte("\nEvil")) || bytes.IndexByte(c.data, 0) >= 0 || !bytes.Contains(c.data, []byte("sip.example.netEvil: 1:5060")) {
			t.Errorf("to %s:\n%q", c.to, c.data)
		}
	}
}
