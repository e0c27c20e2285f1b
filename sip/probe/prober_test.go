package probe

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/cluster/probes"
	"twinhop/sip/peek"
)

// peer is a node in memory. Each part it answers with is written on its own; {id} stands for the Call-ID asked with.
type peer struct {
	t     *testing.T
	parts []string
	cut   bool // into single bytes
	asked int
	over  string // what the connection ends with, "" = it stays
	wrong string // what dialling ends with
}

func (p *peer) dial(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error) {
	if p.wrong != "" {
		return nil, &net.OpError{Op: "dial", Net: network, Err: io.EOF}
	}
	ours, theirs := net.Pipe()
	go func() {
		b := make([]byte, 65536)
		for {
			n, err := theirs.Read(b)
			if err != nil {
				return
			}
			p.asked++
			var m peek.Message
			if r := m.Scan(b[:n]); r != peek.OK || m.Method != peek.Options || !strings.Contains(string(b[:n]), "Via: SIP/2.0/"+strings.ToUpper(network)+" ") {
				p.t.Errorf("%v asked over %s:\n%s", r, network, b[:n])
			}
			for _, part := range p.parts {
				part = strings.NewReplacer("{id}", string(m.Text(m.CallID)), "\n", "\r\n").Replace(part)
				for p.cut && part != "" {
					io.WriteString(theirs, part[:1])
					part = part[1:]
				}
				io.WriteString(theirs, part)
			}
			if p.over != "" {
				theirs.Close()
				return
			}
		}
	}()
	p.t.Cleanup(func() { theirs.Close() })
	return ours, nil
}

func said(status string) string {
	return "SIP/2.0 " + status + "\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>;tag=2\nCall-ID: {id}\nCSeq: 1 OPTIONS\nContent-Length: 4\n\nbody"
}

func node(t *testing.T, scheme string, to netip.AddrPort) *cluster.Node {
	var r cluster.Registry
	if err := r.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "n", SIP: []cluster.Address{{Scheme: scheme, Addr: to, Host: to.Addr().String()}}}},
		Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: "n"}}}}}); err != nil {
		t.Fatal(err)
	}
	return r.View().Named("n")
}

func TestProbe(t *testing.T) {
	other := strings.Replace(said("200 OK"), "{id}", "another", 1)
	for name, tc := range map[string]struct {
		scheme string
		peer   peer
		code   int
		detail string // none: alive
		asked  int
	}{
		"answer":                  {"udp", peer{parts: []string{said("200 OK")}}, 200, "", 1},
		"provisional, final":      {"udp", peer{parts: []string{said("100 Trying"), said("200 OK")}}, 200, "", 1},
		"method unknown":          {"udp", peer{parts: []string{said("405 Method Not Allowed")}}, 405, "", 1},
		"unavailable":             {"udp", peer{parts: []string{said("503 Service Unavailable")}}, 503, "answered 503", 1},
		"noise":                   {"udp", peer{parts: []string{"\x00\xffx", "SIP/2.0 200 OK\n", other, said("200 OK")}}, 200, "", 1},
		"silence":                 {"udp", peer{}, 0, "no answer", 5}, // at 0, 0.5, 1.5, 3.5, 7.5 s
		"nobody there":            {"udp", peer{over: "closed"}, 0, "probe", 1},
		"no socket":               {"udp", peer{wrong: "refused"}, 0, "EOF", 0},
		"tcp":                     {"tcp", peer{parts: []string{said("200 OK")}}, 200, "", 1},
		"tcp, cut anywhere":       {"tcp", peer{parts: []string{said("100 Trying") + "\n\n" + said("200 OK")}, cut: true}, 200, "", 1},
		"tcp, two at once":        {"tcp", peer{parts: []string{other + said("100 Trying") + said("480 Temporarily Unavailable")}}, 480, "", 1},
		"tcp, silence":            {"tcp", peer{}, 0, "no answer", 1}, // no repetitions: what is sent arrives
		"tcp, closed":             {"tcp", peer{over: "closed"}, 0, "probe", 1},
		"tcp, half and closed":    {"tcp", peer{parts: []string{"SIP/2.0 200 OK\nVia: x"}, over: "closed"}, 0, "probe", 1},
		"tcp, more than there is": {"tcp", peer{parts: []string{"SIP/2.0 200 OK\nX: " + strings.Repeat("x", peek.MaxMessage)}}, 0, "no SIP", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := tc.peer
				p.t = t
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				r := (&Prober{Dial: p.dial}).Probe(ctx, node(t, tc.scheme, netip.MustParseAddrPort("10.0.0.1:5080")))
				synctest.Wait()
				if r.OK != (tc.detail == "") || r.Code != tc.code || !strings.Contains(r.Detail, tc.detail) || p.asked != tc.asked {
					t.Errorf("asked %d times: %+v", p.asked, r)
				}
				if !r.OK && r.Code == 0 && !strings.Contains(r.Detail, "probe "+tc.scheme+"://10.0.0.1:5080: ") {
					t.Errorf("which node? %q", r.Detail)
				}
			})
		})
	}
}

