package workers

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

var (
	started = time.Date(2026, 5, 6, 7, 0, 0, 0, time.UTC)
	now     = started.Add(100 * time.Second)
)

// site is a configuration with all that a status worker looks at.
func site() *config.Config {
	c := config.Default()
	node := func(name, at string) config.Node {
		n := config.Node{}
		n.SetDefaults()
		n.Name, n.Route, n.HTTP = name, name, at
		return n
	}
	n1, n2, n3 := node("n1", "ajp://10.0.0.1:8009"), node("n2", "http://10.0.0.2:8080"), node("n3", "")
	n1.AJP.Secret, n1.AJP.Source, n1.AJP.IdleTimeout, n1.AJP.ReplyTimeout = "hush", "10.0.0.9", 90*time.Second, 1500*time.Millisecond
	n1.AJP.Ping = config.AJPPing{Connect: true, Interval: 20 * time.Second, Timeout: 700 * time.Millisecond}
	n1.Retries, n1.Repeat, n1.BusyLimit = config.NodeRetries{Attempts: 2, Interval: 30 * time.Millisecond}, []string{"HEAD"}, 4
	n3.SIP = []string{"udp://10.0.0.3:5060"}
	c.Nodes = []config.Node{n1, n2, n3}
	lb, solo, alias := config.Pool{}, config.Pool{}, config.Pool{}
	for _, p := range []*config.Pool{&lb, &solo, &alias} {
		p.SetDefaults()
	}
	lb.Name, lb.Balance, lb.StickyForce, lb.Maintain = "lb", "traffic", true, 30*time.Second
	lb.Recovery = &config.Recovery{Time: 40 * time.Second, Escalation: 10 * time.Second, MaxReplyTimeouts: 3}
	lb.Retries = &config.PoolRetries{Rounds: 5, Nodes: 2, Interval: 60 * time.Millisecond}
	lb.Nodes = []config.PoolNode{{Name: "n1"}, {Name: "n2", Weight: new(3), Activation: new("disabled")}, {Name: "n3"}}
	solo.Name, solo.Nodes = "n2", []config.PoolNode{{Name: "n2"}}
	alias.Name, alias.Balance, alias.Nodes = "alias", "hash", []config.PoolNode{{Name: "n2"}}
	alias.ReplyTimeout = new(2 * time.Second)
	c.Pools = []config.Pool{lb, solo, alias}
	jk := config.Status{Name: "jk"}
	jk.SetDefaults()
	jk.Users = []string{"a", "b"}
	c.Status = []config.Status{jk}
	c.Mounts = []config.Mount{
		{Path: "/app|/*", Pool: "lb"}, {Path: "!/app/img/*", Pool: "lb"}, {Path: "!/*.gif", Pool: "*"}, {Path: "-/off", Pool: "lb"}, {Path: "/jk", Status: "jk"},
		{Path: "/solo/*", Pool: "n2", ReplyTimeout: new(3 * time.Second), FailOnStatus: &[]int{-404, 503}, ServerErrors: new(500), StickyIgnore: true, Stateless: true,
			Active: []string{"n1", "n2"}, Disabled: []string{"n3"}, Stopped: []string{"n4"}},
	}
	return &c
}

