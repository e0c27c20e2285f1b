package e2e

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// streamPhone is a telephone on a connection.
type streamPhone struct {
	conn   net.Conn
	in     *bufio.Reader
	via    string // the transport, as it stands in a Via
	frames bool   // the connection is a WebSocket
	inner  string // the address that it knows itself by, if that is another than the world sees
}

func dialStream(addr string) (*streamPhone, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &streamPhone{conn: conn, in: bufio.NewReader(conn), via: "TCP"}, nil
}

// read returns the next whole message.
func (p *streamPhone) read() (*message, error) {
	if p.frames {
		return p.frame()
	}
	start, err := p.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(start) == "" { // an answer to a keep-alive
		return p.read()
	}
	m := &message{start: strings.TrimSpace(start)}
	lines := textproto.NewReader(p.in)
	for {
		line, err := lines.ReadLine()
		if err != nil {
			return nil, err
		}
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		m.fields = append(m.fields, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	n, err := strconv.Atoi(m.get("Content-Length"))
	if err != nil {
		return nil, fmt.Errorf("Content-Length of %q: %w", m.start, err)
	}
	body := make([]byte, n)
	_, err = io.ReadFull(p.in, body)
	m.body = string(body)
	return m, err
}

// ask sends a request and returns its final answer.
func (p *streamPhone) ask(request string) (*message, error) {
	_ = p.conn.SetDeadline(time.Now().Add(10 * time.Second))
	if err := p.send(request); err != nil {
		return nil, err
	}
	for {
		m, err := p.read()
		if err != nil || m.status() >= 200 {
			return m, err
		}
	}
}

func (p *streamPhone) request(method, target, id, to string, cseq int, more string) string {
	transport := strings.ToLower(p.via)
	if p.frames {
		transport = "ws" // for both (RFC 7118 section 5.3)
	}
	return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bKs%d;rport\r\nMax-Forwards: 70\r\n%s", method, target, p.via, p.host(), serial.Add(1), more) +
		fmt.Sprintf("From: <sip:stream@e2e.invalid>;tag=s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:stream@%s;transport=%s>\r\nContent-Length: 0\r\n\r\n",
			to, id, cseq, method, p.host(), transport)
}

// streamCalls asks for OPTIONS and makes a call over one connection.
func (p *streamPhone) serve(gateway string) error {
	id := fmt.Sprintf("stream-%d@%s", serial.Add(1), p.conn.LocalAddr())
	if r, err := p.ask(p.request("OPTIONS", "sip:"+gateway, id+"o", "<sip:"+gateway+">", 1, "")); err != nil || r.status() != 200 {
		return fmt.Errorf("OPTIONS: %v, %v", r, err)
	}
	r, err := p.ask(p.request("INVITE", "sip:service@e2e.invalid", id, "<sip:service@e2e.invalid>", 1, ""))
	if err != nil || r.status() != 200 {
		return fmt.Errorf("INVITE: %v, %v", r, err)
	}
	routes := r.list("Record-Route")
	var more strings.Builder
	for i := range routes {
		fmt.Fprintf(&more, "Route: %s\r\n", routes[len(routes)-1-i])
	}
	target, to := uri(r.get("Contact")), r.get("To")
	if err := p.send(p.request("ACK", target, id, to, 1, more.String())); err != nil {
		return err
	}
	if r, err := p.ask(p.request("BYE", target, id, to, 2, more.String())); err != nil || r.status() != 200 {
		return fmt.Errorf("BYE: %v, %v", r, err)
	}
	return nil
}

// Spoiled messages over TCP, alone and several in a row, cut anywhere, with the connection left
// open, half closed or reset: as for datagrams, nobody else notices and nothing is left behind.
func TestSpoiledStreams(t *testing.T) {
	w := set(t, stage{Agents: true, Also: []string{"tcp"}, Config: "limits: {sip: {partialTimeout: 1s}}\n"})
	count := 1500
	if soak {
		count = 10000
	}
	before, err := w.vitals()
	if err != nil {
		t.Fatal(err)
	}
	others := w.public(t)
	const lanes = 8
	var sent, answers atomic.Int64
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(3261, uint64(lane)))
			for i := lane; i < count; i += lanes {
				answers.Add(w.spoilStream(t, r, i))
				sent.Add(1)
			}
		})
	}
	wg.Wait()
	others.end(t, 20)
	p, err := dialStream(w.external)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.serve(w.external); err != nil {
		t.Error(err)
	}
	p.conn.Close()
	w.leakless(t, before)
	t.Logf("%d connections, %d bytes of answers to them", sent.Load(), answers.Load())
}

