package demo

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"twinhop/cmd/twinhop/demo/ua"
)

// softphone is a user agent that registers. It answers calls with what it was given.
type softphone struct {
	*ua.Endpoint
	user  string
	tells chan string // "INVITE offer", "ACK answer", "BYE", "INFO body", …
	cseq  int
	rung  func() // the other side rings; its answer may overtake that

	mu   sync.Mutex
	only *ua.Dialog // the last call
}

func newSoftphone(t *testing.T, user string, answer func(p *softphone, req *sip.Request, tx sip.ServerTransaction, d *ua.Dialog)) *softphone {
	t.Helper()
	p := &softphone{user: user, tells: make(chan string, 20), rung: func() {}}
	tell := func(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction) {
		p.tells <- strings.TrimSpace(string(req.Method) + " " + string(req.Body()))
		if !req.IsAck() {
			res := e.Response(req, 200, "OK")
			if req.IsInvite() {
				res.AppendHeader(e.Contact(user))
			}
			res.SetBody([]byte("answer of " + user))
			_ = tx.Respond(res)
		}
	}
	var err error
	p.Endpoint, err = ua.Listen("softphone-"+user, "127.0.0.1:0", ua.Handlers{sip.ACK: tell, sip.BYE: tell, sip.INFO: tell, sip.UPDATE: tell,
		sip.INVITE: func(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction) {
			if req.To().Params.Has("tag") {
				tell(e, req, tx)
				return
			}
			p.tells <- strings.TrimSpace("INVITE " + string(req.Body()))
			d, err := ua.Accepted(req, sip.GenerateTagN(12))
			if err != nil {
				t.Error(err)
				return
			}
			answer(p, req, tx, &d)
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// accept rings and takes the call.
func accept(p *softphone, req *sip.Request, tx sip.ServerTransaction, d *ua.Dialog) {
	p.hold(d)
	_ = tx.Respond(p.Open(p.Response(req, 180, "Ringing"), d, nil))
	_ = tx.Respond(p.Open(p.Response(req, 200, "OK"), d, []byte("answer of "+p.user)))
}

func refuse(code int, reason string) func(*softphone, *sip.Request, sip.ServerTransaction, *ua.Dialog) {
	return func(p *softphone, req *sip.Request, tx sip.ServerTransaction, _ *ua.Dialog) {
		p.Answer(req, tx, code, reason)
	}
}

func (p *softphone) hold(d *ua.Dialog) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.only = d
}

func (p *softphone) held() *ua.Dialog {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.only
}

// register sends a REGISTER through a proxy and returns who served it.
func (p *softphone) register(ctx context.Context, t *testing.T, proxy string, contact sip.Uri) string {
	t.Helper()
	p.cseq++
	aor := ua.URI(p.user, proxy)
	req := sip.NewRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: aor.Host, Port: aor.Port})
	from := &sip.FromHeader{Address: aor, Params: sip.NewParams()}
	from.Params.Add("tag", "r")
	id := sip.CallIDHeader("register-" + p.user + "-" + p.Addr)
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: aor})
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: uint32(p.cseq), MethodName: sip.REGISTER})
	req.AppendHeader(&sip.ContactHeader{Address: contact})
	req.AppendHeader(sip.NewHeader("Supported", "path"))
	res, err := p.Send(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	return ua.Server(res)
}

// call calls a user through a proxy.
func (p *softphone) call(ctx context.Context, user, proxy string, offer []byte) (*ua.Dialog, *sip.Response, error) {
	d, res, err := p.Invite(ctx, ua.Invitation{From: ua.URI(p.user, proxy), To: ua.URI(user, proxy), Offer: offer,
		Progress: func(*sip.Response) { p.rung() }})
	if err != nil {
		return nil, res, err
	}
	p.hold(&d)
	var answer []byte
	if offer == nil {
		answer = []byte("late answer of " + p.user)
	}
	return &d, res, p.Ack(&d, answer)
}

// hears waits for what a softphone is told next.
func (p *softphone) hears(ctx context.Context, t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-p.tells:
			if got != w {
				t.Errorf("%s was told %q, want %q", p.user, got, w)
			}
		case <-ctx.Done():
			t.Fatalf("%s waits for %q", p.user, w)
		}
	}
}

// bridged is a stage with a gateway on which alice and bob have registered.
func bridged(t *testing.T, answer func(*softphone, *sip.Request, sip.ServerTransaction, *ua.Dialog)) (context.Context, *stage, *softphone, *softphone) {
	t.Helper()
	s, ctx := testStage(t), testContext(t)
	if _, err := s.front(ctx, false); err != nil {
		t.Fatal(err)
	}
	alice, bob := newSoftphone(t, "alice", accept), newSoftphone(t, "bob", answer)
	for _, p := range []*softphone{alice, bob} {
		p.register(ctx, t, s.gate.sip, p.Contact(p.user).Address)
	}
	return ctx, s, alice, bob
}