// registry is the cluster of the site.
func registry(t *testing.T) *cluster.Registry {
	t.Helper()
	at := func(s, ip string) []cluster.Address {
		a, err := cluster.ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		a.Addr = netip.AddrPortFrom(netip.MustParseAddr(ip), a.Addr.Port())
		return []cluster.Address{a}
	}
	r := &cluster.Registry{}
	err := r.Apply(cluster.Spec{
		Nodes: []cluster.NodeSpec{{Name: "n1", Route: "east.n1", HTTP: at("ajp://node.example:8009", "10.0.0.1"), BusyLimit: 4}, {Name: "n2", HTTP: at("http://10.0.0.2:8080", "10.0.0.2")},
			{Name: "n3", SIP: at("udp://10.0.0.3:5060", "10.0.0.3")}},
		Pools: []cluster.PoolSpec{{Name: "lb", Sticky: true, Force: true, Maintain: 30 * time.Second, Recovery: &cluster.Recovery{Time: 40 * time.Second, Escalation: 10 * time.Second, MaxReplyTimeouts: 3},
			Members: []cluster.MemberSpec{{Node: "n1"}, {Node: "n2", Weight: new(3), Activation: new(cluster.Disabled)}, {Node: "n3"}}},
			{Name: "n2", Members: []cluster.MemberSpec{{Node: "n2"}}}, {Name: "alias", Sticky: true, Members: []cluster.MemberSpec{{Node: "n2"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestState(t *testing.T) {
	r := registry(t)
	lb := r.View().Pool("lb")
	m := lb.Member("n1")
	m.Load.Elected.Store(11)
	m.Load.Sessions.Store(3)
	m.Load.Sent.Store(100)
	m.Load.Read.Store(2000)
	m.Load.MaxBusy.Store(5)
	m.Load.Value.Store(9)
	lb.Load.MaxBusy.Store(6)
	r.Judge(lb.Member("n2"), cluster.Unfit)
	s := Scene{Config: site(), View: r.View(), Now: now, Started: started,
		Value:   func(m *cluster.Member) int64 { return m.Load.Value.Load() * 2 },
		Conns:   func(addr string) (int, int) { return len(addr), 1 },
		Bound:   func(node string) int { return map[string]int{"n1": 7}[node] },
		Options: map[string]int{"n2": 21}}
	got := s.State()

	rule := func(uri string) Map { return Map{Server: "*", URI: uri, Source: FromMap, ReplyTimeout: -1} }
	exact := func(m Map) Map { m.Exact = true; return m }
	not := func(m Map) Map { m.Unmount = true; return m }
	off := rule("/off")
	off.Disabled, off.Exact = true, true
	gif := not(rule("/*.gif"))
	web := Node{Name: "n2", Type: "http", Host: "10.0.0.2", Port: 8080, Address: "10.0.0.2:8080", Retries: 1, RetryDelay: 100, Recovery: 21, Connected: 14, MaxConnected: 14, Reset: started}
	solo := rule("/solo/*")
	solo.ReplyTimeout, solo.FailOnStatus, solo.ServerErrors, solo.StickyIgnore, solo.Stateless = 3000, "-404,503", 500, true, true
	solo.Active, solo.DisabledNodes, solo.StoppedNodes = "n1,n2", "n3", "n4"
	failing, slow := web, web
	failing.ErrorAt = lb.Member("n2").Load.ErrorAt()
	slow.ReplyTimeout = 2000
	want := &State{
		Others: []string{"jk"},
		AJP:    []Single{{Node: web, Maps: []Map{solo, gif}}},
		Balancers: []Balancer{{Name: "lb", Sticky: true, Force: true, Retries: 5, RetryInterval: 60, RecoverTime: 40, Escalation: 10, MaxReplyTimeouts: 3,
			Method: "Traffic", MaxBusy: 6, Maintain: 30, NextMaintain: -70, Reset: started,
			Maps: []Map{not(rule("/app/img/*")), rule("/app/*"), gif, exact(rule("/app")), off},
			Members: []Member{
				{Node: Node{Name: "n1", Type: "ajp13", Host: "node.example", Port: 8009, Address: "10.0.0.1:8009", Source: "10.0.0.9", PoolTimeout: 90, PingTimeout: 700,
					ConnectPing: 700, ReplyTimeout: 1500, PingInterval: 20, Retries: 2, RetryDelay: 30, Recovery: 9, BusyLimit: 4, PacketSize: 8192, Elected: 11, Transferred: 100,
					Read: 2000, MaxBusy: 5, Connected: 14, MaxConnected: 14, Reset: started, Bound: 7},
					Factor: 1, Route: "east.n1", Domain: "east", Mult: 3, Value: 18, Sessions: 3},
				{Node: failing, Activation: cluster.Disabled, Factor: 3, Route: "n2", State: cluster.StateError, Mult: 1, ErrorAge: Since(now, failing.ErrorAt)},
				{Node: Node{Name: "n3", Type: "sip", Host: "10.0.0.3", Port: 5060, Address: "10.0.0.3:5060", Retries: 1, RetryDelay: 100, Reset: started}, Factor: 1, Route: "n3", Mult: 3},
			}},
			{Name: "alias", Sticky: true, Retries: 1, Method: "hash", Maintain: 60, NextMaintain: -40, Reset: started,
				Members: []Member{{Node: slow, Factor: 1, Route: "n2", Mult: 1}}, Maps: []Map{gif}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if s.Value, s.Conns, s.Bound, s.Options = nil, nil, nil, nil; true {
		n := s.State().Balancers[0].Members[0]
		if n.Value != 9 || n.Connected != 0 || n.Bound != -1 || s.State().Balancers[0].Members[1].Recovery != 0 {
			t.Errorf("what nobody knows: %+v", n)
		}
	}
}

// What probes find counts besides what traffic does.
func TestDownIsInError(t *testing.T) {
	r := registry(t)
	m := r.View().Pool("lb").Member("n1")
	for range 3 {
		r.Report(m.Node, cluster.HTTP, cluster.Refused)
	}
	s := Scene{Config: site(), View: r.View(), Now: now, Started: started}
	b := s.State().Balancer("lb")
	if m.State() == cluster.StateError || b.Member("n1").State != cluster.StateError || b.Member("n3").State != cluster.StateIdle {
		t.Errorf("%s shown as %s", m.State(), b.Member("n1").State)
	}
}

func TestTimesToComeAreLeastAndMost(t *testing.T) {
	b := Balancer{RecoverTime: 60, Maintain: 60, NextMaintain: 20}
	for _, tt := range []struct {
		next, age   int
		state       cluster.State
		want, least [2]int
	}{
		{20, 50, cluster.StateError, [2]int{20, 70}, [2]int{20, 80}},
		{20, 10, cluster.StateError, [2]int{50, 110}, [2]int{20, 80}},
		{20, 900, cluster.StateError, [2]int{20, 60}, [2]int{20, 80}},
		{-5, 900, cluster.StateError, [2]int{0, 60}, [2]int{0, 55}},
		{-90, 900, cluster.StateForced, [2]int{0, 0}, [2]int{0, 0}},
	} {
		b.NextMaintain = tt.next
		least, most := b.Recovers(&Member{State: tt.state, ErrorAge: tt.age})
		a, z := b.Maintenance()
		if (([2]int{least, most}) != tt.want) || (([2]int{a, z}) != tt.least) {
			t.Errorf("%+v: %d %d, %d %d", tt, least, most, a, z)
		}
	}
}

func TestDump(t *testing.T) {
	c := site()
	c.Status[0].Doctype = "<!DOCTYPE x>"
	list := Dump(c)
	has := func(key, value string) {
		t.Helper()
		if !slices.Contains(list, Property{key, value}) {
			t.Errorf("no %s=%s in\n%v", key, value, list)
		}
	}
	has("worker.list", "lb,n2,alias,jk")
	has("worker.maintain", "30")
	has("worker.lb.type", "lb")
	has("worker.lb.balance_workers", "n1,n2,n3")
	has("worker.lb.method", "traffic")
	has("worker.lb.sticky_session_force", "1")
	has("worker.lb.recover_time", "40")
	has("worker.lb.lb_retries", "2")
	has("worker.n1.type", "ajp13")
	has("worker.n1.host", "10.0.0.1:8009")
	has("worker.n1.ping_mode", "CI")
	has("worker.n1.reply_timeout", "1500")
	has("worker.n2.lbfactor", "3")
	has("worker.n2.activation", "disabled")
	has("worker.n3.type", "sip")
	has("worker.jk.user", "a,b")
	has("worker.jk.doctype", "<!DOCTYPE x>")
	seen := map[string]bool{}
	for _, p := range list {
		if seen[p.Key] || p.Value == "hush" {
			t.Errorf("%v", p)
		}
		seen[p.Key] = true
	}
}
