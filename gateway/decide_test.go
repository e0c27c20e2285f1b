package gateway_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
)

// Every file of testdata is one sentence of the policy, played: nodes, then a
// script of messages with the decision each must get, then the table as it
// must be afterwards. testdata/README.md explains the words.
func TestDecisions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("decision tables: %d found, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, txtar.Parse(data))
				s.wait = func(d time.Duration) { time.Sleep(d) }
				s.play()
			})
		})
	}
}

// stage is a Router with everything around it, as a table describes it.
type stage struct {
	t        *testing.T
	sections map[string]string
	registry *cluster.Registry
	store    *memstore.Store
	router   *gateway.Router
	ask      gateway.Ask
	health   health
	wait     func(time.Duration) // lets the bubble's time pass
	broken   *brokenStore
	told     []cluster.NodeSpec // nodes that told of themselves
}

func newStage(t *testing.T, ar *txtar.Archive) *stage {
	s := &stage{t: t, sections: map[string]string{}, health: health{}}
	for _, f := range ar.Files {
		s.sections[f.Name] = string(f.Data)
	}
	set := words(s.sections["settings"])
	number := func(key string, otherwise int) int {
		n := otherwise
		if v, ok := set[key]; ok {
			if _, err := fmt.Sscan(v, &n); err != nil {
				t.Fatalf("settings: %s=%s: %v", key, v, err)
			}
		}
		return n
	}
	s.registry = &cluster.Registry{Probers: map[cluster.Service]cluster.Prober{}}
	every := cluster.Schedule{Interval: time.Second, Fall: 1, Rise: 1}
	pool := cluster.PoolSpec{Name: "default", Sticky: set["sticky"] != "false", Force: set["force"] == "true"}
	pool.Recovery, pool.Variants = recovery(t, set["recovery"]), variant(t, set["variant"])
	spec := cluster.Spec{Checks: map[cluster.Service]cluster.Schedule{cluster.HTTP: every, cluster.SIP: every}}
	for _, service := range cluster.Services() {
		s.registry.Probers[service] = probe{s.health, service}
	}
	for i, line := range tableLines(s.sections["nodes"]) {
		n, m := node(t, i, line)
		spec.Nodes = append(spec.Nodes, n)
		s.health[n.Name] = &[2]atomic.Bool{}
		pool.Members = append(pool.Members, m)
	}
	pool.Members = append(pool.Members, cluster.MemberSpec{Node: cluster.AllNodes}) // those that tell of themselves
	spec.Pools = []cluster.PoolSpec{pool}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	s.store = memstore.New(memstore.Options{MaxKeys: number("maxEntries", 1000), KeysPerSession: number("maxKeys", 64),
		Idle: 30 * time.Minute, Max: 12 * time.Hour})
	s.broken = &brokenStore{Store: s.store}
	policy := &gateway.Policy{Pools: map[string]gateway.Placement{"default": placement(t, set, s.store.Count)}}
	if set["leader"] == "sip" {
		policy.Leader = gateway.LeaderSIP
	}
	s.router = &gateway.Router{Store: s.broken, Views: s.registry.View, Book: &calls.Book{}, Judge: s.registry.Judge}
	s.router.Apply(policy)
	return s
}

