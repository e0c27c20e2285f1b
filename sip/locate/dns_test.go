package locate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// nameServer is a DNS server on this machine, over UDP and TCP on one port.
type nameServer struct {
	addr    string
	records map[string][]dns.RR // by small name

	mu     sync.Mutex
	rcode  int                              // answered to everything when set
	silent func(q dns.Question) bool        // no answer
	bend   func(r *dns.Msg, network string) // what is done to an answer before it goes
	asked  []string                         // network, type and name
}

// serve starts a name server with records in the form of a zone file.
func serve(t *testing.T, lines string) *nameServer {
	t.Helper()
	s := &nameServer{records: make(map[string][]dns.RR)}
	zp := dns.NewZoneParser(strings.NewReader(lines), ".", "")
	zp.SetDefaultTTL(60)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		name := strings.ToLower(rr.Header().Name)
		s.records[name] = append(s.records[name], rr)
	}
	if err := zp.Err(); err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = tcp.Addr().String()
	udp, err := net.ListenPacket("udp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*dns.Server{{Listener: tcp, Handler: s}, {PacketConn: udp, Handler: s}} {
		started, done := make(chan struct{}), make(chan struct{})
		d.NotifyStartedFunc = func() { close(started) }
		go func() {
			defer close(done)
			d.ActivateAndServe()
		}()
		<-started
		t.Cleanup(func() {
			d.Shutdown()
			<-done
		})
	}
	return s
}

func (s *nameServer) ServeDNS(w dns.ResponseWriter, m *dns.Msg) {
	q, network := m.Question[0], w.LocalAddr().Network()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, network+" "+dns.TypeToString[q.Qtype]+" "+q.Name)
	if s.silent != nil && s.silent(q) {
		return
	}
	r := new(dns.Msg).SetReply(m)
	r.RecursionAvailable = true
	owner := strings.ToLower(q.Name)
	if s.records[owner] == nil {
		r.Rcode = dns.RcodeNameError
	}
	for range 20 {
		next := ""
		for _, rr := range s.records[owner] {
			if alias, ok := rr.(*dns.CNAME); ok {
				r.Answer, next = append(r.Answer, rr), strings.ToLower(alias.Target)
			} else if rr.Header().Rrtype == q.Qtype {
				r.Answer = append(r.Answer, rr)
			}
		}
		if next == "" {
			break
		}
		owner = next
	}
	if s.rcode != 0 {
		r.Rcode, r.Answer = s.rcode, nil
	}
	if s.bend != nil {
		s.bend(r, network)
	}
	if opt := m.IsEdns0(); network == "udp" {
		size := dns.MinMsgSize
		if opt != nil {
			size = int(opt.UDPSize())
		}
		r.Truncate(size)
	}
	w.WriteMsg(r)
}

// change alters how it answers from now on.
func (s *nameServer) change(f func(s *nameServer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *nameServer) questions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.asked
	s.asked = nil
	return list
}

func (s *nameServer) resolver() *DNS { return &DNS{Servers: []string{s.addr}, Bare: true} }

const realZone = `
example.com.              60 IN NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp.example.com.
example.com.              60 IN NAPTR 90 50 "s" "SIP+D2T" "" _sip._tcp.example.com.
example.com.              60 IN NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp.example.com.
_sip._tcp.example.com.    40 IN SRV 0 1 5060 server1.example.com.
_sip._tcp.example.com.    40 IN SRV 1 2 5060 Server2.example.com.
_sip._udp.example.com.    60 IN SRV 0 0 0 .
_sip._udp.brief.example.com. 20 IN SRV 0 0 5060 server1.example.com.
server1.example.com.      90 IN A 192.0.2.1
server1.example.com.      80 IN AAAA 2001:db8::1
server2.example.com.      60 IN CNAME host.example.net.
host.example.net.         20 IN CNAME Deep.example.net.
deep.example.net.         60 IN A 192.0.2.2
six.example.com.          60 IN AAAA 2001:db8::6
text.example.com.         60 IN TXT "no address"
loop.example.com.         60 IN CNAME pool.example.com.
pool.example.com.         60 IN CNAME loop.example.com.
_sip._udp.odd.example.com. 60 IN SRV 0 0 5060 a\000\.b\200.example.com.
`

