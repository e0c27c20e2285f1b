package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// endpoint is a SIP socket with its transactions: what a node and a telephone have in common. It answers OPTIONS by itself.
type endpoint struct {
	addr   string // host:port
	name   string // told in Server and User-Agent
	conn   net.PacketConn
	agent  *sipgo.UserAgent
	client *sipgo.Client
	served chan struct{}
}

// handlers are what serves requests, given the endpoint they came to.
type handlers map[sip.RequestMethod]func(e *endpoint, req *sip.Request, tx sip.ServerTransaction)

// widen lets sipgo send datagrams larger than its limit of 1,300 bytes, which a call through two Vias and two Record-Routes may reach.
// Loopback carries them whole.
var widen = sync.OnceFunc(func() { sip.UDPMTUSize = 8192 })

// listen binds addr ("127.0.0.1:0" for any port) and serves until close.
func listen(name, addr string, on handlers) (*endpoint, error) {
	widen()
	conn, err := net.ListenPacket("udp4", addr)
	if err != nil {
		return nil, fmt.Errorf("SIP socket of %s: %w", name, err)
	}
	e := &endpoint{addr: conn.LocalAddr().String(), name: name, conn: conn, served: make(chan struct{})}
	heard := make(chan struct{})
	if err := e.build(on, sync.OnceFunc(func() { close(heard) })); err != nil {
		conn.Close()
		return nil, fmt.Errorf("SIP agent of %s: %w", name, err)
	}
	// The library knows a socket only some time after ServeUDP was called, and would open another one until then. An empty line sent to
	// ourselves tells when: it is heard by the loop that runs after.
	if _, err := conn.WriteTo([]byte("\r\n\r\n"), conn.LocalAddr()); err != nil {
		e.close()
		return nil, fmt.Errorf("SIP socket of %s: %w", name, err)
	}
	select {
	case <-heard:
		return e, nil
	case <-e.served:
		e.close()
		return nil, fmt.Errorf("SIP socket of %s closed at once", name)
	}
}