func (w *world) spoilStream(t *testing.T, r *rand.Rand, i int) int64 {
	c, err := net.DialTimeout("tcp", w.external, 5*time.Second)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer c.Close()
	var text []byte
	for range 1 + r.IntN(3) {
		text = append(text, spoiled(r, i, c.LocalAddr().String(), w.external, "TCP")...)
	}
	_ = c.SetDeadline(time.Now().Add(300 * time.Millisecond))
	for len(text) > 0 {
		n := 1 + r.IntN(len(text))
		if _, err := c.Write(text[:n]); err != nil {
			break // it has been closed to us, as it may be
		}
		text = text[n:]
	}
	switch r.IntN(4) {
	case 0:
		_ = c.(*net.TCPConn).SetLinger(0)
		return 0
	case 1:
		_ = c.(*net.TCPConn).CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Duration(r.IntN(60)) * time.Millisecond))
	n, _ := io.Copy(io.Discard, c)
	return n
}

// Connections that send a byte now and then hold nobody up: OPTIONS and calls are served over
// UDP and TCP all the while, each slow one is closed when its time is over, and what they
// occupied is given back.
func TestSlowStreams(t *testing.T) {
	w := set(t, stage{Agents: true, Load: true, Also: []string{"tcp"}, Config: "limits: {sip: {partialTimeout: 3s}}\ntelemetry: {trace: {maxBytes: 4MiB}}\n"})
	slow := 200
	if soak {
		slow = 2000
	}
	before, err := w.vitals()
	if err != nil {
		t.Fatal(err)
	}
	others := w.public(t)
	message := fmt.Sprintf(originals[0], "127.0.0.1:9", w.external, 1, "TCP")
	var cut, kept atomic.Int64
	var wg sync.WaitGroup
	for range slow {
		wg.Go(func() {
			c, err := net.DialTimeout("tcp", w.external, 5*time.Second)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			done := make(chan struct{})
			go func() { _, _ = io.Copy(io.Discard, c); close(done) }()
			for i := range len(message) {
				select {
				case <-done:
					cut.Add(1)
					return
				case <-time.After(100 * time.Millisecond):
				}
				if i > 100 { // more than three times what it is given
					kept.Add(1)
					return
				}
				_, _ = c.Write([]byte{message[i]})
			}
		})
	}
	p, err := dialStream(w.external)
	if err != nil {
		t.Fatal(err)
	}
	served := 0
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); served++ {
		if err := p.serve(w.external); err != nil {
			t.Fatalf("the honest connection, after %d calls: %v", served, err)
		}
	}
	p.conn.Close()
	wg.Wait()
	others.end(t, 20)
	after, err := w.vitals()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d slow connections, %d cut off; %d calls over TCP meanwhile; %d MB before, %d MB after", slow, cut.Load(), served, before.resident>>20, after.resident>>20)
	if kept.Load() > 0 {
		t.Errorf("%d slow connections were kept three times as long as they may take", kept.Load())
	}
	if served < 20 {
		t.Errorf("only %d calls over TCP meanwhile", served)
	}
	if grown := after.resident - before.resident; grown > 64<<20 {
		t.Errorf("memory grew by %d MB, want 64 at most", grown>>20)
	}
	w.leakless(t, before)
}
