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

// protocols are what an HTTPS client may choose from.
var protocols = []string{"http/1.1"}

// doors are the HTTP listeners as the front serves them: with TLS, where the
// configuration says so.
func (g *Gateway) doors() ([]net.Listener, error) {
	var all []net.Listener
	var counts *handshake.Metrics
	for i, l := range g.config.Listen.HTTP {
		plain := g.crowd.Listener(g.sockets.HTTP[i])
		if l.HTTPS != 0 {
			g.sendOn(plain, l.HTTPS)
			continue
		}
		if !l.TLS.On() {
			all = append(all, plain)
			continue
		}
		if counts == nil {
			var err error
			if counts, err = handshake.NewMetrics(g.metrics); err != nil {
				return nil, err
			}
		}
		c, err := g.keeper().Open(certs.Listener{Name: l.Addr, TLS: l.TLS, File: g.places.file, Protos: protocols})
		if err != nil {
			return nil, fmt.Errorf("listen.http[%d].tls: %w", i, err)
		}
		all = append(all, handshake.New(plain, handshake.Options{Config: c, Proto: handshake.HTTP, Plain: handshake.PlainHTTPS, Timeout: g.config.Limits.HTTP.HeaderTimeout, Metrics: counts, Log: g.log}))
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
