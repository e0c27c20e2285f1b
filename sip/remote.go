package sip

import "twinhop/sip/peek"

// tellRemote has nodes learn where a message of the world came from, as those of the old balancers expect it: from us and nobody else. What
// a sender wrote there himself never goes on, in either direction.
func (w *worker) tellRemote(ours bool) {
	m, e := &w.msg, &w.edits
	if m.Remote {
		for name, line := range m.Lines() {
			if name == peek.NameRemote {
				e.Cut(line)
			}
		}
	}
	if ours && w.set.InitialRemote {
		e.At(m.HeadEnd).Text("X-Sip-Balancer-InitialRemoteAddr: ").IP(w.src.Addr()).EndLine().
			Text("X-Sip-Balancer-InitialRemotePort: ").Int(int(w.src.Port())).EndLine()
	}
}

// carries tells whether a request is one of those by which nodes learn where their clients are: one with a body, or a REGISTER.
func (w *worker) carries() bool {
	m := &w.msg
	return m.Method == peek.Register || m.ContentLength > 0 || m.End > m.Body
}
