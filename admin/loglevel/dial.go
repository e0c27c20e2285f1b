package loglevel

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"twinhop/admin/stamp"
)

// Dial is the level in force: a slog.Leveler for handlers of the log. It is
// usable as it is, and says info then.
type Dial struct {
	level slog.LevelVar

	mu         sync.Mutex
	configured slog.Level
	said       *Said // nil: as configured
	timer      *time.Timer
}

// Said is who set another level than the configuration's, until when and why.
type Said struct {
	At     *stamp.Time `json:"at"`
	Until  *stamp.Time `json:"until,omitempty"` // nil: until the configuration is read again
	Actor  string      `json:"actor"`
	Reason string      `json:"reason,omitempty"`
}

// View is what people see of it.
type View struct {
	Level      string `json:"level"` // "debug", "info", "warn", "error"
	Configured string `json:"configured"`
	Said       *Said  `json:"said,omitempty"`
}

// Level implements slog.Leveler.
func (d *Dial) Level() slog.Level { return d.level.Level() }

// Configure sets what the configuration says, one of the words of
// telemetry.log.level. What somebody said otherwise is over.
func (d *Dial) Configure(word string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l, ok := parse(word); ok { // it was checked
		d.configured = l
	}
	d.back()
}

// Set sets another level for a time; 0: until Configure. The level of the
// configuration ends what was said before. s.At and s.Until are set here.
func (d *Dial) Set(l slog.Level, life time.Duration, s Said) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.back()
	if l == d.configured {
		return
	}
	now := time.Now()
	s.At, s.Until = stamp.Of(now), nil
	d.said = &s
	d.level.Set(l)
	if life <= 0 {
		return
	}
	s.Until = stamp.Of(now.Add(life))
	d.timer = time.AfterFunc(life, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.said == &s { // nobody said anything since
			d.back()
		}
	})
}

// back is the level of the configuration again. The lock is held.
func (d *Dial) back() {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.said, d.timer = nil, nil
	d.level.Set(d.configured)
}

// View shows it.
func (d *Dial) View() View {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := View{Level: word(d.level.Level()), Configured: word(d.configured)}
	if d.said != nil {
		s := *d.said
		v.Said = &s
	}
	return v
}

func word(l slog.Level) string { return strings.ToLower(l.String()) }

// parse reads one of the four words; slog's others, such as "info+1", are none.
func parse(s string) (slog.Level, bool) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if s == word(l) {
			return l, true
		}
	}
	return 0, false
}