func (e *endpoint) build(on handlers, heard func()) (err error) {
	silent := slog.New(slog.DiscardHandler)
	e.agent, err = sipgo.NewUA(
		sipgo.WithUserAgent(e.name),
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
	e.client, err = sipgo.NewClient(e.agent, sipgo.WithClientLogger(silent), sipgo.WithClientConnectionAddr(e.addr), sipgo.WithClientAddr(e.addr))
	if err != nil {
		return err
	}
	server.OnOptions(func(req *sip.Request, tx sip.ServerTransaction) { e.answer(req, tx, 200, "OK") })
	server.OnNoRoute(func(req *sip.Request, tx sip.ServerTransaction) { e.answer(req, tx, 405, "Method Not Allowed") })
	for method, h := range on {
		server.OnRequest(method, func(req *sip.Request, tx sip.ServerTransaction) { h(e, req, tx) })
	}
	go func() {
		defer close(e.served)
		server.ServeUDP(&socket{PacketConn: e.conn, pool: e.agent.TransportLayer().Pool("udp"), sources: map[string]bool{}})
	}()
	return nil
}

// close gives the socket back at once: what was under way is lost, as when a process is killed.
func (e *endpoint) close() {
	e.conn.Close()
	<-e.served
	e.agent.TransactionLayer().Close() // and not the transports: see socket
}

// ignore is the handler of an ACK: there is nothing to do but to take it.
func ignore(*endpoint, *sip.Request, sip.ServerTransaction) {}

// answer responds and says who answers. A peer that is gone meanwhile asks again or gives up: its side of the matter.
func (e *endpoint) answer(req *sip.Request, tx sip.ServerTransaction, code int, reason string) {
	_ = tx.Respond(e.response(req, code, reason))
}

func (e *endpoint) response(req *sip.Request, code int, reason string) *sip.Response {
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	res.AppendHeader(sip.NewHeader("Server", e.name))
	return res
}

func (e *endpoint) contact(user string) *sip.ContactHeader {
	return &sip.ContactHeader{Address: uriAt(user, e.addr)}
}

// accept answers an INVITE: ringing, then 200 with a description (an offer if the INVITE brought none). keep is given the dialog before the
// 200 leaves: a BYE may overtake everything else.
func (e *endpoint) accept(req *sip.Request, tx sip.ServerTransaction, keep func(dialog)) {
	tag := sip.GenerateTagN(12)
	d, err := accepted(req, tag)
	if err != nil {
		e.answer(req, tx, 400, "Bad Request")
		return
	}
	for _, s := range []struct {
		code   int
		reason string
	}{{180, "Ringing"}, {200, "OK"}} {
		res := e.response(req, s.code, s.reason)
		res.To().Params.Add("tag", tag)
		res.AppendHeader(e.contact(req.To().Address.User))
		if s.code == 200 {
			res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
			res.SetBody(description(e.addr))
			keep(d)
		}
		_ = tx.Respond(res) // the caller is gone or asks again
	}
}

// invitation is an INVITE to be sent.
type invitation struct {
	from, to string // user of From; Request-URI and To, as text
	proxy    string // host:port that it goes to first; "" = where the Request-URI says
	session  string // application session that a node ties the call to
	offer    []byte
}

// invite calls and waits for the final answer. The caller sends the ACK of a 2xx.
func (e *endpoint) invite(ctx context.Context, in invitation) (dialog, *sip.Response, error) {
	var to sip.Uri
	if err := sip.ParseUri(in.to, &to); err != nil {
		return dialog{}, nil, fmt.Errorf("call to %q: %w", in.to, err)
	}
	req := sip.NewRequest(sip.INVITE, to)
	if in.proxy != "" {
		proxy := uriAt("", in.proxy)
		proxy.UriParams = sip.NewParams()
		proxy.UriParams.Add("lr", "")
		req.AppendHeader(&sip.RouteHeader{Address: proxy})
	}
	from := &sip.FromHeader{Address: uriAt(in.from, e.addr), Params: sip.NewParams()}
	from.Params.Add("tag", sip.GenerateTagN(12))
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: to})
	req.AppendHeader(e.contact(in.from))
	req.AppendHeader(sip.NewHeader("User-Agent", e.name))
	if in.session != "" {
		req.AppendHeader(sip.NewHeader(sessionHeader, in.session))
	}
	if in.offer != nil {
		req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		req.SetBody(in.offer)
	}
	res, err := e.client.Do(ctx, req)
	if err != nil {
		return dialog{}, nil, fmt.Errorf("INVITE to %s: %w", in.to, err)
	}
	if !res.IsSuccess() {
		return dialog{}, res, fmt.Errorf("INVITE to %s was answered %d %s", in.to, res.StatusCode, res.Reason)
	}
	d, err := answered(req, res)
	return d, res, err
}

// ack confirms the answer to an INVITE, with an SDP answer when the offer came in the 200.
func (e *endpoint) ack(d *dialog, body []byte) error {
	return e.client.WriteRequest(d.request(sip.ACK, body))
}

// send makes a request within a dialog and waits for the final answer.
func (e *endpoint) send(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	res, err := e.client.Do(ctx, req)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s within call %s: %w", req.Method, callIDOf(req), err)
	case !res.IsSuccess():
		return nil, fmt.Errorf("%s within call %s was answered %d %s", req.Method, callIDOf(req), res.StatusCode, res.Reason)
	}
	return res, nil
}

func uriAt(user, addr string) sip.Uri {
	host, port, _ := sip.ParseAddr(addr)
	return sip.Uri{Scheme: "sip", User: user, Host: host, Port: port}
}

// server is the name that the answering side gave itself.
func server(res *sip.Response) string {
	if h := res.GetHeader("Server"); h != nil {
		return h.Value()
	}
	return ""
}

// description is an SDP body (RFC 8866) without media to be sent: the demo's calls are real, sound is not part of them.
func description(addr string) []byte {
	host, port, _ := net.SplitHostPort(addr)
	return []byte("v=0\r\no=- " + port + " 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=inactive\r\n")
}
