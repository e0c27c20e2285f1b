package sip

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/guard"
	"twinhop/sip/pending"
	"twinhop/sip/self"
)

var update = flag.Bool("update", false, "write what came out into the golden files")

// Each file of testdata is a scene. The first line of its comment has words for the set-up; see setScene. Then sections follow in order:
// "in LEG ADDRESS" is a message that arrives, "out LEG ADDRESS" one that must leave because of it, and nothing else may; "do WORD ..." is
// everything else that happens, time passing included. LEG is external or internal, with -tcp (-tls, -ws, -wss) for a connection of that peer.
// Line ends are CRLF on the wire.
//
// In what arrives, the line {via} stands for the Via lines, {record} for the Record-Route lines of the last request that left with one of the
// latter (or of the last request at all), {swapped} for the Vias with another caller's address, {own} for the To of the last answer, {route}
// and {callee} for the Route lines the caller and the callee make of them. A message may begin with a line in short:
//
//	invite BRANCH            an INVITE of alice to bob; header lines may follow, then a body
//	answer N CODE [TAG]      the answer to request N of those that left, from 1 on; header lines may follow
//	ack, cancel              of the INVITE that came last, the ACK with the To of the last answer
//	bye                      within the dialog that the last 2xx has made
//	within METHOD N          any request within the dialog that the last answer has made, with CSeq N
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d scenes, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { playScene(t, file) })
		})
	}
}