func TestRealServer(t *testing.T) {
	s := serve(t, realZone)
	l := &Locator{Resolver: s.resolver(), Can: UDP | TCP}
	for _, c := range []struct {
		uri, want string
		state     State
	}{
		{"sip:example.com", "tcp:192.0.2.1:5060 tcp:[2001:db8::1]:5060 tcp:192.0.2.2:5060", Known},
		{"sip:example.com;transport=udp", "", None},
		{"sip:server1.example.com", "udp:192.0.2.1:5060 udp:[2001:db8::1]:5060", Known},
		{"sip:server2.example.com:5070", "udp:192.0.2.2:5070", Known},
		{"sip:six.example.com", "udp:[2001:db8::6]:5060", Known},
		{"sip:text.example.com", "", None},
		{"sip:loop.example.com", "", None},
		{"sip:odd.example.com", "", None},
		{"sip:never.example.com", "", None},
	} {
		if got, state := l.locate(t, c.uri, 1); text(got) != c.want || state != c.state {
			t.Errorf("%s: %q, %d, want %q, %d", c.uri, text(got), state, c.want, c.state)
		}
	}
}

// TestShortestLife: what follows from several answers lives as long as the one that ends first.
func TestShortestLife(t *testing.T) {
	l := &Locator{Resolver: serve(t, realZone).resolver()}
	const uri = "sip:brief.example.com;transport=udp"
	start := time.Now()
	l.locate(t, uri, 1)
	if _, state := l.Find(nil, query(uri), 1, start.Add(19*time.Second)); state != Known {
		t.Errorf("after 19 s: %d", state)
	}
	if _, state := l.Find(nil, query(uri), 1, time.Now().Add(20*time.Second)); state != Aged {
		t.Errorf("after 20 s: %d", state)
	}
}

func TestLifeOfAnswers(t *testing.T) {
	s := serve(t, realZone)
	d := s.resolver()
	for _, c := range []struct {
		what string
		ask  func(ctx context.Context, name string) (time.Duration, error)
		name string
		want time.Duration
		err  error
	}{
		{"SRV", life(d.SRV), "_sip._tcp.example.com", 40 * time.Second, nil},
		{"NAPTR", life(d.NAPTR), "example.com", time.Minute, nil},
		{"the shorter of A and AAAA", life(d.Hosts), "server1.example.com", 80 * time.Second, nil},
		{"the shortest of a chain", life(d.Hosts), "server2.example.com", 20 * time.Second, nil},
		{"another type", life(d.Hosts), "text.example.com", 0, ErrNoRecords},
		{"no such name", life(d.NAPTR), "never.example.com", 0, ErrNoRecords},
		{"aliases in a ring", life(d.Hosts), "loop.example.com", 0, ErrNoRecords},
	} {
		if got, err := c.ask(t.Context(), c.name); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v, want %v, %v", c.what, got, err, c.want, c.err)
		}
	}
}

func life[T any](ask func(context.Context, string) ([]T, time.Duration, error)) func(context.Context, string) (time.Duration, error) {
	return func(ctx context.Context, name string) (time.Duration, error) {
		_, life, err := ask(ctx, name)
		return life, err
	}
}

func TestRecordsAsTheyStand(t *testing.T) {
	d := serve(t, realZone).resolver()
	naptr, _, _ := d.NAPTR(t.Context(), "example.com")
	if want := (NAPTR{50, 50, "s", "SIPS+D2T", "", "_sips._tcp.example.com."}); len(naptr) != 3 || naptr[0] != want {
		t.Errorf("%v", naptr)
	}
	srv, _, _ := d.SRV(t.Context(), "_sip._udp.example.com")
	if d := cmp.Diff([]SRV{{Target: "."}}, srv); d != "" {
		t.Error(d)
	}
}

