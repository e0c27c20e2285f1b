package beats

import (
	"fmt"
	"net/netip"
	"time"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/secure"
)

// usualPause is how long stock nodes are silent between two heartbeats.
const usualPause = 5 * time.Second

// Around is what other keys say that matters here.
type Around struct {
	Internal bool         // there is an internal SIP listener
	Taken    bool         // a pool takes nodes that it does not name
	Files    secure.Files // nil: nobody looks
}

// Check complains of what is below heartbeat.
func (h *Heartbeat) Check(r *decode.Reader, o *Around) {
	p := "heartbeat"
	if !h.On() {
		if r.Given(p) && !r.FailedUnder(p) {
			r.Warn(p, "add json: {listen: ...}, rmi: {listen: ...} or sip: true", "has no effect: no heartbeats are listened for")
		}
		return
	}
	if h.SIP && !o.Internal && !r.FailedUnder("listen.sip") && !r.Failed(p+".sip") {
		r.Bad(p+".sip", "add listen.sip.internal, a port that only nodes can reach", "SIP heartbeats come to the internal listeners, and there is none")
	}
	if t := &h.JSON.TLS; r.Given(p + ".json.tls") {
		all := t.Listener()
		switch at := p + ".json.tls"; {
		case r.FailedUnder(at):
		case h.JSON.Listen == "":
			r.Warn(at, "add listen:, such as 10.0.0.254:2610", "has no effect: nothing is listened on")
		default:
			secure.Check(r, at, &all, o.Files)
		}
	}
	if h.Timeout < usualPause && !r.Failed(p+".timeout") {
		r.Warn(p+".timeout", "such as 5100ms", "shorter than what nodes pause between heartbeats unless they are told otherwise (%s)", form.Short(usualPause))
	}
	if h.Sweep > h.Timeout && !r.Failed(p+".sweep") && !r.Failed(p+".timeout") {
		r.Bad(p+".sweep", "such as 150ms", "%s is longer than timeout (%s)", form.Short(h.Sweep), form.Short(h.Timeout))
	}
	if !o.Taken && !r.FailedUnder("pools") {
		r.Warn(p, `add "*" to the nodes of a pool`, "nodes that announce themselves are in no pool and get nothing")
	}
	h.checkAllow(r)
	h.checkSecret(r)
	h.checkDomains(r)
}

// checkAllow warns of listeners that nobody who may speak can reach, and of
// who may.
func (h *Heartbeat) checkAllow(r *decode.Reader) {
	if r.FailedUnder("heartbeat.allow") {
		return
	}
	if len(h.Allow) == 0 {
		r.Warn("heartbeat.allow", "such as [10.0.0.0/24]", "nobody is allowed: every heartbeat is refused")
		return
	}
	home, signed := true, h.Secret+h.SecretFile != "" && h.RMI.Listen == "" && !h.SIP
	for i, s := range h.Allow {
		network, err := form.ParseNetwork(s)
		home = home && err == nil && network.Addr().IsLoopback()
		if err == nil && network.Bits() == 0 && !signed {
			r.Warn(fmt.Sprintf("heartbeat.allow[%d]", i), "name the networks of the nodes", "everybody may become a node, and gets calls and session cookies")
		}
	}
	for path, listen := range map[string]string{"heartbeat.json.listen": h.JSON.Listen, "heartbeat.rmi.listen": h.RMI.Listen} {
		host, _, err := form.SplitHostPort(listen)
		a, bad := netip.ParseAddr(host)
		if home && err == nil && host != "localhost" && (bad != nil || !a.IsLoopback()) && !r.Failed(path) {
			r.Warn(path, "add the networks of the nodes to heartbeat.allow", "nodes of other machines are refused: only this one is allowed")
		}
	}
}

// leastSecret is how many characters keep a secret from being guessed.
const leastSecret = 16

func (h *Heartbeat) checkSecret(r *decode.Reader) {
	p := "heartbeat.secret"
	if h.SecretFile != "" {
		if p += "File"; h.Secret != "" {
			r.Bad(p, "keep secret or secretFile", "secret is set as well: there is one for all nodes")
			return
		}
	}
	switch {
	case h.Secret == "" && h.SecretFile == "" || r.Failed(p):
	case h.Secret != "" && len(h.Secret) < leastSecret:
		r.Bad(p, "take the output of: openssl rand -hex 32", "shorter than %d characters: it can be guessed", leastSecret)
	case h.JSON.Listen == "":
		r.Warn(p, "add heartbeat.json", "has no effect: only heartbeats by JSON can be signed")
	case h.RMI.Listen != "" || h.SIP:
		r.Warn(p, "keep allow narrow", "heartbeats by RMI and SIP are not signed: who may come by them is said by allow alone")
	}
}

func (h *Heartbeat) checkDomains(r *decode.Reader) {
	seen := map[string]string{}
	for _, d := range h.Domains {
		path := decode.Join("heartbeat.domains", d.Name)
		for i, ip := range d.Nodes {
			at := fmt.Sprintf("%s[%d]", path, i)
			if a, err := netip.ParseAddr(ip); err == nil {
				if first, ok := seen[a.Unmap().String()]; ok {
					r.Bad(at, "an address is in one domain", "%s is already used by %s (line %d)", form.Quote(a.Unmap().String()), first, r.At(first).Line)
					continue
				}
				seen[a.Unmap().String()] = path
			}
		}
	}
}
