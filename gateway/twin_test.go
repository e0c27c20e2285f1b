package gateway_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"twinhop/gateway/cluster"
)

// TestTwin plays random messages to the Router and to a second, slow and
// plain implementation of the same policy, and compares after every message
// the node, what is said about it, and the whole table. Where the policy
// leaves the choice to an algorithm the twin accepts every node that may be
// chosen. A failure prints the script as a decision table would have it.
func TestTwin(t *testing.T) {
	layouts := []string{
		"node1\nnode2\nnode3",
		"node1 domain=a redirect=node3\nnode2 domain=a\nnode3 domain=b\nnode4 domain=b",
		"node1 nosip\nnode2\nnode3 nohttp\nnode4",
		"node1 version=1 gen=5 redirect=node3\nnode2 version=1\nnode3 version=2",
		"node1 redirect=node2\nnode2 disabled",
	}
	rapid.Check(t, func(rt *rapid.T) {
		leader := rapid.SampledFrom([]string{"http", "sip"}).Draw(rt, "leader")
		force := rapid.SampledFrom([]string{"false", "false", "false", "true"}).Draw(rt, "force")
		nodes := rapid.SampledFrom(layouts).Draw(rt, "nodes")
		place := rapid.SampledFrom(placements).Draw(rt, "place")
		s := newStage(t, txtar.Parse(fmt.Appendf(nil, "-- nodes --\n%s\n-- settings --\nleader=%s force=%s %s\n", nodes, leader, force, place)))
		w := &twin{s: s, leader: leader, force: force == "true", where: map[string]*twinSession{}, words: words(place), heirs: map[string]string{}, current: map[int]string{}}
		play := func(line string) string {
			w.script = append(w.script, line)
			said, complaint := w.play(line)
			if complaint != "" {
				rt.Fatalf("%s\n-- nodes --\n%s\n-- settings --\nleader=%s force=%s %s\n-- script --\n%s\n-- table --\n%s\nthe twin's table:\n%s",
					complaint, nodes, leader, force, place, strings.Join(w.script, "\n"), s.table(), w.table())
			}
			return said
		}
		for i := range rapid.IntRange(1, 25).Draw(rt, "messages") {
			line := drawLine(rt, len(tableLines(nodes)), leader)
			said := play(line)
			if served, _, _ := strings.Cut(said, " "); strings.HasPrefix(line, "http") && served != "none" {
				if line = drawAnswer(rt, line, served, i); line != "" {
					play(line)
				}
			}
		}
	})
}

// drawAnswer makes up what the answer to an HTTP request teaches, if anything.
func drawAnswer(rt *rapid.T, request, served string, i int) string {
	m := words(request)
	id, _, _ := strings.Cut(m["cookie"]+m["path"], ".")
	fresh := fmt.Sprintf("N%d", i)
	says := map[string]string{"new": " set=" + fresh + "." + served}
	if id != "" {
		says["new"] += " gone=" + id
		says["same"] = " set=" + id + "." + served
		says["gone"] = " gone=" + id
	}
	what := says[rapid.SampledFrom([]string{"", "new", "same", "gone"}).Draw(rt, "answer")]
	if what == "" {
		return ""
	}
	line := "learn from=" + served
	for _, key := range []string{"cookie", "path", "appsession"} {
		if v, ok := m[key]; ok {
			line += " " + key + "=" + v
		}
	}
	return line + what
}

