package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/http/head"
)

// A failure is an error of a backend with all that such an error may tell.
type failure struct {
	error
	notSent, answered, blameless bool
}

func (f failure) NotSent() bool            { return f.notSent }
func (f failure) Answered() bool           { return f.answered }
func (f failure) Blameless() bool          { return f.blameless }
func (f failure) Timeout() bool            { return errors.Is(f.error, os.ErrDeadlineExceeded) }
func (f failure) Wire() (read, sent int64) { return 1, 10 }

// A script is a backend whose nodes n1, n2, ... (ports 1, 2, ...) say one word
// after the other, the last one for ever; without any, 200.
type script struct {
	start time.Time
	says  map[string][]string
	calls []string // node@milliseconds
	words []string // what was said to each
	open  int      // answers that nobody closed
	mu    sync.Mutex
	pause time.Duration
	asked []head.Request
	reply head.Fields // of every answer
}

// next notes who is asked and returns what that node says.
func (s *script) next(addr string, r *head.Request) (node, word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	node = "n" + addr[strings.LastIndexByte(addr, ':')+1:]
	s.calls = append(s.calls, fmt.Sprintf("%s@%d", node, time.Since(s.start).Milliseconds()))
	s.asked = append(s.asked, *r)
	word = "200"
	if list := s.says[node]; len(list) > 0 {
		word = list[0]
		if len(list) > 1 {
			s.says[node] = list[1:]
		}
	}
	s.words = append(s.words, word)
	return node, word
}

func (s *script) Exchange(_ context.Context, addr string, r *head.Request, body io.Reader) (*head.Response, error) {
	node, word := s.next(addr, r)
	f := failure{error: errors.New(word)}
	switch word {
	case "refuse":
		f.notSent = true
		return nil, f
	case "full":
		f.notSent, f.blameless = true, true
		return nil, f
	}
	if body != nil {
		if n, err := io.Copy(io.Discard, body); n != r.Length || err != nil {
			return nil, &head.BodyError{Err: fmt.Errorf("%d bytes of %d, %v", n, r.Length, err)}
		}
	}
	switch word {
	case "reset":
		return nil, f
	case "garbled":
		f.answered = true
		return nil, f
	case "timeout":
		f.error = os.ErrDeadlineExceeded
		return nil, f
	case "pause":
		<-time.After(s.pause)
		word = "200"
	case "head": // and nothing of the body
		return &head.Response{Status: 200, ContentLength: -1, Body: s.body(broken{f})}, nil
	case "half":
		return &head.Response{Status: 200, ContentLength: 8000, Body: s.body(io.MultiReader(strings.NewReader("some"), broken{f}))}, nil
	case "slow":
		f.error = os.ErrDeadlineExceeded
		return &head.Response{Status: 200, ContentLength: 10, Body: s.body(broken{f})}, nil
	}
	status, err := strconv.Atoi(word)
	if err != nil {
		panic(word)
	}
	resp := &head.Response{Status: status, ContentLength: -1, Body: s.body(strings.NewReader("said by " + node)), Wire: &head.Wire{}}
	resp.Wire.Read(100)
	for f := range s.reply.All() {
		resp.Fields.Add(f.Name, f.Value)
	}
	return resp, nil
}

// body counts what was handed out and not closed.
func (s *script) body(r io.Reader) io.ReadCloser {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	return &lent{r, s}
}

type lent struct {
	io.Reader
	from *script
}

func (l *lent) Close() error {
	if l.from != nil {
		l.from.mu.Lock()
		l.from.open--
		l.from.mu.Unlock()
	}
	l.from = nil
	return nil
}

// broken is a body that ends with an error.
type broken struct{ failure }

func (b broken) Read([]byte) (int, error) { return 0, b.failure }

