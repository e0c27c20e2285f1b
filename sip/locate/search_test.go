package locate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// zone is the one of RFC 3263 section 4.1 and more.
const zone = `
example.com NAPTR 50 50 s SIPS+D2T _sips._tcp.example.com
example.com NAPTR 90 50 s SIP+D2T _sip._tcp.example.com
example.com NAPTR 100 50 s SIP+D2U _sip._udp.example.com
_sips._tcp.example.com SRV 0 1 5061 server1.example.com
_sip._tcp.example.com SRV 0 1 5060 server1.example.com
_sip._tcp.example.com SRV 1 2 5060 server2.example.com
_sip._udp.example.com SRV 0 1 5080 server2.example.com
server1.example.com HOST 192.0.2.1 2001:db8::1
server2.example.com HOST 192.0.2.2
example.com HOST 192.0.2.99

srv.example.net SRV 0 0 1 unused.example.net
_sip._udp.srv.example.net SRV 10 0 5070 a.example.net
_sip._tcp.srv.example.net SRV 5 0 5072 b.example.net
_sips._tcp.srv.example.net SRV 5 0 5073 c.example.net
a.example.net HOST 192.0.2.11
b.example.net HOST 192.0.2.12
c.example.net HOST 192.0.2.13

plain.example.net HOST 192.0.2.21 2001:db8::21
pinned.example.net PIN 10.0.0.1
_sip._udp.pinned.example.net SRV 0 0 5080 a.example.net

same.example.net NAPTR 10 20 S sip+d2u udp.same.example.net
same.example.net NAPTR 10 10 s SIP+D2T tcp.same.example.net
same.example.net NAPTR 20 10 s SIPS+D2T tls.same.example.net
udp.same.example.net SRV 0 0 5060 a.example.net
tcp.same.example.net SRV 9 0 5060 b.example.net
tls.same.example.net SRV 0 0 5061 c.example.net

odd.example.net NAPTR 10 10 s SIP+D2S _sip._sctp.odd.example.net
odd.example.net NAPTR 11 10 a SIP+D2U _sip._udp.srv.example.net
odd.example.net NAPTR 12 10 u E2U+sip . !^.*$!sip:a@example.net!
odd.example.net NAPTR 12 20 s SIP+D2T _sip._udp.srv.example.net !^.*$!sip:a@example.net!
odd.example.net NAPTR 13 10 s SIP+D2T b\000d.example.net
odd.example.net HOST 192.0.2.31

hollow.example.net NAPTR 10 10 s SIP+D2T _sip._tcp.hollow.example.net
hollow.example.net HOST 192.0.2.41

_sip._udp.off.example.net SRV 0 0 0 .
off.example.net HOST 192.0.2.51

_sip._udp.half.example.net SRV 0 0 0 .
_sip._tcp.half.example.net SRV 0 0 5060 b.example.net

deaf.example.net FAIL NAPTR
_sip._udp.deaf.example.net SRV 0 0 5090 a.example.net
mute.example.net FAIL *
_sip._udp.mute.example.net FAIL SRV
mute2.example.net HOST 192.0.2.61
_sip._udp.mute2.example.net FAIL SRV

_sip._udp.twice.example.net SRV 1 0 5060 a.example.net
_sip._udp.twice.example.net SRV 0 7 5060 A.example.net.
_sip._udp.twice.example.net SRV 2 0 5060 alias.example.net
alias.example.net HOST 192.0.2.11
`

