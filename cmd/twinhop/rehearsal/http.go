package rehearsal

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"twinhop/admin/explain"
	"twinhop/gateway"
	httpfront "twinhop/http"
	"twinhop/http/follow"
	"twinhop/http/head"
)

// patience bounds one rehearsal.
const patience = 2 * time.Second

// padding is what follows the raw bytes, so that a body of which only the beginning was given comes to its end: the front reads no more of one
// before a node is asked.
const padding = 32 << 10

// http gives the bytes to an HTTP front by a connection, and looks at what its node would get and what its client would.
func (p *play) http(ctx context.Context, m *explain.Message) error {
	if p.Stage.HTTP == nil {
		return errNoFront
	}
	came, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(m.Raw)))
	if err != nil {
		p.out.Faults = faultsHTTP(m.Raw, err)
	} else {
		p.out.Title = came.Method + " " + strings.SplitN(came.URL.Path, ";", 2)[0]
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	node := &recorder{}
	f := p.front(node)
	here, there := net.Pipe()
	defer here.Close()
	conn := &placed{Conn: there, remote: tcp(cmp.Or(m.From, netip.MustParseAddrPort("127.0.0.1:49152"))), local: tcp(netip.MustParseAddrPort("127.0.0.1:80"))}
	if p.Door != nil {
		conn.local = p.Door
	}
	var running sync.WaitGroup
	running.Go(func() { _ = f.Run(ctx, &single{conn: conn, done: ctx.Done()}) })
	running.Go(func() {
		here.SetDeadline(time.Now().Add(patience))
		here.Write(m.Raw)
		here.Write(make([]byte, padding))
	})
	resp, err := http.ReadResponse(bufio.NewReader(here), came)
	if err == nil {
		resp.Body.Close()
	}
	here.Close()
	cancel()
	running.Wait()
	if err != nil && node.req == nil {
		return fmt.Errorf("the front did not answer: %w", err)
	}
	p.outcome(m, node, resp)
	return nil
}

// front is one of the same words as the one that serves, whose nodes are a recorder.
func (p *play) front(node *recorder) *httpfront.Front {
	live := p.Stage.HTTP
	f := &httpfront.Front{Router: p.router, Views: p.router.Views, Backends: map[string]head.Backend{"http": node, "ajp": node},
		Limits: live.Limits, Grace: time.Millisecond, Local: map[string]httpfront.LocalHandler{}, Handlers: map[string]httpfront.LocalHandler{}}
	f.Guard.Secrets, f.Guard.Of = live.Guard.Secrets, &live.Guard
	if live.StandIn != nil {
		f.StandIn = standIn{p}
	}
	for path := range live.Local {
		f.Local[path] = p.serves("SIP over WebSocket")
	}
	for name := range live.Handlers {
		f.Handlers[name] = p.serves("status worker " + name)
	}
	f.Apply(p.Words.HTTP)
	return f
}

func (p *play) serves(what string) httpfront.LocalHandler {
	return func(w http.ResponseWriter, _ *http.Request, ev []gateway.Evidence, hint gateway.Hint) {
		p.out.Serves = what
	}
}

// outcome tells what was recorded.
func (p *play) outcome(m *explain.Message, node *recorder, resp *http.Response) {
	o := p.out
	switch {
	case node.req != nil:
		p.compare(append(fieldsOf(m.Raw), node.target(m.Raw)), node.lines(), whyHTTP)
		p.compare(nil, answerLines(resp), whyHTTP)
	case o.Serves == "" && resp != nil:
		o.Answer = &explain.Answer{Status: resp.StatusCode, Reason: http.StatusText(resp.StatusCode), Location: resp.Header.Get("Location")}
		if o.Node != "" { // it is corrected, and asks again
			p.compare(nil, answerLines(resp), whyHTTP)
		}
	}
}

