package sip

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"twinhop/sip/guard"
)

// A scanner, a flood and a call that rings: all of it shows, and a ban can be lifted.
func TestStateShowsWhatIsKeptOutAndInHand(t *testing.T) {
	early := &Front{}
	if s := early.State(); len(s.Bans) > 0 || s.Pending.Live > 0 || testutil.CollectAndCount(early.Collector()) > 0 {
		t.Errorf("before Run: %+v", s)
	}
	set := Settings{Rates: guard.SourceSettings{Rate: 1, Burst: 3, Above: time.Nanosecond, Ban: time.Hour, Max: 1000}, Scanners: []string{"sipcli"}}
	set.Pending.Attempts, set.Pending.Max = 2, 10
	s := newStage(t, true, set)
	var log bytes.Buffer
	s.front.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.prepare()
	m, reg := newMetrics(t)
	s.front.Metrics = m
	reg.MustRegister(s.front.Collector())
	s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")...))
	s.in("external", at("198.51.100.9:5060"), lined(request("OPTIONS", "sip:192.0.2.1", "c2", "To: <sip:192.0.2.1>", "User-Agent: sipcli/v1")...))
	flood := at("198.51.100.66:5060")
	for range 6 {
		s.in("external", flood, []byte("garbage"))
	}
	state := s.front.State()
	if state.Sources != 3 || len(state.Bans) != 1 || state.Bans[0].Source.Addr() != flood.Addr() || state.Bans[0].Dropped < 2 {
		t.Errorf("bans %+v of %d sources", state.Bans, state.Sources)
	}
	if !slices.Equal(state.Scanners, []guard.Hit{{Word: "sipcli", Count: 1}}) || state.Shed[scanner] != 1 || state.Shed[tooFast] != 3 {
		t.Errorf("scanners %v, shed %v", state.Scanners, state.Shed)
	}
	if state.Pending.Live != 1 || state.Pending.Opened != 1 {
		t.Errorf("pending %+v", state.Pending)
	}
	gathered := func(name string) (n float64) {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, x := range f.GetMetric() {
				if f.GetName() == name {
					n += x.GetCounter().GetValue() + x.GetGauge().GetValue()
				}
			}
		}
		return n
	}
	for name, want := range map[string]float64{"twinhop_sip_pending": 1, "twinhop_sip_bans": 1, "twinhop_sip_bans_total": 1, "twinhop_sip_sources": 3,
		"twinhop_sip_scanner_hits_total": 1} {
		if n := gathered(name); n != want {
			t.Errorf("%s is %v, want %v", name, n, want)
		}
	}
	if l := log.String(); strings.Count(l, "source banned") != 1 || !strings.Contains(l, "source=198.51.100.66 for=1h0m0s") {
		t.Errorf("log:\n%s", l)
	}
	if !s.front.knows(node1.Addr()) || s.front.knows(flood.Addr()) {
		t.Error("limits of single sources are for all but nodes")
	}
	if !s.front.Unban(flood.Addr()) || s.front.Unban(flood.Addr()) || len(s.front.State().Bans) > 0 {
		t.Error("a ban is lifted once")
	}
	if err := reg.Register(prometheus.NewGauge(prometheus.GaugeOpts{Name: "twinhop_sip_pending", Help: "x"})); err == nil {
		t.Error("the collector does not say what it has")
	}
}

// All listeners together take no more of the process's files than their share.
func TestListenersShareTheFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, true, Settings{})
		s.addTCP(true, nil, false)
		s.prepare()
		n := 0
		for _, g := range s.front.legs.All {
			if g.Streams == nil {
				continue
			}
			if n++; g.Streams.Budget != &s.front.files {
				t.Errorf("%s has a budget of its own", g.Streams.Listener.Addr())
			}
		}
		if n != 4 {
			t.Errorf("%d listeners", n)
		}
	})
}