func TestWhereTo(t *testing.T) {
	const all, plain = UDP | TCP | TLS, UDP | TCP
	for _, c := range []struct {
		uri   string
		can   Transport
		want  string
		state State
	}{
		// Addresses: RFC 3263 sections 4.1 and 4.2.
		{"sip:192.0.2.7", plain, "udp:192.0.2.7:5060", Known},
		{"sip:192.0.2.7:5099", plain, "udp:192.0.2.7:5099", Known},
		{"sip:192.0.2.7;transport=TCP", plain, "tcp:192.0.2.7:5060", Known},
		{"sip:[2001:DB8::7]:5099", plain, "udp:[2001:db8::7]:5099", Known},
		{"sip:[::ffff:192.0.2.7]", plain, "udp:192.0.2.7:5060", Known},
		{"sips:192.0.2.7", all, "tls:192.0.2.7:5061", Known},
		{"sips:192.0.2.7;transport=tcp", all, "tls:192.0.2.7:5061", Known},
		{"sip:192.0.2.7;transport=tls", all, "tls:192.0.2.7:5061", Known},
		{"sips:192.0.2.7", plain, "", None},
		{"sips:192.0.2.7;transport=udp", all, "", None},
		{"sip:192.0.2.7;transport=sctp", all, "", None},
		{"sip:192.0.2.7;transport=ws", all, "", None},
		{"sip:192.0.2.7", TCP, "tcp:192.0.2.7:5060", Known},
		{"sip:192.0.2.7", TLS, "tls:192.0.2.7:5061", Known},
		{"sip:192.0.2.7", 0, "udp:192.0.2.7:5060", Known},
		{"sip:example.com;maddr=239.255.255.1", plain, "udp:239.255.255.1:5060", Known},
		{"sip:192.0.2.7;maddr=a.example.net", plain, "udp:192.0.2.11:5060", Known},

		// A port is given: addresses only.
		{"sip:example.com:5062", plain, "udp:192.0.2.99:5062", Known},
		{"sip:example.com:5062;transport=tcp", plain, "tcp:192.0.2.99:5062", Known},
		{"sips:example.com:5062", all, "tls:192.0.2.99:5062", Known},
		{"sip:plain.example.net:1", plain, "udp:192.0.2.21:1 udp:[2001:db8::21]:1", Known},

		// A transport is given: its SRV records, then addresses.
		{"sip:example.com;transport=udp", plain, "udp:192.0.2.2:5080", Known},
		{"sip:EXAMPLE.com.;transport=tcp", plain, "tcp:192.0.2.1:5060 tcp:[2001:db8::1]:5060 tcp:192.0.2.2:5060", Known},
		{"sip:example.com;transport=tls", all, "tls:192.0.2.1:5061 tls:[2001:db8::1]:5061", Known},
		{"sips:srv.example.net;transport=tcp", all, "tls:192.0.2.13:5073", Known},
		{"sip:plain.example.net;transport=tcp", plain, "tcp:192.0.2.21:5060 tcp:[2001:db8::21]:5060", Known},

		// Nothing is given: NAPTR. The best service that is spoken, and no other order.
		{"sip:example.com", all, "tls:192.0.2.1:5061 tls:[2001:db8::1]:5061", Known},
		{"sip:example.com", plain, "tcp:192.0.2.1:5060 tcp:[2001:db8::1]:5060 tcp:192.0.2.2:5060", Known},
		{"sip:example.com", UDP, "udp:192.0.2.2:5080", Known},
		{"sips:example.com", all, "tls:192.0.2.1:5061 tls:[2001:db8::1]:5061", Known},
		{"sip:same.example.net", all, "tcp:192.0.2.12:5060 udp:192.0.2.11:5060", Known},
		{"sips:same.example.net", all, "tls:192.0.2.13:5061", Known},
		{"sip:hollow.example.net", plain, "tcp:192.0.2.41:5060", Known},

		// No NAPTR that helps: SRV of what is spoken, then addresses.
		{"sip:srv.example.net", plain, "udp:192.0.2.11:5070 tcp:192.0.2.12:5072", Known},
		{"sip:srv.example.net", TCP, "tcp:192.0.2.12:5072", Known},
		{"sips:srv.example.net", all, "tls:192.0.2.13:5073", Known},
		{"sip:odd.example.net", plain, "udp:192.0.2.31:5060", Known},
		{"sip:plain.example.net", plain, "udp:192.0.2.21:5060 udp:[2001:db8::21]:5060", Known},
		{"sip:plain.example.net", TCP, "tcp:192.0.2.21:5060 tcp:[2001:db8::21]:5060", Known},
		{"sips:plain.example.net", all, "tls:192.0.2.21:5061 tls:[2001:db8::21]:5061", Known},
		{"sips:plain.example.net", plain, "", None},

		// What the operator says stands above DNS.
		{"sip:pinned.example.net", plain, "udp:10.0.0.1:5060", Known},

		// "." means that there is none, and the name itself is not the server.
		{"sip:off.example.net", plain, "", None},
		{"sip:half.example.net", plain, "tcp:192.0.2.12:5060", Known},

		// Doubles.
		{"sip:twice.example.net", plain, "udp:192.0.2.11:5060", Known},

		// Troubles.
		{"sip:nothing.example.net", plain, "", None},
		{"sip:deaf.example.net", plain, "udp:192.0.2.11:5090", Known},
		{"sip:mute.example.net", plain, "", Silent},
		{"sip:mute2.example.net", plain, "udp:192.0.2.61:5060", Known},
	} {
		t.Run(fmt.Sprintf("%s/%d", c.uri, c.can), func(t *testing.T) {
			l := &Locator{Resolver: newScript(t, zone), Can: c.can}
			got, state := l.locate(t, c.uri, 1)
			if text(got) != c.want || state != c.state {
				t.Errorf("got %q, %d, want %q, %d", text(got), state, c.want, c.state)
			}
		})
	}
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct {
		uri  string
		want []string
	}{
		{"sip:192.0.2.1", nil},
		{"sip:plain.example.net:5060", []string{"HOST plain.example.net"}},
		{"sip:pinned.example.net", nil},
		{"sip:example.com;transport=udp", []string{"HOST server2.example.com", "SRV _sip._udp.example.com"}},
		{"sip:example.com", []string{"HOST server1.example.com", "HOST server2.example.com", "NAPTR example.com", "SRV _sip._tcp.example.com"}},
		{"sip:plain.example.net", []string{"HOST plain.example.net", "NAPTR plain.example.net", "SRV _sip._tcp.plain.example.net", "SRV _sip._udp.plain.example.net"}},
		{"sip:off.example.net", []string{"NAPTR off.example.net", "SRV _sip._tcp.off.example.net", "SRV _sip._udp.off.example.net"}},
	} {
		s := newScript(t, zone)
		l := &Locator{Resolver: s, Can: UDP | TCP}
		l.locate(t, c.uri, 1)
		if d := cmp.Diff(c.want, s.questions()); d != "" {
			t.Errorf("%s: %s", c.uri, d)
		}
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		host, want string
	}{
		{"Example.COM", "example.com"},
		{"example.com.", "example.com"},
		{"a_b.example", "a_b.example"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"node1", "node1"},
		{"1.2.3.4a", "1.2.3.4a"},
		{long + ".example", long + ".example"},
		{long + "." + long + "." + long + "." + long[:61], long + "." + long + "." + long + "." + long[:61]},
		{long + "." + long + "." + long + "." + long[:61] + ".", long + "." + long + "." + long + "." + long[:61]},
		{long + "." + long + "." + long + "." + long[:62], ""},
		{long + "a.example", ""},
		{"", ""}, {".", ""}, {"..", ""}, {".example", ""}, {"a..b", ""}, {"a..", ""},
		{"a b", ""}, {"a\x00b", ""}, {"a/b", ""}, {"ä.example", ""}, {"a%b", ""}, {"a:b", ""}, {"*.example", ""}, {"a\r\nb", ""}, {`a\.b`, ""},
		{"1.2.3", ""}, {"1.2.3.4.5", ""}, {"127.1", ""}, {"2130706433", ""}, {"a.1.", ""}, {"256.1.1.1", ""},
		{"invalid", ""}, {"df7jal23ls0d.INVALID", ""}, {"valid", "valid"}, {"notinvalid", "notinvalid"},
		{"[::1", ""}, {"[example.com]", ""}, {"fe80::1%eth0", ""}, {"[fe80::1%25eth0]", ""}, {"[]", ""},
	} {
		l := &Locator{}
		k, err := l.Key(Query{Host: []byte(c.host)})
		if k.name != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %q, %v, want %q", c.host, k.name, err, c.want)
		}
	}
}

