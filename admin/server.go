package admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"twinhop/admin/access"
	"twinhop/admin/accounts"
	"twinhop/admin/affinity"
	"twinhop/admin/audit"
	"twinhop/admin/configuration"
	"twinhop/admin/explain"
	"twinhop/admin/feed"
	"twinhop/admin/frame"
	"twinhop/admin/lbstat"
	"twinhop/admin/limits"
	"twinhop/admin/listing"
	"twinhop/admin/live"
	"twinhop/admin/loglevel"
	"twinhop/admin/nodes"
	"twinhop/admin/operate"
	"twinhop/admin/replay"
	"twinhop/admin/versions"
	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
	"twinhop/gateway/trace/messages"
)

// Panel is what the admin may see and do. cmd fills it with the objects of the
// process. View, Store, Trace and Explain are needed; the rest may be nil.
type Panel struct {
	View  func() *cluster.View
	Store appsession.Store
	Trace *trace.Log
	// Messages is what passed; nil: that is not remembered.
	Messages *messages.Log
	// Explain decides without consequence (gateway.Router.Explain).
	Explain func(ctx context.Context, a *gateway.Ask) []gateway.Step
	// Play has a front rehearse a whole message.
	Play explain.Play
	// Activate sets what the operator wants of a node, in all its pools.
	Activate func(ctx context.Context, node string, a cluster.Activation) error
	// Restore sets the activation of a node back (cluster.Registry.Restore).
	Restore func(ctx context.Context, node string, was map[string]cluster.Activation) error
	// Probe asks a node now how it is (cluster.Registry.Probe).
	Probe func(ctx context.Context, node string) error
	// Adjust says any words of a node in one pool, or with pool "" in all
	// (cluster.Registry.Adjust).
	Adjust func(ctx context.Context, pool, node string, w cluster.MemberWords) error
	// Resize says how much a node has of a resource in one pool (cluster.Registry.Resize).
	Resize func(ctx context.Context, pool, node, resource string, size int) error
	// AddNode adds a node, described in JSON with the keys of the
	// configuration, to pools. A *problem.Rejected says what is wrong with it.
	AddNode func(ctx context.Context, node json.RawMessage, pools []string) error
	// RemoveNode takes a node away.
	RemoveNode func(ctx context.Context, name string) error
	// Switchover moves everything from the node of one route to that of
	// another and returns how many sessions moved (gateway.Router.Switchover).
	Switchover func(ctx context.Context, from, to string) (int, error)
	// Move moves one session and its calls (gateway.Router.Relocate).
	Move func(ctx context.Context, x appsession.Session, to *cluster.Node) error
	// Reload reads the configuration again and puts it into force. A
	// *problem.Rejected says what is wrong with it; nothing changed then.
	Reload func(ctx context.Context) (Reloaded, error)
	// Calls tells how many calls a node holds; "" asks for all nodes.
	Calls func(node string) int
	// Checks tells what stands in the way of being ready; a nil error is good.
	Checks func(ctx context.Context) map[string]error
	// Started tells whether every part runs; nil: it does.
	Started func() bool
	// Leader is the protocol that decides where a session lives.
	Leader func() string
	// Announced is what nodes told of themselves, by name.
	Announced func() map[string]*nodes.Announced
	// Limits tells whom and what the SIP front keeps out; nil: there is none.
	Limits func() limits.State
	// Unban lets a source in again, and tells whether it was kept out.
	Unban func(netip.Addr) bool
	// Affinity shows and changes what ties messages to sessions.
	Affinity *affinity.Panel
	// Configuration shows the configuration, and tells of others.
	Configuration *configuration.Panel
	// Versions are the configurations that were in force; nil: nobody knows.
	Versions *versions.Panel
	// LogLevel is how much is logged; nil: it stays as it is.
	LogLevel *loglevel.Dial
}

// Server is the admin. Fields are set before Run or Handler is called.
type Server struct {
	Panel    Panel
	Version  string
	Instance string
	BaseURL  string // of the user interface, for the links it prints; without a slash at the end
	// Insecure: other machines reach it without TLS. It is told to who looks.
	Insecure bool
	// StateDir holds users.json, tokens.json and, while nobody can log in, setup-url; both
	// are readable by the owner only. Empty: users last as long as the process.
	StateDir string
	// Secrets protect the cookies and tokens, the newest first, at least 32 bytes each.
	// None: a random one, and log ins end with the process.
	Secrets [][]byte
	// TokenAlgorithm signs the tokens of programs: "EdDSA" or "HS256".
	TokenAlgorithm string
	Metrics        http.Handler // served at /metrics; nil: not found
	// Old are the pages of the Mobicents and Restcomm balancers; nil: not found.
	Old *lbstat.Pages
	// Hosts are further names that a browser may use for a loopback address.
	Hosts []string
	// OnSetup is told the link by which the first user is made. Nil: only the
	// file in StateDir has it.
	OnSetup func(url string)
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now

	once     sync.Once
	err      error
	log      *slog.Logger
	started  time.Time
	accounts *accounts.Desk
	callers  *access.Passwords
	hub      *live.Hub
	desk     *operate.Desk
	book     *audit.Book
	answers  *replay.Book
	saying   sync.Mutex // held from the look at a node to the word about it
	cursors  *listing.Cursors
	frame    *frame.Frame
	handler  http.Handler
}

