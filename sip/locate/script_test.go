package locate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a Resolver that answers from lines such as
//
//	example.com NAPTR 50 50 s SIP+D2T _sip._tcp.example.com
//	_sip._tcp.example.com SRV 0 1 5060 server1.example.com
//	server1.example.com HOST 192.0.2.1 2001:db8::1
//	other.example.com PIN 192.0.2.9
//	_sip._udp.example.com FAIL SRV
//
// and notes what it was asked.
type script struct {
	naptr map[string][]NAPTR
	srv   map[string][]SRV
	hosts map[string][]netip.Addr
	pins  map[string][]netip.Addr
	fails map[string]bool
	life  time.Duration // 0: a minute
	delay time.Duration // of every answer
	gate  chan struct{} // when set, answers wait for it to be closed

	mu    sync.Mutex
	asked []string
	now   int // questions under way
	most  int
}

var errScript = errors.New("SERVFAIL")

func newScript(t testing.TB, lines string) *script {
	t.Helper()
	s := &script{naptr: map[string][]NAPTR{}, srv: map[string][]SRV{}, hosts: map[string][]netip.Addr{}, pins: map[string][]netip.Addr{}, fails: map[string]bool{}}
	for line := range strings.Lines(lines) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		name, rest := f[0], f[2:]
		var err error
		switch f[1] {
		case "NAPTR":
			r := NAPTR{Flags: rest[2], Service: rest[3], Where: rest[4]}
			_, err = fmt.Sscan(rest[0]+" "+rest[1], &r.Order, &r.Preference)
			if len(rest) > 5 {
				r.Regexp = rest[5]
			}
			s.naptr[name] = append(s.naptr[name], r)
		case "SRV":
			var r SRV
			_, err = fmt.Sscan(strings.Join(rest, " "), &r.Priority, &r.Weight, &r.Port, &r.Target)
			s.srv[name] = append(s.srv[name], r)
		case "HOST", "PIN":
			m := s.hosts
			if f[1] == "PIN" {
				m = s.pins
			}
			for _, a := range rest {
				m[name] = append(m[name], netip.MustParseAddr(a))
			}
		case "FAIL":
			s.fails[rest[0]+" "+name] = true
		default:
			err = errors.New("unknown word")
		}
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	return s
}

func (s *script) ask(ctx context.Context, kind, name string) error {
	s.mu.Lock()
	s.asked = append(s.asked, kind+" "+name)
	s.now++
	s.most = max(s.most, s.now)
	fails := s.fails[kind+" "+name] || s.fails["* "+name]
	gate, delay := s.gate, s.delay
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if gate != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-gate:
		}
	}
	if delay > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(delay):
		}
	}
	if fails {
		return errScript
	}
	return nil
}

func given[T any](s *script, m map[string][]T, name string, err error) ([]T, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	life := s.life
	if life == 0 {
		life = time.Minute
	}
	switch {
	case err != nil:
		return nil, 0, err
	case len(m[name]) == 0:
		return nil, 0, ErrNoRecords
	}
	return slices.Clone(m[name]), life, nil
}

func (s *script) Pinned(_ context.Context, name string) []netip.Addr { return s.pins[name] }

func (s *script) NAPTR(ctx context.Context, name string) ([]NAPTR, time.Duration, error) {
	return given(s, s.naptr, name, s.ask(ctx, "NAPTR", name))
}

func (s *script) SRV(ctx context.Context, name string) ([]SRV, time.Duration, error) {
	return given(s, s.srv, name, s.ask(ctx, "SRV", name))
}

func (s *script) Hosts(ctx context.Context, name string) ([]netip.Addr, time.Duration, error) {
	return given(s, s.hosts, name, s.ask(ctx, "HOST", name))
}

// questions is what was asked since the last call, in order of the alphabet.
func (s *script) questions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Sorted(slices.Values(s.asked))
	s.asked = nil
	return list
}

// query reads a URI such as sips:example.com:5061;transport=tcp;maddr=192.0.2.1.
func query(uri string) Query {
	var q Query
	scheme, rest, _ := strings.Cut(uri, ":")
	q.Secure = scheme == "sips"
	host, params, _ := strings.Cut(rest, ";")
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		fmt.Sscan(host[i+1:], &q.Port)
		host = host[:i]
	}
	q.Host = []byte(host)
	for p := range strings.SplitSeq(params, ";") {
		switch k, v, _ := strings.Cut(p, "="); k {
		case "transport":
			q.Transport = []byte(v)
		case "maddr":
			q.Maddr = []byte(v)
		}
	}
	return q
}

// locate asks if need be and finds.
func (l *Locator) locate(t testing.TB, uri string, seed uint64) ([]Target, State) {
	t.Helper()
	q := query(uri)
	list, state := l.Find(nil, q, seed, time.Now())
	if state != Unknown {
		return list, state
	}
	k, err := l.Key(q)
	if err != nil {
		t.Fatalf("%s is unknown and has no key: %v", uri, err)
	}
	l.Ask(t.Context(), k)
	return l.Find(nil, q, seed, time.Now())
}

func text(list []Target) string {
	var b strings.Builder
	for i, t := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s:%s", t.Transport, t.Addr)
	}
	return b.String()
}
