package e2e

import (
	"fmt"
	"testing"
	"time"
)

// Real telephones call real telephones over TLS, which ends at the gateway or goes on behind it, and nodes call them so.
func TestEdgeSoftphones(t *testing.T) {
	for _, nodes := range []string{"tls", "udp", "tcp"} {
		t.Run("tls to "+nodes, func(t *testing.T) {
			root := newAuthority(t, "root")
			var phones [2]*softphone
			s := stage{Edge: []string{"tls"}, Config: "sip: {tls: {ca: root.pem}}\n", Words: "    tls: {cert: site.pem, key: site.key}\n"}
			if nodes == "tcp" {
				s.Also = []string{"tcp"}
			}
			dir := t.TempDir()
			for i := range phones {
				phones[i] = newSoftphone(t, fmt.Sprintf("node%d", i+1))
				phones[i].identify(t, root, dir)
				s.Sip[i] = nodes + "://" + phones[i].at(nodes)
			}
			s.Begin = func(w *world) {
				to := w.internal
				if nodes == "tls" {
					to = w.inside
				}
				for _, n := range phones {
					n.start(t, w.dir, fmt.Sprintf("<sip:service@%s;transport=%s>;regint=0;answermode=auto;outbound=\"sip:%s;transport=%[2]s\"", n.at(nodes), nodes, to))
				}
			}
			w := set(t, secured(root, s))
			w.health("node1", "sip", "up")
			w.health("node2", "sip", "up")
			alice := newSoftphone(t, "alice")
			alice.identify(t, root, dir)
			alice.start(t, w.dir, fmt.Sprintf("<sip:alice@%s;transport=tls>;regint=0;answermode=auto;outbound=\"sip:%s;transport=tls\"", alice.tls, w.edge["tls"]))
			softCalls(t, w, alice, "sip:alice@"+alice.tls+";transport=tls", phones)
		})
	}
}

// A telephone that registers with outbound (RFC 5626) is called by the connection that it opened itself, by TLS and TCP.
func TestEdgeSoftphoneOutbound(t *testing.T) {
	t.Parallel() // it waits more than it works
	root := newAuthority(t, "root")
	w := set(t, edgeStage(t, root))
	o := newOffices(w)
	for transport, at := range map[string]string{"tls": w.edge["tls"], "tcp": w.external} {
		name := "alice-" + transport
		phone := newSoftphone(t, name)
		phone.identify(t, root, w.dir)
		phone.config = append(phone.config, "module_tmp uuid.so")
		phone.start(t, w.dir, fmt.Sprintf("<sip:%s@e2e.invalid;transport=%s>;regint=60;sipnat=outbound;answermode=auto;outbound=\"sip:%s;transport=%[2]s\"", name, transport, at))
		eventually(t, 10*time.Second, name+" is registered", func() error {
			if h, _ := o.at(name); len(h.path) == 0 {
				return fmt.Errorf("%+v", h)
			}
			return nil
		})
		for _, a := range w.agents {
			c, err := o.begin(a, name, offer)
			if err != nil {
				t.Fatal(err)
			}
			up := phone.sees(t, "CALL_ESTABLISHED", "", "")
			if r, err := c.bye(); err != nil || r.status() != 200 {
				t.Errorf("BYE: %v, %v", r, err)
			}
			phone.sees(t, "CALL_CLOSED", up.Call, "")
		}
	}
	o.faultless(t)
}

// offer describes a session in which nobody hears anything.
const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