// Sizes and times of the HTTP servers.
const (
	maxHeader     = 32 << 10
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	idleTimeout   = 2 * time.Minute
	closeTimeout  = 3 * time.Second
)

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Server) ready() error {
	s.once.Do(func() { s.err = s.prepare() })
	return s.err
}

func (s *Server) prepare() error {
	s.log = cmp.Or(s.Log, slog.New(slog.DiscardHandler))
	s.started = s.now()
	secrets := s.Secrets
	if len(secrets) == 0 {
		secret := make([]byte, 32)
		rand.Read(secret)
		secrets = [][]byte{secret}
	}
	if err := s.openAccounts(secrets); err != nil {
		return err
	}
	if err := s.openBook(secrets[0]); err != nil {
		return err
	}
	s.answers = &replay.Book{Now: s.now}
	s.hub = &live.Hub{View: s.Panel.View, Trace: s.Panel.Trace, Look: s.look, Overview: func(ctx context.Context) any { return s.overview(ctx) }, Limits: s.Panel.Limits,
		Whoami: s.accounts.Whoami, Version: s.Version, Now: s.now, Log: s.log, Feed: feed.Feed{Start: uint64(max(s.started.UnixMilli(), 0))}}
	s.desk = &operate.Desk{View: s.Panel.View, Told: s.drained, Now: s.now, Held: func(node string) (int, int) { return s.sessionsOn(node), s.callsOn(node) },
		Activate: func(node string, a cluster.Activation) error {
			return s.Panel.Activate(context.Background(), node, a)
		},
		Restore: func(node string, was map[string]cluster.Activation) error {
			return s.Panel.Restore(context.Background(), node, was)
		}}
	s.handler = s.routes()
	return nil
}

// Handler returns the handler of everything the admin serves. Without Run the
// live stream has no ticks.
func (s *Server) Handler() (http.Handler, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	return s.handler, nil
}

// Run serves the listeners (plain, TLS or unix) until ctx is done, and returns
// when everything is closed. Listeners are closed in any case.
func (s *Server) Run(ctx context.Context, listeners ...net.Listener) error {
	if err := s.ready(); err != nil {
		for _, ln := range listeners {
			ln.Close()
		}
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	group.Go(func() { s.hub.Run(ctx) })
	group.Go(func() { s.follower().Run(ctx) })
	group.Go(func() { s.desk.Run(ctx) })
	srv := &http.Server{Handler: s.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ConnContext: access.WithPeer,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	failed := make(chan error, len(listeners))
	for _, ln := range listeners {
		group.Go(func() {
			if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("admin on %s: %w", ln.Addr(), err)
			}
		})
	}
	s.offerSetup()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop() // ends the streams
	last, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if srv.Shutdown(last) != nil {
		srv.Close()
	}
	group.Wait()
	if failed := s.book.Close(); failed != nil {
		s.log.Error("the audit could not be closed", "err", failed)
	}
	return err
}

// setupLife is how long the link of the first set-up works.
const setupLife = 15 * time.Minute

// offerSetup makes the one link by which the first user can be made.
func (s *Server) offerSetup() {
	path := filepath.Join(s.StateDir, "setup-url")
	s.removeSetup()
	if !s.accounts.Users.Empty() || (s.OnSetup == nil && s.StateDir == "") {
		return
	}
	url := s.BaseURL + "/#setup=" + s.accounts.Links.Issue(access.TokenSetup, access.Me{Role: RoleAdmin}, setupLife)
	if s.StateDir != "" {
		if err := access.WritePrivate(path, []byte(url+"\n")); err != nil {
			s.log.Warn("the set-up link could not be written", "err", err)
		}
	}
	if s.OnSetup != nil {
		s.OnSetup(url)
	}
}

// LoginURL returns a link that logs its bearer in once, within life.
func (s *Server) LoginURL(name string, role Role, life time.Duration) (string, error) {
	if err := s.ready(); err != nil {
		return "", err
	}
	return s.BaseURL + "/#t=" + s.accounts.Links.Issue(access.TokenLogin, access.Me{Name: name, Role: role}, life), nil
}