// whyHTTP is why lines of HTTP change.
var whyHTTP = map[string]string{
	"target":              "the session id in the path as its node knows it",
	"cookie":              "the session id as its node knows it",
	"set-cookie":          "the client is told where its session lives, or how often it was told",
	"location":            "the client is sent on",
	"refresh":             "the client is to ask again",
	"x-forwarded-for":     "the node learns where the client is",
	"x-forwarded-host":    "the node learns which host was asked for",
	"x-forwarded-proto":   "the node learns by which protocol",
	"x-forwarded-port":    "the node learns by which port",
	"x-twinhop-session":   "it counts from nodes only",
	"forwarded":           "who may say this is configured in http.forwarded.trusted",
	"connection":          "it is about this connection only",
	"keep-alive":          "it is about this connection only",
	"proxy-connection":    "it is about this connection only",
	"proxy-authorization": "it is about this connection only",
	"te":                  "it is about this connection only",
	"trailer":             "it is about this connection only",
	"upgrade":             "the protocol toward the node asks for it itself",
	"transfer-encoding":   "the protocol toward the node says itself where the body ends",
	"content-length":      "the protocol toward the node says itself where the body ends",
	"expect":              "the gateway itself waits for the node",
	"host":                "the protocol toward the node says it",
	"":                    "it does not pass",
}

// recorder is a node that answers nothing in particular and remembers what it was asked.
type recorder struct {
	req  *head.Request
	list []line
	to   string
}

// Exchange implements head.Backend.
func (r *recorder) Exchange(_ context.Context, _ string, q *head.Request, _ io.Reader) (*head.Response, error) {
	r.req, r.to = q, strings.Clone(q.Target)
	for f := range q.Fields.All() {
		r.list = append(r.list, line{http.CanonicalHeaderKey(f.Name), strings.Clone(f.Value)})
	}
	return &head.Response{Status: http.StatusNoContent, ContentLength: -1, Body: http.NoBody}, nil
}

func (r *recorder) lines() []line { return append(r.list, line{"target", r.to}) }

// target is that of the raw request as the front takes it.
func (r *recorder) target(raw []byte) line {
	first, _, _ := strings.Cut(string(raw), "\n")
	words := strings.Fields(first)
	if len(words) < 2 {
		return line{"target", r.to}
	}
	to, _, _ := head.SplitTarget(words[1])
	return line{"target", to}
}

// standIn is the host that answers instead of the nodes.
type standIn struct{ *play }

// Exchange implements head.Backend.
func (s standIn) Exchange(_ context.Context, addr string, _ *head.Request, _ io.Reader) (*head.Response, error) {
	s.out.Serves = "the host that stands in: " + addr
	return &head.Response{Status: http.StatusNoContent, ContentLength: -1, Body: http.NoBody}, nil
}

// silent are fields of which nothing is told: they belong to the connection's two ends, and to a rehearsal.
var silent = []string{"Host", "Date", "Content-Length", "Connection", "Transfer-Encoding", "Cache-Control"}

func fieldsOf(raw []byte) (all []line) {
	q, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil
	}
	return linesOf(q.Header)
}

func answerLines(r *http.Response) []line {
	if r == nil {
		return nil
	}
	return linesOf(r.Header)
}

func linesOf(h http.Header) (all []line) {
	for name, values := range h {
		for _, v := range values {
			if strings.HasPrefix(v, follow.CookieName+"=") {
				v = follow.CookieName + "=…" // signed anew each time
			}
			if !slices.Contains(silent, name) {
				all = append(all, line{name, v})
			}
		}
	}
	slices.SortFunc(all, func(a, b line) int { return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value)) })
	return all
}

// placed is a connection between two addresses.
type placed struct {
	net.Conn
	remote, local net.Addr
}

func (c *placed) RemoteAddr() net.Addr { return c.remote }
func (c *placed) LocalAddr() net.Addr  { return c.local }

func tcp(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) }

// single is a listener that one connection comes by.
type single struct {
	conn net.Conn
	done <-chan struct{}
	once sync.Once
}

// Accept implements net.Listener.
func (l *single) Accept() (c net.Conn, err error) {
	l.once.Do(func() { c = l.conn })
	if c == nil {
		<-l.done
		err = net.ErrClosed
	}
	return c, err
}

// Close implements net.Listener.
func (l *single) Close() error { return nil }

// Addr implements net.Listener.
func (l *single) Addr() net.Addr { return l.conn.LocalAddr() }