// node reads "node1 route=r domain=d redirect=r distance=1 weight=2 version=1 disabled stopped nohttp nosip".
func node(t *testing.T, i int, line string) (cluster.NodeSpec, cluster.MemberSpec) {
	name, rest, _ := strings.Cut(line, " ")
	w := words(rest)
	n := cluster.NodeSpec{Name: name, Route: w["route"], Domain: w["domain"], Redirect: w["redirect"]}
	for key, into := range map[string]*int{"distance": &n.Distance, "weight": &n.Weight, "version": &n.Version, "busylimit": &n.BusyLimit} {
		if v := w[key]; v != "" {
			if _, err := fmt.Sscan(v, into); err != nil {
				t.Fatalf("nodes: %s: %s=%s: %v", name, key, v, err)
			}
		}
	}
	if v := w["gen"]; v != "" {
		if _, err := fmt.Sscan(v, &n.Gen); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []struct {
		not, url string
		into     *[]cluster.Address
	}{{"nohttp", fmt.Sprintf("http://10.0.0.%d:8080", i+1), &n.HTTP}, {"nosip", fmt.Sprintf("udp://10.0.0.%d:5080", i+1), &n.SIP}} {
		if _, no := w[a.not]; no {
			continue
		}
		addr, err := cluster.ParseAddress(a.url)
		if err != nil {
			t.Fatal(err)
		}
		*a.into = []cluster.Address{addr}
	}
	if _, ok := w["ajp"]; ok {
		n.HTTP[0].Scheme = "ajp"
	}
	if _, ok := w["disabled"]; ok {
		n.Activation = cluster.Disabled
	}
	if _, ok := w["stopped"]; ok {
		n.Activation = cluster.Stopped
	}
	return n, cluster.MemberSpec{Node: name}
}

// tells has a node tell of itself, as the words say, or leave.
func (s *stage) tells(name, line string, there bool) {
	s.told = slices.DeleteFunc(s.told, func(n cluster.NodeSpec) bool { return n.Name == name })
	if there {
		n, _ := node(s.t, int(name[len(name)-1]-'1'), line)
		s.told = append(s.told, n)
		s.health[name] = &[2]atomic.Bool{}
	}
	if err := s.registry.Enrol(s.told); err != nil {
		s.t.Fatal(err)
	}
}

// health says which services of which nodes are down.
type health map[string]*[2]atomic.Bool

// probe answers for one service of all nodes.
type probe struct {
	health  health
	service cluster.Service
}

func (p probe) Probe(_ context.Context, n *cluster.Node) cluster.Result {
	return cluster.Result{OK: !p.health[n.Name][p.service].Load()}
}

// play runs inside a synctest bubble: probes and expiry take no time.
func (s *stage) play() {
	ctx, stop := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	defer func() { stop(); running.Wait() }()
	for _, run := range []func(context.Context) error{s.registry.Run, s.store.Run} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				s.t.Error(err)
			}
		})
	}
	for i, line := range tableLines(s.sections["script"]) {
		left, want, _ := strings.Cut(line, "->")
		got := s.do(strings.TrimSpace(left))
		if want = strings.Join(strings.Fields(want), " "); got != want {
			s.t.Errorf("line %d: %s\n got -> %s\nwant -> %s\n%s", i+1, strings.TrimSpace(left), got, want, s.why(left))
		}
	}
	if want, ok := s.sections["table"]; ok {
		if got, want := s.table(), strings.Join(tableLines(want), "\n"); got != want {
			s.t.Errorf("table afterwards:\n%s\nwant:\n%s", got, want)
		}
	}
}