// drawLine makes up one line of a decision table.
func drawLine(rt *rapid.T, count int, leader string) string {
	node := func(what string) string { return fmt.Sprintf("node%d", rapid.IntRange(1, count).Draw(rt, what)) }
	pick := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(rt, what) }
	out := []string{}
	add := func(key string, values ...string) {
		if v := pick(key, values...); v != "" {
			out = append(out, key+"="+v)
		}
	}
	id := func(key string) {
		if id := pick(key, "", "A", "A", "B", "C", "N1", "N2"); id != "" {
			out = append(out, key+"="+id+pick("route", "", ".node9", "."+node("route"), "."+node("route")))
		}
	}
	call := func() { out = append(out, "call="+pick("call", "c1", "c2", "c3", "c4")) }
	tried := func() { add("tried", "", "", "", "", node("tried")) }
	users := []string{"", "alice", "bob"}
	switch verb := pick("line", "http", "http", "http", "open", "open", "within", "same", "placed", "answer", "active", "switch"); verb {
	case "http":
		out = append(out, "http")
		id(pick("place", "cookie", "path"))
		add("appsession", users...)
		tried()
		if leader == "sip" && pick("adopt", "", "", "", "adopt") != "" {
			out = append(out, "adopt")
		}
	case "open":
		out = append(out, "sip")
		add("from.user", users...)
		add("to.user", users...)
		call()
		add("target", "", "", "", node("target"))
		tried()
	case "within", "same":
		out = append(out, "sip", verb)
		call()
		if verb == "within" {
			add("hint", "", node("hint"), node("hint"), "node1#5", "node1#4")
			tried()
		}
	case "placed":
		out = append(out, "learn", "from="+node("from"), "sip")
		add(pick("named", "app", "from.user"), users...)
		add("tied", "", "A", "B", "N1")
		call()
	case "answer":
		out = append(out, "learn", "from="+node("from"), "within")
		call()
		add("life", "", "12h")
	case "active":
		out = append(out, pick("activation", "active", "active", "disabled", "stopped"), node("node"))
	case "switch":
		out = append(out, "switchover", node("node"), "to="+node("to"))
	}
	return strings.Join(out, " ")
}

// twin is the second implementation: sessions and keys in plain maps. Keys
// are written as in tables, "app:alice".
type twin struct {
	s      *stage
	leader string
	force  bool
	where  map[string]*twinSession
	script []string

	words   map[string]string // of the placement
	heirs   map[string]string // node that was left -> who got all it had
	current map[int]string    // version -> the active node
	home    string            // of the message that is played
	strict  bool
	left    string // the node that the message leaves, if somebody inherits from it
}

type twinSession struct {
	owner string
	keys  map[string]twinKey
	left  []string
}

func (s *twinSession) identity() string {
	for k := range s.keys {
		if strings.HasPrefix(k, "app:") {
			return k
		}
	}
	return ""
}

func (s *twinSession) web() bool {
	for k := range s.keys {
		if strings.HasPrefix(k, "http:") {
			return true
		}
	}
	return false
}

func (s *twinSession) move(to string, leave bool) {
	s.left = slices.DeleteFunc(s.left, func(n string) bool { return n == to || leave && n == s.owner })
	if leave && s.owner != to {
		s.left = append([]string{s.owner}, s.left...)
	}
	s.left = s.left[:min(4, len(s.left))]
	s.owner = to
}

// twinKey is what the table knows of one key: the node it leads to if that is
// not the owner's, and the id as a node set it.
type twinKey struct {
	node, sent, sentBy string
	moved              bool
}

// verdict is what the policy says about one message: any of nodes (none:
// refused), and what the table becomes when it is that node.
type verdict struct {
	nodes        []string
	guest, moved bool
	from         string
	then         func(node string)
}

// play has both play a line. It returns what the Router said and how the twin
// disagrees.
func (w *twin) play(line string) (said, complaint string) {
	verb, rest, _ := strings.Cut(line, " ")
	m := words(rest)
	var v *verdict
	w.home, w.strict, w.left = "", false, ""
	if n := w.member(rest); verb == "active" && n.Activation != cluster.Active {
		delete(w.heirs, rest)
	}
	switch verb {
	case "http":
		v = w.http(w.read(m, cluster.HTTP))
	case "sip":
		msg := w.read(m, cluster.SIP)
		if _, ok := m["within"]; ok {
			v = w.within(msg)
		} else if _, ok := m["same"]; ok {
			v = w.same(msg)
		} else {
			v = w.initial(msg)
		}
	}
	said = w.s.do(line)
	switch {
	case v != nil:
		if complaint := v.compare(said); complaint != "" {
			return said, line + ": " + complaint
		}
		if len(v.nodes) > 0 && w.left != "" {
			w.inherit(w.left, strings.Fields(said)[0])
		}
		if v.then != nil && len(v.nodes) > 0 {
			v.then(strings.Fields(said)[0])
		}
	case verb == "learn":
		w.learn(m)
	case verb == "switchover":
		from, _, _ := strings.Cut(rest, " ")
		w.switchover(from, m["to"])
	}
	if got, want := w.s.table(), w.table(); got != want {
		return said, line + " -> " + said + ": the tables differ"
	}
	return said, ""
}

