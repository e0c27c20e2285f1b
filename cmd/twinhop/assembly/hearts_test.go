package assembly

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	jsonbeats "twinhop/gateway/heartbeat/json"
)

// A gateway without nodes begins to serve when one announces itself, with a secret and over TLS; operators see it, can take it away, and
// say from now on who may.
func TestHeartbeats(t *testing.T) {
	dir, secret := t.TempDir(), strings.Repeat("c0ffee", 6)
	roots := putPair(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "beats.secret"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := settings(t, "")
	c.Nodes = nil
	c.Heartbeat.SIP = true
	c.Heartbeat.JSON = config.JSONBeats{Listen: "127.0.0.1:0", TLS: config.BeatsTLS{Cert: "site.pem", Key: "site.key"}}
	c.Heartbeat.RMI.Listen, c.Heartbeat.RMI.ObjectPort = "127.0.0.1:0", 0
	c.Heartbeat.SecretFile = "beats.secret"
	g, err := Build(Options{Config: c, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, g)
	<-g.Serving()
	a := g.Addrs()
	if code, _ := get(t, "http://"+a.HTTP[0]+"/"); code != 503 || len(a.Heartbeats) != 2 || g.sip.Heartbeat == nil {
		t.Errorf("%d %v", code, a.Heartbeats)
	}
	at, _ := url.Parse(sign(t, "from a stranger to the file"))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	node := &jsonbeats.Client{URL: "https" + strings.TrimPrefix(a.Heartbeats[0], "json") + "/", Secret: []byte(secret), HTTP: &http.Client{Transport: transport},
		Properties: map[string]string{"ip": "127.0.0.1", "httpPort": at.Port(), "jvmRoute": "app1", "capacity": "pstn=3"}}
	forger := *node
	forger.Secret = []byte("another")
	if err := forger.Start(t.Context(), "1"); err == nil {
		t.Error("a node with another secret")
	}
	if err := node.Start(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	<-g.Ready()
	if code, body := get(t, "http://"+a.HTTP[0]+"/"); code != 200 || body != "from a stranger to the file" {
		t.Errorf("%d %q", code, body)
	}
	if x := g.Admin.Panel.Announced()["app1"]; x == nil || x.By != "json" {
		t.Errorf("%+v", x)
	}
	if err := g.RemoveNode(t.Context(), "app1"); err != nil || g.Registry.View().Named("app1") != nil {
		t.Errorf("removed by an operator: %v", err)
	}
	if err := node.Start(t.Context(), "2"); err != nil || g.Registry.View().Named("app1") == nil {
		t.Errorf("started again: %v", err)
	}
	if err := g.Admin.Panel.Activate(t.Context(), "app1", cluster.Disabled); err != nil {
		t.Error(err)
	}
	if err := node.Start(t.Context(), "4"); err != nil {
		t.Fatal(err)
	}
	if m := g.Registry.View().Pool("default").Member("app1"); m.Activation != cluster.Disabled || len(m.Capacity) != 1 || m.Capacity[0].Name != "pstn" || m.Capacity[0].Max != 3 {
		t.Errorf("an operator's word over a restart of the node, and what it has of resources: %+v", m)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_, port, _ := net.SplitHostPort(silent.Addr().String())
	another := *node
	another.Properties = map[string]string{"ip": "127.0.0.1", "httpPort": port}
	if err := another.Start(t.Context(), "3"); err != nil {
		t.Fatal(err)
	}
	if code, body := get(t, "http://"+a.Admin+"/readyz"); code != 200 || g.Registry.Probed() {
		t.Errorf("while a node is new that nobody has probed: %d %s", code, body)
	}
	next := c
	next.Heartbeat.Allow, next.Heartbeat.JSON.Listen = []string{"10.0.0.0/8"}, "127.0.0.1:1"
	r, err := g.Reload(t.Context(), next)
	if err != nil || !slices.Equal(r.Now, []string{"heartbeat.allow"}) || !slices.Equal(r.Restart, []string{"heartbeat.json.listen"}) {
		t.Errorf("%+v %v", r, err)
	}
	if g.Registry.View().Named("app1") != nil {
		t.Error("a node stays that is not allowed any more")
	}
	_, page := get(t, "http://"+a.Admin+"/metrics")
	for _, line := range []string{`twinhop_heartbeat_events_total{event="registered"} 4`, `listener="127.0.0.1:0"`} {
		if !strings.Contains(page, line) {
			t.Errorf("no %s in /metrics", line)
		}
	}
	stop()
}

// What calls take of an announced node is known after a restart, because the node is.
func TestCallsOfAnnouncedNodesOutliveARestart(t *testing.T) {
	c := settings(t, "")
	c.Nodes, c.Heartbeat.SIP = nil, true
	c.Health.SIP.Interval = 0 // nobody is there who would answer
	live := func(during func(*Gateway, *cluster.Member)) {
		t.Helper()
		g, err := Build(Options{Config: c})
		if err != nil {
			t.Fatal(err)
		}
		stop := run(t, g)
		<-g.Serving()
		if g.Registry.View().Named("app1") == nil {
			if err := g.hearts.SIP(netip.MustParseAddr("127.0.0.1"), map[string]string{"ip": "127.0.0.1", "udpPort": "5080", "jvmRoute": "app1", "capacity": "pstn=3"}); err != nil {
				t.Error(err)
			}
		}
		during(g, g.Registry.View().Pool("default").Member("app1"))
		stop()
	}
	key := appsession.Key{Space: appsession.Call, Value: "a call"}
	live(func(g *Gateway, m *cluster.Member) {
		g.Book.Reserve(key, m, &cluster.Needs{Resources: []string{"pstn"}})
		g.Book.Answer(key)
	})
	live(func(g *Gateway, m *cluster.Member) {
		if used := m.Load.Used("pstn"); used != 1 {
			t.Errorf("%d in use after a restart", used)
		}
		if g.Book.Close(key); m.Load.Used("pstn") != 0 {
			t.Errorf("%d in use after the call", m.Load.Used("pstn"))
		}
	})
}