// do plays one line and says what came of it.
func (s *stage) do(line string) string {
	verb, rest, _ := strings.Cut(line, " ")
	w := words(rest)
	first, _, _ := strings.Cut(rest, " ")
	ctx := context.Background()
	switch verb {
	case "down", "up":
		for _, service := range cluster.Services() {
			if _, only := w[service.String()]; only || len(w) == 1 {
				s.health[first][service].Store(verb == "down")
			}
		}
		if verb == "up" { // who was down for long is asked seldom
			if err := s.registry.Probe(s.t.Context(), first); err != nil {
				s.t.Fatal(err)
			}
		}
		s.wait(3 * time.Second)
	case "tells", "leaves":
		s.tells(first, strings.TrimSpace(rest), verb == "tells")
	case "active", "disabled", "stopped":
		a, _ := cluster.ParseActivation(verb)
		if err := s.registry.SetActivation("", first, a); err != nil {
			s.t.Fatal(err)
		}
	case "wait":
		d, err := time.ParseDuration(first)
		if err != nil {
			s.t.Fatal(err)
		}
		s.wait(d)
		s.registry.Maintain(time.Now(), s.router.Age)
	case "rest":
		d, err := time.ParseDuration(strings.Fields(rest)[1])
		if err != nil {
			s.t.Fatal(err)
		}
		for _, service := range cluster.Services() {
			s.registry.View().Named(first).Rest(service, time.Now().Add(d))
		}
	case "break":
		s.broken.down = true
	case "switchover":
		n, err := s.router.Switchover(ctx, first, w["to"])
		return fmt.Sprint(n, errWord(err))
	case "calls":
		return fmt.Sprint(s.router.Book.Count(first))
	case "learn":
		s.fill(w)
		_, err := s.router.Learn(ctx, s.registry.View().Named(w["from"]), &s.ask)
		return strings.TrimSpace(errWord(err))
	case "join":
		s.fill(w)
		_, err := s.router.Join(ctx, &s.ask)
		return strings.TrimSpace(errWord(err))
	case "http", "sip":
		s.fill(w)
		before := s.table()
		if steps := s.router.Explain(ctx, &s.ask); len(steps) == 0 || s.table() != before {
			s.t.Errorf("%s: explaining changed the table or said nothing: %v", line, steps)
		}
		explained := s.router.Explain(ctx, &s.ask)
		s.fill(w)
		d, err := s.router.Route(ctx, &s.ask)
		if last := explained[len(explained)-1]; last.Rule != d.Rule && d.Rule != gateway.Overflow && d.Rule != gateway.Unbound && d.Rule != gateway.AffinityLinked {
			s.t.Errorf("%s: explained as %v, decided as %v", line, last.Rule, d.Rule)
		}
		s.end(d, w)
		return describe(d, err)
	case "state":
		return s.registry.View().Pool("default").Member(first).State().String()
	default:
		s.t.Fatalf("unknown word %q in %q", verb, line)
	}
	return ""
}

func errWord(err error) string {
	if err != nil {
		return " error: " + err.Error()
	}
	return ""
}

func describe(d gateway.Decision, err error) string {
	if err != nil {
		return "none " + d.Rule.String()
	}
	out := d.Member.Name + " " + d.Rule.String()
	if d.Guest {
		out += " +guest"
	}
	if d.Moved {
		out += " +moved"
	}
	if d.From != "" {
		out += " from=" + d.From
	}
	return out
}

// fill makes the Ask that the words of a line describe.
func (s *stage) fill(w map[string]string) {
	a := &s.ask
	a.Reset()
	a.View = s.registry.View()
	a.Pool, a.Scheme = a.View.Pool("default"), w["scheme"]
	if _, ok := w["variant"]; ok {
		a.Pool = a.Pool.Variant("v")
	}
	a.Wants = cluster.HTTP
	for _, key := range []string{"call", "from.user", "to.user", "within", "same", "sip"} {
		if _, ok := w[key]; ok {
			a.Wants = cluster.SIP
		}
	}
	if _, ok := w["within"]; ok {
		a.Kind = gateway.Within
	}
	if _, ok := w["same"]; ok {
		a.Kind = gateway.Same
	}
	_, a.Adopt = w["adopt"]
	_, a.Counts = w["counts"]
	s.evidence(w)
	for _, name := range strings.Split(w["tried"], ",") {
		if name != "" {
			a.Tried = append(a.Tried, a.View.Named(name))
		}
	}
	if node := w["target"]; node != "" {
		a.Hint = gateway.Hint{Node: node, Source: gateway.SourceTarget}
	}
	if node, gen, _ := strings.Cut(w["hint"], "#"); node != "" {
		a.Hint = gateway.Hint{Node: node, Source: gateway.SourceRoute}
		if gen != "" {
			fmt.Sscan(gen, &a.Hint.Gen)
		}
	}
}

