package assembly

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	words "twinhop/admin/affinity"
	"twinhop/cmd/twinhop/affinity"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/trace/specimens"
)

// told places new work where a test says.
type told struct{ node *atomic.Pointer[string] }

func (a told) Pick(eligible []*cluster.Member, _ *balance.Question) *cluster.Member {
	for _, m := range eligible {
		if m.Name == *a.node.Load() {
			return m
		}
	}
	return eligible[0]
}

// heard is a message of a test: HTTP by its URL and fields, or SIP by its headers.
type heard struct {
	query   string
	fields  map[string]string
	headers []string // nil: HTTP
}

func drawMessage(r *rand.Rand) (m heard) {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	user := func() string { return pick("alice", "bob", "carol", "d%61ve") }
	if r.IntN(2) == 0 {
		m.headers = []string{"From: <sip:" + user() + "@" + pick("a.example", "B.example") + ">;tag=1", "X-App: " + pick("alice", "7", "8")}
		return m
	}
	id := func() string {
		return pick("S1", "S2", "S3", "S4.x") + "." + pick("node1", "node2", "node3", "node3", "node9")
	}
	m.query, m.fields = "?x="+pick("1", "2"), map[string]string{}
	if r.IntN(6) == 0 {
		m.query = ";jsessionid=" + id() + m.query
	}
	if r.IntN(2) == 0 {
		m.query += "&appsession=" + user()
	}
	if r.IntN(3) == 0 {
		m.query += "&u=" + user()
	}
	if r.IntN(3) == 0 {
		m.fields["X-App"] = pick("alice", "7", "9")
	}
	cookies := []string{"theme=dark"}
	for _, name := range []string{"JSESSIONID", "SID"} {
		for range r.IntN(3) {
			cookies = append(cookies, name+"="+id())
		}
	}
	m.fields["Cookie"] = strings.Join(cookies, "; ")
	return m
}

func drawAffinity(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	var http, sip []string
	for _, i := range r.Perm(4)[:r.IntN(5)] {
		http = append(http, []string{`{"source": "query", "name": "appsession"}`, `{"source": "query", "name": "u"}`, `{"source": "header", "name": "X-App"}`,
			`{"source": "cookie", "name": "` + pick("JSESSIONID", "SID") + `"}`}[i])
	}
	for _, i := range r.Perm(3)[:r.IntN(4)] {
		sip = append(sip, []string{pick(`"from.user"`, `{"source": "from.user", "exclude": {"users": ["bob"]}}`), `"from.aor"`, `"header:X-App"`}[i])
	}
	sip = append(sip, `"call-id"`)
	return fmt.Sprintf(`{"leader": "%s", "http": [%s], "sip": [%s], "route": {"delimiter": "%s"}}`, pick("http", "http", "sip"), strings.Join(http, ", "), strings.Join(sip, ", "), pick("first", "last"))
}

// A preview tells the truth: what it says of recorded traffic and a draft is
// what happens when the same traffic comes to a gateway with that affinity,
// which places new work as the first one did.
func TestPreviewTellsTheTruth(t *testing.T) {
	var to atomic.Pointer[string]
	own["told"] = func() balance.Algorithm { return told{&to} }
	t.Cleanup(func() { delete(own, "told") })
	nodes := []config.Node{convergedNode(t, "node1"), convergedNode(t, "node2"), convergedNode(t, "node3")}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	seen := map[string]int{}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 7))
		now, next := drawAffinity(r), drawAffinity(r)
		traffic := make([]heard, 40)
		for i := range traffic {
			traffic[i] = drawMessage(r)
		}
		before, first := play(t, nodes, conn, now, traffic, func(int) string { return nodes[r.IntN(3)].Name }, &to)
		var p words.Preview
		a := api(t, first, "POST", "/api/v1/affinity/preview", "", `{"affinity": `+next+`}`)
		if err := json.Unmarshal([]byte(strings.NewReplacer(`"since":"`, `"x":"`, `"until":"`, `"y":"`, `"at":"`, `"z":"`).Replace(a.text)), &p); err != nil || a.code != 200 {
			t.Fatal(a, err)
		}
		after, _ := play(t, nodes, conn, next, traffic, func(i int) string { return before[i].Node }, &to)
		want := map[string]int{}
		for i := range traffic {
			want[fate(&before[i], &after[i])]++
		}
		got := map[string]int{"": p.Unchanged, "wouldMove": p.WouldMove, "newlySticky": p.NewlySticky, "lost": p.Lost}
		for _, class := range []string{"", "wouldMove", "newlySticky", "lost"} {
			seen[class] += want[class]
			if got[class] != want[class] {
				t.Errorf("seed %d: said %v, was %v\nnow %s\nnext %s", seed, got, want, now, next)
				for i := range traffic {
					t.Logf("%v: %s by %s, then %s by %s", traffic[i], before[i].Node, before[i].Rule, after[i].Node, after[i].Rule)
				}
				break
			}
		}
	}
	for class, n := range seen { // else the test proves nothing
		if n < 20 {
			t.Errorf("only %d messages of class %q", n, class)
		}
	}
}

// fate is what became of a message under another affinity, by what two
// gateways recorded.
func fate(before, after *specimens.Specimen) string {
	was, is := before.Rule != gateway.Balance, after.Rule != gateway.Balance
	switch {
	case was && !is:
		return "lost"
	case !was && is:
		return "newlySticky"
	case before.Node != after.Node:
		return "wouldMove"
	}
	return ""
}

// play sends traffic, one message after the other, to a gateway of its own
// and returns what that recorded.
func play(t *testing.T, nodes []config.Node, conn net.PacketConn, text string, traffic []heard, place func(int) string, to *atomic.Pointer[string]) ([]specimens.Specimen, *Gateway) {
	t.Helper()
	c := settings(t, "")
	c.Nodes, c.Pools[0].Balance, c.SIP.Balance, c.Health.HTTP.Interval, c.Health.SIP.Interval = nodes, "told", "told", 0, 0
	word, _, err := affinity.Read(&words.Order{Text: json.RawMessage(text)}, &c, Words())
	if err != nil {
		t.Fatal(err)
	}
	c = word.Over(c)
	g, err := Build(Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	g.specimens.PerSecond = 1_000_000
	t.Cleanup(run(t, g))
	<-g.Ready()
	p := &phone{t: t, conn: conn}
	for i, m := range traffic {
		node := place(i)
		if to.Store(&node); m.headers != nil {
			p.message(g.Addrs().External[0], "sip:service@example.com", m.headers...)
		} else {
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+g.Addrs().HTTP[0]+"/"+m.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range m.fields {
				req.Header.Set(name, value)
			}
			a, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
		}
		for len(g.specimens.Last(len(traffic))) <= i {
			runtime.Gosched() // an exchange is kept when its answer is out
		}
	}
	return g.specimens.Last(len(traffic)), g
}
