package demo

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"twinhop/cmd/twinhop/demo/ua"
)

// talker is a user agent that nobody can call but by the TCP connection that it opened itself.
type talker struct {
	agent  *sipgo.UserAgent
	client *sipgo.Client
	to     string // host:port of the gateway
	tells  chan string
	calls  chan *ua.Dialog
}

// nowhere is what it says in Contact: nobody listens there.
var nowhere = sip.Uri{Scheme: "sip", User: "tina", Host: "127.0.0.1", Port: 9}

func newTalker(t *testing.T, gateway string) *talker {
	t.Helper()
	p := &talker{to: gateway, tells: make(chan string, 10), calls: make(chan *ua.Dialog, 1)}
	silent := slog.New(slog.DiscardHandler)
	var err error
	p.agent, err = sipgo.NewUA(sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerLogger(silent)),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(silent)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.agent.Close() })
	server, err := sipgo.NewServer(p.agent, sipgo.WithServerLogger(silent))
	if err != nil {
		t.Fatal(err)
	}
	if p.client, err = sipgo.NewClient(p.agent, sipgo.WithClientLogger(silent), sipgo.WithClientHostname("127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	server.OnInvite(func(req *sip.Request, tx sip.ServerTransaction) {
		d, err := ua.Accepted(req, "tina")
		if err != nil {
			t.Error(err)
			return
		}
		res := sip.NewResponseFromRequest(req, 200, "OK", []byte("answer of tina"))
		res.To().Params.Add("tag", "tina")
		res.AppendHeader(&sip.ContactHeader{Address: nowhere})
		_ = tx.Respond(res)
		p.calls <- &d
	})
	server.OnAck(func(*sip.Request, sip.ServerTransaction) { p.tells <- "ACK" })
	server.OnBye(func(req *sip.Request, tx sip.ServerTransaction) {
		_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
		p.tells <- "BYE"
	})
	return p
}

func (p *talker) send(ctx context.Context, t *testing.T, req *sip.Request) *sip.Response {
	t.Helper()
	req.SetTransport("TCP")
	req.SetDestination(p.to)
	res, err := p.client.Do(ctx, req)
	if err != nil || !res.IsSuccess() {
		t.Fatalf("%s: %v %v", req.Method, err, res)
	}
	return res
}

func (p *talker) register(ctx context.Context, t *testing.T) {
	t.Helper()
	host, _, _ := net.SplitHostPort(p.to)
	req := sip.NewRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: host})
	aor := sip.Uri{Scheme: "sip", User: "tina", Host: host}
	from := &sip.FromHeader{Address: aor, Params: sip.NewParams()}
	from.Params.Add("tag", "r")
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: aor})
	req.AppendHeader(&sip.ContactHeader{Address: nowhere})
	req.AppendHeader(sip.NewHeader("Supported", "path, outbound"))
	res := p.send(ctx, t, req)
	if res.GetHeader("Path") == nil {
		t.Errorf("no Path in\n%s", res)
	}
}

func (p *talker) hears(ctx context.Context, t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-p.tells:
		if got != want {
			t.Errorf("tina was told %s, want %s", got, want)
		}
	case <-ctx.Done():
		t.Fatalf("tina waits for %s", want)
	}
}

// Who registers by TCP is called by that connection, whichever node calls: also after the node is gone that he registered with.
func TestARegisteredUserIsReachedByHisConnection(t *testing.T) {
	ctx, s, alice, _ := bridged(t, accept)
	tina := newTalker(t, s.gate.tcp)
	tina.register(ctx, t)
	d, res, err := alice.call(ctx, "tina", s.gate.sip, []byte("offer of alice"))
	if err != nil || string(res.Body()) != "answer of tina" {
		t.Fatalf("%v %v", err, res)
	}
	tina.hears(ctx, t, "ACK")
	<-tina.calls
	if _, err := alice.Send(ctx, d.Request(sip.BYE, nil)); err != nil {
		t.Fatal(err)
	}
	tina.hears(ctx, t, "BYE")

	s.node(s.shared.contacts.Of("tina", time.Now())[0].Node).kill()
	if _, _, err = alice.call(ctx, "tina", s.gate.sip, []byte("x")); err != nil {
		t.Fatal(err)
	}
	tina.hears(ctx, t, "ACK")
	tina.send(ctx, t, (<-tina.calls).Request(sip.BYE, nil))
	alice.hears(ctx, t, "BYE")

	tina.agent.Close() // and with it the connection: nobody waits for a time-out
	if _, res, err = alice.call(ctx, "tina", s.gate.sip, []byte("x")); err == nil || res == nil || res.StatusCode != 480 {
		t.Errorf("a call to who is gone: %v", err)
	}
	if n := len(s.shared.contacts.Of("tina", time.Now())); n != 0 {
		t.Errorf("%d ways to who is gone", n)
	}
}
