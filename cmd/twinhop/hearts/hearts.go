package hearts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/admin"
	"twinhop/cmd/twinhop/kept"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	"twinhop/gateway/heartbeat"
	jsonbeats "twinhop/gateway/heartbeat/json"
	"twinhop/gateway/heartbeat/rmi"
)

// Options are what heartbeats need of the process.
type Options struct {
	Config     *config.Config
	Sockets    Sockets
	TLS        *tls.Config // of the JSON listener; nil: it is plain
	Secret     string      // signs what comes by JSON; "": nothing need be signed
	Registry   *cluster.Registry
	Switchover func(ctx context.Context, fromRoute, toRoute string) (moved int, err error)
	Tell       func(admin.Heard) // what operators want to hear of
	File       string            // keeps the nodes while the process is away; "": nobody does
	Log        *slog.Logger
}

// Hearts are the nodes that announce themselves, and where they do.
type Hearts struct {
	Roster *heartbeat.Roster

	o      Options
	last   atomic.Bool          // routes begin after the last dot of a session id
	file   *kept.File           // nil: none
	events chan heartbeat.Event // to be told: the roster does not wait for anybody
	counts counts
}

// New builds what the configuration asks for, with the nodes that were there
// before a restart. It starts nothing.
func New(o Options) *Hearts {
	h := &Hearts{o: o, events: make(chan heartbeat.Event, 256), counts: newCounts()}
	h.Roster = &heartbeat.Roster{Registry: o.Registry, Moves: mover{o}, Log: o.Log, Tell: h.heard}
	h.Apply(o.Config)
	if o.File != "" {
		h.file = &kept.File{Path: o.File, What: "announced nodes", Every: time.Second, Changes: h.Roster.Changes, Write: h.Roster.Save, Log: o.Log}
		h.file.Load(h.Roster.Load)
	}
	return h
}

// mover moves sessions for nodes that say so.
type mover struct{ o Options }

// Switchover implements heartbeat.Switcher.
func (m mover) Switchover(ctx context.Context, from, to string) error {
	n, err := m.o.Switchover(ctx, from, to)
	if err == nil {
		m.o.Log.Info("everything was moved by the word of a node", "from", from, "to", to, "sessions", n)
	}
	return err
}

// Apply puts the settings of a configuration into force: who may announce what,
// and how long silence is borne. Listeners are those of the start.
func (h *Hearts) Apply(c *config.Config) {
	x, now := &c.Heartbeat, *c
	now.Listen = h.o.Config.Listen
	s := heartbeat.Settings{Timeout: x.Timeout, Sweep: x.Sweep, Domains: map[netip.Addr]string{}, TLS: now.Listen.SIP.Inner().Speaks("tls"), Usable: func(n *cluster.NodeSpec) error { return usable(&now, n) }}
	for _, text := range x.Allow {
		if p, err := form.ParseNetwork(text); err == nil {
			s.Allow = append(s.Allow, p)
		}
	}
	for _, d := range x.Domains {
		for _, text := range d.Nodes {
			if ip, err := netip.ParseAddr(text); err == nil {
				s.Domains[ip.Unmap()] = d.Name
			}
		}
	}
	h.last.Store(c.Affinity.Route.Delimiter == "last")
	h.Roster.Apply(s)
}

// usable tells why a node cannot be used, as check does of a configured one.
func usable(c *config.Config, n *cluster.NodeSpec) error {
	node := config.Node{Name: n.Name}
	for _, a := range n.SIP {
		node.SIP = append(node.SIP, a.Scheme+"://"+a.Addr.String())
	}
	return c.Reaches(&node)
}

// heard passes an event on to those who look at it later.
func (h *Hearts) heard(e heartbeat.Event) {
	h.counts.add(e.What)
	select {
	case h.events <- e:
	default: // a flood: the log has it, and the count
	}
}

// Run takes heartbeats and looks for silent nodes until ctx ends, and returns
// when everything is closed.
func (h *Hearts) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	parts := h.parts()
	failed := make(chan error, len(parts))
	for name, run := range parts {
		group.Go(func() {
			if err := run(ctx); err != nil {
				failed <- fmt.Errorf("%s: %w", name, err)
			}
			stop()
		})
	}
	group.Wait()
	close(failed)
	var all []error
	for err := range failed {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// parts are what runs, by what it is called.
func (h *Hearts) parts() map[string]func(context.Context) error {
	all := map[string]func(context.Context) error{"silent nodes": h.Roster.Run, "events": h.pass}
	if h.file != nil {
		all["file"] = h.file.Run
	}
	if s := h.o.Sockets; s.Registry != nil {
		all["heartbeats by RMI"] = (&rmi.Server{Roster: h.Roster, Registry: s.Registry, Objects: s.Objects, Host: h.o.Config.Heartbeat.RMI.Host, Log: h.o.Log}).Run
	}
	if s := h.o.Sockets; s.JSON != nil {
		j := &jsonbeats.Server{Roster: h.Roster, Listener: s.JSON, TLS: h.o.TLS, Log: h.o.Log}
		if h.o.Secret != "" {
			j.Secret = []byte(h.o.Secret)
		}
		all["heartbeats by JSON"] = j.Run
	}
	return all
}

// pass tells of events until ctx ends.
func (h *Hearts) pass(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-h.events:
			x := admin.Heard{What: string(e.What), Node: e.Node, Words: e.Text}
			if e.From.IsValid() {
				x.From = e.From.String()
			}
			switch e.What {
			case heartbeat.Registered: // the cluster tells of it
				h.dots(e.Node)
				continue
			case heartbeat.Renamed:
				h.dots(e.Node)
				x.From, x.Words = e.Text, ""
			}
			h.o.Tell(x)
		}
	}
}

// dots warns of a jvmRoute that no session id can have, since it has a dot of its own.
func (h *Hearts) dots(node string) {
	if !h.last.Load() || !strings.Contains(node, ".") {
		return
	}
	if slices.ContainsFunc(h.Roster.Nodes(), func(e heartbeat.Entry) bool { return e.Name == node && e.Route == node }) {
		h.o.Log.Warn("no cookie leads to this node: its jvmRoute has a dot, and routes begin after the last one (affinity.route.delimiter: last)", "node", node)
	}
}
