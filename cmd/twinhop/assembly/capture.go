package assembly

import (
	"os"
	"strings"

	"twinhop/gateway/trace/hep"
	"twinhop/sip/wire"
)

// buildCapture has a server given every message of SIP, if one is configured.
func (g *Gateway) buildCapture() {
	c := g.config.Telemetry.HEP
	if c.Addr == "" {
		return
	}
	name := c.Node
	if name == "" {
		name, _ = os.Hostname() // none is as good
	}
	g.capture = &hep.Exporter{Addr: strings.TrimPrefix(c.Addr, "udp://"), ID: uint32(c.ID), Password: c.Password, Node: name, Own: wire.LocalToward, Log: g.log}
	g.Messages.Export = g.capture.Message
}
