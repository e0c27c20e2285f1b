package hearts

import (
	"fmt"
	"maps"
	"time"

	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/gateway/heartbeat"
)

// Announced is what nodes told of themselves, as the admin shows it, by name.
// Of a node with several addresses the one that was heard last counts.
func (h *Hearts) Announced() map[string]*nodes.Announced {
	all, last := map[string]*nodes.Announced{}, map[string]time.Time{}
	for _, e := range h.Roster.Nodes() {
		if e.Configured {
			continue
		}
		x, before := show(&e), all[e.Name]
		if before != nil && last[e.Name].After(e.Last) {
			maps.Copy(before.Ports, x.Ports)
			continue
		}
		if before != nil {
			maps.Copy(x.Ports, before.Ports)
		}
		all[e.Name], last[e.Name] = x, e.Last
	}
	return all
}

// show is one record as the admin shows it.
func show(e *heartbeat.Entry) *nodes.Announced {
	x := &nodes.Announced{By: e.By, Since: stamp.Of(e.First), Last: stamp.Of(e.Last), Beats: e.Beats, HostName: nodes.Clean(e.HostName),
		Instance: nodes.Clean(e.Instance), Draining: e.Draining, Ports: portsOf(e.Ports), Health: e.Health}
	if e.Gen != 0 {
		x.Incarnation = fmt.Sprintf("%08x", e.Gen)
	}
	if l := e.Load; l != nil {
		x.Load = &nodes.Reported{Weight: l.Weight, Load: l.Load, Free: l.Free}
	}
	return x
}

// portsOf names the ports that there are.
func portsOf(p heartbeat.Ports) map[string]int {
	all := map[string]int{"udp": p.UDP, "tcp": p.TCP, "tls": p.TLS, "ws": p.WS, "wss": p.WSS, "http": p.HTTP, "ssl": p.SSL}
	for name, port := range all {
		if port == 0 {
			delete(all, name)
		}
	}
	return all
}

// Took tells whether a node is announced and was taken away by an operator's
// word: see heartbeat.Roster.Bar. Of nil no node is announced.
func (h *Hearts) Took(node string) (bool, error) {
	if h == nil || h.Announced()[node] == nil {
		return false, nil
	}
	return true, h.Roster.Bar(node)
}