// compare checks "node2 guest +guest +moved from=node1" against the verdict.
func (v *verdict) compare(said string) string {
	f := strings.Fields(said)
	if f[0] == "none" {
		if len(v.nodes) > 0 {
			return fmt.Sprintf("the Router refused (%s), the twin would take one of %v", said, v.nodes)
		}
		return ""
	}
	from := ""
	if last := f[len(f)-1]; strings.HasPrefix(last, "from=") {
		from = last[5:]
	}
	if !slices.Contains(v.nodes, f[0]) || v.guest != slices.Contains(f, "+guest") || v.moved != slices.Contains(f, "+moved") || v.from != from {
		return fmt.Sprintf("the Router said %q, the twin one of %v guest=%v moved=%v from=%q", said, v.nodes, v.guest, v.moved, v.from)
	}
	return ""
}

// message is a line of the script, read by the twin.
type message struct {
	service             cluster.Service
	identity, web, call string // keys, "" when absent
	route, hint, gen    string
	target              string
	tried               []string
	adopt               bool
}

func (w *twin) read(m map[string]string, service cluster.Service) message {
	msg := message{service: service, target: m["target"]}
	for _, name := range []string{"appsession", "from.user", "to.user", "app"} {
		if k := "app:" + m[name]; m[name] != "" && (msg.identity == "" || w.where[msg.identity] == nil && w.where[k] != nil) {
			msg.identity = k
		}
	}
	for _, name := range []string{"cookie", "path"} {
		id, route, _ := strings.Cut(m[name], ".")
		if id != "" {
			msg.web, msg.route = "http:"+id, route
		}
	}
	if m["call"] != "" {
		msg.call = "call:" + m["call"]
	}
	msg.hint, msg.gen, _ = strings.Cut(m["hint"], "#")
	if m["tried"] != "" {
		msg.tried = []string{m["tried"]}
	}
	_, msg.adopt = m["adopt"]
	return msg
}

// join makes keys names of one session: that of the identity, else of the
// first key that is bound; with an identity, what is anonymous comes over.
func (w *twin) join(at string, data map[string]twinKey, order ...string) {
	var s *twinSession
	identity := ""
	for _, k := range order {
		if strings.HasPrefix(k, "app:") {
			identity, s = k, w.where[k]
		}
	}
	for _, k := range order {
		if home := w.where[k]; s == nil && home != nil && (identity == "" || home.identity() == "") {
			s = home
		}
	}
	if s == nil {
		s = &twinSession{owner: at, keys: map[string]twinKey{}}
	}
	for _, k := range order {
		home := w.where[k]
		if home != nil && home != s && identity != "" && home.identity() == "" {
			for key, old := range home.keys {
				w.put(s, key, old)
			}
		}
		if k != "" && (w.where[k] == nil || w.where[k] == s) {
			w.put(s, k, data[k])
		}
	}
}

// key is what is known of a key.
func (w *twin) key(k string) twinKey {
	if s := w.where[k]; s != nil {
		return s.keys[k]
	}
	return twinKey{}
}

// own is what is known of a key, whose node does not count when it is the owner.
func (w *twin) own(k string) twinKey {
	key := w.key(k)
	if s := w.where[k]; s != nil && key.node == s.owner {
		key.node = ""
	}
	return key
}

func (w *twin) put(s *twinSession, key string, data twinKey) {
	s.keys[key] = data
	w.where[key] = s
}

// table renders the twin's sessions as the stage renders the store's.
func (w *twin) table() string {
	lines := map[*twinSession]string{}
	for _, s := range w.where {
		var keys []string
		for k, key := range s.keys {
			if key.node != "" && key.node != s.owner {
				k += "@" + key.node
			}
			if key.moved {
				k += "!"
			}
			if key.sent != "" {
				k += "=" + key.sent
			}
			keys = append(keys, k)
		}
		slices.Sort(keys)
		lines[s] = s.owner + ": " + strings.Join(keys, " ")
		if len(s.left) > 0 {
			lines[s] += " left=" + strings.Join(s.left, ",")
		}
	}
	return strings.Join(slices.Sorted(maps.Values(lines)), "\n")
}
