package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
)

// gate is a running gateway in front of the demo's nodes.
type gate struct {
	*assembly.Gateway
	http, sip, tcp, internal, admin string // host:port
	api                             *adminAPI

	dir    string // throw-away state
	cancel context.CancelFunc
	done   chan error
}

// readyTime is how long a gateway may take until it can serve: its nodes are on this machine.
const readyTime = 20 * time.Second

// openGate builds and starts a gateway and waits until it is ready. begin, unless it is nil, is told where it is before that.
func openGate(ctx context.Context, c config.Config, log *slog.Logger, begin func(assembly.Addrs)) (*gate, error) {
	dir, err := os.MkdirTemp("", "twinhop-demo-")
	if err != nil {
		return nil, fmt.Errorf("state folder of the demo: %w", err)
	}
	c.State.Dir = dir
	gw, err := assembly.Build(assembly.Options{Config: c, Log: log, Version: "demo", OnSetup: func(string) {}})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("gateway of the demo: %w", err), os.RemoveAll(dir))
	}
	a := gw.Addrs()
	g := &gate{Gateway: gw, http: a.HTTP[0], sip: bare(a.External[0]), tcp: bare(a.External[1]), internal: bare(a.Internal[0]), admin: a.Admin,
		api: newAdminAPI(a.Socket), dir: dir, done: make(chan error, 1)}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	g.cancel = cancel
	go func() { g.done <- gw.Run(run) }()
	if begin != nil {
		begin(a)
	}
	timer := time.NewTimer(readyTime)
	defer timer.Stop()
	select {
	case <-gw.Ready():
		return g, nil
	case err := <-g.done:
		g.done <- err
		return nil, errors.Join(errors.New("the gateway of the demo ended at once"), g.close())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), g.close())
	case <-timer.C:
		return nil, errors.Join(fmt.Errorf("the gateway of the demo was not ready after %s", readyTime), g.close())
	}
}

func (g *gate) close() error {
	g.cancel()
	err := <-g.done
	g.api.close()
	return errors.Join(err, os.RemoveAll(g.dir))
}

// bare is the host:port of a listener.
func bare(url string) string {
	_, addr, _ := strings.Cut(url, "://")
	return addr
}

// socketPath is where the HTTP listeners take SIP over WebSocket.
const socketPath = "/sip"

// settings is the configuration of a gateway in front of the demo's nodes, on ports that the system chooses.
func settings(nodes []*node) config.Config {
	c := config.Default()
	c.Listen.HTTP = []config.HTTPListener{{Addr: "127.0.0.1:0"}}
	c.Listen.SIP.External = []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}
	c.Listen.SIP.Internal = []string{"udp://127.0.0.1:0"}
	c.Listen.SIP.WebSocket = socketPath
	c.Admin.Listen = "127.0.0.1:0"
	for _, n := range nodes {
		c.Nodes = append(c.Nodes, config.Node{Name: n.name, Route: n.name, HTTP: "http://" + n.http, SIP: []string{"udp://" + n.sip},
			Weight: 1, Activation: "active"})
	}
	c.Health.HTTP.Path, c.Health.HTTP.Interval = "/page.css", 250*time.Millisecond // a path that opens no session
	c.Health.SIP.Interval = 250 * time.Millisecond
	c.Shutdown.Announce, c.Shutdown.Grace = 0, time.Second
	return c
}

// byUser makes a call to alice and a page opened with ?appsession=alice one application session. What the telephones of a page say belongs
// to its session, whomever they call: they name it.
func byUser(c *config.Config) {
	c.Affinity.SIP = []config.SIPSource{{Source: "header:X-Demo-Session"}, {Source: "to.user"}, {Source: "call-id"}}
}

// usual replaces the ports by those that people expect. It tells which of them were taken: the next free one is used then.
func usual(c *config.Config) (taken []string) {
	pick := func(what, networks string, port int) string {
		addr := nextFree(networks, port)
		if addr != loopback(port) {
			taken = append(taken, fmt.Sprintf("%s %d", what, port))
		}
		return addr
	}
	c.Listen.HTTP[0].Addr = pick("HTTP", "tcp4", 8080)
	external := pick("SIP", "udp4 tcp4", 5060)
	c.Listen.SIP.External = []string{"udp://" + external, "tcp://" + external}
	c.Listen.SIP.Internal[0] = "udp://" + pick("SIP for nodes", "udp4", 5065)
	c.Admin.Listen = pick("admin", "tcp4", 8090)
	return taken
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// nextFree is the first address that can be bound from a port on, in each of the networks: one of four, so that the usual ones of others
// stay free, or any.
func nextFree(networks string, from int) string {
	for port := from; port < from+4; port++ {
		if !slices.ContainsFunc(strings.Fields(networks), func(network string) bool { return !free(network, loopback(port)) }) {
			return loopback(port)
		}
	}
	return loopback(0)
}

// free tells whether an address can be bound now.
func free(network, addr string) bool {
	if network == "udp4" {
		c, err := net.ListenPacket(network, addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	l, err := net.Listen(network, addr)
	if err == nil {
		l.Close()
	}
	return err == nil
}
