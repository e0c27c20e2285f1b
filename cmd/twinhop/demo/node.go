package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	jsonbeats "twinhop/gateway/heartbeat/json"
)

// sessionHeader ties a call that a node starts to the application session of an HTTP session. The gateway removes it.
const sessionHeader = "X-Twinhop-Session"

// node is an application server that speaks HTTP and SIP. It can be killed and started again on the same ports.
type node struct {
	name   string
	shared *replica
	desk   desk
	enter  func(base string) (string, error) // makes a link to a session in the admin UI; nil: there is none

	mu      sync.Mutex
	http    string // host:port, kept from start to start
	sip     string // host:port
	gateway string // host:port that its own requests leave through
	server  *http.Server
	served  chan struct{}
	agent   *endpoint
	herald  *jsonbeats.Client // tells the gateway of the node; nil: it is configured
	silence func()            // ends that
}

// start binds both sockets and serves. Starting a node that runs changes nothing.
func (n *node) start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.agent != nil {
		return nil
	}
	ln, err := net.Listen("tcp4", n.http)
	if err != nil {
		return fmt.Errorf("HTTP socket of %s: %w", n.name, err)
	}
	agent, err := listen(n.name, n.sip, handlers{
		sip.INVITE: n.onInvite, sip.BYE: n.onBye, sip.INFO: n.onInfo, sip.ACK: ignore})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	n.http, n.sip, n.agent = ln.Addr().String(), agent.addr, agent
	n.server = &http.Server{Handler: n.site(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	n.served = make(chan struct{})
	go func(s *http.Server, served chan struct{}) {
		defer close(served)
		_ = s.Serve(ln) // until kill
	}(n.server, n.served)
	n.speak()
	return nil
}

// kill closes both sockets and every connection, as if the process had died.
func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.agent == nil {
		return
	}
	if n.herald != nil {
		n.silence()
	}
	n.server.Close()
	<-n.served
	n.agent.close()
	n.agent = nil
}

// sips returns the SIP side, nil when the node is down, and where requests leave through.
func (n *node) sips() (*endpoint, string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.agent, n.gateway
}

func (n *node) leaveThrough(gateway string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gateway = gateway
}

func (n *node) up() bool {
	e, _ := n.sips()
	return e != nil
}

// onInvite answers a call to the application. Whose session it belongs to the application knows from the user that is called, as the page
// that was opened with ?appsession=user does.
func (n *node) onInvite(e *endpoint, req *sip.Request, tx sip.ServerTransaction) {
	if req.To() == nil || req.From() == nil {
		return
	}
	if req.To().Params.Has("tag") {
		e.answer(req, tx, 488, "Not Acceptable Here") // nothing to renegotiate without media
		return
	}
	e.accept(req, tx, func(d dialog) { n.shared.keep(call{dialog: d, party: d.remote.uri.User + " (incoming)", node: n.name}) })
}

func (n *node) onBye(e *endpoint, req *sip.Request, tx sip.ServerTransaction) {
	n.onWithin(e, req, tx, true)
}

func (n *node) onInfo(e *endpoint, req *sip.Request, tx sip.ServerTransaction) {
	n.onWithin(e, req, tx, false)
}

// onWithin serves a request within a dialog, whichever node the dialog began on.
func (n *node) onWithin(e *endpoint, req *sip.Request, tx sip.ServerTransaction, end bool) {
	if !n.shared.serve(callIDOf(req), n.name, end, func(d *dialog) bool { return d.is(req) }) {
		e.answer(req, tx, 481, "Call Does Not Exist")
		return
	}
	e.answer(req, tx, 200, "OK")
}

var errNodeDown = errors.New("this node was killed")

// clickToCall connects two telephones (RFC 3725 flow I): the first is called without an offer, its offer goes to the second, the answer
// comes back with the ACK. Both calls are tied to the session of the browser that asked for them.
func (n *node) clickToCall(ctx context.Context, id sessionID, first, second string) error {
	e, gateway := n.sips()
	if e == nil {
		return errNodeDown
	}
	one, res, err := e.invite(ctx, invitation{from: "app", to: first, proxy: gateway, session: id.String()})
	if err != nil {
		return err
	}
	n.shared.keep(call{dialog: one, base: id.base, party: one.remote.uri.User, node: n.name})
	offer := res.Body()
	two, res, err := e.invite(ctx, invitation{from: "app", to: second, proxy: gateway, session: id.String(), offer: offer})
	if err != nil {
		return errors.Join(err, e.ack(&one, offer), n.hangUp(ctx, one.callID)) // an answer without a partner, then good-bye
	}
	n.shared.keep(call{dialog: two, base: id.base, party: two.remote.uri.User, node: n.name})
	return errors.Join(e.ack(&two, nil), e.ack(&one, res.Body()))
}

// hangUp ends a call, also one that another node began.
func (n *node) hangUp(ctx context.Context, callID string) error {
	e, _ := n.sips()
	if e == nil {
		return errNodeDown
	}
	d, ok := n.shared.take(callID, n.name)
	if !ok {
		return nil // it has ended by itself
	}
	if _, err := e.send(ctx, d.request(sip.BYE, nil)); err != nil {
		return err
	}
	n.shared.serve(callID, n.name, true, func(*dialog) bool { return true })
	return nil
}

// hangUpAll ends every call of a session.
func (n *node) hangUpAll(ctx context.Context, base string) error {
	var errs []error
	for _, c := range n.shared.of(base) {
		if !c.ended {
			errs = append(errs, n.hangUp(ctx, c.callID))
		}
	}
	return errors.Join(errs...)
}