// What hostile records do: nothing but be left out, and addresses are not judged here.
func TestHostileRecords(t *testing.T) {
	var many, fan strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "_sip._udp.many.example SRV %d 1 5060 h%d.example\nh%d.example HOST 10.0.%d.%d\n", 1000-i, i, i, i>>8, i&255)
		fmt.Fprintf(&fan, "fan.example HOST 10.1.%d.%d\n", i>>8, i&255)
		fmt.Fprintf(&fan, "offers.example NAPTR 1 1 s SIP+D2U s%d.example\ns%d.example SRV 0 0 5060 fan.example\n", i, i)
	}
	for _, c := range []struct {
		name, lines, uri, want string
		state                  State
		asked                  int
	}{
		{"a service that is itself", "_sip._udp.x.example SRV 0 0 5060 _sip._udp.x.example\nx.example HOST 10.0.0.1", "sip:x.example;transport=udp", "", None, 1},
		{"services in a ring", "_sip._udp.x.example SRV 0 0 5060 _sip._udp.y.example\n_sip._udp.y.example SRV 0 0 5060 _sip._udp.x.example", "sip:x.example;transport=udp", "", None, 2},
		{"NAPTR to itself", "x.example NAPTR 1 1 s SIP+D2U x.example\nx.example HOST 10.0.0.1", "sip:x.example", "udp:10.0.0.1:5060", Known, 3},
		{"port 0", "_sip._udp.x.example SRV 0 0 0 a.example\n_sip._udp.x.example SRV 9 0 5060 a.example\na.example HOST 10.0.0.1", "sip:x.example;transport=udp", "udp:10.0.0.1:5060", Known, 2},
		{"odd names", "_sip._udp.x.example SRV 0 0 5060 a\\000b.example\n_sip._udp.x.example SRV 0 0 5060 10.0.0.1\n_sip._udp.x.example SRV 0 0 5060 a..b\nx.example HOST 10.0.0.1",
			"sip:x.example;transport=udp", "", None, 1},
		{"odd addresses", "x.example HOST 127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255 ::1 ff02::1 fe80::1%eth0 ::ffff:10.0.0.1", "sip:x.example:5060",
			"udp:0.0.0.0:5060 udp:10.0.0.1:5060 udp:127.0.0.1:5060 udp:224.0.0.1:5060 udp:255.255.255.255:5060 udp:[::1]:5060 udp:[fe80::1]:5060 udp:[ff02::1]:5060", Known, 1},
		{"a thousand records", many.String(), "sip:many.example;transport=udp",
			"udp:10.0.3.231:5060 udp:10.0.3.230:5060 udp:10.0.3.229:5060 udp:10.0.3.228:5060 udp:10.0.3.227:5060 udp:10.0.3.226:5060 udp:10.0.3.225:5060 udp:10.0.3.224:5060", Known, 17},
		{"a thousand addresses", fan.String(), "sip:fan.example:5060",
			"udp:10.1.0.0:5060 udp:10.1.0.1:5060 udp:10.1.0.2:5060 udp:10.1.0.3:5060 udp:10.1.0.4:5060 udp:10.1.0.5:5060 udp:10.1.0.6:5060 udp:10.1.0.7:5060", Known, 1},
		{"a thousand services", fan.String(), "sip:offers.example",
			"udp:10.1.0.0:5060 udp:10.1.0.1:5060 udp:10.1.0.2:5060 udp:10.1.0.3:5060 udp:10.1.0.4:5060 udp:10.1.0.5:5060 udp:10.1.0.6:5060 udp:10.1.0.7:5060", Known, 1 + maxServices + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScript(t, c.lines)
			l := &Locator{Resolver: s}
			got, state := l.locate(t, c.uri, 1)
			want, have := strings.Fields(c.want), strings.Fields(text(got))
			if strings.Contains(c.name, "addresses") || strings.Contains(c.name, "services") { // of one host: as the seed says
				slices.Sort(want)
				slices.Sort(have)
			}
			if d := cmp.Diff(want, have); d != "" {
				t.Error(d)
			}
			if asked := s.questions(); state != c.state || len(asked) != c.asked {
				t.Errorf("state %d, want %d; asked %q, want %d", state, c.state, asked, c.asked)
			}
		})
	}
}

