package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// vitals are what a leak shows in: goroutines, open files and resident bytes of the gateway,
// as its own metrics tell.
type vitals struct{ goroutines, files, resident int }

func (w *world) vitals() (vitals, error) {
	resp, err := directly.Get(w.admin + "/metrics")
	if err != nil {
		return vitals{}, err
	}
	defer resp.Body.Close()
	var v vitals
	names := map[string]*int{"go_goroutines": &v.goroutines, "process_open_fds": &v.files, "process_resident_memory_bytes": &v.resident}
	for in := bufio.NewScanner(resp.Body); in.Scan(); {
		name, value, _ := strings.Cut(in.Text(), " ")
		if to := names[name]; to != nil {
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return v, err
			}
			*to = int(f)
			delete(names, name)
		}
	}
	if len(names) > 0 {
		return v, fmt.Errorf("metrics lack %d of three names", len(names))
	}
	return v, nil
}

// leakless waits until the gateway holds no more goroutines and files than before, give or take those of
// the question itself.
func (w *world) leakless(t *testing.T, before vitals) {
	t.Helper()
	eventually(t, 20*time.Second, "goroutines and files are as before", func() error {
		now, err := w.vitals()
		if err != nil {
			return err
		}
		if now.goroutines > before.goroutines+4 || now.files > before.files+4 {
			return fmt.Errorf("%+v, before %+v", now, before)
		}
		return nil
	})
}

// public is everybody else: telephones that ask for OPTIONS and make calls one after the other
// while something bad goes on. Each has to be served, always.
type public struct {
	cancel         context.CancelFunc
	wait           sync.WaitGroup
	options, calls atomic.Int64
}

