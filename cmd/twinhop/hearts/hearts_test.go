package hearts

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"twinhop/admin"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/heartbeat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var here = netip.MustParseAddr("127.0.0.1")

// build makes Hearts of a configuration that need not be complete.
func build(t *testing.T, change func(*config.Config)) (*Hearts, *[]admin.Heard, *cluster.Registry) {
	t.Helper()
	c := config.Default()
	c.Heartbeat.SIP = true
	c.Listen.SIP.External, c.Listen.SIP.Internal = []string{"udp://127.0.0.1:5060", "tcp://127.0.0.1:5060"}, []string{"udp://127.0.0.1:5065"}
	if change != nil {
		change(&c)
	}
	r := &cluster.Registry{}
	if err := r.Apply(cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var told []admin.Heard
	h := New(Options{Config: &c, Registry: r, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Switchover: func(context.Context, string, string) (int, error) { return 3, nil },
		Tell: func(x admin.Heard) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, x)
		}})
	return h, &told, r
}

// said reads "name=value" pairs.
func said(text string) map[string]string {
	props := map[string]string{}
	for line := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(line, "=")
		props[name] = value
	}
	return props
}

func TestSIP(t *testing.T) {
	h, _, r := build(t, func(c *config.Config) {
		c.Heartbeat.Domains = []config.Subcluster{{Name: "west", Nodes: []string{"127.0.0.1"}}}
	})
	body := said("udpPort=5080 tcpPort=5080 hostname=x:1 ip=127.0.0.1 sessionId=17 jvmRoute=app1 version=3 wsPort=5082")
	if err := h.SIP(here, body); err != nil {
		t.Fatal(err)
	}
	n := r.View().Named("app1")
	if n == nil || n.Version != 3 || n.Addr(cluster.SIP).Addr.String() != "127.0.0.1:5080" || r.View().Pool("default").Member("app1").Domain != "west" {
		t.Fatalf("%+v", n)
	}
	x := h.Announced()["app1"]
	if x == nil || x.By != "sip" || x.HostName != "x:1" || x.Beats != 1 || !maps.Equal(x.Ports, map[string]int{"udp": 5080, "tcp": 5080, "ws": 5082}) ||
		len(x.Incarnation) != 8 || strings.Contains(x.Incarnation, "17") {
		t.Errorf("%+v", x)
	}
	for name, body := range map[string]string{"no address": "udpPort=5080", "a name": "ip=node1 udpPort=5080", "no port": "ip=127.0.0.1"} {
		if err := h.SIP(here, said(body)); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	if err := h.SIP(netip.MustParseAddr("192.0.2.1"), body); !errors.Is(err, heartbeat.ErrRefused) {
		t.Errorf("from elsewhere: %v", err)
	}
	if got := len(r.View().Nodes); got != 1 {
		t.Errorf("%d nodes", got)
	}
	if e := <-h.events; e.What != heartbeat.Registered {
		t.Errorf("%+v", e)
	}
	if e := <-h.events; e.What != heartbeat.Refused || e.Text != "a SIP heartbeat that cannot be taken" || e.From != here {
		t.Errorf("%+v", e)
	}
}

// A node that no listener of its side can reach is refused, and why.
func TestUnreachableNode(t *testing.T) {
	ping := func(h *Hearts, ip string, p heartbeat.Ports) error {
		a := netip.MustParseAddr(ip)
		return h.Roster.Ping(here, heartbeat.Announcement{By: "json", IP: a, Ports: p})
	}
	h, _, _ := build(t, func(c *config.Config) { c.Heartbeat.Allow = []string{"127.0.0.0/8", "10.0.0.1", "::1"} })
	for name, want := range map[string]struct {
		ip    string
		ports heartbeat.Ports
		err   string
	}{
		"UDP":       {"10.0.0.1", heartbeat.Ports{UDP: 5080}, ""},
		"HTTP":      {"::1", heartbeat.Ports{HTTP: 8080}, ""},
		"TCP":       {"10.0.0.1", heartbeat.Ports{TCP: 5090}, "no listener of listen.sip.internal can"},
		"UDP first": {"10.0.0.1", heartbeat.Ports{UDP: 5081, TCP: 5081}, ""},
		"TLS":       {"10.0.0.1", heartbeat.Ports{TLS: 5091}, "the gateway speaks no TLS with nodes"},
		"UDP, TLS":  {"10.0.0.1", heartbeat.Ports{UDP: 5082, TLS: 5092}, ""},
		"IPv6":      {"::1", heartbeat.Ports{UDP: 5080}, "no listener of listen.sip.internal can"},
	} {
		err := ping(h, want.ip, want.ports)
		if (err == nil) != (want.err == "") || err != nil && !strings.Contains(err.Error(), want.err) {
			t.Errorf("%s: %v, want %q", name, err, want.err)
		}
	}
	h, _, _ = build(t, func(c *config.Config) {
		c.SIP.InternalTransport = "tcp"
		c.Listen.SIP.Internal = []string{"tcp://127.0.0.1:5065"}
	})
	if err := ping(h, "127.0.0.1", heartbeat.Ports{UDP: 5080}); err == nil || !strings.Contains(err.Error(), "sip.internalTransport is tcp") {
		t.Errorf("only UDP while TCP is asked for: %v", err)
	}
}

// Where a listener speaks TLS with nodes their TLS port counts.
func TestTLSNode(t *testing.T) {
	h, _, r := build(t, func(c *config.Config) {
		c.SIP.InternalTransport = "tls"
		c.Listen.SIP.Internal = []string{"udp://127.0.0.1:5065", "tls://127.0.0.1:5071"}
	})
	if err := h.SIP(here, said("ip=127.0.0.1 udpPort=5080 tlsPort=5081 jvmRoute=app1")); err != nil {
		t.Fatal(err)
	}
	if a := r.View().Named("app1").Addrs(cluster.SIP); len(a) != 2 || a[1].Scheme != "tls" || a[1].Addr.Port() != 5081 {
		t.Errorf("%v", a)
	}
	if err := h.SIP(here, said("ip=127.0.0.1 udpPort=5082 jvmRoute=app2")); err == nil || !strings.Contains(err.Error(), "sip.internalTransport is tls") {
		t.Errorf("a node without TLS: %v", err)
	}
}

// Other settings hold at once: who is not allowed any more departs.
func TestApply(t *testing.T) {
	h, _, r := build(t, nil)
	if err := h.SIP(here, said("ip=127.0.0.1 udpPort=5080")); err != nil {
		t.Fatal(err)
	}
	c := *h.o.Config
	c.Heartbeat.Allow = []string{"10.0.0.0/8"}
	if h.Apply(&c); len(r.View().Nodes) > 0 {
		t.Error("a node stays that is not allowed")
	}
	c.Heartbeat.Allow, c.Listen.SIP.Internal = []string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"tcp://127.0.0.1:5065"}
	if h.Apply(&c); h.SIP(here, said("ip=127.0.0.1 udpPort=5080")) != nil || h.SIP(here, said("ip=127.0.0.1 tcpPort=5090")) == nil {
		t.Error("listeners count that there will be after a restart")
	}
	c.Heartbeat.Allow = []string{"10.0.0.0/8"}
	h.Apply(&c)
	if h.Roster.Allowed(here) || !h.Roster.Allowed(netip.MustParseAddr("10.1.2.3")) {
		t.Error("other networks are allowed than are configured")
	}
}

