package assembly

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/admin"
	"twinhop/admin/jkstatus/workers"
	"twinhop/admin/loglevel"
	"twinhop/admin/versions"
	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/cmd/twinhop/affinity"
	"twinhop/cmd/twinhop/certs"
	"twinhop/cmd/twinhop/handshake"
	"twinhop/cmd/twinhop/hearts"
	"twinhop/cmd/twinhop/resources"
	"twinhop/cmd/twinhop/roll"
	"twinhop/cmd/twinhop/secrets"
	"twinhop/cmd/twinhop/sockets"
	"twinhop/cmd/twinhop/stages"
	"twinhop/gateway"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/config/veil"
	"twinhop/gateway/trace"
	"twinhop/gateway/trace/hep"
	"twinhop/gateway/trace/messages"
	"twinhop/gateway/trace/specimens"
	httpfront "twinhop/http"
	"twinhop/http/ajp"
	"twinhop/http/crowd"
	"twinhop/http/h1"
	sipfront "twinhop/sip"
	"twinhop/sip/probe"
	"twinhop/sip/websocket"
)

// Options say what to build.
type Options struct {
	Config  config.Config // without errors: config.Parse told of none
	Dir     string        // relative file names of the configuration are relative to this; "": the working directory
	Log     *slog.Logger  // nil: silent
	Version string
	// Workers are lines of workers.properties that the configuration was made
	// of, for the dump of status workers; nil: they print what is near to them.
	Workers []workers.Property
	// Source tells where the rule of a mount was read, in mod_jk's words; nil:
	// all in one file.
	Source func(*config.Mount) string
	// OnSetup is told the link by which the first user of the admin is made;
	// nil: only the file in the state directory has it.
	OnSetup func(url string)
	// Reload reads Config again and calls Gateway.Reload, for those who ask the
	// admin to. nil: they cannot.
	Reload func(context.Context) (Reloaded, error)
	// Files is where Config comes from; nil: nobody can look again.
	Files *Files
	// LogLevel is what Log goes by; nil: nobody can change it.
	LogLevel *loglevel.Dial
	// Text is that of the file that Config comes from; nil: there is no such file.
	Text []byte
}

// Gateway is a whole process, built and bound but not started. The exported
// fields are for those who look into it; they are not to be changed.
type Gateway struct {
	Router   *gateway.Router
	Registry *cluster.Registry
	Store    appsession.Store
	Book     *calls.Book
	Trace    *trace.Log
	Messages *messages.Log
	Admin    *admin.Server

	config    config.Config                 // that it was built from: what cannot change meanwhile
	basis     atomic.Pointer[config.Config] // that was given last
	present   atomic.Pointer[config.Config] // that is in force now: basis with what operators said
	changing  sync.Mutex                    // one change of it, or of the policy, at a time
	roll      roll.Roll                     // nodes that operators added and removed
	orders    orders                        // what status workers changed
	said      affinity.Word                 // what operators said of affinity
	versions  *versions.Book                // configurations that were given lately
	veil      *veil.Veil                    // over the secrets in their texts
	spec      cluster.Spec                  // of the nodes and pools of present
	doomed    time.Time                     // when pools that are not in spec go; zero: there are none
	prober    *httpProber
	sipProber probe.Prober
	specimens *specimens.Recorder // of recent traffic, for previews
	capture   *hep.Exporter       // nil: no server is given the messages
	policy    atomic.Pointer[gateway.Policy]
	words     atomic.Pointer[plan] // in force
	calls     *resources.File      // of those that take resources, over a restart
	warden    *resources.Warden
	log       *slog.Logger
	places    places
	secrets   *secrets.Secrets
	metrics   *metrics
	table     *memstore.Store
	sockets   *sockets.Sockets
	admin     net.Listener     // of the admin by TLS; nil: it is served as it is bound
	sip       *sipfront.Front  // nil: no SIP listener
	front     *httpfront.Front // nil: no HTTP listener
	crowd     *crowd.Crowd     // of HTTP clients; nil: no HTTP listener
	http      *stages.Stage
	elsewhere []stages.Stage // listeners that send their clients on
	nodes     *h1.Client     // connections to nodes by HTTP; nil: no HTTP listener
	ajp       *ajp.Client    // by AJP13
	standIn   *h1.Client     // to who answers instead of them
	certs     *certs.Keeper  // nil: nobody speaks TLS
	counts    *handshake.Metrics
	sipDoors  []io.Closer         // listeners of SIP that speak TLS
	web       *websocket.Upgrader // SIP over WebSocket; nil: no SIP listener
	hearts    *hearts.Hearts      // nil: no heartbeats are listened for
	stages    stages.Stages
	ready     chan struct{}
	serving   chan struct{}
	started   atomic.Bool // every stage runs
	leaving   atomic.Bool // the process is stopping
	readying  sync.Once
}