func (w *world) public(t *testing.T) *public {
	p := &public{}
	ctx, cancel := context.WithCancel(t.Context())
	p.cancel = cancel
	for i := range 2 {
		phone := newAgent(t, fmt.Sprintf("public%d", i+1))
		p.wait.Go(func() {
			for ctx.Err() == nil {
				if err := w.ping(phone); err != nil {
					t.Errorf("%s: %v", phone.name, err)
					return
				}
				p.options.Add(1)
				c, err := phone.invite(w.external, "sip:"+phone.name+"@e2e.invalid", "sip:service@e2e.invalid", "")
				if err == nil {
					var r *message
					if r, err = c.bye(); err == nil && r.status() != 200 {
						err = fmt.Errorf("BYE was answered %s", r.start)
					}
				}
				if err != nil {
					t.Errorf("%s: %v", phone.name, err)
					return
				}
				p.calls.Add(1)
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	return p
}

// ping asks the gateway itself for OPTIONS.
func (w *world) ping(phone *agent) error {
	n := serial.Add(1)
	c := &call{phone: phone, gateway: w.external, id: fmt.Sprintf("ping-%d@%s", n, phone.addr), cseq: 1, target: "sip:" + w.external,
		from: fmt.Sprintf("<sip:%s@e2e.invalid>;tag=p%d", phone.name, n), to: "<sip:" + w.external + ">"}
	r, err := c.send("OPTIONS")
	if err == nil && r.status() != 200 {
		err = fmt.Errorf("OPTIONS was answered %s", r.start)
	}
	return err
}

func (p *public) end(t *testing.T, least int64) {
	t.Helper()
	p.cancel()
	p.wait.Wait()
	t.Logf("meanwhile %d OPTIONS and %d calls were served", p.options.Load(), p.calls.Load())
	if p.options.Load() < least || p.calls.Load() < least {
		t.Errorf("%d OPTIONS and %d calls served meanwhile, want %d at least", p.options.Load(), p.calls.Load(), least)
	}
}

// originals are sound messages, to be spoiled. %[1]s is who sends them, %[2]s the gateway,
// %[3]d a number of their own, %[4]s the transport.
var originals = []string{
	"INVITE sip:service@%[2]s SIP/2.0\r\nVia: SIP/2.0/%[4]s %[1]s;branch=z9hG4bKi%[3]d;rport\r\nMax-Forwards: 70\r\nFrom: \"A, B\" <sip:a%[3]d@e2e.invalid>;tag=f%[3]d\r\nTo: <sip:service@e2e.invalid>\r\nCall-ID: i%[3]d@e2e\r\nCSeq: 1 INVITE\r\nContact: <sip:a@%[1]s>\r\nContent-Type: application/sdp\r\nContent-Length: 10\r\n\r\nv=0\r\ns=-\r\n",
	"REGISTER sip:e2e.invalid SIP/2.0\r\nVia: SIP/2.0/%[4]s %[1]s;branch=z9hG4bKr%[3]d\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;received=192.0.2.2\r\nMax-Forwards: 1\r\nf: sip:a@e2e.invalid;tag=r%[3]d\r\nt: sip:a@e2e.invalid\r\ni: r%[3]d\r\nCSeq: 4294967295 REGISTER\r\nm: *\r\nExpires: 0\r\nl: 0\r\n\r\n",
	"OPTIONS sip:%[2]s SIP/2.0\r\nVia: SIP/2.0/%[4]s %[1]s;branch=z9hG4bKo%[3]d;rport\r\nMax-Forwards: 0\r\nFrom: <sip:a@e2e.invalid>;tag=o%[3]d\r\nTo: <sip:%[2]s>\r\nCall-ID: o%[3]d\r\nCSeq: 1 OPTIONS\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n",
	"BYE sip:node@127.0.0.1:9 SIP/2.0\r\nVia: SIP/2.0/%[4]s %[1]s;branch=z9hG4bKb%[3]d;rport\r\nRoute: <sip:%[2]s;lr>, <sip:%[2]s;lr;th=AAAAAAAAAAA>\r\nRoute: \"x, y\" <sip:[2001:db8::1]:5060;lr>\r\nMax-Forwards: 70\r\nFrom: <sip:a@e2e.invalid>;tag=b%[3]d\r\nTo: <sip:service@e2e.invalid>;tag=n\r\nCall-ID: b%[3]d@e2e\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n",
	"CANCEL sip:service@%[2]s SIP/2.0\r\nVia: SIP/2.0/%[4]s %[1]s;branch=z9hG4bKi%[3]d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:a@e2e.invalid>;tag=f%[3]d\r\nTo: <sip:service@e2e.invalid>\r\nCall-ID: i%[3]d@e2e\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n",
	"ACK sip:node@127.0.0.1:9 SIP/2.0\r\nVia: SIP/2.0/%[4]s %[1]s;branch=z9hG4bKa%[3]d\r\nMax-Forwards: 70\r\nFrom: <sip:a@e2e.invalid>;tag=f%[3]d\r\nTo: <sip:service@e2e.invalid>;tag=n\r\nCall-ID: i%[3]d@e2e\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/%[4]s %[2]s;branch=z9hG4bK82c73171af84523bbt7dddaa2f\r\nVia: SIP/2.0/%[4]s %[2]s;branch=z9hG4bK82c73171af84523ban05e17574\r\nVia: SIP/2.0/%[4]s %[1]s;branch=z9hG4bKi%[3]d;received=127.0.0.1;rport=5060\r\nRecord-Route: <sip:%[2]s;lr;th=tQlkaUGtvJcAAAAAbm9kZTE>\r\nFrom: <sip:a@e2e.invalid>;tag=f%[3]d\r\nTo: <sip:service@e2e.invalid>;tag=n\r\nCall-ID: i%[3]d@e2e\r\nCSeq: 1 INVITE\r\nContact: <sip:n@127.0.0.1:9>\r\nContent-Length: 0\r\n\r\n",
}

// pieces are what parsers stumble over.
var pieces = []string{"\r", "\n", "\r\n", "\r\n\r\n", "\x00", "\xff", " ", "\t", "\r\n ", ",", ";", ":", "<", ">", "\"", "\\", "@", "%", "%00", "=", "[", "]",
	"SIP/2.0", "sip:", "sips:", "tel:+1", "z9hG4bK", ";lr", ";rport=", ";received=0.0.0.0", ";maddr=224.0.0.1", ";ttl=999", "99999999999999999999", "-1", "0",
	"Content-Length: 99999\r\n", "Content-Length: -1\r\n", "l: 3\r\n", "Route: <sip:127.0.0.1;lr>\r\n", "Via: SIP/2.0/UDP 127.0.0.1\r\n", "Max-Forwards: 256\r\n", "\u2028", "é"}

// spoil makes one to six changes.
func spoil(r *rand.Rand, m []byte) []byte {
	at := func() int { return r.IntN(len(m) + 1) }
	for range 1 + r.IntN(6) {
		a, b := at(), at()
		a, b = min(a, b), max(a, b)
		lines := bytes.SplitAfter(m, []byte("\n"))
		x, y := r.IntN(len(lines)), r.IntN(len(lines))
		switch r.IntN(9) {
		case 0:
			if len(m) > 0 {
				m[r.IntN(len(m))] ^= 1 << r.IntN(8)
			}
		case 1:
			piece := pieces[r.IntN(len(pieces))]
			m = bytes.Join([][]byte{m[:a], m[a:]}, []byte(piece))
		case 2: // cut out a little
			m = append(bytes.Clone(m[:a]), m[min(b, a+20, len(m)):]...)
		case 3:
			m = bytes.Clone(m[:b])
		case 4: // a line twice
			m = bytes.Join(append(lines[:x:x], append([][]byte{lines[x]}, lines[x:]...)...), nil)
		case 5:
			lines[x], lines[y] = lines[y], lines[x]
			m = bytes.Join(lines, nil)
		case 6:
			m = bytes.Join(append(lines[:x:x], lines[x+1:]...), nil)
		case 7: // long
			m = bytes.Join([][]byte{m[:a], m[a:]}, bytes.Repeat([]byte(pieces[r.IntN(len(pieces))]), 1+r.IntN(2000)))
		case 8: // a stretch twice
			m = bytes.Join([][]byte{m[:b], m[a:]}, nil)
		}
		m = m[:min(len(m), 60000)]
	}
	return m
}

func spoiled(r *rand.Rand, i int, from, to, transport string) []byte {
	return spoil(r, fmt.Appendf(nil, originals[r.IntN(len(originals))], from, to, i, transport))
}

// Spoiled messages, the same ones every time, do no harm: the gateway lives, everybody else is
// served, nothing is left behind.
func TestSpoiledDatagrams(t *testing.T) {
	for _, single := range []bool{false, true} {
		t.Run(map[bool]string{false: "two ports", true: "single port"}[single], func(t *testing.T) {
			w := set(t, stage{Agents: true, Single: single})
			count := 2500
			if soak {
				count = 10000
			}
			before, err := w.vitals()
			if err != nil {
				t.Fatal(err)
			}
			others := w.public(t)
			out, err := net.Dial("udp", w.external)
			if err != nil {
				t.Fatal(err)
			}
			var answers atomic.Int64
			go func() {
				buf := make([]byte, 65536)
				for {
					if _, err := out.Read(buf); err == nil {
						answers.Add(1)
					} else if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
						return
					}
				}
			}()
			r := rand.New(rand.NewPCG(3261, 4475))
			for i := range count {
				if _, err := out.Write(spoiled(r, i, out.LocalAddr().String(), w.external, "UDP")); err != nil {
					t.Fatal(err)
				}
				if i%20 == 19 {
					time.Sleep(10 * time.Millisecond) // the build with the race detector is slow
				}
			}
			others.end(t, 20)
			out.Close()
			w.leakless(t, before)
			t.Logf("%d spoiled messages, %d answers to them", count, answers.Load())
		})
	}
}

// Nobody answers calls with 100,000 different Call-IDs, and memory stays within what is
// configured: what does not fit is forwarded without being remembered, and others are served.
func TestManyCallIDs(t *testing.T) {
	w := set(t, stage{Agents: true, Load: true, Config: "store: {memory: {maxEntries: 5000}}\ntelemetry: {trace: {maxBytes: 4MiB}}\n"})
	count, rate := 15000, 5000
	if soak {
		count = 100000
	}
	for _, n := range w.agents {
		n.record(false)
	}
	before, err := w.vitals()
	if err != nil {
		t.Fatal(err)
	}
	others := w.public(t)
	out, err := net.Dial("udp", w.external)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	go io.Copy(io.Discard, out)
	start := time.Now()
	for i := range count {
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		if _, err := fmt.Fprintf(out, originals[0], out.LocalAddr(), w.external, i, "UDP"); err != nil {
			t.Fatal(err)
		}
	}
	took := time.Since(start)
	others.end(t, 10)
	after, err := w.vitals()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d Call-IDs in %v: %d MB before, %d MB after", count, took.Round(time.Millisecond), before.resident>>20, after.resident>>20)
	if grown := after.resident - before.resident; grown > 64<<20 {
		t.Errorf("memory grew by %d MB, want 64 at most", grown>>20)
	}
	w.leakless(t, before)
}

// A source that sends too much is not heard any more, a scanner is never answered, and those
// who are trusted do not notice.
func TestFloodingSource(t *testing.T) {
	w := set(t, stage{Agents: true, Load: true, Config: "limits: {trusted: [127.0.0.1/32], sip: {rate: 50, burst: 100}}\n"})
	others := w.public(t)
	to, err := net.ResolveUDPAddr("udp", w.external)
	if err != nil {
		t.Fatal(err)
	}
	from := func(ip string) (*net.UDPConn, *atomic.Int64) {
		c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip)}, to)
		if err != nil {
			t.Skipf("skipped, this system has no %s: %v", ip, err)
		}
		t.Cleanup(func() { c.Close() })
		var n atomic.Int64
		go func() {
			buf := make([]byte, 65536)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
				n.Add(1)
			}
		}()
		return c, &n
	}
	const count, rate = 4000, 2000
	flood, answers := from("127.0.0.2")
	start := time.Now()
	for i := range count {
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / rate)))
		_, _ = fmt.Fprintf(flood, originals[2], flood.LocalAddr(), w.external, i, "UDP")
	}
	scanner, found := from("127.0.0.3")
	for i := range 20 {
		_, _ = io.WriteString(scanner, strings.Replace(fmt.Sprintf(originals[2], scanner.LocalAddr(), w.external, i, "UDP"), "Accept:", "User-Agent: Friendly-Scanner\r\nAccept:", 1))
	}
	honest, heard := from("127.0.0.4")
	_, _ = fmt.Fprintf(honest, originals[2], honest.LocalAddr(), w.external, 1, "UDP")
	eventually(t, 5*time.Second, "a stranger who behaves is answered", func() error {
		if heard.Load() == 0 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	others.end(t, 20)
	took := time.Since(start)
	t.Logf("%d messages in %v from one source, %d answers; 20 of a scanner, %d answers", count, took.Round(time.Millisecond), answers.Load(), found.Load())
	if n := answers.Load(); n == 0 || n > 100+int64(50*took.Seconds()) {
		t.Errorf("the flood was answered %d times", n)
	}
	if found.Load() != 0 {
		t.Errorf("the scanner was answered %d times", found.Load())
	}
}