// nodes are those that were asked, one after the other.
func (s *script) nodes() string {
	var list []string
	for _, call := range s.calls {
		name, _, _ := strings.Cut(call, "@")
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

// recorded is a client that keeps its answer.
type recorded struct{ *httptest.ResponseRecorder }

func (recorded) SetReadDeadline(time.Time) error  { return nil }
func (recorded) SetWriteDeadline(time.Time) error { return nil }
func (recorded) EnableFullDuplex() error          { return nil }

// scriptedStage is a quiet stage with nodes that follow a script: "n1: refuse
// 200; n2: 503; n3:".
func scriptedStage(t testing.TB, text string, change func(*stage)) (*stage, *script) {
	sc := &script{says: map[string][]string{}, start: time.Now()}
	var nodes []node
	for part := range strings.SplitSeq(text, ";") {
		name, list, _ := strings.Cut(strings.TrimSpace(part), ":")
		sc.says[name] = strings.Fields(list)
		nodes = append(nodes, node{name, "127.0.0.1:" + name[1:]})
	}
	s := quietStage(t, nodes, func(s *stage) {
		s.front.Backends = map[string]head.Backend{"http": sc}
		if change != nil {
			change(s)
		}
	})
	return s, sc
}

// ask has the front serve one request and tells what became of it.
func (s *stage) ask(method, target string, body int, fields ...string) *httptest.ResponseRecorder {
	var in io.Reader
	if body > 0 {
		in = strings.NewReader(strings.Repeat("x", body))
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, in)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	w := recorded{httptest.NewRecorder()}
	s.front.ServeHTTP(w, r)
	return w.ResponseRecorder
}

const ms = time.Millisecond

// Which node gets a request how often, and when: rounds over the nodes,
// attempts on the same node, pauses between them. The session lives on n1, and
// others take turns after it.
func TestWhoIsAskedAgain(t *testing.T) {
	jk := Retry{Rounds: 2, Nodes: 2, Interval: 100 * ms} // mod_jk's defaults
	twice := NodeWords{Attempts: 2, Interval: 30 * ms}
	each := func(n NodeWords) map[string]NodeWords { return map[string]NodeWords{"n1": n, "n2": n, "n3": n} }
	none, get, post := &[]string{}, &[]string{"GET"}, &[]string{"GET", "POST"}
	for _, c := range []struct {
		name, method string
		body         int
		words        PoolWords
		script       string
		want         string // node@ms..., then the status
	}{
		{"nothing said: one round over three nodes", "GET", 0, PoolWords{}, "n1: reset; n2: refuse; n3: timeout; n4:", "n1@0 n2@0 n3@0 504"},
		{"nothing said, the second serves", "GET", 0, PoolWords{}, "n1: reset; n2:", "n1@0 n2@0 200"},
		{"nothing said, POST", "POST", 2, PoolWords{}, "n1: reset; n2:", "n1@0 502"},
		{"an answer is an answer", "GET", 0, PoolWords{Retry: jk}, "n1: 503; n2:", "n1@0 503"},

		{"two rounds over two nodes", "GET", 0, PoolWords{Retry: jk}, "n1: reset; n2: reset; n3: reset", "n1@0 n2@0 n1@100 n3@100 502"},
		{"the second round serves", "GET", 0, PoolWords{Retry: jk}, "n1: reset 200; n2: reset", "n1@0 n2@0 n1@100 200"},
		{"a round over more nodes than there are", "GET", 0, PoolWords{Retry: Retry{Rounds: 2, Nodes: 9, Interval: 50 * ms}},
			"n1: reset; n2: reset; n3: reset", "n1@0 n2@0 n3@0 n1@50 n3@50 n2@50 502"},
		{"rounds without a pause", "GET", 0, PoolWords{Retry: Retry{Rounds: 3, Nodes: 1}}, "n1: refuse; n2:", "n1@0 n1@0 n1@0 503"},
		{"the last failure is told", "GET", 0, PoolWords{Retry: jk}, "n1: reset timeout; n2: reset refuse", "n1@0 n2@0 n1@100 n2@100 503"},

		{"attempts on each node", "GET", 0, PoolWords{Retry: Retry{Nodes: 2}, Nodes: each(twice)}, "n1: reset; n2: reset", "n1@0 n1@30 n2@30 n2@60 502"},
		{"attempts in rounds", "GET", 0, PoolWords{Retry: jk, Nodes: each(twice)}, "n1: refuse; n2: refuse",
			"n1@0 n1@30 n2@30 n2@60 n1@160 n1@190 n2@190 n2@220 503"},
		{"the second attempt serves", "GET", 0, PoolWords{Nodes: each(twice)}, "n1: refuse 200; n2:", "n1@0 n1@30 200"},
		{"a node without words beside one with", "GET", 0, PoolWords{Nodes: map[string]NodeWords{"n2": twice}}, "n1: reset; n2: reset; n3: reset",
			"n1@0 n2@0 n2@30 n3@30 502"},
		{"no attempt on a node at our limit", "GET", 0, PoolWords{Retry: jk, Nodes: each(twice)}, "n1: full; n2: 200", "n1@0 n2@0 200"},

		{"no answer of this protocol", "GET", 0, PoolWords{Retry: jk, Nodes: each(twice)}, "n1: garbled; n2:", "n1@0 502"},

		{"a POST that nobody got", "POST", 2, PoolWords{Retry: jk, Nodes: each(twice)}, "n1: refuse; n2: refuse 200", "n1@0 n1@30 n2@30 n2@60 200"},
		{"a POST that was delivered", "POST", 2, PoolWords{Retry: jk, Nodes: each(twice)}, "n1: refuse reset; n2:", "n1@0 n1@30 502"},
		{"a POST without a body", "POST", 0, PoolWords{Retry: jk, Nodes: each(twice)}, "n1: timeout; n2:", "n1@0 504"},
		{"a streamed POST that nobody got", "POST", 1 << 17, PoolWords{Retry: jk}, "n1: refuse; n2: refuse 200", "n1@0 n2@0 n1@100 n2@100 200"},
		{"a streamed PUT that was delivered", "PUT", 1 << 17, PoolWords{Retry: jk}, "n1: reset; n2:", "n1@0 502"},
		{"a PUT in memory", "PUT", 9000, PoolWords{Retry: jk}, "n1: reset; n2: reset 200", "n1@0 n2@0 n1@100 n2@100 200"},
		{"a PUT in memory, on the same node", "PUT", 9000, PoolWords{Nodes: each(twice)}, "n1: reset 200; n2:", "n1@0 n1@30 200"},

		{"broken off after the head", "GET", 0, PoolWords{Retry: jk}, "n1: head; n2:", "n1@0 n2@0 200"},
		{"broken off after the head by all", "GET", 0, PoolWords{Nodes: each(twice)}, "n1: head; n2: head", "n1@0 n1@30 n2@30 n2@60 502"},
		{"broken off after the head, POST", "POST", 2, PoolWords{Retry: jk}, "n1: head; n2:", "n1@0 502"},
		{"broken off within a short body", "GET", 0, PoolWords{}, "n1: half; n2:", "n1@0 n2@0 200"},
		{"silent after the head", "GET", 0, PoolWords{}, "n1: slow; n2: slow", "n1@0 n2@0 504"},

		{"repeat nothing", "GET", 0, PoolWords{Retry: jk, Nodes: each(NodeWords{Repeat: none})}, "n1: reset; n2:", "n1@0 502"},
		{"repeat nothing, not sent", "GET", 0, PoolWords{Retry: jk, Nodes: each(NodeWords{Repeat: none})}, "n1: refuse; n2:", "n1@0 n2@0 200"},
		{"repeat GET", "GET", 0, PoolWords{Nodes: each(NodeWords{Repeat: get})}, "n1: reset; n2:", "n1@0 n2@0 200"},
		{"repeat GET, HEAD", "HEAD", 0, PoolWords{Nodes: each(NodeWords{Repeat: get})}, "n1: reset; n2:", "n1@0 502"},
		{"repeat POST", "POST", 2, PoolWords{Nodes: each(NodeWords{Repeat: post})}, "n1: reset; n2:", "n1@0 n2@0 200"},
		{"repeat is the failing node's word", "GET", 0, PoolWords{Nodes: map[string]NodeWords{"n2": {Repeat: none}}}, "n1: reset; n2: reset", "n1@0 n2@0 502"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, sc := scriptedStage(t, c.script, func(s *stage) { s.settings.Pools = map[string]PoolWords{"default": c.words} })
				w := s.ask(c.method, "/", c.body, "Cookie: JSESSIONID=C.n1")
				if got := fmt.Sprint(strings.Join(sc.calls, " "), " ", w.Code); got != c.want {
					t.Errorf("%s, expected %s", got, c.want)
				}
				if sc.open != 0 {
					t.Errorf("%d answers were not closed", sc.open)
				}
			})
		})
	}
}

