package assembly

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"time"

	"twinhop/admin"
	"twinhop/admin/lbstat"
	"twinhop/cmd/twinhop/handshake"
	"twinhop/cmd/twinhop/secrets"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config/form"
)

func (g *Gateway) buildAdmin(o Options) error {
	current, previous := g.secrets.Key(secrets.Admin, 32)
	keys := [][]byte{current}
	if previous != nil {
		keys = append(keys, previous)
	}
	host, _ := os.Hostname()
	g.Admin = &admin.Server{
		Panel: admin.Panel{View: g.Registry.View, Store: g.Store, Trace: g.Trace, Messages: g.Messages, Explain: g.Router.Explain, Play: g.Play, Calls: g.countCalls,
			Activate: func(_ context.Context, node string, a cluster.Activation) error {
				return g.Registry.SetActivation("", node, a)
			},
			Restore: func(_ context.Context, node string, was map[string]cluster.Activation) error {
				return g.Registry.Restore(node, was)
			},
			Probe: g.Registry.Probe,
			Adjust: func(_ context.Context, pool, node string, w cluster.MemberWords) error {
				return g.Registry.Adjust(pool, node, w)
			},
			Resize: func(_ context.Context, pool, node, resource string, size int) error {
				return g.Registry.Resize(pool, node, resource, size)
			},
			AddNode: g.AddNode, RemoveNode: g.RemoveNode, Switchover: g.Router.Switchover, Move: g.Router.Relocate, Checks: g.checks, Started: g.started.Load, Leader: g.leaderWord, Affinity: g.affinityPanel()},
		Version: o.Version, Instance: host, StateDir: g.places.state, Secrets: keys, TokenAlgorithm: g.config.Admin.Tokens.Algorithm, Metrics: g.metrics.page(),
		OnSetup: o.OnSetup, Hosts: g.config.Admin.Hosts, Log: g.log,
		Old: &lbstat.Pages{Version: o.Version, Start: time.Now(), CPUs: runtime.NumCPU(), View: g.Registry.View, Count: lbstat.Gathered(g.metrics), Calls: g.Book.Total,
			Monitors: form.Networks(g.config.Admin.Monitors)},
	}
	g.Admin.Panel.LogLevel = o.LogLevel
	g.Admin.Panel.Versions = g.versionsPanel(o.Files)
	g.Admin.Panel.Configuration = g.configurationPanel(o.Files)
	if o.Reload != nil {
		g.Admin.Panel.Reload = func(ctx context.Context) (admin.Reloaded, error) {
			r, err := o.Reload(ctx)
			return admin.Reloaded{Now: noNil(r.Now), Restart: noNil(r.Restart), Kept: r.Kept}, err
		}
	}
	if g.sockets.Admin == nil {
		g.Admin.OnSetup = nil // no browser gets in
		return nil
	}
	return g.openAdmin()
}

// openAdmin settles how browsers reach the admin: by TLS, where the
// configuration says so.
func (g *Gateway) openAdmin() error {
	c, plain := &g.config.Admin, g.sockets.Admin
	if !c.TLS.On() {
		g.Admin.BaseURL, g.Admin.Insecure = "http://"+browsable(plain.Addr(), ""), c.Clear()
		if g.Admin.Insecure {
			g.log.Warn("the admin is served to other machines without TLS: passwords cross the network in clear", "addr", plain.Addr().String())
		}
		return nil
	}
	var err error
	if g.admin, err = g.secured(plain, &door{key: "admin.tls", name: c.Listen, tls: &c.TLS, proto: handshake.HTTP, plain: handshake.PlainHTTPS, protos: protocols}); err != nil {
		return err
	}
	g.Admin.BaseURL = "https://" + browsable(plain.Addr(), g.certs.Host(c.Listen))
	return nil
}

func (g *Gateway) adminListeners() []net.Listener {
	all := []net.Listener{g.sockets.Command}
	switch {
	case g.admin != nil:
		all = append(all, g.admin)
	case g.sockets.Admin != nil:
		all = append(all, g.sockets.Admin)
	}
	return all
}

// noNil is an empty list in JSON, too.
func noNil(list []string) []string { return append([]string{}, list...) }

// browsable writes an address as a browser on this machine takes it. name is
// what a certificate calls the host; "": nobody knows.
func browsable(a net.Addr, name string) string {
	ap, err := netip.ParseAddrPort(a.String())
	switch {
	case err != nil || ap.Addr().IsLoopback():
	case name != "":
		return fmt.Sprintf("%s:%d", name, ap.Port())
	case ap.Addr().IsUnspecified():
		return fmt.Sprintf("127.0.0.1:%d", ap.Port())
	}
	return a.String()
}
