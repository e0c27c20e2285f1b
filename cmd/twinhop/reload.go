package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"twinhop/admin"
	"twinhop/admin/problem"
	"twinhop/admin/versions"
	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/assembly"
	"twinhop/cmd/twinhop/conffile"
	"twinhop/gateway/config"
	"twinhop/gateway/config/verdict"
)

// source is where the configuration of a process comes from, to be read at
// start and again when somebody asks.
type source struct {
	name string   // of the configuration; "": there is none
	old  oldFiles // of other products, if any were named
}

// read reads everything. The text is that of the configuration, nil with
// old files.
func (s *source) read() (l *loaded, text []byte, err error) {
	if s.old.given() {
		l, err = s.old.load(s.name)
		return l, nil, err
	}
	if text, err = config.ReadFile(s.name); err != nil {
		return nil, nil, err
	}
	return s.parse(text), text, nil
}

// parse is what the configuration would be with a text.
func (s *source) parse(text []byte) *loaded {
	l := &loaded{dir: filepath.Dir(s.name), text: text}
	l.config, l.problems = config.Parse(s.name, text, assembly.WordsIn(l.dir))
	l.places = map[string]string{}
	for key, at := range config.Places(text) {
		l.places[key] = fmt.Sprintf("%s:%d", s.name, at.Line)
	}
	return l
}

// first reads the source at start and tells people what there is to tell.
func (s *source) first(stderr io.Writer) (*loaded, error) {
	l, text, err := s.read()
	switch {
	case err != nil:
		return nil, err
	case text == nil:
		err = l.tell(stderr)
	case len(l.problems) > 0:
		err = l.problems.Render(stderr, text)
	}
	if err == nil && l.failed() {
		err = ask.Exit{Code: ask.BadConfig}
	}
	return l, err
}

// faults is what is wrong with files that were read, in the words of the API.
func (l *loaded) faults() []problem.Fault {
	all := assembly.Faults(l.problems)
	for _, f := range l.findings {
		if f.Verdict == verdict.Error {
			all = append(all, problem.Fault{Place: fmt.Sprintf("%s:%d", f.File, f.Line), Pointer: f.Directive, Severity: "error", Message: f.Note})
		}
	}
	return all
}

// reloader reads the source of a running gateway again. One at a time.
type reloader struct {
	source *source
	log    *slog.Logger

	mu      sync.Mutex
	gateway *assembly.Gateway
	now     *loaded
	next    chan *loaded // to whom follows the map
}

// reload puts what the source says now into force. On an error, which is an
// *problem.Rejected when the source is to blame, everything stays as it was.
func (r *reloader) reload(ctx context.Context) (done assembly.Reloaded, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { // when it is in force, take said so
		if err != nil {
			r.gateway.ReadAgain(err)
		}
	}()
	l, _, err := r.source.read()
	if err != nil {
		return assembly.Reloaded{}, err
	}
	if l.failed() {
		return assembly.Reloaded{}, &problem.Rejected{Faults: l.faults()}
	}
	return r.take(ctx, l)
}

// take puts what was read into force. The lock is held.
func (r *reloader) take(ctx context.Context, l *loaded) (assembly.Reloaded, error) {
	done, err := r.gateway.ReloadText(ctx, l.config, l.text)
	if err != nil {
		return done, err
	}
	r.gateway.ReadAgain(nil)
	r.now = l
	select {
	case <-r.next: // that nobody took
	default:
	}
	r.next <- l
	return done, nil
}

// write writes another text into the file and puts it into force. On an error
// both are as they were.
func (r *reloader) write(ctx context.Context, o *versions.Order) (*versions.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := o.Fits(); err != nil {
		return nil, err
	}
	old, err := config.ReadFile(r.source.name)
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(old, r.now.text):
		return nil, versions.ErrDiffers
	}
	l := r.source.parse([]byte(o.Text))
	out, err := r.gateway.Try(ctx, l.config, l.faults())
	if err != nil || o.Dry {
		return out, err
	}
	if err := conffile.Replace(r.source.name, l.text); err != nil {
		return nil, &versions.ReadOnly{Why: "Nothing changed: " + err.Error()}
	}
	done, err := r.take(versions.With(ctx, o.By), l)
	if err != nil {
		return nil, errors.Join(err, conffile.Replace(r.source.name, old))
	}
	for _, key := range done.Kept {
		out.Faults = append(out.Faults, problem.Fault{Pointer: key, Severity: "warn", Message: "an operator said otherwise by the API, and that counts", Hint: "take it back there"})
	}
	out.Changed, out.Restart = done.Now, done.Restart
	return out, nil
}

// files lets the admin look at what there is to read.
func (r *reloader) files() *assembly.Files {
	f := &assembly.Files{
		Look: func() (config.Config, []problem.Fault, error) {
			l, _, err := r.source.read()
			if err != nil {
				return config.Config{}, nil, err
			}
			return l.config, l.faults(), nil
		},
		Places: func() map[string]string {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.now.places
		}}
	if !r.source.old.given() {
		f.Path, f.Put = absolute(r.source.name), r.write
		f.Writable = func() error { return conffile.Writable(r.source.name) }
	}
	return f
}

// absolute is a name that means the same wherever it is read.
func absolute(name string) string {
	if a, err := filepath.Abs(name); err == nil {
		return a
	}
	return name
}

// put returns what puts changed rules of l into force, as long as l is what was read last.
func (r *reloader) put(l *loaded) func(context.Context, config.Config) error {
	return func(ctx context.Context, c config.Config) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.now != l {
			return errReplaced
		}
		_, err := r.gateway.Reload(ctx, c)
		return err
	}
}

// run follows the map of URIs and takes SIGHUP as a wish to reload, until ctx
// ends.
func (r *reloader) run(ctx context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	var group sync.WaitGroup
	defer group.Wait()
	var stop context.CancelFunc
	follow := func(l *loaded) {
		var inner context.Context
		inner, stop = context.WithCancel(ctx)
		group.Go(func() { l.follow(inner, r.put(l), r.log) })
	}
	r.mu.Lock() // the admin may be asked to reload already
	now := r.now
	r.mu.Unlock()
	follow(now)
	for {
		select {
		case <-ctx.Done():
			stop()
			return
		case l := <-r.next:
			stop()
			follow(l)
		case <-hangups:
			r.hangup(ctx)
		}
	}
}

// hangup reloads and tells the log and the service manager.
func (r *reloader) hangup(ctx context.Context) {
	if since := daemon.SdNotifyMonotonicUsec(); since != "" {
		tell(r.log, daemon.SdNotifyReloading+"\n"+since)
		defer tell(r.log, daemon.SdNotifyReady)
	}
	done, err := r.reload(versions.With(ctx, versions.By{Actor: "signal", Source: versions.File}))
	r.gateway.Admin.Record(admin.Deed{Actor: "signal", Via: "signal", Action: "config.reload", Object: "config", Err: err,
		After: map[string][]string{"changed": append([]string{}, done.Now...), "restart": append([]string{}, done.Restart...)}})
	if wrong := (*problem.Rejected)(nil); errors.As(err, &wrong) {
		for _, f := range wrong.Faults {
			r.log.Error("configuration not valid", "place", f.Place, "key", f.Pointer, "severity", f.Severity, "err", f.Message, "hint", f.Hint)
		}
	}
	if err != nil {
		r.log.Error("the configuration in force stays", "err", err)
	}
}
