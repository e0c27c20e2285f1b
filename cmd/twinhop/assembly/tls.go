package assembly

import (
	"context"
	"fmt"
	"net"
	"time"

	"twinhop/cmd/twinhop/certs"
	"twinhop/cmd/twinhop/handshake"
	"twinhop/cmd/twinhop/stages"
	"twinhop/gateway/config"
	"twinhop/http/tohttps"
)

// WordsIn are Words for a configuration in a directory: files that it names
// are looked at, too.
func WordsIn(dir string) config.Words {
	w, p := Words(), places{dir: dir}
	w.Files = func(t *config.TLS) config.Problems { return certs.Examine(t, p.file, time.Now()) }
	w.TowardFiles = func(t *config.Toward) config.Problems { return certs.ExamineToward(t, p.file, time.Now()) }
	return w
}

// protocols are what clients may choose from who speak HTTP by TLS, to ask for
// a WebSocket or for anything else.
var protocols = []string{"http/1.1"}

// A door is what a plain listener becomes: one that speaks TLS.
type door struct {
	key, name    string // of the configuration, and as metrics and the log call it
	tls          *config.TLS
	proto, plain string   // see handshake.Options
	protos       []string // that a client may choose from
	timeout      time.Duration
}

// secured is a plain listener with TLS.
func (g *Gateway) secured(plain net.Listener, d *door) (*handshake.Listener, error) {
	if g.counts == nil {
		var err error
		if g.counts, err = handshake.NewMetrics(g.metrics); err != nil {
			return nil, err
		}
	}
	c, err := g.keeper().Open(certs.Listener{Name: d.name, TLS: *d.tls, File: g.places.file, Protos: d.protos})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.key, err)
	}
	return handshake.New(plain, handshake.Options{Config: c, Proto: d.proto, Plain: d.plain, Timeout: d.timeout, Metrics: g.counts, Log: g.log}), nil
}

// doors are the HTTP listeners as the front serves them: with TLS, where the
// configuration says so.
func (g *Gateway) doors() ([]net.Listener, error) {
	var all []net.Listener
	for i := range g.config.Listen.HTTP {
		l, open := &g.config.Listen.HTTP[i], g.crowd.Listener(g.sockets.HTTP[i])
		switch {
		case l.HTTPS != 0:
			g.sendOn(open, l.HTTPS)
			continue
		case l.TLS.On():
			var err error
			if open, err = g.secured(open, &door{key: fmt.Sprintf("listen.http[%d].tls", i), name: l.Addr, tls: &l.TLS, proto: handshake.HTTP,
				plain: handshake.PlainHTTPS, protos: protocols, timeout: g.config.Limits.HTTP.HeaderTimeout}); err != nil {
				return nil, err
			}
		}
		all = append(all, open)
	}
	return all, nil
}

// sendOn has a listener send its clients to HTTPS on a port.
func (g *Gateway) sendOn(l net.Listener, port int) {
	limits := g.config.Limits.HTTP
	s := &tohttps.Server{Port: port, HeaderBytes: int(limits.HeaderBytes), HeaderTimeout: off(limits.HeaderTimeout), IdleTimeout: off(limits.IdleTimeout), Log: g.log}
	g.elsewhere = append(g.elsewhere, stages.Stage{Name: "to https", Run: func(ctx context.Context) error { return s.Run(ctx, l) }})
}

// keeper holds the certificates of all listeners.
func (g *Gateway) keeper() *certs.Keeper {
	if g.certs == nil {
		g.certs = &certs.Keeper{Log: g.log}
	}
	return g.certs
}
