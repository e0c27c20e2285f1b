package sip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Ten thousand seeded mutations of the cases on every way, from the client and from the node. Nothing leaves but to the node and to the
// sender's host, and then all is as before.
func TestTortureMutations(t *testing.T) {
	for i, way := range tortureWays {
		t.Run(way.String(), func(t *testing.T) {
			n := 10000
			if testing.Short() {
				n = 1000
			}
			f := openFence(t, way)
			r := rand.New(rand.NewPCG(3, uint64(i)))
			seeds := f.seeds()
			for k := range n {
				seed := seeds[r.IntN(len(seeds))]
				f.throw(seed.node, mutated(r, seed.data))
				if k%50 == 49 {
					f.settle()
				}
			}
			f.settle()
			f.check()
		})
	}
}

// seed is a message of a case as its sender would send it now.
type seed struct {
	node bool
	data []byte
}

const mutationSpice = "\r\n\t \x00,;:<>\"=@%[]\\/?0aZ\xff"

// mutated is a copy with one to six changes: a byte, a piece left out, one put in, one said twice, a line said twice.
func mutated(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(6) {
		if len(b) == 0 {
			break
		}
		i := r.IntN(len(b))
		switch r.IntN(5) {
		case 0:
			b[i] = mutationSpice[r.IntN(len(mutationSpice))]
		case 1:
			b = append(b[:i], b[min(len(b), i+1+r.IntN(20)):]...)
		case 2:
			b = append(b[:i:i], append([]byte{mutationSpice[r.IntN(len(mutationSpice))]}, b[i:]...)...)
		case 3:
			b = append(b[:i:i], b[min(i, r.IntN(len(b))):]...)
		case 4:
			lines := bytes.SplitAfter(b, []byte("\n"))
			k := r.IntN(len(lines))
			b = bytes.Join(append(lines[:k:k], append([][]byte{lines[r.IntN(len(lines))]}, lines[k:]...)...), nil)
		}
	}
	return b[:min(len(b), 65000)]
}

// fence is a site whose every datagram is looked at on its way out. What is for neither end is noted, and goes nowhere.
type fence struct {
	*site

	mu    sync.Mutex
	ends  []netip.AddrPort // the node and the client
	wrong []string
}

func openFence(t testing.TB, way tortureWay) *fence {
	f := &fence{}
	f.site = newSite(t, way)
	if way.host == "127.0.0.1" {
		f.clientHost, f.nodeHost = "127.0.0.2", "127.0.0.3" // hosts of their own, where the system has them
	}
	f.guarded = func(c net.PacketConn) net.PacketConn { return fenced{c, f} }
	f.open()
	f.mu.Lock()
	f.ends = []netip.AddrPort{f.node.at, f.client.at}
	f.mu.Unlock()
	return f
}

// fenced is a socket of the gateway's behind a fence.
type fenced struct {
	net.PacketConn
	f *fence
}

func (c fenced) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.f.passes(b, addrOf(to)) {
		return c.PacketConn.WriteTo(b, to)
	}
	return len(b), nil
}

// passes tells whether to is an end, and notes what is neither the node nor on the sender's host. Of a node, too, a spoiled message may be
// a request that can be refused.
func (f *fence) passes(b []byte, to netip.AddrPort) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.ends) == 0 || slices.Contains(f.ends, to) { // it is not up yet, or to is an end
		return true
	}
	refusal := bytes.HasPrefix(b, []byte("SIP/2.0 4")) || bytes.HasPrefix(b, []byte("SIP/2.0 5"))
	if to.Addr() != f.ends[1].Addr() && !(refusal && to.Addr() == f.ends[0].Addr()) && len(f.wrong) < 5 {
		f.wrong = append(f.wrong, fmt.Sprintf("to %s: %q", to, b))
	}
	return false
}