// What is no answer is held against the node for this request alone when the
// pool has mod_jk's recovery: then another may be asked.
func TestGarbledAnswersInAPoolWithRecovery(t *testing.T) {
	for method, want := range map[string]string{"GET": "n1 n2 200", "POST": "n1 502"} {
		s, sc := scriptedStage(t, "n1: garbled; n2:", func(s *stage) { s.pool.Recovery = &cluster.Recovery{} })
		w := s.ask(method, "/", 0, "Cookie: JSESSIONID=C.n1")
		if got := fmt.Sprint(sc.nodes(), " ", w.Code); got != want {
			t.Errorf("%s: %s, expected %s", method, got, want)
		}
	}
}

// Members in error are tried once for a request when nobody else is left; a
// round that finds nobody is answered 503.
func TestMembersInErrorAreTriedOnce(t *testing.T) {
	s, sc := scriptedStage(t, "n1: reset; n2: reset", func(s *stage) {
		s.pool.Recovery = &cluster.Recovery{}
		s.settings.Pools = map[string]PoolWords{"default": {Retry: Retry{Rounds: 3, Nodes: 2}}}
	})
	s.front.Router.Judge = s.registry.Judge
	for i, want := range []string{"4 503", "2 503", "2 503"} { // at first nobody is in error
		sc.calls = nil
		w := s.ask("GET", "/", 0)
		if got := fmt.Sprint(len(sc.calls), " ", w.Code); got != want {
			t.Errorf("request %d: %s, expected %s", i+1, got, want)
		}
	}
	s.settings.Pools["default"] = PoolWords{Retry: Retry{Rounds: 1, Nodes: 2}}
	s.front.Apply(&s.settings)
	sc.calls = nil
	if w := s.ask("GET", "/", 0); len(sc.calls) != 2 || w.Code != 502 {
		t.Errorf("one round: %v %d", sc.calls, w.Code)
	}
	for _, m := range s.registry.View().Pool("default").Members {
		if m.Load.Busy.Load() != 0 {
			t.Errorf("%s is still busy", m.Name)
		}
	}
}

