package e2e

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// agent is a SIP element on a plain UDP socket: a cluster node when it answers, a phone when
// it calls. It is deliberately naive: it keeps to RFC 3261 where the gateway relies on it and
// writes down every request it gets.
type agent struct {
	name     string
	addr     string
	patience time.Duration // how long a request of ours may stay unanswered

	mu      sync.Mutex
	conn    *net.UDPConn
	deaf    bool // does not write down what it gets
	seen    []*message
	replies map[string]chan *message // by branch
	dialogs map[string]*call         // answered ones, by Call-ID and, further answers, Call-ID and To; not changed any more
	script  func(*agent, *message) []*message
	stray   chan *message // answers to requests that are not its own; nil: nobody wants them
	turns   *turns        // where what it sends goes in truth; nil: where it should
	second  atomic.Int64  // INVITEs answered 2xx by a second element, too
}

// newAgent opens the socket and answers until the test ends.
func newAgent(t testing.TB, name string) *agent { t.Helper(); return newAgentAt(t, name, "127.0.0.1") }

func newAgentAt(t testing.TB, name, ip string) *agent {
	t.Helper()
	a := &agent{name: name, addr: fmt.Sprintf("%s:%d", ip, freePort(t)), patience: 10 * time.Second, replies: map[string]chan *message{}, dialogs: map[string]*call{}}
	a.open(t)
	t.Cleanup(a.close)
	return a
}

// open (re)opens the socket at the same address, as a restarted node would.
func (a *agent) open(t testing.TB) {
	t.Helper()
	at, err := net.ResolveUDPAddr("udp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(4 << 20)
	a.mu.Lock()
	a.conn = conn
	a.mu.Unlock()
	go a.listen(conn)
}

// close makes the address dead: the kernel answers with ICMP port unreachable.
func (a *agent) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conn.Close()
}

func (a *agent) listen(conn *net.UDPConn) {
	buf := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 20 {
			continue
		}
		m, err := parse(buf[:n])
		if err != nil {
			continue
		}
		if m.response() {
			a.deliver(m)
			continue
		}
		a.mu.Lock()
		if !a.deaf {
			a.seen = append(a.seen, m)
		}
		answer, turns := a.script, a.turns
		a.mu.Unlock()
		if answer == nil {
			answer = (*agent).answer
		}
		for _, r := range answer(a, m) {
			_, _ = conn.WriteToUDPAddrPort([]byte(r.String()), turns.back(m, from))
		}
	}
}

func (a *agent) deliver(m *message) {
	vias := m.list("Via")
	if len(vias) != 1 { // somebody else's Via is still on it: not for us, and worth failing for
		return
	}
	a.mu.Lock()
	ch := a.replies[branch(vias[0])]
	c, stray := a.dialogs[m.callID()], a.stray
	a.mu.Unlock()
	if c != nil && m.method() == "INVITE" && m.status()/100 == 2 {
		a.again(c, m)
		return
	}
	if ch == nil {
		ch = stray
	}
	select {
	case ch <- m:
	default:
	}
}

// listenTo has answers to the requests of others put where c is read.
func (a *agent) listenTo(c chan *message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stray = c
}

// again deals with a 2xx to an INVITE that has one already (RFC 3261 13.2.2.4): a repetition is
// acknowledged again, an answer of somebody else is acknowledged and ended.
func (a *agent) again(c *call, m *message) {
	other := c.dialog(m)
	_ = a.write(other.hop(), other.request("ACK", fmt.Sprintf("z9hG4bK-ack-%d", serial.Add(1)), 1))
	a.mu.Lock()
	told := a.dialogs[c.id+m.get("To")]
	a.dialogs[c.id+m.get("To")] = other
	a.mu.Unlock()
	if told != nil || m.get("To") == c.setUp.get("To") {
		return
	}
	a.second.Add(1)
	go func() { _, _ = other.bye() }()
}

func branch(via string) string {
	_, rest, _ := strings.Cut(via, "branch=")
	b, _, _ := strings.Cut(rest, ";")
	return b
}

// play has a script answer requests from now on.
func (a *agent) play(script func(*agent, *message) []*message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.script = script
}

// answer says yes to everything. The tag depends on call and node, so a retransmission gets
// the same answer.
func (a *agent) answer(m *message) []*message {
	switch m.method() {
	case "ACK":
		return nil
	case "INVITE":
		return []*message{a.reply(m, "180 Ringing"), a.reply(m, "200 OK")}
	}
	return []*message{a.reply(m, "200 OK")}
}

func (a *agent) reply(m *message, status string) *message {
	r := &message{start: "SIP/2.0 " + status}
	for _, name := range []string{"Via", "Record-Route", "From", "To", "Call-ID", "CSeq"} {
		for _, f := range m.fields {
			if !strings.EqualFold(f[0], name) {
				continue
			}
			if name == "To" && !strings.Contains(f[1], "tag=") {
				h := fnv.New32a()
				h.Write([]byte(a.name + m.callID()))
				f[1] += fmt.Sprintf(";tag=%s-%x", a.name, h.Sum32())
			}
			r.fields = append(r.fields, f)
		}
	}
	r.fields = append(r.fields, [2]string{"Contact", "<sip:" + a.name + "@" + a.addr + ">"},
		[2]string{"X-Node", a.name}, [2]string{"Content-Length", "0"})
	return r
}

// record says whether requests are written down. They are, unless somebody said no.
func (a *agent) record(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deaf = !yes
}

// got lists the requests of one method that arrived, repetitions included.
func (a *agent) got(method string) []*message {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []*message
	for _, m := range a.seen {
		if m.method() == method {
			out = append(out, m)
		}
	}
	return out
}

