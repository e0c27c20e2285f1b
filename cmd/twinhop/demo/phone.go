package demo

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/emiago/sipgo/sip"

	"twinhop/cmd/twinhop/demo/ua"
)

// phone is a telephone: it answers every call by itself, calls, and hangs up.
type phone struct {
	user string
	*ua.Endpoint
	bell bell

	mu    sync.Mutex
	calls map[string]*ua.Dialog // calls in progress, by Call-ID
}

// maxCalls bounds what one telephone holds at once.
const maxCalls = 1000

func newPhone(user, addr string) (*phone, error) {
	p := &phone{user: user, calls: map[string]*ua.Dialog{}}
	var err error
	p.Endpoint, err = ua.Listen("phone-"+user, addr, ua.Handlers{
		sip.INVITE: p.onInvite, sip.BYE: p.onWithin, sip.INFO: p.onWithin, sip.ACK: ua.Ignore})
	return p, err
}

// callee is the telephone as it is called directly.
func (p *phone) callee() callee { return callee{uri: ua.URI(p.user, p.Addr)} }

func (p *phone) onInvite(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction) {
	p.mu.Lock()
	busy := len(p.calls) >= maxCalls
	p.mu.Unlock()
	if busy {
		e.Answer(req, tx, 486, "Busy Here")
		return
	}
	e.Accept(req, tx, func(d ua.Dialog) { p.keep(&d) })
}

func (p *phone) onWithin(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction) {
	d := p.call(ua.CallID(req))
	if d == nil || !d.Is(req) {
		e.Answer(req, tx, 481, "Call Does Not Exist")
		return
	}
	if req.Method == sip.BYE {
		p.forget(d.CallID)
	}
	e.Answer(req, tx, 200, "OK")
}

func (p *phone) keep(d *ua.Dialog) {
	p.mu.Lock()
	p.calls[d.CallID] = d
	p.mu.Unlock()
	p.bell.ring()
}

func (p *phone) forget(callID string) {
	p.mu.Lock()
	delete(p.calls, callID)
	p.mu.Unlock()
	p.bell.ring()
}

func (p *phone) call(callID string) *ua.Dialog {
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
	in := ua.Invitation{From: ua.URI(p.user, p.Addr), Offer: ua.Silence(p.Addr)}
	if err := sip.ParseUri(to, &in.To); err != nil {
		return "", "", fmt.Errorf("call to %q: %w", to, err)
	}
	if proxy != "" {
		in.Routes = []sip.Uri{ua.Hop(proxy)}
	}
	d, res, err := p.Invite(ctx, in)
	if err != nil {
		return "", "", err
	}
	if err := p.Ack(&d, nil); err != nil {
		return "", "", err
	}
	p.keep(&d)
	return d.CallID, ua.Server(res), nil
}

// within sends a request within a call and returns who answered it with 200. A BYE ends the call.
func (p *phone) within(ctx context.Context, callID string, method sip.RequestMethod) (by string, err error) {
	p.mu.Lock()
	d := p.calls[callID]
	if d == nil {
		p.mu.Unlock()
		return "", fmt.Errorf("telephone %s has no call %s", p.user, callID)
	}
	req := d.Request(method, nil)
	p.mu.Unlock()
	res, err := p.Send(ctx, req)
	if err != nil {
		return "", err
	}
	if method == sip.BYE {
		p.forget(callID)
	}
	return ua.Server(res), nil
}
