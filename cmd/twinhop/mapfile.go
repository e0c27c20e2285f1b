package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/modjk"
	"twinhop/gateway/config/modjk/asis"
)

// mapFile is the file of rules that a running gateway follows.
type mapFile struct {
	name  string
	every time.Duration // between two looks
	// apply puts the rules of a text into force.
	apply func(text []byte) error
	log   *slog.Logger

	stat func(name string) (fs.FileInfo, error)
	read func(name string) ([]byte, error)

	seen    stamp
	sum     [sha256.Size]byte // of what was tried last
	refused bool              // that could not be applied
	fault   string            // what was told last, not to be told again
}

// stamp is how a file looks from outside.
type stamp struct {
	changed time.Time
	size    int64
}

// errLater is what the rules are not to blame for: they are tried again.
var errLater = errors.New("the rules could not be put into force")

// settle is how long a file has to stay as it is before it is read: whoever writes it may not be done.
const settle = time.Second

// errReplaced says that other files were read meanwhile: whoever follows the map of these has nothing to say any more.
var errReplaced = errors.New("other files are in force")

// follow looks at the map that was read, for as long as ctx lasts. put puts a configuration with changed rules into force.
func (l *loaded) follow(ctx context.Context, put func(context.Context, config.Config) error, log *slog.Logger) {
	in := l.result.Input
	if l.result.MapFile == "" || l.result.Reload == 0 {
		return
	}
	m := &mapFile{name: l.result.MapFile, every: l.result.Reload, log: log, stat: os.Stat, read: config.ReadFile, sum: sumOf(string(in.URIMap.Text))}
	m.apply = func(text []byte) error {
		in.URIMap = &modjk.Source{Name: m.name, Text: text}
		rules, err := asis.Reload(in, l.extra, assembly.WordsIn(l.dir))
		for _, f := range rules.Skipped {
			log.Warn("a rule of the map is skipped", "file", fmt.Sprintf("%s:%d", f.File, f.Line), "rule", f.Directive, "err", f.Note)
		}
		if err != nil {
			return err
		}
		c := l.config
		c.Mounts, c.Pools = rules.Mounts, rules.Pools
		switch err := put(ctx, c); {
		case errors.Is(err, errReplaced):
			return nil
		case err != nil:
			return errors.Join(errLater, err)
		}
		for _, f := range rules.Differ {
			log.Warn("a rule of the map does not mean the same here", "file", fmt.Sprintf("%s:%d", f.File, f.Line), "rule", f.Directive, "verdict", f.Verdict, "err", f.Note)
		}
		log.Info("the map was read again", "file", m.name, "mounts", len(rules.Mounts), "skipped", len(rules.Skipped))
		return nil
	}
	m.run(ctx)
}

// run looks every now and then. What was read before it began counts as seen.
func (m *mapFile) run(ctx context.Context) {
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.look(ctx)
		}
	}
}

// look reads the file if it changed. One that cannot be read leaves everything as it is.
func (m *mapFile) look(ctx context.Context) {
	now, err := m.settled(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		m.tell(err)
		m.seen = stamp{}
		return
	case now == m.seen && m.fault == "":
		return
	}
	text, err := m.read(m.name)
	switch {
	case err != nil:
		m.tell(err)
		return
	case len(bytes.TrimSpace(text)) == 0:
		m.tell(errors.New("the file is empty"))
		return
	case len(text) > decode.MaxBytes:
		m.tell(fmt.Errorf("the file is larger than %d bytes", decode.MaxBytes))
		return
	}
	m.seen = now
	sum := sumOf(string(text))
	if sum == m.sum {
		if m.fault != "" && !m.refused {
			m.fault = ""
			m.log.Info("the map is there again, as it was", "file", m.name)
		}
		return
	}
	m.sum, m.refused = sum, false
	if err := m.apply(text); err != nil {
		m.refused = true // until it changes
		if errors.Is(err, errLater) {
			m.sum, m.refused = [sha256.Size]byte{}, false
		}
		m.tell(err)
		return
	}
	m.fault = ""
}

// settled waits until the file has been the same for a moment.
func (m *mapFile) settled(ctx context.Context) (stamp, error) {
	before := m.seen
	for range 10 {
		info, err := m.stat(m.name)
		if err != nil {
			return stamp{}, err
		}
		if !info.Mode().IsRegular() { // a pipe would keep the reader
			return stamp{}, errors.New("not a regular file")
		}
		now := stamp{info.ModTime(), info.Size()}
		if now == before {
			return now, nil
		}
		before = now
		select {
		case <-ctx.Done():
			return stamp{}, ctx.Err()
		case <-time.After(settle):
		}
	}
	return before, nil // it is written all the time
}

// tell says once why the old rules stay.
func (m *mapFile) tell(err error) {
	if m.fault == err.Error() {
		return
	}
	m.fault = err.Error()
	m.log.Warn("the map cannot be used: the rules stay as they are", "file", m.name, "err", err)
}

func sumOf(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }
