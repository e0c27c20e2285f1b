package live

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/goleak"

	"twinhop/admin/access"
	"twinhop/admin/caller"
	"twinhop/admin/events"
	"twinhop/admin/feed"
	"twinhop/admin/history"
	"twinhop/admin/limits"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	goleak.VerifyTestMain(m)
}

// peer is a page: what was written to it so far.
type peer struct {
	mu     sync.Mutex
	header http.Header
	text   bytes.Buffer
	stuck  chan struct{} // not nil: the next write waits for it
}

func (p *peer) Header() http.Header { return p.header }
func (p *peer) WriteHeader(int)     {}
func (p *peer) Flush()              {}
func (p *peer) Write(b []byte) (int, error) {
	p.mu.Lock()
	stuck := p.stuck
	p.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

// take returns what came since it was last asked.
func (p *peer) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.text.Reset()
	return p.text.String()
}

type scene struct {
	*Hub
	mu       sync.Mutex
	who      access.Me
	sessions int
	kept     limits.State
}

func newScene() *scene {
	s := &scene{who: access.Me{Name: "ada", Role: access.RoleViewer}}
	s.Hub = &Hub{View: func() *cluster.View { return &cluster.View{} }, Trace: &trace.Log{}, Now: time.Now, Version: "test", Log: slog.New(slog.DiscardHandler),
		Look: func() history.Look {
			s.mu.Lock()
			defer s.mu.Unlock()
			return history.Look{At: time.Now(), Sessions: float64(s.sessions)}
		},
		Overview: func(context.Context) any { return map[string]string{"class": "good"} },
		Limits: func() limits.State {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.kept
		},
		Whoami: func(*http.Request) access.Me {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.who
		},
		Feed: feed.Feed{Start: 1000}}
	return s
}

// open follows topics until the returned func is called, or the stream ends.
func (s *scene) open(t *testing.T, topics, last string) (p *peer, leave func()) {
	p = &peer{header: http.Header{}}
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/stream?topics="+topics, nil)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	c, _ := gin.CreateTestContext(p)
	c.Request = r
	caller.Set(c, s.who)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := s.Stream(c); err != nil {
			t.Errorf("%s: %v", topics, err)
		}
	}()
	synctest.Wait()
	return p, func() { cancel(); <-done }
}

var ids = regexp.MustCompile(`id: (\d+)\nevent: (\S+)`)

// What is written is what server-sent events are; a silent stream is kept alive
// by a comment, and ends with the log in.
func TestStreamFromBeginningToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		p, leave := s.open(t, "events", "")
		hello := p.take()
		if !strings.HasPrefix(hello, "retry: 2000\nid: 1000\nevent: hello\ndata: {") || !strings.Contains(hello, `"lastId":1000`) || !strings.Contains(hello, `"serverTime":"2000-01-01T00:00:00.000Z"`) {
			t.Errorf("%s", hello)
		}
		s.Note(events.Occurrence{Type: "config.reloaded", Actor: "ada"})
		synctest.Wait()
		if got := p.take(); !strings.Contains(got, "event: event\ndata: {\"id\":\"e_1\",\"severity\":\"info\",\"text\":\"configuration read again by ada\"") {
			t.Errorf("%s", got)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if got := p.take(); got != ": still here\n\n" {
			t.Errorf("%q", got)
		}
		s.mu.Lock()
		s.who = access.Me{}
		s.mu.Unlock()
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if got := p.take(); !strings.Contains(got, "event: auth.expired\n") {
			t.Errorf("%q", got)
		}
		s.Note(events.Occurrence{Type: "config.reloaded"})
		synctest.Wait()
		if got := p.take(); got != "" {
			t.Errorf("after the end: %q", got)
		}
		leave()
	})
}

