package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A nodeProcess is an agent that runs as a program of its own, so that it can be killed or
// stopped in the middle of things. It rings before it answers and logs every message.
type nodeProcess struct {
	*process
	name, addr string
	prompt     bool // says 180 and 200 at once, nothing before
}

// ringing is how long each stage of a call takes at a nodeProcess: 100 at once, then 180, then 200.
const ringing = 100 * time.Millisecond

const nodeVariable = "E2E_NODE" // name, address, "prompt" or not: the test program is this node, and nothing else

func newNodeProcess(t testing.TB, dir, name string, prompt bool) *nodeProcess {
	t.Helper()
	n := &nodeProcess{name: name, addr: fmt.Sprintf("127.0.0.1:%d", freePort(t)), prompt: prompt}
	n.start(t, dir)
	return n
}

// start runs it, again if need be, at the same address.
func (n *nodeProcess) start(t testing.TB, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	words := n.name + "=" + n.addr + "=" + map[bool]string{true: "prompt"}[n.prompt]
	if n.process, err = launch(dir, n.name, "env", nodeVariable+"="+words, self); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.kill)
}

// signal stops and continues it.
func (n *nodeProcess) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(-n.cmd.Process.Pid, s); err != nil {
		t.Fatal(err)
	}
}

// entry is a line of a node's log.
type entry struct {
	at          time.Time
	sent        bool
	start, cseq string
	call        string
}

func (n *nodeProcess) entries(t testing.TB) []entry {
	t.Helper()
	f, err := os.Open(n.log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []entry
	for in := bufio.NewScanner(f); in.Scan(); {
		c := strings.Split(in.Text(), "\t")
		if len(c) != 5 {
			continue // cut short by its death
		}
		ns, _ := strconv.ParseInt(c[0], 10, 64)
		all = append(all, entry{time.Unix(0, ns), c[1] == "S", c[2], c[3], c[4]})
	}
	return all
}

// dialogs lists the calls it said 200 to: true while neither BYE nor CANCEL came.
func (n *nodeProcess) dialogs(t testing.TB) map[string]bool {
	t.Helper()
	open := map[string]bool{}
	for _, e := range n.entries(t) {
		_, known := open[e.call]
		switch {
		case e.sent && e.start == "SIP/2.0 200 OK" && strings.HasSuffix(e.cseq, "INVITE") && !known:
			open[e.call] = true
		case !e.sent && (e.start == "BYE" || e.start == "CANCEL"):
			open[e.call] = false
		}
	}
	return open
}

// runNode is the program. It answers as an agent does, but takes its time with calls.
func runNode(words string) error {
	c := strings.Split(words, "=")
	if len(c) != 3 {
		return fmt.Errorf("%s=%q", nodeVariable, words)
	}
	at, err := netip.ParseAddrPort(c[1])
	if err != nil {
		return err
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return err
	}
	_ = conn.SetReadBuffer(4 << 20)
	n := &slowNode{agent: agent{name: c[0], addr: c[1]}, conn: conn, prompt: c[2] == "prompt", ringing: map[string]*time.Timer{}}
	buf := make([]byte, 65536)
	for {
		size, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil || size < 20 {
			continue
		}
		if m, err := parse(buf[:size]); err == nil && !m.response() {
			n.log(m, false)
			n.take(m, from)
		}
	}
}

type slowNode struct {
	agent
	conn    *net.UDPConn
	prompt  bool
	mu      sync.Mutex
	ringing map[string]*time.Timer // by Call-ID: the next stage of a call not yet answered; nil when it is
}

func (n *slowNode) log(m *message, sent bool) {
	way, start := "R", m.start
	if sent {
		way = "S"
	}
	if i := strings.IndexByte(start, ' '); !m.response() && i > 0 {
		start = start[:i]
	}
	fmt.Printf("%d\t%s\t%s\t%s\t%s\n", time.Now().UnixNano(), way, start, m.get("CSeq"), m.callID())
}

func (n *slowNode) send(m *message, to netip.AddrPort) {
	n.log(m, true)
	_, _ = n.conn.WriteToUDPAddrPort([]byte(m.String()), to)
}

func (n *slowNode) take(m *message, from netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := m.callID()
	timer, known := n.ringing[id]
	switch {
	case m.method() == "ACK":
	case m.method() == "INVITE" && !strings.Contains(m.get("To"), "tag="):
		if known { // repeated: what was said last is said again
			n.send(n.reply(m, map[bool]string{true: "180 Ringing", false: "200 OK"}[timer != nil]), from)
			return
		}
		if n.prompt {
			n.ringing[id] = nil
			n.send(n.reply(m, "180 Ringing"), from)
			n.send(n.reply(m, "200 OK"), from)
			return
		}
		n.send(n.reply(m, "100 Trying"), from)
		n.ringing[id] = time.AfterFunc(ringing, func() { n.ring(id, m, from) })
	case m.method() == "CANCEL" && timer != nil:
		n.send(n.reply(m, "200 OK"), from)
		if timer.Stop() {
			n.ringing[id] = nil
			refused := n.reply(m, "487 Request Terminated")
			for i := range refused.fields {
				if refused.fields[i][0] == "CSeq" {
					refused.fields[i][1] = strings.Replace(refused.fields[i][1], "CANCEL", "INVITE", 1)
				}
			}
			n.send(refused, from)
		}
	default:
		n.send(n.reply(m, "200 OK"), from)
	}
}

func (n *slowNode) ring(id string, m *message, from netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ringing[id] == nil {
		return
	}
	n.send(n.reply(m, "180 Ringing"), from)
	n.ringing[id] = time.AfterFunc(ringing, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.ringing[id] != nil {
			n.ringing[id] = nil
			n.send(n.reply(m, "200 OK"), from)
		}
	})
}
