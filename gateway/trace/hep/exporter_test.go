package hep

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"twinhop/gateway/trace/messages"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	phone = netip.MustParseAddrPort("198.51.100.7:5062")
	door  = netip.MustParseAddrPort("192.0.2.1:5060")
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 1234567, time.UTC)
)

const invite = "INVITE sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa\r\nCall-ID: c1@phone\r\nCSeq: 1 INVITE\r\n" +
	"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nAuthorization: Digest response=\"SECRET\"\r\n\r\n"

func came() messages.Message {
	return messages.Message{At: noon, Call: "c1@phone", Method: "INVITE", CSeq: 1, Peer: phone, Local: door, Transport: "udp", Data: []byte(invite)}
}

// server is a capture server.
type server struct {
	t *testing.T
	*net.UDPConn
}

func newServer(t *testing.T) server {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return server{t, c}
}

// next is the next datagram.
func (s server) next() []byte {
	s.t.Helper()
	if err := s.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	b := make([]byte, 65536)
	n, err := s.Read(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return b[:n]
}

// chunks takes a datagram apart.
func chunks(t *testing.T, b []byte) map[uint16]string {
	t.Helper()
	be := binary.BigEndian
	if len(b) < 6 || string(b[:4]) != "HEP3" || int(be.Uint16(b[4:])) != len(b) {
		t.Fatalf("no datagram of HEP3: %q", b)
	}
	all := map[uint16]string{}
	for b = b[6:]; len(b) > 0; {
		n := int(be.Uint16(b[4:]))
		if be.Uint16(b) != 0 || n < 6 || n > len(b) {
			t.Fatalf("a chunk of vendor %d with %d bytes", be.Uint16(b), n)
		}
		all[be.Uint16(b[2:])] = string(b[6:n])
		b = b[n:]
	}
	return all
}

// running has an exporter sent by until the test ends.
func running(t *testing.T, x *Exporter) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAServerIsGivenEveryMessage(t *testing.T) {
	s := newServer(t)
	x := &Exporter{Addr: s.LocalAddr().String(), ID: 2001, Password: "pw", Node: "gw-1", Own: func(netip.Addr) netip.Addr { return netip.MustParseAddr("fd00::9") }}
	running(t, x)
	log := &messages.Log{Export: x.Message} // nothing need be remembered
	first := came()
	log.Message(&first)
	got := chunks(t, s.next())
	want := map[uint16]string{1: "\x02", 2: "\x11", 3: "\xc6\x33\x64\x07", 4: "\xc0\x00\x02\x01", 7: "\x13\xc6", 8: "\x13\xc4",
		9: string(binary.BigEndian.AppendUint32(nil, uint32(noon.Unix()))), 10: "\x00\x00\x04\xd2", 11: "\x01", 12: "\x00\x00\x07\xd1",
		14: "pw", 15: string(messages.Mask([]byte(invite))), 17: "c1@phone", 19: "gw-1"}
	for kind, value := range want {
		if got[kind] != value {
			t.Errorf("chunk %d: %q, want %q", kind, got[kind], value)
		}
	}
	if len(got) != len(want) || strings.Contains(got[15], "SECRET") {
		t.Errorf("%v", got)
	}

	m := came()
	m.At, m.Out, m.Transport, m.Peer, m.Local = time.Time{}, true, "tls", netip.MustParseAddrPort("[2001:db8::7]:5061"), netip.MustParseAddrPort("[::]:5060")
	log.Message(&m)
	got = chunks(t, s.next())
	if got[1] != "\x0a" || got[2] != "\x06" || netip.AddrFrom16([16]byte([]byte(got[5]))).String() != "fd00::9" || netip.AddrFrom16([16]byte([]byte(got[6]))) != m.Peer.Addr() {
		t.Errorf("%v", got)
	}
	if at := binary.BigEndian.Uint32([]byte(got[9])); time.Since(time.Unix(int64(at), 0)) > time.Hour {
		t.Error("it left at", at)
	}
	m.Peer, m.Local = netip.AddrPort{}, netip.AddrPort{}
	x.Message(m)
	if got = chunks(t, s.next()); got[1] != "\x02" || got[3] != "\x00\x00\x00\x00" {
		t.Errorf("%v", got)
	}
}

// The path of messages is never made to wait: what finds no room is counted.
func TestTheQueueIsBounded(t *testing.T) {
	x := &Exporter{Addr: "192.0.2.9:9060"}
	m := came()
	m.Data = bytes.Repeat([]byte("x"), 3*maxData)
	for range maxQueued + 5 {
		x.Message(m)
	}
	if x.crowded.Load() != 5 || x.length != maxQueued {
		t.Errorf("%d dropped, %d wait", x.crowded.Load(), x.length)
	}
	var w waiting
	for range maxQueued {
		if !x.take(&w) || len(w.data) != maxData {
			t.Fatalf("%d bytes", len(w.data))
		}
	}
	if x.take(&w) {
		t.Error("more than was put in")
	}
	held := 0
	for i := range x.list {
		held += cap(x.list[i].data)
	}
	if held > maxQueued*keepData {
		t.Errorf("%d bytes are held when nothing waits", held)
	}
}

func TestQueueingDoesNotAllocate(t *testing.T) {
	x, m := &Exporter{}, came()
	var w waiting
	both := func() {
		x.Message(m)
		x.take(&w)
	}
	for range 2 * maxQueued {
		both()
	}
	if n := testing.AllocsPerRun(1000, both); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for range maxQueued {
		x.Message(m)
	}
	if n := testing.AllocsPerRun(1000, func() { x.Message(m) }); n != 0 {
		t.Errorf("%v allocations to drop one", n)
	}
	var none *Exporter
	none.Message(m)
}

// Order is kept, though places in the queue are used again.
func TestOrder(t *testing.T) {
	s := newServer(t)
	x := &Exporter{Addr: s.LocalAddr().String()}
	for n := range 40 {
		m := came()
		m.Call = fmt.Sprint("call ", n)
		x.Message(m)
	}
	running(t, x)
	for n := range 40 {
		if got := chunks(t, s.next())[17]; got != fmt.Sprint("call ", n) {
			t.Fatalf("%d: %s", n, got)
		}
	}
}

// What waits is sent when the process stops, and a server that is away is
// told of once.
func TestAServerThatIsAway(t *testing.T) {
	var log bytes.Buffer
	x := &Exporter{Addr: "no such server.invalid:9060", Log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 3 {
		x.Message(came())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := x.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "capture server"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
	text := `
# HELP twinhop_hep_dropped_total SIP messages that the capture server was not given: queue, too many waited; send, the system refused.
# TYPE twinhop_hep_dropped_total counter
twinhop_hep_dropped_total{reason="queue"} 0
twinhop_hep_dropped_total{reason="send"} 3
# HELP twinhop_hep_sent_total SIP messages given to the capture server.
# TYPE twinhop_hep_sent_total counter
twinhop_hep_sent_total 0
`
	if err := testutil.CollectAndCompare(x.Metrics(), strings.NewReader(text)); err != nil {
		t.Error(err)
	}
}

// A text too long for a datagram is cut, and the datagram still is one.
func TestLongTexts(t *testing.T) {
	c := capture{at: noon, from: phone, to: door, text: bytes.Repeat([]byte("x"), 70000)}
	b := c.appendTo(nil, &agent{})
	if got := chunks(t, b); len(b) != maxDatagram || len(got[15]) < 65000 {
		t.Errorf("%d bytes, %d of text", len(b), len(got[15]))
	}
}