// TestCutOff: what does not fit into a datagram comes over TCP.
func TestCutOff(t *testing.T) {
	var lines strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&lines, "_sip._udp.big.example. 60 IN SRV %d 1 5060 host%d.big.example.\nhost%d.big.example. 60 IN A 10.0.%d.%d\n", i, i, i, i>>8, i&255)
	}
	s := serve(t, lines.String())
	srv, _, err := s.resolver().SRV(t.Context(), "_sip._udp.big.example")
	if len(srv) != 1000 || err != nil {
		t.Errorf("%d records, %v", len(srv), err)
	}
	if d := cmp.Diff([]string{"udp SRV _sip._udp.big.example.", "tcp SRV _sip._udp.big.example."}, s.questions()); d != "" {
		t.Error(d)
	}
	l := &Locator{Resolver: s.resolver()}
	got, _ := l.locate(t, "sip:big.example;transport=udp", 1)
	if len(got) != maxTargets || got[7] != (Target{UDP, hostPort("10.0.0.7:5060")}) {
		t.Errorf("%s", text(got))
	}

	s.change(func(s *nameServer) { s.bend = func(r *dns.Msg, _ string) { r.Truncated = true } }) // over TCP, too
	if srv, _, err := s.resolver().SRV(t.Context(), "_sip._udp.big.example"); err != nil || len(srv) != 1000 {
		t.Errorf("%d records, %v", len(srv), err)
	}
}

func TestServersThatDoNotHelp(t *testing.T) {
	good := serve(t, realZone)
	refused := freeAddr(t)
	for _, c := range []struct {
		what string
		set  func(bad *nameServer)
	}{
		{"SERVFAIL", func(b *nameServer) { b.rcode = dns.RcodeServerFailure }},
		{"REFUSED", func(b *nameServer) { b.rcode = dns.RcodeRefused }},
		{"NOTIMP", func(b *nameServer) { b.rcode = dns.RcodeNotImplemented }},
		{"silence", func(b *nameServer) { b.silent = func(dns.Question) bool { return true } }},
		{"another question", func(b *nameServer) {
			b.bend = func(r *dns.Msg, _ string) { r.Question[0].Name = "evil.example." }
		}},
		{"another type", func(b *nameServer) { b.bend = func(r *dns.Msg, _ string) { r.Question[0].Qtype = dns.TypeTXT } }},
		{"no question", func(b *nameServer) { b.bend = func(r *dns.Msg, _ string) { r.Question = nil } }},
		{"a query for an answer", func(b *nameServer) { b.bend = func(r *dns.Msg, _ string) { r.Response = false } }},
		{"another number", func(b *nameServer) { b.bend = func(r *dns.Msg, _ string) { r.Id++ } }},
		{"a server that does not serve us", func(b *nameServer) {
			b.bend = func(r *dns.Msg, _ string) { r.RecursionAvailable, r.Answer, r.Rcode = false, nil, 0 }
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			bad := serve(t, realZone)
			bad.change(c.set)
			d := &DNS{Servers: []string{refused, bad.addr}, Timeout: 50 * time.Millisecond, Bare: true}
			if _, _, err := d.NAPTR(t.Context(), "example.com"); err == nil || errors.Is(err, ErrNoRecords) {
				t.Errorf("alone: %v", err)
			}
			d.Servers = append(d.Servers, good.addr)
			if r, _, err := d.NAPTR(t.Context(), "example.com"); len(r) != 3 || err != nil {
				t.Errorf("with another one: %v, %v", r, err)
			}
		})
	}
}

