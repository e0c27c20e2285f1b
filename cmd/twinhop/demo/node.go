package demo

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"twinhop/cmd/twinhop/demo/ua"
	jsonbeats "twinhop/gateway/heartbeat/json"
)

// node is an application server that speaks HTTP and SIP. It can be killed and started again on the same ports.
type node struct {
	name   string
	shared *replica
	desk   desk
	enter  func(base string) (string, error) // makes a link to a session in the admin UI; nil: there is none

	gateway atomic.Pointer[string] // host:port that its own requests leave through; nil: they go straight

	mu      sync.Mutex
	http    string // host:port, kept from start to start
	sip     string // host:port
	server  *http.Server
	served  chan struct{}
	agent   *ua.Endpoint
	herald  *jsonbeats.Client // tells the gateway of the node; nil: it is configured
	silence func()            // ends that
}

// start binds both sockets and serves. Starting a node that runs changes nothing.
func (n *node) start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.agent != nil {
		return nil
	}
	ln, err := net.Listen("tcp4", n.http)
	if err != nil {
		return fmt.Errorf("HTTP socket of %s: %w", n.name, err)
	}
	agent, err := ua.Listen(n.name, n.sip, ua.Handlers{sip.REGISTER: n.onRegister, sip.INVITE: n.onInvite, sip.ACK: n.onAck,
		sip.BYE: n.onBye, sip.INFO: n.onWithin, sip.UPDATE: n.onWithin})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	n.http, n.sip, n.agent = ln.Addr().String(), agent.Addr, agent
	n.server = &http.Server{Handler: n.site(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	n.served = make(chan struct{})
	go func(s *http.Server, served chan struct{}) {
		defer close(served)
		_ = s.Serve(ln) // until kill
	}(n.server, n.served)
	n.speak()
	return nil
}

// kill closes both sockets and every connection, as if the process had died.
func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.agent == nil {
		return
	}
	if n.herald != nil {
		n.silence()
	}
	n.server.Close()
	<-n.served
	n.agent.Close()
	n.agent = nil
}

// sips returns the SIP side, nil when the node is down. Not for handlers of the SIP side: kill waits for them.
func (n *node) sips() *ua.Endpoint {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.agent
}

// leaveThrough is told where the node's own requests leave through.
func (n *node) leaveThrough(gateway string) { n.gateway.Store(&gateway) }

func (n *node) up() bool { return n.sips() != nil }
