package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"twinhop/admin/explain"
	sipfront "twinhop/sip"
	"twinhop/sip/peek"
)

// unserved is why a message cannot come here at all.
type unserved struct{ error }

// Unserved implements explain.Unserved.
func (unserved) Unserved() bool { return true }

var errNoFront = unserved{errors.New("nothing listens for this protocol")}

// sip gives the bytes to a SIP front that has the addresses of the one that serves.
func (p *play) sip(ctx context.Context, m *explain.Message) error {
	live := p.Stage.SIP
	if live == nil {
		return errNoFront
	}
	msg := peek.Message{}
	if reason := msg.Scan(bytes.Clone(m.Raw)); reason != peek.OK {
		p.out.Faults = faultsSIP(m.Raw, &msg, reason)
	}
	if msg.Response {
		p.out.Faults = []explain.Fault{{Line: 1, Column: 1, Message: "an answer goes back along the Via of its request: nothing is decided"}}
		return nil
	}
	p.out.Title = strings.TrimSpace(string(msg.Text(msg.MethodName)) + " " + string(msg.Text(msg.URI.HostPort())))
	if !m.From.IsValid() {
		m.From = senderOf(&msg)
	}
	counts := newCounts()
	f := &sipfront.Front{Router: p.router, Secrets: live.Secrets, Metrics: counts, External: live.External, Internal: live.Internal,
		Aliases: live.Aliases, Resolver: live.Resolver, TLS: live.TLS, Web: live.Web}
	if live.Heartbeat != nil {
		f.Heartbeat = func(netip.Addr, map[string]string) error { p.out.Serves = "heartbeats"; return nil }
	}
	f.Apply(p.Words.SIP)
	if p.Leaving != nil && p.Leaving() {
		_ = f.Drain(ctx) // nobody has calls here: it returns at once
	}
	played, err := f.Rehearse(ctx, &sipfront.Came{Data: m.Raw, Src: m.From, Transport: m.Transport, Inside: m.Inside})
	if errors.Is(err, sipfront.ErrNoListener) {
		return unserved{fmt.Errorf("nothing listens for SIP by %s where %s could come from", m.Transport, m.From)}
	}
	if err != nil {
		return err
	}
	p.left(played, &msg)
	if len(played.Left) == 0 && p.out.Asks == "" {
		p.out.Dropped = slices.Sorted(maps.Keys(counts.Reasons()))
	}
	return nil
}

// left tells what would leave.
func (p *play) left(played *sipfront.Played, came *peek.Message) {
	p.out.Asks = played.Asks
	if len(played.Left) == 0 {
		return
	}
	first := played.Left[0]
	var out peek.Message
	out.Limits = &peek.Limits{} // it has our lines in addition
	out.Scan(first.Data)
	if out.Response {
		_, reason, _ := strings.Cut(string(first.Data[:max(bytes.IndexByte(first.Data, '\r'), 0)]), fmt.Sprintf(" %d ", out.Status))
		p.out.Answer = &explain.Answer{Status: out.Status, Reason: reason}
		return
	}
	p.out.Toward = first.Transport + "://" + first.To.String()
	p.compare(linesOfSIP(came), linesOfSIP(&out), whySIP)
}

// whySIP is why lines of SIP change.
var whySIP = map[string]string{
	"via":                              "the answer comes back by the gateway, and from there to the sender",
	"record-route":                     "what follows in the dialog comes by the gateway, which finds the node again by it",
	"route":                            "what led to the gateway is used up; the next one leads to the node",
	"path":                             "requests to who registers come by the gateway and by his connection",
	"max-forwards":                     "one hop less",
	"request-uri":                      "it leads to the node that serves",
	"contact":                          "it says the address by which the node can be reached",
	"content-length":                   "on a connection nothing else tells the end of a message",
	"x-sip-balancer-initialremoteaddr": "the node learns where the client is (sip.initialRemote)",
	"x-sip-balancer-initialremoteport": "the node learns where the client is (sip.initialRemote)",
	"x-twinhop-session":                "it is between nodes and the gateway",
	"":                                 "it does not pass as it is",
}

func linesOfSIP(m *peek.Message) []line {
	all := []line{{"Request-URI", string(m.Text(m.URI.Span))}}
	for _, s := range m.Lines() {
		name, value, _ := strings.Cut(strings.TrimSpace(string(m.Text(s))), ":")
		all = append(all, line{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return all
}

// senderOf is where a message says that it comes from, if that is an address, else this machine.
func senderOf(m *peek.Message) netip.AddrPort {
	ip, ok := peek.ParseIP(m.Text(m.Via.Host))
	if !ok || ip.IsUnspecified() {
		return netip.MustParseAddrPort("127.0.0.1:49152")
	}
	port := uint16(m.Via.Port)
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(ip, port)
}
