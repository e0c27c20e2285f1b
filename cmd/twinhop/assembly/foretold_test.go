package assembly

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/admin/explain"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// lastDecision remembers the rule of the latest decision, for messages that are sent one after another.
type lastDecision struct {
	gateway.Observer
	rules chan gateway.Rule
}

func (l *lastDecision) Decided(a *gateway.Ask, d *gateway.Decision, err error) {
	l.Observer.Decided(a, d, err)
	select {
	case l.rules <- d.Rule:
	default:
	}
}

// servlets is a node of HTTP and SIP that gives out session ids at /login, and tells in X-Node who it is and in X-Got which cookies it got.
func servlets(t *testing.T, name string) config.Node {
	n := convergedNode(t, name)
	given := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Node", name)
		w.Header().Set("X-Got", r.RequestURI+" "+strings.Join(r.Header["Cookie"], "|"))
		if strings.HasPrefix(r.URL.Path, "/app/login") {
			given++
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: fmt.Sprintf("%032X.%s", given*100+int(name[4]), name), Path: "/"})
		}
	}))
	t.Cleanup(s.Close)
	n.HTTP = s.URL
	return n
}

// rehearser is a gateway that is asked what it will do, and then has it done.
type rehearser struct {
	t     *testing.T
	g     *Gateway
	last  *lastDecision
	phone net.PacketConn
	rand  *rand.Rand
	ids   []string // session ids that nodes gave
	calls int
	seen  map[string]int // what happened: rules, and codes of the gateway's own answers
}

func rehearsing(t *testing.T, c config.Config, seed uint64, seen map[string]int) *rehearser {
	g, err := Build(Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	r := &rehearser{t: t, g: g, last: &lastDecision{g.Router.Observer, make(chan gateway.Rule, 64)}, seen: seen, rand: rand.New(rand.NewPCG(seed, 1))}
	g.Router.Observer = r.last
	t.Cleanup(run(t, g))
	<-g.Ready()
	if r.phone, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.phone.Close() })
	return r
}

func (r *rehearser) one(words ...string) string { return words[r.rand.IntN(len(words))] }

