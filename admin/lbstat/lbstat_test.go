package lbstat

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
)

func view(t *testing.T) *cluster.View {
	t.Helper()
	addr := func(s string) cluster.Address {
		a, err := cluster.ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	r := &cluster.Registry{}
	err := r.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{
		{Name: "node1", Route: "n1", Weight: 3, HTTP: []cluster.Address{addr("http://10.0.0.1:8080")}, SIP: []cluster.Address{addr("udp://10.0.0.1:5080"), addr("tcp://10.0.0.1:5081")}},
		{Name: "node2", Version: 2, Activation: cluster.Disabled, SIP: []cluster.Address{addr("udp://[fd00::2]:5080")}},
	}, Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}})
	if err != nil {
		t.Fatal(err)
	}
	v := r.View()
	for range 5 {
		r.Report(v.Named("node2"), cluster.SIP, cluster.Refused)
	}
	m := v.Pool("default").Member("node1")
	m.Load.Read.Store(900)
	m.Load.Sent.Store(300)
	m.Load.Busy.Store(2)
	v.Named("node1").Load().Failed.Store(7)
	return v
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every member is there, in the old order of names and with the old types:
// whole numbers and text.
func TestStat(t *testing.T) {
	start := time.Unix(1000, 0)
	c := Counters{CPU: 5, Heap: 4096, HTTPRequests: 11, Upgraded: 1, SIPStreams: 4, SIPRequests: 20, SIPResponses: 19}
	v := view(t)
	p := &Pages{Version: "1.0", Start: start, CPUs: 2, View: func() *cluster.View { return v }, Count: func() Counters { return c }, Calls: func() int { return 6 }}
	want := `{"Metrics":{"releaseName":"twinhop","releaseVersion":"1.0","activeNodes":1,"JvmCpuUsage":25,"JvmHeapSize":4096,` +
		`"NumberOfActiveHttpConnections":3,"NumberOfActiveSipConnections":4,"NumberOfActiveSmppConnections":0,"NumberOfBytesTransferred":0,` +
		`"NumberOfHttpBytesToClient":900,"NumberOfHttpBytesToServer":300,"NumberOfHttpRequests":11,"NumberOfRequestsProcessed":20,` +
		`"NumberOfResponsesProcessed":19,"NumberOfSmppBytesToClient":0,"NumberOfSmppBytesToServer":0,"NumberOfSmppRequestsToClient":0,` +
		`"NumberOfSmppRequestsToServer":0,"NumberOfActiveCalls":6}}`
	if got := text(t, p.Answer("lbstat", start.Add(10*time.Second))); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	c.CPU = 6 // one second of two processors in one second
	if p.Answer("lbstat", start.Add(11*time.Second)); p.cpu != 50 {
		t.Errorf("%d %% since the last time, want 50", p.cpu)
	}
	if p.Answer("lbstat", start.Add(11*time.Second)); p.cpu != 50 {
		t.Errorf("asked twice at once: %d %%, want 50 still", p.cpu)
	}
}

func TestInfo(t *testing.T) {
	v := view(t)
	p := &Pages{View: func() *cluster.View { return v }, Announced: func() map[string]*nodes.Announced {
		return map[string]*nodes.Announced{"node1": {By: "json", Incarnation: "5e55", Last: stamp.Of(time.UnixMilli(1485157008580)), HostName: "app1", Draining: true,
			Ports: map[string]int{"http": 8080, "udp": 5080, "ws": 5082}}}
	}}
	raw := text(t, p.Answer("lbinfo", time.Now()))
	var in struct {
		Info struct {
			IPv4 []node `json:"nodesIPv4"`
			IPv6 []node `json:"nodesIPv6"`
			SMPP []node `json:"smppRemoteServers"`
		} `json:"Nodes info"`
	}
	if err := json.Unmarshal([]byte(raw), &in); err != nil {
		t.Fatal(err)
	}
	if len(in.Info.IPv4) != 1 || len(in.Info.IPv6) != 1 || in.Info.SMPP == nil {
		t.Fatalf("%s", raw)
	}
	one, two := in.Info.IPv4[0], in.Info.IPv6[0]
	if one.HostName != "app1" || one.IP != "10.0.0.1" || one.TimeStamp != 1485157008580 || !one.Graceful || one.Bad || one.Failed != 7 || one.Weight != 3 {
		t.Errorf("%s", raw)
	}
	for name, want := range map[string]string{"jvmRoute": "n1", "version": "0", "httpPort": "8080", "udpPort": "5080", "tcpPort": "5081", "wsPort": "5082"} {
		if one.Properties[name] != want {
			t.Errorf("property %s is %q, want %q", name, one.Properties[name], want)
		}
	}
	if two.HostName != "node2" || two.IP != "fd00::2" || !two.Bad || !two.Graceful || two.Erred == 0 || two.Properties["version"] != "2" {
		t.Errorf("%s", raw)
	}
	nobody := &Pages{View: func() *cluster.View { return &cluster.View{} }}
	if got := text(t, nobody.Answer("lbinfo", time.Now())); got != `{"Nodes info":{"nodesIPv4":[],"nodesIPv6":[],"smppRemoteServers":[]}}` {
		t.Errorf("without nodes: %s", got)
	}
}

func TestPage(t *testing.T) {
	for path, want := range map[string]string{"/lbstat": "lbstat", "/LbInfo": "lbinfo", "/LBSTOP": "lbstop", "/lbloglevel": "lbloglevel", "/lbNodeRegex": "lbnoderegex",
		"/": "", "/lbstat/": "", "/lbstats": "", "/api/v1/lbStat": "lbstat", "/api/v1": ""} {
		if page, ok := Page(path); ok != (want != "") || ok && page != want {
			t.Errorf("%s: %q %v", path, page, ok)
		}
	}
	if Instead("lbstop") == "" || Instead("lbstat") != "" {
		t.Error("what is served has no substitute, what is not has one")
	}
	p := &Pages{Monitors: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	if !p.Lets(netip.MustParseAddr("::ffff:10.1.2.3")) || p.Lets(netip.MustParseAddr("192.0.2.1")) || p.Lets(netip.Addr{}) {
		t.Error("monitors are who is in their networks")
	}
}

func TestGathered(t *testing.T) {
	reg := prometheus.NewRegistry()
	sip := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_sip_messages_total"}, []string{"direction", "kind"})
	http := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_http_requests_total"}, []string{"node"})
	open := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "twinhop_sip_connections"}, []string{"listener"})
	reg.MustRegister(sip, http, open)
	sip.WithLabelValues("from_client", "request").Add(3)
	sip.WithLabelValues("from_node", "request").Add(2)
	sip.WithLabelValues("to_node", "request").Add(100)
	sip.WithLabelValues("from_node", "response").Add(4)
	http.WithLabelValues("a").Add(5)
	http.WithLabelValues("b").Add(6)
	open.WithLabelValues("x").Set(7)
	if got, want := Gathered(reg)(), (Counters{HTTPRequests: 11, SIPStreams: 7, SIPRequests: 5, SIPResponses: 4}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