// The system's own sockets do what the pipes do.
func TestProbeOnLoopback(t *testing.T) {
	u, l := bothOnOnePort(t)
	to := u.LocalAddr().(*net.UDPAddr).AddrPort()
	answer := func(b []byte) []byte {
		var m peek.Message
		m.Scan(b)
		return []byte(strings.NewReplacer("{id}", string(m.Text(m.CallID)), "\n", "\r\n").Replace(said("200 OK")))
	}
	served := make(chan struct{}, 2)
	go func() {
		defer func() { served <- struct{}{} }()
		b := make([]byte, 65536)
		for {
			n, from, err := u.ReadFrom(b)
			if err != nil {
				return
			}
			u.WriteTo(answer(b[:n]), from)
		}
	}()
	go func() {
		defer func() { served <- struct{}{} }()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 65536)
			n, _ := c.Read(b)
			c.Write(answer(b[:n]))
			c.Close()
		}
	}()
	for _, scheme := range []string{"udp", "tcp"} {
		if r := (&Prober{}).Probe(t.Context(), node(t, scheme, to)); !r.OK || r.Code != 200 || r.Took <= 0 {
			t.Errorf("%s: %+v", scheme, r)
		}
	}
	u.Close()
	l.Close()
	<-served
	<-served
	for _, scheme := range []string{"udp", "tcp"} {
		if r := (&Prober{}).Probe(t.Context(), node(t, scheme, to)); r.OK || r.Code != 0 || r.Detail == "" {
			t.Errorf("%s, nobody there: %+v", scheme, r)
		}
	}
}

// With codes of its own an answer is good, bad, or says nothing.
func TestAccept(t *testing.T) {
	p := &Prober{}
	for _, tt := range []struct {
		codes       []int
		code        int
		alive, void bool
	}{
		{nil, 200, true, false}, {nil, 302, true, false}, {nil, 404, true, false}, {nil, 503, false, false},
		{[]int{404}, 200, true, false}, {[]int{404}, 202, true, false}, {[]int{404}, 404, true, false}, {[]int{404}, 405, false, false},
		{[]int{404}, 302, false, true}, {[]int{302}, 302, true, false}, {[]int{503}, 503, true, false}, {[]int{503}, 500, false, false},
		{[]int{}, 404, true, false},
	} {
		p.Accept(tt.codes)
		if alive, void := p.judge(&cluster.Node{}, tt.code); alive != tt.alive || void != tt.void {
			t.Errorf("%d with %v: alive %v, void %v", tt.code, tt.codes, alive, void)
		}
	}
	p.Accept([]int{404})
	for _, tt := range []struct {
		codes       []int
		code        int
		alive, void bool
	}{
		{nil, 404, true, false}, {[]int{405}, 404, false, false}, {[]int{405}, 405, true, false}, {[]int{405}, 302, false, true}, {[]int{}, 405, false, false}, {[]int{}, 200, true, false},
	} {
		n := &cluster.Node{Probes: &probes.Words{Codes: tt.codes}}
		if alive, void := p.judge(n, tt.code); alive != tt.alive || void != tt.void {
			t.Errorf("%d of a node with %v: alive %v, void %v", tt.code, tt.codes, alive, void)
		}
	}
}

// bothOnOnePort opens a port for UDP and for TCP. One that is free for UDP may
// be taken for TCP: then it is another.
func bothOnOnePort(t *testing.T) (net.PacketConn, net.Listener) {
	for range 20 {
		u, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp4", u.LocalAddr().String())
		if err == nil {
			return u, l
		}
		u.Close()
	}
	t.Fatal("no port is free for both")
	return nil, nil
}
