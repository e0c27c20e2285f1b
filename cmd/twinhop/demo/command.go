package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"twinhop/admin"
)

// options are the flags of the command.
type options struct {
	script, open, verbose bool
	announce              bool
	duration              time.Duration
}

// Command returns the verb "demo". It fails when the tour does, or when something could not be started.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "run a gateway with two nodes, telephones and a page that calls, on this machine only",
		Long: "Run a gateway in front of two small application servers that speak HTTP and SIP, with telephones that answer by themselves and a\n" +
			"page that is two telephones more. Everything listens on 127.0.0.1 and leaves nothing behind.",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return run(ctx, cmd.OutOrStdout(), o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.script, "script", false, "walk through everything unattended, print what was seen, exit 1 on any failure")
	f.DurationVar(&o.duration, "duration", 0, "stop after this time; 0 = run until Ctrl-C")
	f.BoolVar(&o.announce, "announce", false, "the nodes announce themselves by JSON heartbeats instead of being configured")
	f.BoolVar(&o.open, "open", false, "open the page in a browser")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show the gateway's log")
	return cmd
}

// run starts everything, waits or walks the tour, and stops everything.
func run(ctx context.Context, out io.Writer, o options) (err error) {
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if o.script && !o.verbose {
		log = nil // nodes die on purpose: warnings about them are no news
	}
	s, err := newStage(log, !o.script)
	if err != nil {
		return err
	}
	s.announced = o.announce
	defer func() {
		if late := s.close(); late != nil {
			fmt.Fprintln(out, "Stopping:", late)
			err = errors.Join(err, late)
		}
	}()
	taken, err := s.front(ctx, !o.script)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // stopped while it was starting
	case err != nil:
		return err
	case o.script:
		return tour(ctx, s, steps, out)
	}
	login, err := s.gate.Admin.LoginURL(operator, admin.RoleAdmin, time.Hour)
	if err != nil {
		return fmt.Errorf("login link of the admin: %w", err)
	}
	io.WriteString(out, s.banner(login, taken))
	if o.open {
		if err := openBrowser("http://" + s.gate.http + "/"); err != nil {
			fmt.Fprintln(out, "The browser could not be opened:", err)
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.gate.done:
		s.gate.done <- err
		return errors.Join(errors.New("the gateway ended by itself"), err)
	}
}

// banner says where everything is.
func (s *stage) banner(login string, taken []string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("twinhop demo   two nodes, one gateway, no configuration")
	line("  click-to-call   http://%s/", s.gate.http)
	line("  admin UI        %s      (logs you in once)", login)
	line("  SIP             udp, tcp %s   ws %s%s", s.gate.sip, s.gate.http, socketPath)
	for i, n := range s.nodes {
		head := "nodes"
		if i > 0 {
			head = ""
		}
		line("  %-15s %s   http :%s   sip :%s", head, n.name, port(n.http), port(n.sip))
	}
	if len(taken) > 0 {
		line("  taken by others, so replaced: %s", strings.Join(taken, ", "))
	}
	line("try: open the page, press Call, watch Sessions in the admin UI")
	line("     curl -i %s", s.gate.http)
	line("     sipp -sn uac -m 1 -s alice %s       a call to alice; her page: http://%s/?appsession=alice", s.gate.sip, s.gate.http)
	line("Ctrl-C stops everything")
	return b.String()
}

// openBrowser asks the desktop to show a page. The browser is not ours: it outlives the demo.
func openBrowser(url string) error {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