// What the client has heard of, if only by early hints, is not begun again.
func TestAfterHintsNobodyElseIsAsked(t *testing.T) {
	n1, n2 := newRecorder(t, "n1"), newRecorder(t, "n2")
	s := newStage(t, []node{n1.node, n2.node}, nil)
	n1.answer("HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\nConnection: close\r\n\r\n")
	answer := s.rawSend("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCookie: JSESSIONID=C.n1\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 103 ") || !strings.Contains(answer, "HTTP/1.1 502 ") || len(n2.take()) != 0 {
		t.Errorf("%q", answer)
	}
}

// A client that leaves while the front pauses ends the request, and no node is
// asked for nothing.
func TestClientLeavesInAPause(t *testing.T) {
	for name, words := range map[string]PoolWords{
		"between rounds":   {Retry: Retry{Rounds: 2, Nodes: 1, Interval: time.Hour}},
		"between attempts": {Nodes: map[string]NodeWords{"n1": {Attempts: 2, Interval: time.Hour}}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, sc := scriptedStage(t, "n1: refuse; n2:", func(s *stage) { s.settings.Pools = map[string]PoolWords{"default": words} })
			ctx, leave := context.WithTimeout(t.Context(), time.Second)
			defer leave()
			w := recorded{httptest.NewRecorder()}
			x := visit{}
			x.begin(s.front, w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
			x.serve(httptest.NewRequestWithContext(ctx, "GET", "/", nil))
			if took := time.Since(sc.start); len(sc.calls) != 1 || x.status != statusAborted || took != time.Second {
				t.Errorf("%s: %v, %d after %v", name, sc.calls, x.status, took)
			}
			if n := s.registry.View().Pool("default").Member("n1").Load.Busy.Load(); n != 0 {
				t.Errorf("%s: %d requests still count as running", name, n)
			}
		})
	}
}

