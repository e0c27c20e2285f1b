package flows

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/legs"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
	"twinhop/sip/self"
	"twinhop/sip/stream"
)

// Ways are the ways back to clients. Router and Legs are set before they are used.
type Ways struct {
	Router *gateway.Router
	Legs   *legs.Set

	names Names
	pages Pages
}

// Down is a flow with its other end.
type Down struct {
	seal.Flow
	Leg  *legs.Leg    // nil: none is meant
	Conn *stream.Conn // nil: UDP
	To   legs.Hop
}

// Of is the flow by which a message came: a connection, 0 for none, or over UDP an address.
func Of(g *legs.Leg, conn uint64, src netip.AddrPort) seal.Flow {
	f := seal.Flow{Leg: byte(g.Index), Conn: conn}
	if !g.Stream() {
		f.Peer = netip.AddrPortFrom(src.Addr().Unmap(), src.Port())
	}
	return f
}

// Follow finds the other end of a flow; ok is false when it is not there any more. Those to nodes are none.
func (w *Ways) Follow(f seal.Flow) (d Down, ok bool) {
	if int(f.Leg) >= len(w.Legs.All) {
		return d, false
	}
	g := w.Legs.All[f.Leg]
	if g.Inside || g.Stream() != (f.Conn != 0) {
		return d, false
	}
	d = Down{Flow: f, Leg: g, To: legs.Hop{Transport: g.Transport, Addr: f.Peer}}
	if f.Conn == 0 {
		return d, g.Reaches(f.Peer.Addr())
	}
	if d.Conn = g.Streams.Find(f.Conn); d.Conn == nil {
		return d, false
	}
	d.To.Addr = d.Conn.Peer()
	return d, true
}

// Named is Follow for the connection that uses a host which nobody may look up, for a user.
func (w *Ways) Named(user, host []byte) (d Down, ok bool) {
	f, ok := w.names.Find(user, host)
	if !ok {
		return d, false
	}
	return w.Follow(f)
}

// Hear notes what a client that was let in says of itself by a request on a connection: the names that nobody may look up, and that requests
// for the host of its Via may come by this connection, if its certificate is for that host (RFC 5923 section 5).
func (w *Ways) Hear(m *peek.Message, g *legs.Leg, s *stream.Conn) {
	switch {
	case g.Web():
		f := Of(g, s.ID(), s.Peer())
		w.names.Learn(f, nil, m.Text(m.Via.Host))
		for i := range m.Contacts.Stored() {
			if u := m.AddrURI(m.Contacts.At(i).Span); u.OK {
				w.names.Learn(f, m.Text(u.User), m.Text(u.Host))
			}
		}
	case g.Secure() && Aliased(m):
		host := string(m.Text(m.Via.Host))
		to := legs.To(g.String(), netip.AddrPortFrom(s.Peer().Addr(), m.Via.SentPort(g.DefaultPort())), host)
		if !g.Connected(to) && Certified(s.TLS(), host) {
			g.Streams.Alias(s, stream.Peer{Addr: to.Addr, Name: strings.ToLower(to.Name)})
		}
	}
}

// Registered notes that a node has accepted a registration by a connection, 0 for none: its client may be silent for as long as that is good,
// but for a browser, which is asked whether it is there.
func (w *Ways) Registered(g *legs.Leg, conn uint64, expires time.Duration) {
	switch {
	case conn == 0:
	case g.Web():
		w.names.Trust(seal.Flow{Leg: byte(g.Index), Conn: conn})
	default:
		if s := g.Streams.Find(conn); s != nil {
			s.Keep(expires + time.Minute)
		}
	}
}

// joinTime is how long the affinity table may take to be told of a page.
const joinTime = 2 * time.Second

var errNoWeb = errors.New("no listener for SIP takes the WebSockets of this address")

// Adopt gives a connection that was made a WebSocket elsewhere to the pool of its leg. page has the keys of its
// page's request, and the route that its session id names; pool is that of SIP.
func (w *Ways) Adopt(conn net.Conn, early []byte, page Page, pool string) error {
	g := w.web(conn)
	if g == nil {
		conn.Close()
		return fmt.Errorf("adopt a connection on %s: %w", conn.LocalAddr(), errNoWeb)
	}
	return g.Streams.Adopt(conn, early, func(s *stream.Conn) { w.join(Of(g, s.ID(), s.Peer()), page, pool) })
}

// web is the leg that a WebSocket belongs to: that of its own address, else the first one of its kind.
func (w *Ways) web(conn net.Conn) (first *legs.Leg) {
	kind := legs.WS
	if _, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		kind = legs.WSS
	}
	at := self.Bound(conn.LocalAddr())
	for _, g := range w.Legs.All {
		switch {
		case g.Transport != kind || g.Inside:
		case g.Is(at.Addr(), at.Port()):
			return g
		case first == nil:
			first = g
		}
	}
	return first
}

// join ties a connection to the session of its page. What cannot be is served by its cookie's route, or as if there were no page.
func (w *Ways) join(at seal.Flow, page Page, name string) {
	view := w.Router.Views()
	pool := view.Pool(name)
	if pool == nil {
		return
	}
	x := Page{Key: Key(pool.Realm, at)}
	if page.Hint.Route != "" {
		x.Hint = gateway.Hint{Route: strings.Clone(page.Hint.Route), Source: page.Hint.Source}
	}
	ask := gateway.Ask{Kind: gateway.Open, Wants: cluster.HTTP, View: view, Pool: pool, Hint: page.Hint}
	ask.Add(x.Key, gateway.SourceFlow)
	for _, e := range page.Evidence {
		if e.Realm == pool.Realm { // keys of other realms never meet those of SIP
			ask.Evidence = append(ask.Evidence, e)
		}
	}
	if len(ask.Evidence) == 1 && x.Hint.Route == "" {
		return
	}
	w.pages.Add(at, x)
	ctx, cancel := context.WithTimeout(context.Background(), joinTime)
	defer cancel()
	_, _ = w.Router.Join(ctx, &ask)
}

// Page is what is known of the page by whose connection a request came; ok is false when it has none.
func (w *Ways) Page(g *legs.Leg, conn uint64) (x Page, ok bool) {
	if !g.Web() || conn == 0 {
		return x, false
	}
	return w.pages.Find(seal.Flow{Leg: byte(g.Index), Conn: conn})
}

// Part forgets a connection that has ended.
func (w *Ways) Part(g *legs.Leg, conn uint64) {
	if !g.Web() {
		return
	}
	f := seal.Flow{Leg: byte(g.Index), Conn: conn}
	w.names.Forget(f)
	x, ok := w.pages.Forget(f)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), joinTime)
	defer cancel()
	if b, err := w.Router.Store.Find(ctx, []appsession.Key{x.Key}); err == nil {
		_ = w.Router.Store.Drop(ctx, b.ID, x.Key) // else it ends with the session
	}
}

// Touch shows the affinity table that the sessions of all pages are in use, which is due every 15 s.
func (w *Ways) Touch() {
	if near, ok := w.Router.Store.(appsession.Near); ok {
		w.pages.Touch(near)
	}
}