// calls lists the Call-IDs of the requests of one method that arrived.
func (a *agent) calls(method string) map[string]bool {
	ids := map[string]bool{}
	for _, m := range a.got(method) {
		ids[m.callID()] = true
	}
	return ids
}

var serial atomic.Uint64

// call is a dialog as the caller sees it.
type call struct {
	phone    *agent
	gateway  string // where a request goes that has no route
	id       string
	from, to string
	target   string
	routes   []string
	cseq     int
	node     string // who answered the INVITE
	setUp    *message
	began    time.Time
	heard    []int  // statuses of answers to the INVITE, in order
	body     string // of the INVITE
}

// invite places a call through the gateway. from and to are SIP URIs; target is the R-URI, ""
// for to. It returns the dialog once the 200 is acknowledged.
func (a *agent) invite(gateway, from, to, target string) (*call, error) {
	if target == "" {
		target = to
	}
	n := serial.Add(1)
	c := &call{phone: a, gateway: gateway, id: fmt.Sprintf("call-%d-%s@%s", n, a.name, a.addr), cseq: 1,
		from: fmt.Sprintf("<%s>;tag=f%d", from, n), to: "<" + to + ">", target: target}
	r, err := c.send("INVITE")
	if err != nil {
		return c, err
	}
	c.setUp = r
	if r.status() != 200 {
		return c, fmt.Errorf("INVITE was answered %s", r.start)
	}
	d := c.dialog(r)
	c.node, c.to, c.target, c.routes = d.node, d.to, d.target, d.routes
	c.ack()
	a.mu.Lock()
	a.dialogs[c.id] = c.dialog(r)
	a.mu.Unlock()
	return c, nil
}

// dialog is what a 2xx makes of a call.
func (c *call) dialog(r *message) *call {
	d := &call{phone: c.phone, gateway: c.gateway, id: c.id, from: c.from, cseq: 1, setUp: r}
	d.node, d.to, d.target = r.get("X-Node"), r.get("To"), uri(r.get("Contact"))
	d.routes = r.list("Record-Route")
	slices.Reverse(d.routes)
	return d
}

// within sends a request inside the dialog and returns its final answer.
func (c *call) within(method string) (*message, error) {
	c.cseq++
	return c.send(method)
}

func (c *call) bye() (*message, error) { return c.within("BYE") }

func (c *call) request(method, branch string, cseq int) *message {
	m := &message{start: method + " " + c.target + " SIP/2.0", fields: [][2]string{
		{"Via", "SIP/2.0/UDP " + c.phone.addr + ";branch=" + branch + ";rport"},
		{"Max-Forwards", "70"}, {"From", c.from}, {"To", c.to}, {"Call-ID", c.id},
		{"CSeq", fmt.Sprintf("%d %s", cseq, method)},
		{"Contact", "<sip:" + c.phone.name + "@" + c.phone.addr + ">"}}}
	for _, r := range c.routes {
		m.fields = append(m.fields, [2]string{"Route", r})
	}
	m.fields = append(m.fields, [2]string{"Content-Length", "0"})
	if method == "INVITE" && c.body != "" {
		m.attach(c.body)
	}
	return m
}

func (c *call) hop() string {
	if len(c.routes) > 0 {
		return hostport(uri(c.routes[0]))
	}
	return c.gateway
}

func (c *call) ack() {
	_ = c.phone.write(c.hop(), c.request("ACK", fmt.Sprintf("z9hG4bK-ack-%d", serial.Add(1)), c.cseq))
}

// send runs a client transaction: repeats as RFC 3261 17.1 says until a final answer (a
// provisional one stops the repeats of an INVITE), and gives up when patience ends.
func (c *call) send(method string) (*message, error) {
	br := fmt.Sprintf("z9hG4bK-e2e-%d", serial.Add(1))
	ch := make(chan *message, 16)
	c.phone.mu.Lock()
	c.phone.replies[br] = ch
	c.phone.mu.Unlock()
	defer func() {
		c.phone.mu.Lock()
		delete(c.phone.replies, br)
		c.phone.mu.Unlock()
	}()
	m := c.request(method, br, c.cseq)
	if method == "INVITE" {
		c.began = time.Now()
	}
	if err := c.phone.write(c.hop(), m); err != nil {
		return nil, err
	}
	giveUp := time.NewTimer(c.phone.patience)
	defer giveUp.Stop()
	interval := 500 * time.Millisecond
	again := time.NewTimer(interval)
	defer again.Stop()
	for {
		select {
		case r := <-ch:
			if method == "INVITE" {
				c.heard = append(c.heard, r.status())
			}
			if r.status() >= 300 && method == "INVITE" {
				nack := c.request("ACK", br, c.cseq) // RFC 3261 17.1.1.3: same branch, To as answered
				for i := range nack.fields {
					if nack.fields[i][0] == "To" {
						nack.fields[i][1] = r.get("To")
					}
				}
				_ = c.phone.write(c.hop(), nack)
			}
			if r.status() >= 200 {
				return r, nil
			}
			if method == "INVITE" {
				again.Stop()
			}
		case <-again.C:
			_ = c.phone.write(c.hop(), m)
			interval = min(2*interval, 4*time.Second)
			again.Reset(interval)
		case <-giveUp.C:
			return nil, fmt.Errorf("%s of %s: no answer", method, c.id)
		}
	}
}

func (a *agent) write(to string, m *message) error {
	a.mu.Lock()
	conn, turns := a.conn, a.turns
	a.mu.Unlock()
	at, err := net.ResolveUDPAddr("udp", turns.next(to))
	if err != nil {
		return err
	}
	_, err = conn.WriteToUDP([]byte(m.String()), at)
	return err
}
