//go:build linux

package e2e

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const stopwatchHold = 100 * time.Millisecond

// A stopwatch is a caller beside SIPp's, which measures what SIPp's clock is too coarse for:
// from the INVITE's sending to the moment the kernel has its 200, whoever is running then.
// It repeats nothing: what is lost stays lost and is counted.
type stopwatch struct {
	conn *net.UDPConn
	to   netip.AddrPort
	from string
	run  uint64 // no two runs share a Call-ID

	mu    sync.Mutex
	calls []timed
	byes  []goodbye // in the order they are due
}

type goodbye struct {
	due     time.Time
	request []byte
}

type timed struct {
	sent, answered time.Time
	reached        int // the highest status so far
	disorder       int
	ended          bool
}

func newStopwatch(t testing.TB, port int, to string) *stopwatch {
	t.Helper()
	conn := stamped(t, "127.0.0.1", port)
	return &stopwatch{conn: conn, to: netip.MustParseAddrPort(to), from: conn.LocalAddr().String(), run: serial.Add(1)}
}

// stamped opens a socket on which the kernel notes when a datagram arrived.
func stamped(t testing.TB, ip string, port int) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(ip), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = conn.SetReadBuffer(4 << 20)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	})
	if err != nil {
		t.Fatalf("receive times: %v", err)
	}
	return conn
}

// watch places calls evenly at a rate for a while, then waits a little for late answers.
func (s *stopwatch) watch(rate int, length time.Duration) {
	s.calls = make([]timed, 0, int(length.Seconds()+1)*rate)
	var reader sync.WaitGroup
	reader.Go(s.listen)
	step := time.Second / time.Duration(rate)
	for next, end := time.Now(), time.Now().Add(length); next.Before(end); next = next.Add(step) {
		time.Sleep(time.Until(next))
		s.mu.Lock()
		n := len(s.calls)
		s.calls = append(s.calls, timed{})
		s.mu.Unlock()
		invite := s.request("INVITE", n, "", "sip:service@"+s.to.String(), nil)
		s.mu.Lock()
		s.calls[n].sent = time.Now()
		s.mu.Unlock()
		_, _ = s.conn.WriteToUDPAddrPort(invite, s.to)
		s.hangUp(time.Now())
	}
	time.Sleep(stopwatchHold)
	s.hangUp(time.Now().Add(stopwatchHold))
	time.Sleep(time.Second)
	s.conn.Close()
	reader.Wait()
}

// hangUp ends the calls that have lasted long enough. A BYE on the heels of the ACK would ask
// for more order than a proxy with several workers can promise.
func (s *stopwatch) hangUp(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.byes) > 0 && s.byes[0].due.Before(now) {
		_, _ = s.conn.WriteToUDPAddrPort(s.byes[0].request, s.to)
		s.byes = s.byes[1:]
	}
}

func (s *stopwatch) request(method string, n int, toTag, target string, routes []string) []byte {
	var b strings.Builder
	cseq := 1
	if method == "BYE" {
		cseq = 2
	}
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%d-%d;rport\r\nMax-Forwards: 70\r\n", method, target, s.from, method, n, s.run)
	for i := len(routes) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "Route: %s\r\n", routes[i])
	}
	fmt.Fprintf(&b, "From: <sip:stopwatch@e2e.invalid>;tag=w%d\r\nTo: <sip:service@e2e.invalid>%s\r\nCall-ID: %d-%d@%s\r\nCSeq: %d %s\r\nContact: <sip:stopwatch@%s>\r\n",
		n, toTag, n, s.run, s.from, cseq, method, s.from)
	body := ""
	if method == "INVITE" {
		b.WriteString("Content-Type: application/sdp\r\n")
		body = "v=0\r\no=w 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return []byte(b.String())
}

func (s *stopwatch) listen() {
	buf, control := make([]byte, 65536), make([]byte, 256)
	for {
		size, c, _, _, err := s.conn.ReadMsgUDPAddrPort(buf, control)
		if err != nil {
			return
		}
		m, err := parse(buf[:size])
		if err != nil || !m.response() {
			continue
		}
		var n int
		var run uint64
		if _, err := fmt.Sscanf(m.callID(), "%d-%d@", &n, &run); err != nil || run != s.run {
			continue
		}
		s.heard(n, m, arrival(control[:c]))
	}
}

func (s *stopwatch) heard(n int, m *message, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 || n >= len(s.calls) {
		return
	}
	call := &s.calls[n]
	if m.method() == "BYE" {
		call.ended = m.status() == 200
		return
	}
	if m.status() < call.reached {
		call.disorder++
	}
	call.reached = max(call.reached, m.status())
	if m.status() != 200 || !call.answered.IsZero() {
		return
	}
	call.answered = at
	_, tag, _ := strings.Cut(m.get("To"), ";")
	target, routes := uri(m.get("Contact")), m.list("Record-Route")
	_, _ = s.conn.WriteToUDPAddrPort(s.request("ACK", n, ";"+tag, target, routes), s.to)
	s.byes = append(s.byes, goodbye{time.Now().Add(stopwatchHold), s.request("BYE", n, ";"+tag, target, routes)})
}

// arrival is when the kernel put the datagram into the socket.
func arrival(control []byte) time.Time {
	all, err := syscall.ParseSocketControlMessage(control)
	if err == nil {
		for _, c := range all {
			if c.Header.Level == syscall.SOL_SOCKET && c.Header.Type == syscall.SO_TIMESTAMPNS && len(c.Data) >= 16 {
				return time.Unix(int64(binary.NativeEndian.Uint64(c.Data)), int64(binary.NativeEndian.Uint64(c.Data[8:])))
			}
		}
	}
	return time.Now()
}

// result says how long set-ups took, how many calls were not served from INVITE to BYE, and
// how many messages came late.
func (s *stopwatch) result() (setup []time.Duration, lost, disorder int) {
	for _, c := range s.calls {
		if !c.ended {
			lost++
		}
		if !c.answered.IsZero() {
			setup = append(setup, c.answered.Round(0).Sub(c.sent.Round(0)))
		}
		disorder += c.disorder
	}
	return setup, lost, disorder
}