// Build makes the objects and binds every socket. It starts nothing; on an
// error nothing stays open.
func Build(o Options) (*Gateway, error) {
	g := &Gateway{config: o.Config, log: o.Log, ready: make(chan struct{}), serving: make(chan struct{})}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if g.places, err = findPlaces(o.Dir, &g.config); err != nil {
		return nil, err
	}
	g.loadAffinity()
	if g.secrets, err = secrets.Load(g.places.secrets); err != nil {
		return nil, err
	}
	g.openVersions(o.Text)
	g.metrics = newMetrics(o.Version)
	g.buildStore()
	p, err := g.buildCluster()
	if err != nil {
		return nil, err
	}
	g.buildRouter(p)
	g.words.Store(p)
	if g.sockets, err = sockets.Bind(context.Background(), &g.config, g.places.socket); err != nil {
		return nil, err
	}
	if err := g.buildEdges(o, p); err != nil {
		return nil, errors.Join(err, g.sockets.Close())
	}
	g.calls.Load(g.Registry.View()) // when announced nodes are known, too
	g.arrange()
	return g, nil
}

// buildEdges builds what has a socket.
func (g *Gateway) buildEdges(o Options, p *plan) error {
	if err := g.buildAdmin(o); err != nil {
		return err
	}
	if err := g.buildHearts(); err != nil {
		return err
	}
	if g.config.Listen.SIP.On() {
		if err := g.buildSIP(p); err != nil {
			return err
		}
	}
	if len(g.sockets.HTTP) > 0 {
		if err := g.buildHTTP(o, p); err != nil {
			return err
		}
	}
	if g.certs != nil {
		if err := g.metrics.register(g.certs); err != nil {
			return err
		}
	}
	if g.capture != nil {
		if err := g.metrics.register(g.capture.Metrics()); err != nil {
			return err
		}
	}
	return g.metrics.register(g.Registry.Collector(), g.Book, g.Trace.Metrics(), g.Messages.Metrics(), g.Admin.Collector())
}

func (g *Gateway) buildStore() {
	c := &g.config
	g.table = memstore.New(memstore.Options{MaxKeys: c.Store.Memory.MaxEntries, KeysPerSession: c.Affinity.MaxKeys,
		Idle: off(c.Affinity.TTL.Idle), Max: off(c.Affinity.TTL.Max)})
	g.Store = g.table
}

// resolveTime bounds the look-up of the nodes' names at start.
const resolveTime = 10 * time.Second

func (g *Gateway) buildCluster() (*plan, error) {
	g.ajp = &ajp.Client{}
	g.prober = &httpProber{ajp: g.ajp}
	g.prober.apply(g.config.Health)
	g.sipProber.Accept(g.config.Health.SIP.Codes)
	g.Registry = &cluster.Registry{Log: g.log, Probers: map[cluster.Service]cluster.Prober{
		cluster.HTTP: g.prober,
		cluster.SIP:  &g.sipProber,
	}}
	p, err := g.plan(context.Background(), &g.config)
	if err != nil {
		return nil, err
	}
	if err := g.Registry.Apply(p.spec); err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	g.spec = p.spec
	g.ajp.Apply(p.ajp)
	c := g.config
	g.present.Store(&c)
	return p, nil
}

