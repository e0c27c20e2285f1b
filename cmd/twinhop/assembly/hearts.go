package assembly

import (
	"fmt"
	"path/filepath"

	"twinhop/cmd/twinhop/certs"
	"twinhop/cmd/twinhop/hearts"
)

// buildHearts builds what takes heartbeats, if any are listened for.
func (g *Gateway) buildHearts() error {
	h := &g.config.Heartbeat
	if !h.On() {
		return nil
	}
	o := hearts.Options{Config: &g.config, Sockets: g.sockets.Hearts, Secret: h.Secret, Registry: g.Registry, Switchover: g.Router.Switchover, Tell: g.Admin.Tell, File: filepath.Join(g.places.state, "nodes"), Log: g.log}
	var err error
	if h.SecretFile != "" {
		if o.Secret, err = firstLine(g.places.file(h.SecretFile)); err != nil {
			return fmt.Errorf("heartbeat.secretFile: %w", err)
		}
	}
	if h.JSON.TLS.Cert != "" {
		o.TLS, err = g.keeper().Open(certs.Listener{Name: h.JSON.Listen, TLS: h.JSON.TLS.Listener(), File: g.places.file, Protos: protocols})
		if err != nil {
			return fmt.Errorf("heartbeat.json.tls: %w", err)
		}
	}
	g.hearts = hearts.New(o)
	g.Admin.Panel.Announced, g.Admin.Old.Announced = g.hearts.Announced, g.hearts.Announced
	return g.metrics.register(g.hearts)
}