// Who comes back gets exactly what was missed, or is told to read anew: too
// old, of another process, or too slow.
func TestComingBackAndSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		note := func(n int) {
			for i := range n {
				s.Note(events.Occurrence{Type: "node.set", Node: fmt.Sprint("n", i)})
			}
		}
		note(5) // two events each: node.changed and event
		p, leave := s.open(t, "events", "1006")
		if got := ids.FindAllStringSubmatch(p.take(), -1); len(got) != 3 || got[1][1] != "1008" || got[2][1] != "1010" {
			t.Errorf("missed: %v", got)
		}
		leave()
		for _, last := range []string{"17", "99999"} {
			p, leave = s.open(t, "events", last)
			if got := p.take(); !strings.Contains(got, "event: resync\n") {
				t.Errorf("after %s: %s", last, got)
			}
			leave()
		}
		p, leave = s.open(t, "events", "")
		p.take()
		gate := make(chan struct{})
		p.mu.Lock()
		p.stuck = gate
		p.mu.Unlock()
		note(1)
		synctest.Wait()
		note(1000) // which do not fit into its queue
		p.mu.Lock()
		p.stuck = nil
		p.mu.Unlock()
		close(gate)
		synctest.Wait()
		if got := p.take(); strings.Count(got, "event: resync\n") != 1 || strings.Count(got, "event: event\n") > 300 {
			t.Errorf("%d events, %d resync", strings.Count(got, "event: event\n"), strings.Count(got, "event: resync\n"))
		}
		leave()
	})
}

// Each second pages are told how many sessions there are more or fewer, and of
// many like events once.
func TestTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		p, leave := s.open(t, "sessions,events,overview", "")
		p.take()
		set := func(n int) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.sessions = n
		}
		next := func() string {
			time.Sleep(time.Second)
			synctest.Wait()
			return p.take()
		}
		set(14)
		if got := next(); !strings.Contains(got, "event: session.created\ndata: {\"count\":14,\"sessions\":14}\n") || !strings.Contains(got, "event: overview.tick\ndata: {\"class\":\"good\"}\n") {
			t.Errorf("%s", got)
		}
		set(4)
		if got := next(); !strings.Contains(got, "event: session.ended\ndata: {\"count\":10,\"sessions\":4}\n") {
			t.Errorf("%s", got)
		}
		if got := next(); strings.Contains(got, "session.") {
			t.Errorf("%s", got)
		}
		for range 100 {
			s.Note(events.Occurrence{Type: "session.moved", From: "n1", Node: "n2", Rule: "failover_down"})
		}
		if got := next(); strings.Count(got, "event: event\n") != 2 || !strings.Contains(got, "\"count\":100,") {
			t.Errorf("%s", got)
		}
		leave()
		cancel()
		<-done
	})
}

// What the SIP front keeps out is an event when it begins, and then once a
// minute.
func TestKeptOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		s.kept = limits.State{Shed: map[string]uint64{"scanner": 7}, Bans: []limits.Ban{{Source: netip.MustParsePrefix("192.0.2.1/32")}}}
		look := func(wait time.Duration, scanner uint64, bans int) (texts []string) {
			time.Sleep(wait)
			s.kept.Shed = map[string]uint64{"scanner": scanner}
			s.kept.Bans = nil
			for i := range bans {
				s.kept.Bans = append(s.kept.Bans, limits.Ban{Source: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 32), Until: time.Now()})
			}
			page, _, _ := s.Feed.Join(map[string]bool{"events": true}, 0)
			defer s.Feed.Leave(page)
			s.keptOut()
			list, _, _ := s.Feed.Take(page)
			for _, m := range list {
				texts = append(texts, string(m.Data))
			}
			return texts
		}
		if got := look(0, 7, 1); len(got) != 0 {
			t.Errorf("what was there at the start: %v", got)
		}
		if got := look(5*time.Second, 12, 2); len(got) != 2 || !strings.Contains(got[0], "192.0.2.2/32 is banned") || !strings.Contains(got[1], "scanner=5") {
			t.Errorf("%v", got)
		}
		if got := look(5*time.Second, 20, 2); len(got) != 0 {
			t.Errorf("%v", got)
		}
		if got := look(time.Minute, 22, 22); len(got) != 12 || !strings.Contains(got[10], "10 more") || !strings.Contains(got[11], "scanner=10") {
			t.Errorf("%d: %v", len(got), got)
		}
	})
}