// A round begins with the cluster as it is then.
func TestARoundSeesTheClusterAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sc := scriptedStage(t, "n1: reset; n2: reset; n3:", func(s *stage) {
			s.settings.Pools = map[string]PoolWords{"default": {Retry: Retry{Rounds: 2, Nodes: 2, Interval: time.Second}}}
		})
		if err := s.registry.SetActivation("", "n3", cluster.Stopped); err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Second / 2)
			for node, activation := range map[string]cluster.Activation{"n1": cluster.Stopped, "n2": cluster.Stopped, "n3": cluster.Active} {
				if err := s.registry.SetActivation("", node, activation); err != nil {
					t.Error(err)
				}
			}
		}()
		w := s.ask("GET", "/", 0)
		if got := fmt.Sprint(sc.calls, w.Code); got != "[n1@0 n2@0 n3@1000] 200" {
			t.Error(got)
		}
	})
}

// A request that finds every member at its limit waits for the next round; one
// that finds nobody for any other reason does not.
func TestFullPoolIsAskedAgain(t *testing.T) {
	one := 1
	for _, c := range []struct {
		rounds int
		pause  time.Duration
		want   string
	}{
		{1, time.Second / 2, "n1@0 503 after 0s"}, {2, time.Second / 2, "n1@0 n1@1000 200 after 1s"},
		{3, 3 * time.Second / 2, "n1@0 n1@2000 200 after 2s"}, {2, time.Hour, "n1@0 503 after 1s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, sc := scriptedStage(t, "n1: pause 200", func(s *stage) {
				s.pool.Members = []cluster.MemberSpec{{Node: "n1", BusyLimit: &one}}
				s.settings.Pools = map[string]PoolWords{"default": {Retry: Retry{Rounds: c.rounds, Interval: time.Second}}}
			})
			sc.pause = c.pause
			var first sync.WaitGroup
			defer first.Wait()
			first.Go(func() { s.ask("GET", "/", 0) })
			synctest.Wait()
			w := s.ask("GET", "/", 0)
			if got := fmt.Sprint(strings.Join(sc.calls, " "), " ", w.Code, " after ", time.Since(sc.start)); got != c.want {
				t.Errorf("%s, expected %s", got, c.want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s, sc := scriptedStage(t, "n1:", func(s *stage) {
			s.settings.Pools = map[string]PoolWords{"default": {Retry: Retry{Rounds: 5, Interval: time.Second}}}
		})
		if err := s.registry.SetActivation("", "n1", cluster.Disabled); err != nil {
			t.Fatal(err)
		}
		if w := s.ask("GET", "/", 0); w.Code != 503 || time.Since(sc.start) != 0 {
			t.Errorf("disabled: %d after %v", w.Code, time.Since(sc.start))
		}
	})
}

// Every node that was chosen is told once how it did, with what it cost.
func TestEachDecisionIsDoneOnce(t *testing.T) {
	var told []string
	s, sc := scriptedStage(t, "n1: reset; n2: reset 200", func(s *stage) {
		s.settings.Pools = map[string]PoolWords{"default": {Retry: Retry{Rounds: 2, Nodes: 2}, Nodes: map[string]NodeWords{"n1": {Attempts: 3}, "n2": {Attempts: 3}}}}
	})
	s.front.Router.Report = func(n *cluster.Node, _ cluster.Service, sign cluster.Sign) {
		told = append(told, fmt.Sprint(n.Name, sign))
	}
	w := s.ask("GET", "/", 0)
	want := fmt.Sprint([]string{fmt.Sprint("n1", cluster.Failed), fmt.Sprint("n2", cluster.Good)})
	if fmt.Sprint(told) != want || len(sc.calls) != 5 || w.Code != 200 {
		t.Errorf("%v told after %v, %d", told, sc.calls, w.Code)
	}
	for _, m := range s.registry.View().Pool("default").Members {
		if m.Load.Busy.Load() != 0 {
			t.Errorf("%s is still busy", m.Name)
		}
	}
}
