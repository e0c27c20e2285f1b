package demo

import (
	"errors"
	"net"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestAClosedEndpointOpensNothing(t *testing.T) {
	ctx := testContext(t)
	e, err := listen("one", "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newPhone("two", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	d, _, err := e.invite(ctx, invitation{from: "one", to: other.uri()})
	if err != nil {
		t.Fatal(err)
	}
	e.close()
	if _, err := e.send(ctx, d.request(sip.BYE, nil)); err == nil {
		t.Error("a closed endpoint sent a BYE")
	}
	if err := e.ack(&d, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed endpoint sent an ACK: %v", err)
	}
	again, err := net.ListenPacket("udp4", e.addr)
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	again.Close()
}