func (g *Gateway) buildRouter(p *plan) {
	names, _ := g.secrets.Key(secrets.Names, 16)
	g.Book = &calls.Book{}
	g.warden = resources.NewWarden(g.Registry, g.log)
	g.calls = &resources.File{Path: filepath.Join(g.places.state, "calls"), Book: g.Book, Log: g.log}
	room := int64(g.config.Telemetry.Trace.MaxBytes)
	g.specimens = &specimens.Recorder{MaxBytes: int(min(room/8, 8<<20))}
	room -= int64(g.specimens.MaxBytes)
	g.Messages = &messages.Log{MaxBytes: room / 2, Sample: g.config.Telemetry.Trace.Messages.Sample, Bodies: g.config.Telemetry.Trace.Messages.Bodies}
	g.buildCapture()
	g.Trace = &trace.Log{MaxBytes: room - room/2, Linked: g.Messages.Linked}
	g.Router = &gateway.Router{Store: g.Store, Views: g.Registry.View, Report: g.Registry.Report, Judge: g.Registry.Judge, Sent: g.Registry.Sent, Heard: g.Registry.Heard,
		Failed: g.warden.Failed, Book: g.Book, Observer: g.Trace,
		Namer: appsession.Namer{K0: binary.LittleEndian.Uint64(names), K1: binary.LittleEndian.Uint64(names[8:])}}
	g.apply(p.policy)
}

// apply puts a policy into force, for the Router and for those who ask which
// one it is.
func (g *Gateway) apply(p *gateway.Policy) {
	g.Router.Apply(p)
	g.policy.Store(p)
}

// Lead lets another protocol decide where sessions live, from the next
// decision on and until the process ends.
func (g *Gateway) Lead(l gateway.Leader) {
	g.changing.Lock()
	defer g.changing.Unlock()
	p := *g.policy.Load()
	p.Leader = l
	g.apply(&p)
}

// Leader is the protocol that decides now where sessions live.
func (g *Gateway) Leader() gateway.Leader { return g.policy.Load().Leader }

// leaderWord is the leader in the word of the configuration.
func (g *Gateway) leaderWord() string {
	if g.Leader() == gateway.LeaderSIP {
		return "sip"
	}
	return "http"
}

func (g *Gateway) countCalls(node string) int {
	if node == "" {
		return g.Book.Total()
	}
	return g.Book.Count(node)
}

// checks is what stands in the way of being ready.
func (g *Gateway) checks(context.Context) map[string]error {
	list := map[string]error{"running": nil, "probes": nil, "nodes": nil}
	switch {
	case g.leaving.Load():
		list["running"] = errors.New("the process is stopping")
	case !g.started.Load():
		list["running"] = errors.New("the process is starting")
	}
	if !g.wasReady() && !g.Registry.Probed() { // later nodes come and go, which is no reason to send traffic elsewhere
		list["probes"] = errors.New("not every node has been probed yet")
	}
	if !g.anyNode() {
		list["nodes"] = errors.New("no node can serve anything")
	}
	return list
}

func (g *Gateway) wasReady() bool {
	select {
	case <-g.ready:
		return true
	default:
		return false
	}
}

func (g *Gateway) anyNode() bool {
	for _, n := range g.Registry.View().Nodes {
		if !n.Down() {
			return true
		}
	}
	return false
}

// upkeep does what happens with time: load values age, lost calls are
// forgotten.
func (g *Gateway) upkeep(ctx context.Context) error {
	tick, soon := time.NewTicker(time.Second), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	defer soon.Stop()
	full := false
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-soon.C:
			if g.lookReady() {
				soon.Stop()
			}
		case now := <-tick.C:
			g.Registry.Maintain(now, g.Router.Age)
			g.bury(now)
			g.mourn()
			if n++; n%5 == 0 {
				g.Book.Sweep(now)
			}
			if u := g.table.Usage(); u.Overflow != full {
				full = u.Overflow
				g.tellFull(full, u.Keys)
			}
		}
	}
}

// mourn gives back what the calls take of nodes that died.
func (g *Gateway) mourn() {
	for _, n := range g.Registry.View().Nodes {
		if n.Health(cluster.SIP) == cluster.Down {
			g.Book.Lose(n.Name)
		}
	}
}

// tellFull tells the log when the affinity table begins and ends to refuse
// new sessions.
func (g *Gateway) tellFull(full bool, keys int) {
	if full {
		g.log.Warn("the affinity table is full: new sessions are placed by hash, without an entry", "keys", keys)
		return
	}
	g.log.Info("the affinity table has room again", "keys", keys)
}
