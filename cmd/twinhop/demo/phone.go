package demo

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// phone is a telephone: it answers every call by itself, calls, and hangs up.
type phone struct {
	user string
	*endpoint
	bell bell

	mu    sync.Mutex
	calls map[string]*dialog // calls in progress, by Call-ID
}

// maxCalls bounds what one telephone holds at once.
const maxCalls = 1000

func newPhone(user, addr string) (*phone, error) {
	p := &phone{user: user, calls: map[string]*dialog{}}
	var err error
	p.endpoint, err = listen("phone-"+user, addr, handlers{
		sip.INVITE: p.onInvite, sip.BYE: p.onBye, sip.ACK: ignore})
	return p, err
}

// uri is where the telephone is called directly.
func (p *phone) uri() string {
	u := uriAt(p.user, p.addr)
	return u.String()
}

func (p *phone) onInvite(e *endpoint, req *sip.Request, tx sip.ServerTransaction) {
	p.mu.Lock()
	busy := len(p.calls) >= maxCalls
	p.mu.Unlock()
	if busy {
		e.answer(req, tx, 486, "Busy Here")
		return
	}
	e.accept(req, tx, func(d dialog) { p.keep(&d) })
}

func (p *phone) onBye(e *endpoint, req *sip.Request, tx sip.ServerTransaction) {
	d := p.call(callIDOf(req))
	if d == nil || !d.is(req) {
		e.answer(req, tx, 481, "Call Does Not Exist")
		return
	}
	p.forget(d.callID)
	e.answer(req, tx, 200, "OK")
}

func callIDOf(m interface{ CallID() *sip.CallIDHeader }) string {
	if id := m.CallID(); id != nil {
		return id.Value()
	}
	return ""
}

func (p *phone) keep(d *dialog) {
	p.mu.Lock()
	p.calls[d.callID] = d
	p.mu.Unlock()
	p.bell.ring()
}

func (p *phone) forget(callID string) {
	p.mu.Lock()
	delete(p.calls, callID)
	p.mu.Unlock()
	p.bell.ring()
}

func (p *phone) call(callID string) *dialog {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[callID]
}

// talking lists the Call-IDs of the calls in progress.
func (p *phone) talking() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := make([]string, 0, len(p.calls))
	for id := range p.calls {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// until waits until the call is, or is no longer, in progress.
func (p *phone) until(ctx context.Context, callID string, talking bool) error {
	if err := p.bell.until(ctx, func() bool { return (p.call(callID) != nil) == talking }); err != nil {
		return fmt.Errorf("telephone %s waits for call %s: %w", p.user, callID, err)
	}
	return nil
}

// dial calls to through a proxy and returns the Call-ID and who answered.
func (p *phone) dial(ctx context.Context, to, proxy string) (callID, by string, err error) {
	d, res, err := p.invite(ctx, invitation{from: p.user, to: to, proxy: proxy, offer: description(p.addr)})
	if err != nil {
		return "", "", err
	}
	if err := p.ack(&d, nil); err != nil {
		return "", "", err
	}
	p.keep(&d)
	return d.callID, server(res), nil
}

// within sends a request within a call and returns who answered it with 200. A BYE ends the call.
func (p *phone) within(ctx context.Context, callID string, method sip.RequestMethod) (by string, err error) {
	p.mu.Lock()
	d := p.calls[callID]
	if d == nil {
		p.mu.Unlock()
		return "", fmt.Errorf("telephone %s has no call %s", p.user, callID)
	}
	req := d.request(method, nil)
	p.mu.Unlock()
	res, err := p.send(ctx, req)
	if err != nil {
		return "", err
	}
	if method == sip.BYE {
		p.forget(callID)
	}
	return server(res), nil
}