// seeds are the messages of all cases, the node's as answers to requests that it got, and one that follows our signed Route.
func (f *fence) seeds() (all []seed) {
	for _, c := range tortureCases(f.t) {
		for i, step := range c.steps {
			if !step.node {
				b := f.filled(step.data, nil)
				all = append(all, seed{false, append(b, f.filled(step.tail, nil)...)})
				if i+1 == len(c.steps) || !c.steps[i+1].node {
					continue
				}
				if err := f.forwards(b, nil, false); err != nil {
					f.t.Fatalf("%s: %v", c.name, err)
				}
				all = append(all, seed{true, reply(f.last, "180 Ringing")})
			} else {
				all = append(all, seed{true, f.filled(step.data, f.last)})
			}
		}
	}
	h := f.ordinary("INVITE", "dialog")
	if err := f.forwards(h.message("INVITE sip:mira@"+f.outer.String()+" SIP/2.0"), nil, true); err != nil {
		f.t.Fatal(err)
	}
	bye := f.ordinary("BYE", "dialog").with("To", "<sip:mira@quay.example>;tag=atnode")
	records := readHead(f.last).lines
	for _, l := range slices.Backward(records) {
		if l.name == "record-route" {
			_, value, _ := strings.Cut(l.text, ":")
			bye = append(bye, [2]string{"Route", strings.TrimSpace(value)})
		}
	}
	return append(all, seed{false, bye.message("BYE sip:mira@" + f.node.at.String() + " SIP/2.0")})
}

// throw sends what nobody waits for. On a stream each has a connection of its own, which the gateway must end when the client does.
func (f *fence) throw(node bool, b []byte) {
	switch {
	case node:
		f.node.send(b)
	case f.way.in == "udp":
		f.client.send(b)
	default:
		c, err := f.connect()
		if err != nil {
			f.t.Fatal(err)
		}
		defer c.Close()
		c.Write(b)
		c.CloseWrite()
		c.SetReadDeadline(time.Now().Add(patienceOfTests))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			f.t.Fatalf("the connection does not end after %q", b)
		}
	}
}

// settle waits until everything that was sent has been dealt with.
func (f *fence) settle() {
	f.calls++
	call := fmt.Sprintf("settle-%d", f.calls)
	ask := func() {
		f.client.send(f.ordinary("OPTIONS", call).message("OPTIONS sip:" + f.outer.String() + " SIP/2.0"))
	}
	ask()
	f.asking("client", call, ask)
}

// asking lets everything pass that comes before a message with a text, and repeats what leads to it: a datagram, or what met a connection that
// a spoiled message has just ended, may be lost.
func (f *fence) asking(name, text string, again func()) []byte {
	limit := time.After(patienceOfTests)
	pace := time.NewTicker(patienceOfTests / 10) // timer T1
	defer pace.Stop()
	for {
		select {
		case <-pace.C:
			again()
		case ev := <-f.events:
			if ev.end.name == name && bytes.Contains(ev.data, []byte(text)) {
				return ev.data
			}
		case <-limit:
			f.t.Fatalf("%s is not served any more", text)
		}
	}
}

// check tells whether all is as before.
func (f *fence) check() {
	invite := func() {
		f.client.send(f.ordinary("INVITE", "afterwards").message("INVITE sip:mira@quay.example SIP/2.0"))
	}
	invite()
	ok := reply(f.asking("node", "afterwards", invite), "200 OK")
	f.node.half() // what it said last on a connection may lack its end
	f.node.send(ok)
	if got := f.asking("client", "afterwards", func() { f.node.send(ok) }); !bytes.HasPrefix(got, []byte("SIP/2.0 200 ")) {
		f.t.Errorf("a call afterwards gets\n%s", got)
	}
	f.stop()
	for _, g := range f.front.legs.All {
		if g.Streams == nil || !g.Inside {
			continue
		}
		for limit := time.Now().Add(patienceOfTests); g.Streams.Stats().Dialled != f.accepted.Load(); runtime.Gosched() {
			if time.Now().After(limit) {
				f.t.Fatalf("%+v, of which the node has seen %d", g.Streams.Stats(), f.accepted.Load())
			}
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.wrong {
		f.t.Errorf("it sent %s", w)
	}
}