// freeAddr is an address nobody listens on.
func freeAddr(t *testing.T) string {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

// TestOldServer: one that takes extensions for an error is asked without.
func TestOldServer(t *testing.T) {
	s := serve(t, realZone)
	d := s.resolver()
	formErr := true
	s.change(func(s *nameServer) {
		s.bend = func(r *dns.Msg, _ string) {
			if formErr {
				r.Rcode, r.Answer, formErr = dns.RcodeFormatError, nil, false
			}
		}
	})
	if r, _, err := d.NAPTR(t.Context(), "example.com"); len(r) != 3 || err != nil {
		t.Errorf("%v, %v", r, err)
	}
	if q := s.questions(); len(q) != 2 {
		t.Errorf("asked %q", q)
	}
}

// TestForeignRecords: what an answer tells of other names does not count.
func TestForeignRecords(t *testing.T) {
	s := serve(t, realZone)
	s.change(func(s *nameServer) {
		s.bend = func(r *dns.Msg, _ string) {
			rr, _ := dns.NewRR("bank.example. 60 IN A 203.0.113.1")
			chaos, _ := dns.NewRR("server1.example.com. 60 CH A 203.0.113.2")
			r.Answer = append(r.Answer, rr, chaos)
			r.Extra = append(r.Extra, rr)
		}
	})
	ips, _, err := s.resolver().Hosts(t.Context(), "server1.example.com")
	if err != nil || len(ips) != 2 || slices.ContainsFunc(ips, func(ip netip.Addr) bool { return strings.HasPrefix(ip.String(), "203.") }) {
		t.Errorf("%v, %v", ips, err)
	}
}

// TestOneFamilyMissing: the other is used, and not for long.
func TestOneFamilyMissing(t *testing.T) {
	s := serve(t, realZone)
	s.change(func(s *nameServer) { s.silent = func(q dns.Question) bool { return q.Qtype == dns.TypeAAAA } })
	d := s.resolver()
	d.Timeout = 50 * time.Millisecond
	ips, life, err := d.Hosts(t.Context(), "server1.example.com")
	if len(ips) != 1 || life != noLife || err != nil {
		t.Errorf("%v, %v, %v", ips, life, err)
	}
	if _, _, err := d.Hosts(t.Context(), "text.example.com"); err == nil || errors.Is(err, ErrNoRecords) {
		t.Errorf("nothing is sure: %v", err)
	}
}

// TestCancel: the end of the context ends the look-up, whatever the servers' time is.
func TestCancel(t *testing.T) {
	s := serve(t, realZone)
	arrived := make(chan struct{}, 100)
	s.change(func(s *nameServer) { s.silent = func(dns.Question) bool { arrived <- struct{}{}; return true } })
	d := s.resolver()
	d.Timeout = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, _, err := d.NAPTR(ctx, "example.com")
		done <- err
	}()
	<-arrived
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestConfigured(t *testing.T) {
	for _, c := range []struct {
		file string
		want []string
	}{
		{"search example.com\nnameserver 10.0.0.1\n# nameserver 10.0.0.9\nnameserver 2001:db8::1\noptions timeout:1\n", []string{"10.0.0.1:53", "[2001:db8::1]:53"}},
		{"nameserver fe80::1%eth0\nnameserver resolver.example\nnameserver\n", []string{"[fe80::1%eth0]:53"}},
		{"nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n", []string{"10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"}},
		{"", []string{"127.0.0.1:53", "[::1]:53"}},
		{"\x00\xff nonsense\nnameserver ;\n", []string{"127.0.0.1:53", "[::1]:53"}},
	} {
		file := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		d := &DNS{file: file}
		if diff := cmp.Diff(c.want, d.list()); diff != "" {
			t.Errorf("%q: %s", c.file, diff)
		}
	}
	if got := configured(filepath.Join(t.TempDir(), "missing")); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

// TestHostsFile: this machine's own file, which has localhost, stands above the servers and needs none.
func TestHostsFile(t *testing.T) {
	file, err := os.ReadFile("/etc/hosts")
	if err != nil || !strings.Contains(string(file), "localhost") {
		if os.Getenv("CI") == "true" {
			t.Fatal("localhost is needed in the hosts file: ", err)
		}
		t.Skip("no localhost in the hosts file")
	}
	l := &Locator{Resolver: &DNS{Servers: []string{freeAddr(t)}}}
	got, state := l.locate(t, "sip:LocalHost", 1)
	if state != Known || len(got) == 0 || !got[0].Addr.Addr().IsLoopback() || got[0].Addr.Port() != 5060 {
		t.Errorf("%s, %d", text(got), state)
	}
	l = &Locator{Resolver: &DNS{Servers: []string{freeAddr(t)}, Bare: true}}
	if got, state := l.locate(t, "sip:localhost", 1); state != Silent {
		t.Errorf("without the file: %s, %d", text(got), state)
	}
	if ips := (&DNS{}).Pinned(t.Context(), "no-such-name.example"); ips != nil {
		t.Errorf("%v", ips)
	}
}

func TestSystemResolver(t *testing.T) {
	l := &Locator{}
	l.system.Servers, l.system.Bare = []string{serve(t, realZone).addr}, true
	if got, _ := l.locate(t, "sip:six.example.com:5060", 1); text(got) != "udp:[2001:db8::6]:5060" {
		t.Errorf("%s", text(got))
	}
}
