package loglevel

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A level counts at once, for the time that was said, and gives way to the configuration.
func TestDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Dial{}
		if v := d.View(); v.Level != "info" || v.Configured != "info" || v.Said != nil {
			t.Errorf("%+v", v)
		}
		d.Configure("warn")
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: d})).With("part", "x")
		heard := func() bool {
			defer out.Reset()
			log.Debug("detail")
			return strings.Contains(out.String(), "detail")
		}
		if heard() {
			t.Error("debug before anybody asked for it")
		}
		d.Set(slog.LevelDebug, 10*time.Minute, Said{Actor: "ada", Reason: "calls fail"})
		if v := d.View(); !heard() || v.Level != "debug" || v.Configured != "warn" || v.Said.Actor != "ada" || v.Said.Until == nil {
			t.Errorf("%+v", v)
		}
		time.Sleep(9 * time.Minute)
		if !heard() {
			t.Error("over too early")
		}
		time.Sleep(2 * time.Minute)
		if v := d.View(); heard() || v.Level != "warn" || v.Said != nil {
			t.Errorf("not over: %+v", v)
		}
	})
}

// The end of an earlier word does not end a later one.
func TestDialLaterWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Dial{}
		d.Set(slog.LevelDebug, time.Minute, Said{Actor: "ada"})
		d.Set(slog.LevelDebug, 0, Said{Actor: "bob"})
		time.Sleep(time.Hour)
		if v := d.View(); v.Level != "debug" || v.Said.Actor != "bob" || v.Said.Until != nil {
			t.Errorf("%+v", v)
		}
		d.Set(slog.LevelInfo, time.Minute, Said{Actor: "bob"}) // as configured: nobody says otherwise
		if v := d.View(); v.Level != "info" || v.Said != nil {
			t.Errorf("%+v", v)
		}
		d.Set(slog.LevelError, time.Minute, Said{Actor: "ada"})
		d.Configure("debug")
		if v := d.View(); v.Level != "debug" || v.Configured != "debug" || v.Said != nil {
			t.Errorf("after the configuration was read again: %+v", v)
		}
		time.Sleep(time.Hour)
		if d.Level() != slog.LevelDebug {
			t.Error(d.Level())
		}
	})
}