// request is some request of HTTP.
func (r *rehearser) request() string {
	path := "/app/" + r.one("x", "login", "cart;jsessionid="+r.id(), "a;v=1/../b", "..;/x", "%2e%2e/x", "x;org.mobicents.servlet.sip.ApplicationSessionKey=alice")
	if r.rand.IntN(12) == 0 {
		path = r.one("/none", "/", "/app", "*", "//app/x", "/app/\x01", "/app/%zz")
	}
	query := r.one("", "", "?appsession="+r.one("alice", "bob", "carol", "", "a%20b"), "?appsession=alice&appsession=bob", "?q=1")
	lines := []string{r.one("GET", "GET", "GET", "POST", "HEAD", "TRACE", "BREW") + " " + path + query + " HTTP/1.1", "Host: shop.example"}
	if r.rand.IntN(2) == 0 {
		lines = append(lines, "Cookie: a=b; JSESSIONID="+r.id()+r.one("", "; JSESSIONID="+r.id()))
	}
	if r.rand.IntN(10) == 0 {
		lines = append(lines, r.one("Upgrade: websocket\r\nConnection: Upgrade", "X-Forwarded-For: 192.0.2.9", "no field", "Host: twice.example", "Content-Length: 3"))
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// id is one that a node gave, or might have.
func (r *rehearser) id() string {
	if len(r.ids) > 0 && r.rand.IntN(3) > 0 {
		id := r.ids[r.rand.IntN(len(r.ids))]
		if r.rand.IntN(5) == 0 {
			id, _, _ = strings.Cut(id, ".")
			id += r.one("", ".node1", ".node2", ".node9")
		}
		return id
	}
	return r.one("S1", "S2.node1", "S3.node2", "S4.node3", "S5.gone", ".node1", "S1.node2")
}

func (r *rehearser) playHTTP() {
	r.t.Helper()
	raw := r.request()
	told := r.play(&explain.Message{Wants: cluster.HTTP, Raw: []byte(raw), From: netip.MustParseAddrPort("127.0.0.1:40000")})
	conn, err := net.Dial("tcp", r.g.Addrs().HTTP[0])
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(conn, raw+"abc") // of a body, if it wants one
	method, _, _ := strings.Cut(raw, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		r.t.Fatalf("%q: %v", raw, err)
	}
	resp.Body.Close()
	for _, c := range resp.Cookies() {
		if c.Name == "JSESSIONID" && len(r.ids) < 40 {
			r.ids = append(r.ids, c.Value)
		}
	}
	if !r.agrees(told, raw, resp.Header.Get("X-Node")) {
		return
	}
	if a := told.Answer; a != nil && (a.Status != resp.StatusCode || a.Location != resp.Header.Get("Location")) {
		r.t.Errorf("%q: foretold %+v, answered %s", raw, a, resp.Status)
	}
	if a := told.Answer; a == nil && resp.Header.Get("X-Node") == "" {
		r.t.Errorf("%q: answered %s, which was not foretold", raw, resp.Status)
	}
	_, cookies, _ := strings.Cut(resp.Header.Get("X-Got"), " ")
	for _, w := range told.Rewrites {
		if w.What == "Cookie" && w.After != "" && !strings.Contains(cookies, w.After) {
			r.t.Errorf("%q: the node got the cookies %q, foretold %+v", raw, cookies, w)
		}
	}
}

// agrees compares what was foretold with who served, and why.
func (r *rehearser) agrees(told *explain.Played, raw, node string) bool {
	r.t.Helper()
	rule, decided := gateway.NoNode, false
	select {
	case rule = <-r.last.rules:
		decided = true
	default:
	}
	if told.Answer == nil && node != told.Node || (told.Ask != nil) != decided {
		r.t.Errorf("%q: foretold %s by %+v (%+v), served by %q after %v (%v)", raw, told.Node, told.Steps, told.Answer, node, rule, decided)
		return false
	}
	if decided && told.Steps[len(told.Steps)-1].Rule != rule {
		r.t.Errorf("%q: foretold by %v, decided by %v", raw, told.Steps, rule)
	}
	if decided {
		r.seen[rule.String()]++
	}
	if told.Answer != nil {
		r.seen[fmt.Sprint(told.Answer.Status)]++
	}
	return true
}

func (r *rehearser) play(m *explain.Message) *explain.Played {
	r.t.Helper()
	for len(r.last.rules) > 0 {
		<-r.last.rules
	}
	before := r.g.table.Usage()
	told, err := r.g.Play(r.t.Context(), m)
	if err != nil {
		r.t.Fatalf("%q: %v", m.Raw, err)
	}
	if now := r.g.table.Usage(); now != before || len(r.last.rules) > 0 {
		r.t.Errorf("%q: asking left something behind: %+v, before %+v", m.Raw, now, before)
	}
	return told
}

func (r *rehearser) playSIP() {
	r.t.Helper()
	own := strings.TrimPrefix(r.g.Addrs().External[0], "udp://")
	user := func() string { return r.one("alice", "bob", "carol", "anonymous", "a%20b", "") }
	r.calls++
	call := cmp.Or(r.one(fmt.Sprintf("c%d", r.calls), fmt.Sprintf("c%d", r.calls), fmt.Sprintf("c%d", max(r.calls-3, 1))), "c")
	method := r.one("MESSAGE", "MESSAGE", "OPTIONS", "REGISTER", "INFO", "BYE")
	tag := ""
	if method == "INFO" || method == "BYE" {
		tag = ";tag=2"
	}
	uri := r.one("sip:service@example.com", "sip:"+own, "sip:x@"+own, "tel:+4930", "sip:app@example.com;org.mobicents.servlet.sip.applicationsessionkey="+user(), "mailto:a@b", "sip:x@"+r.node())
	lines := []string{method + " " + uri + " SIP/2.0", "Via: SIP/2.0/UDP " + r.phone.LocalAddr().String() + ";rport;branch=z9hG4bK" + fmt.Sprint(r.calls),
		"Max-Forwards: " + r.one("70", "70", "70", "0", "x"), "From: <sip:" + user() + "@example.com>;tag=1", "To: <sip:" + user() + "@example.com>" + tag, "Call-ID: " + call, "CSeq: 1 " + method, "Content-Length: 0"}
	if r.rand.IntN(12) == 0 {
		lines[1+r.rand.IntN(7)] = r.one("Nonsense", "X-A: b", "From: <sip:x@y>;tag=1\r\nFrom: <sip:x@y>;tag=1", "Proxy-Require: foo")
	}
	raw := strings.Join(lines, "\r\n") + "\r\n\r\n"
	from := netip.MustParseAddrPort(r.phone.LocalAddr().String())
	told := r.play(&explain.Message{Wants: cluster.SIP, Raw: []byte(raw), From: from, Transport: "udp"})
	to, err := net.ResolveUDPAddr("udp4", own)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.phone.WriteTo([]byte(raw), to); err != nil {
		r.t.Fatal(err)
	}
	if len(told.Dropped) > 0 {
		return // a ping tells when the gateway has seen it: the next message will
	}
	buf := make([]byte, 65536)
	r.phone.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := r.phone.ReadFrom(buf)
	if err != nil {
		r.t.Fatalf("%q: foretold %+v: %v", raw, told, err)
	}
	_, after, _ := strings.Cut(string(buf[:n]), "X-Node: ")
	node, _, _ := strings.Cut(after, "\r\n")
	if !r.agrees(told, raw, node) {
		return
	}
	if a := told.Answer; a != nil && !bytes.HasPrefix(buf[:n], fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", a.Status, a.Reason)) {
		r.t.Errorf("%q: foretold %+v, answered %.60s", raw, a, buf[:n])
	}
}

// node is the SIP address of some node.
func (r *rehearser) node() string {
	all := r.g.Registry.View().Nodes
	return all[r.rand.IntN(len(all))].Addr(cluster.SIP).Addr.String()
}

// What the tester says is what the fronts then do, message by message, while nodes are disabled and stopped and sessions come into being: the
// node, the rule, the cookies that it gets, and the answers that the gateway gives itself. And asking leaves nothing behind.
func TestWhatIsForetoldHappens(t *testing.T) {
	seen := map[string]int{}
	for i, change := range []func(*config.Config){
		func(*config.Config) {},
		func(c *config.Config) {
			c.Affinity.Leader = "sip"
			c.FollowSIP = config.FollowSIP{Mode: "redirect", MaxCorrections: 2}
		},
		func(c *config.Config) {
			c.Affinity.Leader, c.FollowSIP = "sip", config.FollowSIP{Mode: "rewrite"}
			c.Affinity.SIP = []config.SIPSource{{Source: "from.user"}, {Source: "to.user"}, {Source: "call-id"}}
		},
		func(c *config.Config) {
			c.Pools[0].StickyForce = true
			c.Affinity.SIP = []config.SIPSource{{Source: "to.user"}, {Source: "call-id"}}
		},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			c := settings(t, "")
			c.Nodes = []config.Node{servlets(t, "node1"), servlets(t, "node2"), servlets(t, "node3")}
			c.Mounts = []config.Mount{{Path: "/app/*", Pool: "default"}}
			change(&c)
			r := rehearsing(t, c, uint64(i), seen)
			for range 250 {
				switch r.rand.IntN(25) {
				case 0:
					a := cluster.Activation(r.rand.IntN(3))
					if err := r.g.Registry.SetActivation("", r.one("node1", "node2"), a); err != nil {
						t.Fatal(err)
					}
				case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10:
					r.playSIP()
				default:
					r.playHTTP()
				}
				if t.Failed() {
					return
				}
			}
		})
	}
	if len(seen) < 20 {
		t.Errorf("little happened: %v", seen)
	}
}
