package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"twinhop/admin/loglevel"
	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/assembly"
)

func runCommand() *cobra.Command {
	var file string
	var old oldFiles
	c := &cobra.Command{
		Use:     "run -c FILE | run --workers FILE --urimap FILE | run --lb FILE",
		Aliases: []string{"serve"},
		Short:   "serve as a configuration says, in the foreground",
		Long: `run checks the configuration, binds every socket and serves until SIGTERM or
SIGINT. Then it says so on /readyz, finishes requests and calls within
shutdown.grace, and exits. A second signal exits at once. SIGHUP reads the
files again and puts them into force while it serves; if they are not valid,
nothing changes.

Instead of a configuration it takes mod_jk's files as they are: --workers,
--urimap, --httpd. Then it prints a verdict for every line that does not mean
the same here, and looks at the map of URIs as mod_jk does: changed rules count
without a restart. --lb takes the file of a Mobicents or Restcomm balancer,
lb.properties or lb-configuration.xml; what stood behind "java" may stay as it
is. -c adds a configuration with other keys, such as admin.`,
		Example: "  twinhop run -c twinhop.yaml\n  twinhop run --workers workers.properties --urimap uriworkermap.properties --listen :8081\n  twinhop run --lb lb.properties\n  twinhop run -DlogLevel=DEBUG -mobicents-balancer-config=lb.properties",
		RunE: func(c *cobra.Command, args []string) error {
			name, err := oneFile(c, file, args)
			switch {
			case err != nil:
				return err
			case old.check("run") != nil:
				return old.check("run")
			case name == "" && !old.given():
				return ask.Usage(`run needs a configuration: twinhop run -c twinhop.yaml
  twinhop demo                    shows everything at work, without a file
  twinhop check -c twinhop.yaml   tells what is wrong with a file
  twinhop run --workers FILE      takes mod_jk's files
  twinhop run --lb FILE           takes lb.properties or lb-configuration.xml`)
			}
			return serve(c.Context(), &source{name, old}, c.ErrOrStderr())
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "the configuration `file`")
	old.flags(c.Flags())
	return c
}

// serve builds a gateway and runs it until a signal. Everything it tells goes
// to stderr.
func serve(ctx context.Context, s *source, stderr io.Writer) error {
	l, err := s.first(stderr)
	if err != nil {
		return err
	}
	level := &loglevel.Dial{}
	level.Configure(l.config.Telemetry.Log.Level)
	log := newLog(stderr, l.config.Telemetry.Log.Format, level)
	ctx, stop := onSignal(ctx, log) // before anything is built: what was bound is closed again
	defer stop()
	r := &reloader{source: s, log: log, now: l, next: make(chan *loaded, 1)}
	r.gateway, err = assembly.Build(assembly.Options{Config: l.config, Dir: l.dir, Log: log, Version: version(), Reload: r.reload, Files: r.files(), Text: l.text, Workers: inherited(l.result.Workers), Source: l.ruleSource(), LogLevel: level,
		OnSetup: func(url string) {
			fmt.Fprintf(stderr, "twinhop: nobody can log in to the admin UI yet. Make the first user within 15 minutes:\n  %s\n", url)
		}})
	if err != nil {
		return err
	}
	g := r.gateway
	listening(log, g.Addrs())
	var wg sync.WaitGroup
	wg.Go(func() { announce(ctx, g, log) })
	wg.Go(func() { r.run(ctx) })
	err = g.Run(ctx)
	stop()
	wg.Wait()
	log.Info("stopped")
	return err
}

// listening tells the real addresses.
func listening(log *slog.Logger, a assembly.Addrs) {
	log.Info("listening", "http", strings.Join(a.HTTP, " "), "https", strings.Join(a.HTTPS, " "), "sip", strings.Join(a.External, " "),
		"sip_internal", strings.Join(a.Internal, " "), "websocket", strings.Join(a.WebSocket, " "), "heartbeats", strings.Join(a.Heartbeats, " "), "admin", a.Admin, "socket", a.Socket)
}

// announce tells the service manager that the gateway serves and that it
// stops, and the log when a node is there, too: a gateway before its nodes has
// started well. It ends with ctx.
func announce(ctx context.Context, g *assembly.Gateway, log *slog.Logger) {
	select {
	case <-g.Serving():
		tell(log, daemon.SdNotifyReady)
	case <-ctx.Done():
	}
	select {
	case <-g.Ready():
		log.Info("ready")
	case <-ctx.Done():
	}
	<-ctx.Done()
	tell(log, daemon.SdNotifyStopping)
}

func tell(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("the service manager was not told", "state", state, "err", err)
	}
}

// echo is how soon after the first a signal is taken for the same one: what
// signals a process and its group signals twice.
const echo = 250 * time.Millisecond

// onSignal returns a context that ends with the first SIGTERM or SIGINT. The
// second exits the process at once.
func onSignal(parent context.Context, log *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	done := make(chan struct{})
	go func() {
		var first time.Time
		for {
			select {
			case <-done:
				return
			case s := <-signals:
				switch {
				case !first.IsZero() && time.Since(first) < echo:
					continue
				case !first.IsZero():
					log.Warn("second signal: exit at once", "signal", s.String())
					os.Exit(ask.Interrupted)
				}
				first = time.Now()
				log.Info("signal: finishing; a second one exits at once", "signal", s.String())
				cancel()
			}
		}
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
		cancel()
	})
}

func newLog(w io.Writer, format string, level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