func (s *stage) evidence(w map[string]string) {
	a, life := &s.ask, time.Duration(0)
	if v := w["life"]; v != "" {
		life, _ = time.ParseDuration(v)
	}
	app := func(key string, source gateway.Source) {
		if v := w[key]; v != "" {
			a.Add(appsession.Key{Space: appsession.App, Value: v}, source)
		}
	}
	app("appsession", gateway.SourceQuery)
	app("from.user", gateway.SourceFromUser)
	app("to.user", gateway.SourceToUser)
	app("app", gateway.SourceAppKey)
	for _, c := range []struct {
		word   string
		source gateway.Source
	}{{"cookie", gateway.SourceCookie}, {"path", gateway.SourcePath}, {"tied", gateway.SourceNode}} {
		v, ok := w[c.word]
		if !ok {
			continue
		}
		id, route, _ := strings.Cut(v, ".")
		if id != "" {
			a.Evidence = append(a.Evidence, gateway.Evidence{Key: appsession.Key{Space: appsession.HTTP, Value: id}, Source: c.source, Life: life})
		}
		if c.source != gateway.SourceNode {
			a.Hint = gateway.Hint{Route: route, Source: c.source}
		}
	}
	if v := w["flow"]; v != "" {
		a.Add(appsession.Key{Space: appsession.Flow, Value: v}, gateway.SourceFlow)
	}
	if v := w["set"]; v != "" {
		id, _, _ := strings.Cut(v, ".")
		a.Evidence = append(a.Evidence, gateway.Evidence{Key: appsession.Key{Space: appsession.HTTP, Value: id},
			Source: gateway.SourceCookie, Verb: gateway.Set, Sent: &appsession.Sent{ID: v, Node: w["from"], Path: "/"}})
	}
	if v := w["gone"]; v != "" {
		a.Evidence = append(a.Evidence, gateway.Evidence{Key: appsession.Key{Space: appsession.HTTP, Value: v},
			Source: gateway.SourceCookie, Verb: gateway.Gone, Life: 30 * time.Second})
	}
	if v := w["call"]; v != "" {
		a.Evidence = append(a.Evidence, gateway.Evidence{Key: appsession.Key{Space: appsession.Call, Value: v}, Source: gateway.SourceCallID, Life: life})
	}
}

// table renders the store: one line a session, its keys sorted.
func (s *stage) table() string {
	var out []string
	for session, err := range s.store.All(context.Background()) {
		if err != nil {
			s.t.Fatal(err)
		}
		var keys []string
		for _, k := range session.Keys {
			word := k.Space.String() + ":" + k.Value
			if k.Node != "" && k.Node != session.Owner {
				word += "@" + k.Node
			}
			if k.Moved {
				word += "!"
			}
			if k.Sent != nil {
				word += "=" + k.Sent.ID
			}
			keys = append(keys, word)
		}
		slices.Sort(keys)
		line := session.Owner + ": " + strings.Join(keys, " ")
		if left := session.Left.Nodes(); len(left) > 0 {
			line += " left=" + strings.Join(left, ",")
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func (s *stage) why(line string) string {
	_, rest, _ := strings.Cut(line, " ")
	s.fill(words(rest))
	var out strings.Builder
	for _, step := range s.router.Explain(context.Background(), &s.ask) {
		fmt.Fprintf(&out, "  %s %s %s %s:%s %s\n", step.Result, step.Rule, step.Node, step.Key.Space, step.Key.Value, step.Detail)
	}
	return out.String() + s.table()
}

func tableLines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

func words(text string) map[string]string {
	out := map[string]string{}
	for _, word := range strings.Fields(text) {
		key, value, _ := strings.Cut(word, "=")
		out[key] = value
	}
	return out
}

// brokenStore is a store that can stop answering.
type brokenStore struct {
	*memstore.Store
	down bool
}

func (s *brokenStore) Now(keys []appsession.Key) (appsession.Binding, appsession.Answer) {
	if s.down {
		return appsession.Binding{}, appsession.Ask
	}
	return s.Store.Now(keys)
}

func (s *brokenStore) Find(ctx context.Context, keys []appsession.Key) (appsession.Binding, error) {
	if s.down {
		return appsession.Binding{}, fmt.Errorf("find: connection lost")
	}
	return s.Store.Find(ctx, keys)
}
