package ua

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func listen(t *testing.T, name string, on Handlers) *Endpoint {
	t.Helper()
	e, err := Listen(name, "127.0.0.1:0", on)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestAClosedEndpointOpensNothing(t *testing.T) {
	ctx := testContext(t)
	e := listen(t, "one", nil)
	other := listen(t, "two", Handlers{
		sip.INVITE: func(e *Endpoint, req *sip.Request, tx sip.ServerTransaction) { e.Accept(req, tx, func(Dialog) {}) }})
	d, _, err := e.Invite(ctx, Invitation{From: URI("one", e.Addr), To: URI("two", other.Addr)})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	if _, err := e.Send(ctx, d.Request(sip.BYE, nil)); err == nil {
		t.Error("a closed endpoint sent a BYE")
	}
	if err := e.Ack(&d, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed endpoint sent an ACK: %v", err)
	}
	again, err := net.ListenPacket("udp4", e.Addr)
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	again.Close()
}

// ring answers with 180 and hears when the caller gives up.
func ring(gaveUp chan<- struct{}) Handlers {
	return Handlers{sip.ACK: Ignore, sip.INVITE: func(e *Endpoint, req *sip.Request, tx sip.ServerTransaction) {
		tx.OnCancel(func(*sip.Request) { close(gaveUp) })
		e.Answer(req, tx, 180, "Ringing")
		select {
		case <-tx.Done():
		case <-e.Life().Done():
		}
	}}
}

func TestACallThatIsGivenUpIsCancelled(t *testing.T) {
	ctx, giveUp := context.WithCancelCause(testContext(t))
	gaveUp := make(chan struct{})
	e, other := listen(t, "one", nil), listen(t, "two", ring(gaveUp))
	late := errors.New("late for dinner")
	_, _, err := e.Invite(ctx, Invitation{From: URI("one", e.Addr), To: URI("two", other.Addr), Progress: func(*sip.Response) { giveUp(late) }})
	if !errors.Is(err, late) {
		t.Errorf("the call ended with %v", err)
	}
	select {
	case <-gaveUp:
	case <-testContext(t).Done():
		t.Error("the other side was not told")
	}
}

// A handler that waits ends with its endpoint, and the endpoint waits for it.
func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	rings := make(chan struct{})
	e, other := listen(t, "one", nil), listen(t, "two", ring(make(chan struct{})))
	done := make(chan error, 1)
	go func() {
		_, _, err := e.Invite(testContext(t), Invitation{From: URI("one", e.Addr), To: URI("two", other.Addr),
			Progress: func(*sip.Response) { close(rings) }})
		done <- err
	}()
	<-rings
	other.Close()
	e.Close()
	if err := <-done; err == nil {
		t.Error("a call went on without its endpoint")
	}
}
