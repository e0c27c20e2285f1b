package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// affinity sends a change of affinity, or a question about one, and returns the answer.
func (w *world) affinity(method, path, body string) (status int, text string) {
	w.t.Helper()
	req, err := http.NewRequest(method, "http://twinhop/api/v1/affinity"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("If-Match", "*")
	resp, err := w.socket.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

// guests are browsers and calls that go on while something happens, and complain when one of
// them meets another node than before.
type guests struct {
	t      *testing.T
	w      *world
	calls  []*call
	online []*online
	turns  []atomic.Int64 // of each, browsers first
}

// online is a browser with a session.
type online struct {
	client *http.Client
	user   string
	node   string
	hits   int
}

func (o *online) visit(w *world) error {
	p, err := fetch(o.client, "GET", w.http+"/app/hits.jsp?appsession="+o.user, nil)
	o.hits++
	return stays(p, err, &o.node, o.hits)
}

func newGuests(t *testing.T, w *world, phone *agent, n int) *guests {
	g := &guests{t: t, w: w}
	for i := range n {
		o := &online{client: browser(t), user: fmt.Sprint("user", i)}
		for range 2 {
			if err := o.visit(w); err != nil {
				t.Fatal(err)
			}
		}
		g.online = append(g.online, o)
		for range 2 {
			g.calls = append(g.calls, mustCall(t, w, phone, "sip:"+o.user+"@e2e.invalid", bob))
		}
	}
	g.turns = make([]atomic.Int64, len(g.online)+len(g.calls))
	return g
}

// again has one of them act once more.
func (g *guests) again(i int) error {
	if i < len(g.online) {
		return g.online[i].visit(g.w)
	}
	c := g.calls[i-len(g.online)]
	r, err := c.within("INFO")
	if err == nil && r.get("X-Node") != c.node {
		err = fmt.Errorf("a call on %s meets %s", c.node, r.get("X-Node"))
	}
	return err
}

// during has all of them act, over and over, while do does its work. It may wait until each
// has acted since.
func (g *guests) during(do func(settle func())) {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	var wg sync.WaitGroup
	for i := range g.turns {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := g.again(i); err != nil {
					g.t.Errorf("guest %d: %v", i, err)
					g.turns[i].Add(1 << 32) // nobody waits for it
					return
				}
				g.turns[i].Add(1)
			}
		})
	}
	do(func() {
		for i := range g.turns {
			was := g.turns[i].Load()
			eventually(g.t, 20*time.Second, "everybody has acted twice", func() error {
				if n := g.turns[i].Load(); n < was+2 {
					return fmt.Errorf("guest %d: %d times", i, n-was)
				}
				return nil
			})
		}
	})
	cancel()
	wg.Wait()
}

// Affinity is tried and changed by the API while browsers and calls go on: the preview says what
// then comes true, nobody loses a session, a bad edit changes nothing and is told with its place,
// and after a restart it all still counts.
func TestAffinityEditLosesNoSession(t *testing.T) {
	w := set(t, stage{Tomcats: true, Agents: true})
	phone := newAgent(t, "phone")
	g := newGuests(t, w, phone, 4)
	const byUser = `{"affinity": {"sip": ["from.user", "call-id"]}, "reason": "a user's calls meet his browser"}`
	apart := 0
	for i, c := range g.calls {
		if c.node != g.online[i/2].node {
			apart++
		}
	}
	if apart == 0 {
		t.Fatal("every call met its user's browser by chance: nothing is shown")
	}
	g.during(func(settle func()) {
		settle()
		var p struct{ Recorded, Unchanged, WouldMove, NewlySticky, Lost int }
		status, text := w.affinity("POST", "/preview", `{"affinity": {"sip": ["from.user", "call-id"]}}`)
		if err := json.Unmarshal([]byte(text), &p); err != nil || status != 200 || p.Lost != 0 || p.NewlySticky < apart || strings.Contains(text, "user0") {
			t.Errorf("the preview: %d %v %s, want at least %d newly sticky", status, err, text, apart)
		}
		for _, edit := range []string{byUser, `{"affinity": {"sip": ["to.user"], "http": [{"source": "cookie", "name": "JSESSIONID"}], "maxKeys": 32}}`, "", byUser} {
			method := "PUT"
			if edit == "" {
				method = "DELETE"
			}
			if status, text := w.affinity(method, "", edit); status != 200 {
				t.Errorf("%s: %d %s", edit, status, text)
			}
			settle()
		}
		_, before := w.affinity("GET", "", "")
		for bad, where := range map[string]string{`{"affinity": {"sip": ["from.user", "from.usr"]}}`: `"pointer":"#/affinity/sip/1"`,
			`{"affinity": {"http": [{"source": "cookie"}]}}`: `"pointer":"#/affinity/http/0`, `{"affinity": {"leader": "nobody"}}`: `"pointer":"#/affinity/leader"`} {
			if status, text := w.affinity("PUT", "", bad); status != 422 || !strings.Contains(text, where) || !strings.Contains(text, `"message":"`) {
				t.Errorf("%s: %d %s", bad, status, text)
			}
		}
		if _, after := w.affinity("GET", "", ""); after != before {
			t.Errorf("a bad edit made %s of %s", after, before)
		}
	})
	meet := func() {
		t.Helper()
		for _, o := range g.online {
			if c := mustCall(t, w, phone, "sip:"+o.user+"@e2e.invalid", bob); c.node != o.node {
				t.Errorf("%s calls and meets %s, the browser is on %s", o.user, c.node, o.node)
			} else if r, err := c.bye(); err != nil || r.get("X-Node") != c.node {
				t.Error(r, err)
			}
		}
	}
	meet()

	_ = w.proc.cmd.Process.Signal(syscall.SIGTERM)
	_ = w.proc.wait(15 * time.Second)
	var err error
	if w.proc, err = launch(w.dir, "twinhop", built(t, true), "run", "-c", filepath.Join(w.dir, "twinhop.yaml")); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "the gateway is ready", w.ready)
	if _, text := w.affinity("GET", "", ""); !strings.Contains(text, `"origin":"api"`) || !strings.Contains(text, `"reason":"a user's calls meet his browser"`) {
		t.Errorf("after a restart: %s", text)
	}
	g.during(func(settle func()) { settle() })
	meet()
	for _, c := range g.calls {
		if r, err := c.bye(); err != nil || r.status() != 200 || r.get("X-Node") != c.node {
			t.Errorf("BYE of a call on %s: %v, %v", c.node, r, err)
		}
	}
}