func playScene(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := setScene(t, string(ar.Comment))
	var out []txtar.File
	var pending []caught
	last := memory{s: s}
	flush := func() {
		for _, c := range pending {
			t.Errorf("sent on %s to %s, not expected:\n%s", c.leg, c.to, c.data)
			out = append(out, txtar.File{Name: fmt.Sprintf("out %s %s", c.leg, c.to), Data: text(c.data)})
		}
		pending = nil
	}
	for _, f := range ar.Files {
		words := strings.Fields(f.Name)
		switch words[0] {
		case "in":
			flush()
			data := last.fill(f.Data)
			pending = s.in(words[1], at(words[2]), crlf(data))
			last.came(data)
			last.keep(pending)
		case "do":
			flush()
			pending = s.do(words[1:])
			last.keep(pending)
		case "out":
			if len(pending) == 0 {
				t.Errorf("nothing was sent, expected %s", f.Name)
				continue
			}
			c := pending[0]
			pending = pending[1:]
			name := fmt.Sprintf("out %s %s", c.leg, c.to)
			if got := text(c.data); name != f.Name || !bytes.Equal(got, f.Data) {
				t.Errorf("sent %s\n%swant %s\n%s", name, got, f.Name, f.Data)
				f = txtar.File{Name: name, Data: got}
			}
		default:
			t.Fatalf("section %q", f.Name)
		}
		out = append(out, f)
	}
	flush()
	if *update {
		ar.Files = out
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// setScene reads the words of the set-up.
func setScene(t *testing.T, comment string) *stage {
	line, _, _ := strings.Cut(comment, "\n")
	two, dual, six, set, capacity := false, false, false, Settings{}, ""
	var schemes, edge []string
	var tweaks []func(*Front)
	for _, w := range strings.Fields(line) {
		name, value, _ := strings.Cut(w, "=")
		listeners := func(set func(*Listener)) {
			tweaks = append(tweaks, func(f *Front) {
				for i := range f.External {
					set(&f.External[i])
				}
			})
		}
		switch name {
		case "two-port", "single-port":
			two = name == "two-port"
		case "tcp": // beside UDP; the nodes have the transports named
			schemes = strings.Split(value, ",")
		case "edge": // further transports of clients
			edge = strings.Split(value, ",")
		case "dual": // sockets for IPv6 beside those for IPv4
			dual = true
		case "capacity": // of each node: "vm:1,pstn:2"
			capacity = value
		case "nodes6": // the nodes have such addresses
			six = true
		case "from.user":
			set.Sources = append(set.Sources, Source{From: gateway.SourceFromUser, Users: strings.Split(value, ",")})
		case "to.user":
			set.Sources = append(set.Sources, Source{From: gateway.SourceToUser})
		case "extra":
			a, err := netip.ParseAddrPort(value)
			if err != nil {
				a = netip.AddrPortFrom(netip.MustParseAddr(value), 0)
			}
			set.Extra = append(set.Extra, a)
		case "heartbeat": // all but this address may register
			refused := netip.MustParseAddr(value)
			tweaks = append(tweaks, func(f *Front) {
				f.Heartbeat = func(from netip.Addr, props map[string]string) error {
					if from == refused {
						return errors.New("not allowed")
					}
					return nil
				}
			})
		case "alias": // host or host:port
			host, port, _ := strings.Cut(value, ":")
			n, _ := strconv.Atoi(port)
			tweaks = append(tweaks, func(f *Front) { f.Aliases = append(f.Aliases, self.Alias{Host: host, Port: uint16(n)}) })
		case "domain": // names have servers of both transports at this address
			tweaks = append(tweaks, func(f *Front) {
				f.Resolver = domain{func(context.Context, string) ([]netip.Addr, error) {
					return []netip.Addr{netip.MustParseAddr(value)}, nil
				}}
			})
		case "advertise":
			listeners(func(l *Listener) { l.Host = value })
		case "port":
			listeners(func(l *Listener) { l.Port = int(at("0.0.0.0:" + value).Port()) })
		case "in-via":
			listeners(func(l *Listener) { l.InVia = true })
		case "in-contact":
			listeners(func(l *Listener) { l.InContact = true })
		default:
			setWord(t, &set, name, value)
		}
	}
	s := newStage(t, two, set)
	if capacity != "" {
		s.equip(capacity)
	}
	if dual {
		s.addIPv6()
	}
	if schemes != nil || edge != nil {
		s.addTCP(dual, edge, two && slices.Contains(schemes, "tls"))
	}
	for _, tweak := range tweaks {
		tweak(s.front)
	}
	if schemes != nil || six {
		s.serve(schemes, six)
	}
	s.prepare()
	return s
}

// setWord reads the words that are settings.
func setWord(t *testing.T, set *Settings, name, value string) {
	number := func() int {
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	p := &set.Pending
	switch name {
	case "failover": // as the configuration has it by default
		*p = pending.Settings{Invite: 2 * time.Second, Trying: 4 * time.Second, Total: 20 * time.Second, Attempts: 3, Codes: []int{503}}
	case "sendTrying":
		p.Send100 = map[string]pending.When{"auto": pending.Auto, "always": pending.Always, "never": pending.Never}[value]
	case "attempts":
		p.Attempts = number()
	case "max":
		p.Max = number()
	case "early":
		p.Early = true
	case "proxy":
		hostport, transport, _ := strings.Cut(value, ";")
		host, port, _ := strings.Cut(hostport, ":")
		set.Proxy = Peer{Host: host, Transport: transport}
		if port != "" {
			set.Proxy.Port = at("0.0.0.0:" + port).Port()
		}
	case "legacy":
		set.OldHint = true
	case "remote":
		set.InitialRemote = true
	case "outward":
		set.Outward = value
	case "udpLimit":
		set.UDPLimit = number()
	case "internalTransport":
		set.Transport = value
	case "trusted":
		set.Trusted = append(set.Trusted, netip.MustParsePrefix(value))
	case "rate":
		set.Rates = guard.SourceSettings{Rate: number(), Burst: number(), Above: time.Second, Ban: 10 * time.Second, Max: 100}
	case "refusals":
		set.Refusals = guard.RefusalSettings{Rate: number(), Burst: number(), Max: 100}
	case "transactions":
		set.Transactions = number()
	case "scanner":
		set.Scanners = append(set.Scanners, value)
	case "rule", "default", "unmatched", "non-invite", "full500", "from-nodes":
		setResources(set, name, value)
	default:
		t.Fatalf("set-up %q", name)
	}
}

func (s *stage) do(words []string) []caught {
	s.sent = nil
	switch words[0] {
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			s.t.Fatal(err)
		}
		return s.wait(d)
	case "down":
		s.down(words[1])
	case "stopped":
		s.activate(words[1], cluster.Stopped)
	case "active":
		s.activate(words[1], cluster.Active)
	case "leave", "join": // as nodes that announce themselves do
		s.announce(words[0] == "join", words[1])
	case "drain":
		s.front.draining.Store(true)
	case "fail":
		s.catcher(words[1]).fails[at(words[2])] = true
	case "used": // what node1 and node2 have in use
		s.used(words[1], words[2:])
	case "heal":
		clear(s.catcher(words[1]).fails)
	case "deaf": // nobody takes connections there, which shows at once or after some time
		after := time.Duration(0)
		if len(words) > 2 {
			after, _ = time.ParseDuration(words[2])
		}
		s.tcp.deaf[at(words[1])] = after
	case "hang-up":
		s.tcp.hangUp(words[1], at(words[2]))
		return s.settle()
	case "reset":
		s.tcp.reset(words[1], at(words[2]))
		return s.settle()
	case "unreachable": // the system reports that request N of those that left met nobody
		w := s.workers[words[1]]
		n, _ := strconv.Atoi(words[2])
		peer := node1
		if bytes.Contains(s.left[n-1], []byte("<sip:"+node2.String())) {
			peer = node2
		}
		w.Unreachable(s.left[n-1][:200], peer, syscall.ECONNREFUSED)
		w.Flush()
		return s.settle()
	default:
		s.t.Fatalf("do %v", words)
	}
	return nil
}

func crlf(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }

// text is a message with its line ends as files have them; every LF must have had its CR.
func text(b []byte) []byte {
	t := bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	if len(t) > 0 && t[len(t)-1] != '\n' {
		t = append(t, '\n')
	}
	return t
}

// memory is what peers would remember of the messages so far.
type memory struct {
	s                *stage
	via, record, tag string
	invite, last     string // the last INVITE that came, the last answer that left
}

func (m *memory) keep(sent []caught) {
	for _, c := range sent {
		head, _, _ := strings.Cut(string(text(c.data)), "\n\n")
		if strings.HasPrefix(head, "SIP/") {
			m.last = head
			_, after, _ := strings.Cut(head, "\nTo:")
			after, _, _ = strings.Cut(after, "\n")
			_, m.tag, _ = strings.Cut(after, ";tag=")
			continue
		}
		m.s.left = append(m.s.left, c.data)
		via, record := lines(head, "Via:"), lines(head, "Record-Route:")
		if record != "" || m.record == "" {
			m.via, m.record = via, record
		}
	}
}

func (m *memory) came(b []byte) {
	if bytes.HasPrefix(b, []byte("INVITE ")) {
		m.invite, _, _ = strings.Cut(string(b), "\n\n")
	}
}

func lines(head string, names ...string) (all string) {
	for l := range strings.Lines(head + "\n") {
		for _, name := range names {
			if strings.HasPrefix(l, name) || strings.HasPrefix(l, "v:") && name == "Via:" {
				all += l
			}
		}
	}
	return all
}

// reversed is what a caller makes Routes of.
func reversed(record string) (caller string) {
	for l := range strings.Lines(strings.ReplaceAll(record, "Record-Route:", "Route:")) {
		caller = l + caller
	}
	return caller
}

func (m *memory) fill(b []byte) []byte {
	callee := strings.ReplaceAll(m.record, "Record-Route:", "Route:")
	first, rest, _ := strings.Cut(string(b), "\n")
	if words := strings.Fields(first); len(words) > 0 {
		if whole, ok := m.short(words, rest); ok {
			b = []byte(whole)
		}
	}
	return []byte(strings.NewReplacer("{via}\n", m.via, "{swapped}\n", strings.Replace(m.via, "198.51.100.7", "203.0.113.66", 1), "{own}", "<sip:bob@example.com>;tag="+m.tag, "{record}\n", m.record, "{route}\n", reversed(m.record), "{callee}\n", callee).Replace(string(b)))
}

// short makes a message of its short form.
func (m *memory) short(words []string, rest string) (string, bool) {
	more, body, _ := strings.Cut(rest, "\n\n")
	if strings.HasPrefix(rest, "\n") {
		more, body = "", rest[1:]
	}
	more = strings.TrimSuffix(more, "\n")
	if more != "" {
		more += "\n"
	}
	start, _, _ := strings.Cut(m.invite, "\n")
	method := strings.ToUpper(words[0])
	switch words[0] {
	case "invite":
		return "INVITE sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK" + words[1] + "\nMax-Forwards: 70\nFrom: <sip:alice@example.com>;tag=a\n" +
			"To: <sip:bob@example.com>\nCall-ID: " + words[1] + "\nCSeq: 1 INVITE\n" + more + fmt.Sprintf("Content-Length: %d\n\n", len(crlf([]byte(body)))) + body, true
	case "answer":
		n, _ := strconv.Atoi(words[1])
		if n < 1 || n > len(m.s.left) {
			m.s.t.Fatalf("there is no request %d", n)
		}
		head, _, _ := strings.Cut(string(text(m.s.left[n-1])), "\n\n")
		to := strings.TrimSuffix(lines(head, "To:"), "\n")
		if len(words) > 3 {
			to += ";tag=" + words[3]
		}
		return "SIP/2.0 " + words[2] + " Whatever\n" + lines(head, "Via:", "Record-Route:") + lines(head, "From:") + to + "\n" + lines(head, "Call-ID:", "CSeq:") +
			more + fmt.Sprintf("Content-Length: %d\n\n", len(crlf([]byte(body)))) + body, true
	case "ack", "cancel":
		to := lines(m.invite, "To:")
		if method == "ACK" {
			to = lines(m.last, "To:")
		}
		return strings.Replace(start, "INVITE", method, 1) + "\n" + lines(m.invite, "Via:", "Max-Forwards:", "Route:") + lines(m.invite, "From:") + to + lines(m.invite, "Call-ID:") +
			"CSeq: 1 " + method + "\n" + more + "Content-Length: 0\n\n", true
	case "within":
		return words[1] + " sip:bob@10.0.0.1:5080 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK" + words[1] + words[2] + "\nMax-Forwards: 70\n" +
			reversed(lines(m.last, "Record-Route:")) + lines(m.invite, "From:") + lines(m.last, "To:") + lines(m.invite, "Call-ID:") +
			"CSeq: " + words[2] + " " + words[1] + "\n" + more + "Content-Length: 0\n\n", true
	case "bye":
		return "BYE sip:bob@10.0.0.1:5080 SIP/2.0\n" + lines(m.invite, "Via:") + "Max-Forwards: 70\n" + reversed(lines(m.last, "Record-Route:")) + lines(m.invite, "From:") + lines(m.last, "To:") +
			lines(m.invite, "Call-ID:") + "CSeq: 2 BYE\n" + more + "Content-Length: 0\n\n", true
	}
	return "", false
}
