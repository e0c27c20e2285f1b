package ua

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Endpoint is a SIP socket with its transactions. It answers OPTIONS by itself.
type Endpoint struct {
	Addr string // host:port
	Name string // told in Server and User-Agent

	conn   net.PacketConn
	agent  *sipgo.UserAgent
	client *sipgo.Client
	served chan struct{}
	life   context.Context // ends with Close
	end    context.CancelFunc

	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup // handlers at work
}

// Handlers are what serves requests, given the endpoint they came to. They may wait: every request has a goroutine of its own.
type Handlers map[sip.RequestMethod]func(e *Endpoint, req *sip.Request, tx sip.ServerTransaction)

// widen lets sipgo send datagrams larger than its limit of 1,300 bytes, which a call through two Vias and two Record-Routes may reach, and
// what a browser says of its media does by itself. Loopback carries them whole.
var widen = sync.OnceFunc(func() { sip.UDPMTUSize = 60_000 })

// Listen binds addr ("127.0.0.1:0" for any port) and serves until Close.
func Listen(name, addr string, on Handlers) (*Endpoint, error) {
	widen()
	conn, err := net.ListenPacket("udp4", addr)
	if err != nil {
		return nil, fmt.Errorf("SIP socket of %s: %w", name, err)
	}
	e := &Endpoint{Addr: conn.LocalAddr().String(), Name: name, conn: conn, served: make(chan struct{})}
	e.life, e.end = context.WithCancel(context.Background())
	heard := make(chan struct{})
	if err := e.build(on, sync.OnceFunc(func() { close(heard) })); err != nil {
		conn.Close()
		return nil, fmt.Errorf("SIP agent of %s: %w", name, err)
	}
	// The library knows a socket only some time after ServeUDP was called, and would open another one until then. An empty line sent to
	// ourselves tells when: it is heard by the loop that runs after.
	if _, err := conn.WriteTo([]byte("\r\n\r\n"), conn.LocalAddr()); err != nil {
		e.Close()
		return nil, fmt.Errorf("SIP socket of %s: %w", name, err)
	}
	select {
	case <-heard:
		return e, nil
	case <-e.served:
		e.Close()
		return nil, fmt.Errorf("SIP socket of %s closed at once", name)
	}
}

func (e *Endpoint) build(on Handlers, heard func()) (err error) {
	silent := slog.New(slog.DiscardHandler)
	e.agent, err = sipgo.NewUA(
		sipgo.WithUserAgent(e.Name),
		sipgo.WithUserAgentHostname("127.0.0.1"),
		sipgo.WithUserAgentTransactionLayerOptions(
			sip.WithTransactionLayerLogger(silent), sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {})),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(silent),
			sip.WithTransportLayerReadFilter(func(_ sip.TransportReadProps, data []byte) ([]byte, error) {
				heard()
				return data, nil
			})))
	if err != nil {
		return err
	}
	server, err := sipgo.NewServer(e.agent, sipgo.WithServerLogger(silent))
	if err != nil {
		return err
	}
	e.client, err = sipgo.NewClient(e.agent, sipgo.WithClientLogger(silent), sipgo.WithClientConnectionAddr(e.Addr), sipgo.WithClientAddr(e.Addr))
	if err != nil {
		return err
	}
	server.OnOptions(func(req *sip.Request, tx sip.ServerTransaction) { e.Answer(req, tx, 200, "OK") })
	server.OnNoRoute(func(req *sip.Request, tx sip.ServerTransaction) { e.Answer(req, tx, 405, "Method Not Allowed") })
	for method, h := range on {
		server.OnRequest(method, func(req *sip.Request, tx sip.ServerTransaction) {
			if e.begin() {
				defer e.busy.Done()
				h(e, req, tx)
			}
		})
	}
	go func() {
		defer close(e.served)
		server.ServeUDP(&socket{PacketConn: e.conn, pool: e.agent.TransportLayer().Pool("udp"), sources: map[string]bool{}})
	}()
	return nil
}

// begin counts a handler, unless the endpoint is closed.
func (e *Endpoint) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.busy.Add(1)
	}
	return !e.closed
}

// Close gives the socket back at once, and returns when no handler works any more: what was under way is lost, as when a process is killed.
func (e *Endpoint) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.conn.Close()
	<-e.served
	e.end()
	e.agent.TransactionLayer().Close() // and not the transports: see socket
	e.busy.Wait()
}

// Life ends when the endpoint is closed: what a handler waits for ends with it.
func (e *Endpoint) Life() context.Context { return e.life }

// Contact is where a user of this endpoint is reached.
func (e *Endpoint) Contact(user string) *sip.ContactHeader {
	return &sip.ContactHeader{Address: URI(user, e.Addr)}
}

// URI is the SIP address of a user at host:port.
func URI(user, addr string) sip.Uri {
	host, port, _ := sip.ParseAddr(addr)
	return sip.Uri{Scheme: "sip", User: user, Host: host, Port: port}
}

// Hop is host:port as an entry of a route set.
func Hop(addr string) sip.Uri {
	hop := URI("", addr)
	hop.UriParams = sip.NewParams()
	hop.UriParams.Add("lr", "")
	return hop
}

// CallID is that of a message, "" when it has none.
func CallID(m interface{ CallID() *sip.CallIDHeader }) string {
	if id := m.CallID(); id != nil {
		return id.Value()
	}
	return ""
}

// Server is the name that the answering side gave itself.
func Server(res *sip.Response) string {
	if h := res.GetHeader("Server"); h != nil {
		return h.Value()
	}
	return ""
}

// Silence is a session description (RFC 8866) without media to be sent: a call with it is real, sound is not part of it.
func Silence(addr string) []byte {
	host, port, _ := net.SplitHostPort(addr)
	return []byte("v=0\r\no=- " + port + " 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=inactive\r\n")
}