func TestUsable(t *testing.T) {
	s := newScript(t, "x.example HOST 10.0.0.1 2001:db8::1\ny.example HOST 10.0.0.1")
	l := &Locator{Resolver: s, Usable: netip.Addr.Is6}
	if got, _ := l.locate(t, "sip:x.example", 1); text(got) != "udp:[2001:db8::1]:5060" {
		t.Errorf("got %s", text(got))
	}
	if got, state := l.locate(t, "sip:y.example", 1); state != None {
		t.Errorf("got %s, %d", text(got), state)
	}
}

// However many records two services have, sixteen are used, and few questions are under way at a time.
func TestFanOutIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines strings.Builder
		for i := range 12 {
			fmt.Fprintf(&lines, "_sip._udp.x.example SRV 0 1 5060 u%d.example\nu%d.example HOST 10.0.0.%d\n", i, i, i)
			fmt.Fprintf(&lines, "_sip._tcp.x.example SRV 0 1 5060 t%d.example\nt%d.example HOST 10.0.1.%d\n", i, i, i)
		}
		s := newScript(t, lines.String())
		s.delay = time.Millisecond
		l := &Locator{Resolver: s, Can: UDP | TCP}
		got, _ := l.locate(t, "sip:x.example", 1)
		if asked := s.questions(); len(got) != maxTargets || len(asked) != 1+2+maxRecords {
			t.Errorf("%s after %d questions: %q", text(got), len(asked), asked)
		}
		if s.most != maxSide {
			t.Errorf("%d questions at a time", s.most)
		}
	})
}

// A record that stands there twice has no second chance: its better place counts.
func TestDoubleRecords(t *testing.T) {
	got := servers([]SRV{{2, 5, 5060, "b.example."}, {1, 5, 5060, "A.example"}, {1, 9, 5060, "a.example."}, {0, 0, 0, "c.example"}, {1, 9, 5061, "a.example."}}, "x")
	want := []SRV{{1, 9, 5060, "a.example"}, {1, 9, 5061, "a.example"}, {2, 5, 5060, "b.example"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