func TestARegisteredUserIsCalledThroughTheGateway(t *testing.T) {
	ctx, s, alice, bob := bridged(t, accept)
	d, res, err := alice.call(ctx, "bob", s.gate.sip, []byte("offer of alice"))
	if err != nil {
		t.Fatal(err)
	}
	if string(res.Body()) != "answer of bob" || ua.Server(res) == bob.Name {
		t.Errorf("alice got %q from %s", res.Body(), ua.Server(res))
	}
	bob.hears(ctx, t, "INVITE offer of alice", "ACK")
	if bob.held().CallID == d.CallID {
		t.Error("one Call-ID on both sides: the node is no back-to-back agent")
	}

	// What they say within the call reaches the other side, both ways.
	info := d.Request(sip.INFO, []byte("five"))
	if res, err := alice.Send(ctx, info); err != nil || string(res.Body()) != "answer of bob" {
		t.Errorf("INFO: %v", err)
	}
	bob.hears(ctx, t, "INFO five")
	again := bob.held().Request(sip.INVITE, []byte("hold"))
	again.AppendHeader(bob.Contact("bob"))
	res, err = bob.Send(ctx, again)
	if err != nil || string(res.Body()) != "answer of alice" {
		t.Fatalf("re-INVITE: %v", err)
	}
	if err := bob.Ack(bob.held(), nil); err != nil {
		t.Fatal(err)
	}
	alice.hears(ctx, t, "INVITE hold", "ACK")

	if _, err := alice.Send(ctx, d.Request(sip.BYE, nil)); err != nil {
		t.Fatal(err)
	}
	bob.hears(ctx, t, "BYE")
	if _, err := alice.Send(ctx, d.Request(sip.BYE, nil)); err == nil || !strings.Contains(err.Error(), "481") {
		t.Errorf("a second BYE: %v", err)
	}
}

// The offer may come with the answer, and the answer to it with the ACK.
func TestALateOfferIsConnected(t *testing.T) {
	ctx, s, alice, bob := bridged(t, accept)
	if _, res, err := alice.call(ctx, "bob", s.gate.sip, nil); err != nil || string(res.Body()) != "answer of bob" {
		t.Fatal(err)
	}
	bob.hears(ctx, t, "INVITE", "ACK late answer of alice")
	if _, err := bob.Send(ctx, bob.held().Request(sip.BYE, nil)); err != nil {
		t.Fatal(err)
	}
	alice.hears(ctx, t, "BYE")
}

func TestARefusalReachesTheCaller(t *testing.T) {
	ctx, s, alice, _ := bridged(t, refuse(486, "Busy Here"))
	if _, res, err := alice.call(ctx, "bob", s.gate.sip, []byte("x")); err == nil || res == nil || res.StatusCode != 486 {
		t.Errorf("alice got %v", err)
	}
}

func TestACallThatIsGivenUpStopsRinging(t *testing.T) {
	cancelled := make(chan struct{})
	ctx, s, alice, bob := bridged(t, func(p *softphone, req *sip.Request, tx sip.ServerTransaction, d *ua.Dialog) {
		tx.OnCancel(func(*sip.Request) { close(cancelled) })
		_ = tx.Respond(p.Open(p.Response(req, 180, "Ringing"), d, nil))
		<-tx.Done()
	})
	bounded, giveUp := context.WithCancelCause(ctx)
	late := errors.New("late for dinner")
	alice.rung = func() { giveUp(late) }
	if _, _, err := alice.call(bounded, "bob", s.gate.sip, []byte("x")); !errors.Is(err, late) {
		t.Errorf("alice got %v", err)
	}
	select {
	case <-cancelled:
	case <-ctx.Done():
		t.Error("bob still rings")
	}
	bob.Close()
}

// A way whose flow is gone is forgotten, and the next one is tried.
func TestAFlowThatIsGoneIsNotTheEnd(t *testing.T) {
	ctx, s, alice, bob := bridged(t, accept)
	gone := newSoftphone(t, "bob", refuse(430, "Flow Failed"))
	gone.register(ctx, t, s.gate.sip, gone.Contact("bob").Address)
	if n := len(s.shared.contacts.Of("bob", time.Now())); n != 2 {
		t.Fatalf("%d ways to bob", n)
	}
	if _, _, err := alice.call(ctx, "bob", s.gate.sip, []byte("x")); err != nil {
		t.Fatal(err)
	}
	gone.hears(ctx, t, "INVITE x")
	bob.hears(ctx, t, "INVITE x", "ACK")
	if n := len(s.shared.contacts.Of("bob", time.Now())); n != 1 {
		t.Errorf("%d ways to bob", n)
	}
}

// A registration that leads to the gateway itself does not make a call go round for ever.
func TestACallDoesNotGoRound(t *testing.T) {
	ctx, s, alice, bob := bridged(t, accept)
	bob.register(ctx, t, s.gate.sip, ua.URI("carl", s.gate.sip))
	carl := newSoftphone(t, "carl", accept)
	carl.register(ctx, t, s.gate.sip, ua.URI("bob", s.gate.sip))
	if _, _, err := alice.call(ctx, "carl", s.gate.sip, []byte("x")); err == nil {
		t.Error("a call that goes round was answered")
	}
}

// The other node ends a call that its node no longer can: it knows both dialogs.
func TestABridgedCallOutlivesItsNode(t *testing.T) {
	ctx, s, alice, bob := bridged(t, accept)
	d, res, err := alice.call(ctx, "bob", s.gate.sip, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	bob.hears(ctx, t, "INVITE x", "ACK")
	dead := s.node(ua.Server(res))
	dead.kill()
	res, err = alice.Send(ctx, d.Request(sip.BYE, nil))
	if err != nil || ua.Server(res) != s.other(dead.name).name {
		t.Fatalf("BYE: %v", err)
	}
	bob.hears(ctx, t, "BYE")
}