// What operators want to hear of is told while it runs, and counted.
func TestEvents(t *testing.T) {
	h, told, r := build(t, nil)
	ctx, stop := context.WithCancel(context.Background())
	heard := make(chan admin.Heard, 4)
	h.o.Tell = func(x admin.Heard) { heard <- x }
	var group sync.WaitGroup
	group.Go(func() {
		if err := h.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	body := "ip=127.0.0.1 udpPort=5080 sessionId=1 jvmRoute="
	for _, route := range []string{"app1", "app2"} {
		if err := h.SIP(here, said(body+route)); err != nil {
			t.Fatal(err)
		}
	}
	h.Roster.Allowed(netip.MustParseAddr("192.0.2.1"))
	if got, want := <-heard, (admin.Heard{What: "renamed", Node: "app2", From: "app1"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := <-heard, (admin.Heard{What: "refused", From: "192.0.2.1", Words: "the address is not allowed"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	stop()
	group.Wait()
	if len(*told) > 0 {
		t.Errorf("told %+v", *told)
	}
	if took, err := h.Took("app2"); !took || err != nil || len(r.View().Nodes) > 0 {
		t.Errorf("removed by an operator: %v %v %d", took, err, len(r.View().Nodes))
	}
	if took, _ := (*Hearts)(nil).Took("app2"); took {
		t.Error("nobody listens for heartbeats, and a node was announced")
	}
	want := `# HELP twinhop_heartbeat_events_total Nodes that registered, were renamed or expired, and addresses that were refused, each once a minute.
# TYPE twinhop_heartbeat_events_total counter
twinhop_heartbeat_events_total{event="expired"} 0
twinhop_heartbeat_events_total{event="refused"} 1
twinhop_heartbeat_events_total{event="registered"} 1
twinhop_heartbeat_events_total{event="renamed"} 1
`
	if err := testutil.CollectAndCompare(h, strings.NewReader(want), "twinhop_heartbeat_events_total"); err != nil {
		t.Error(err)
	}
}

// The registry and the object of RMI are where the configuration says, at one address.
func TestURLs(t *testing.T) {
	var asked []string
	var open []net.Listener
	bind := func(_ context.Context, key, addr string) (net.Listener, error) {
		asked = append(asked, key+" "+addr)
		if addr == "127.0.0.1:1" {
			return nil, errors.New("taken")
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err == nil {
			open = append(open, l)
		}
		return l, err
	}
	defer func() {
		for _, l := range open {
			l.Close()
		}
	}()
	h := config.Default().Heartbeat
	if s, err := Listen(t.Context(), &h, bind); err != nil || s != (Sockets{}) || s.URLs() != nil || len(asked) > 0 {
		t.Errorf("nothing is asked for: %v %v %v", s, err, asked)
	}
	h.JSON.Listen, h.RMI.Listen = "10.0.0.254:2610", "[::1]:2000"
	s, err := Listen(t.Context(), &h, bind)
	if want := []string{"heartbeat.json.listen 10.0.0.254:2610", "heartbeat.rmi.listen [::1]:2000", "heartbeat.rmi.objectPort [::1]:2001"}; err != nil || !slices.Equal(asked, want) {
		t.Errorf("%q %v, want %q", asked, err, want)
	}
	if got, want := s.URLs(), []string{"json://" + open[0].Addr().String(), "rmi://" + open[1].Addr().String()}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	h.RMI.Listen, h.RMI.ObjectPort = "127.0.0.1:2000", 1
	if _, err := Listen(t.Context(), &h, bind); err == nil {
		t.Error("a port that is taken")
	}
}

// Nodes outlive the process in a file that nobody else can read.
func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "nodes")
	first, _, _ := build(t, nil)
	o := first.o
	o.File = name
	first = New(o)
	if err := first.SIP(here, said("ip=127.0.0.1 udpPort=5080 sessionId=1 jvmRoute=app1")); err != nil {
		t.Fatal(err)
	}
	over, stop := context.WithCancel(context.Background())
	stop()
	if err := first.Run(over); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	_, _, r := build(t, nil)
	o.Registry = r
	if second := New(o); r.View().Named("app1") == nil || second.Announced()["app1"].By != "sip" {
		t.Errorf("after a restart: %v", second.Announced())
	}
}
