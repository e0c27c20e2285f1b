package heartbeat

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
)

// A gateway that is started again knows its nodes, and what they asked for,
// before they say a word. Those that are gone meanwhile it finds out.
func TestSaveAndLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		a := routed(1, "100", "node1")
		a.Capacity, a.Instance, a.Version, a.StopPort, a.Weight = map[string]int{"vm": 3}, "IDx", 2, 2222, 5
		a.Load = &cluster.Reported{Load: 3, Free: -1}
		s.ping(a, nil)
		s.ping(announced(2, "200"), nil)
		before := s.Changes()
		s.ping(a, nil)
		if s.Changes() != before {
			t.Error("a heartbeat is nothing new")
		}
		if err := s.Drain(ip("10.0.0.2"), "200"); err != nil || s.Changes() == before {
			t.Errorf("a drain is something new: %v", err)
		}
		time.Sleep(time.Second)
		var file bytes.Buffer
		if err := s.Save(&file); err != nil {
			t.Fatal(err)
		}
		was, gen := s.Nodes(), s.node("node1").Gen
		s.stop()
		time.Sleep(time.Hour)

		s = play(t)
		defer s.stop()
		if n, err := s.Load(&file); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		s.want("10.0.0.2-5080 node1")
		now := s.Nodes()
		for i := range now {
			if now[i].Load != nil || !now[i].Last.Equal(time.Now()) || !now[i].First.Equal(was[i].First) || now[i].Beats != was[i].Beats || now[i].Draining != was[i].Draining || !same(now[i].Announcement, was[i].Announcement) {
				t.Errorf("%+v, was %+v", now[i], was[i])
			}
		}
		if s.node("node1").Gen != gen || s.Registry.View().Pool("p").Member("10.0.0.2-5080").Activation != cluster.Disabled {
			t.Error("another incarnation, or the drain is forgotten")
		}
		s.kill("10.0.0.2-5080", true)
		time.Sleep(4 * time.Second)
		if err := s.Beat(a.IP, "100"); err != nil {
			t.Errorf("the session is not known: %v", err)
		}
		time.Sleep(3 * time.Second)
		s.want("node1")
	})
}

func TestLoadBelievesNoMore(t *testing.T) {
	s := begin(t)
	s.ping(announced(1, "100"), nil)
	var file bytes.Buffer
	if err := s.Save(&file); err != nil {
		t.Fatal(err)
	}
	_, good, _ := strings.Cut(file.String(), "\n")
	for _, tt := range []struct {
		name, text string
		n          int
		err        string
	}{
		{"as it was", header + good, 1, ""},
		{"nothing", "", 0, "not a file of them"},
		{"something else", "twinhop calls 1\n" + good, 0, "not a file of them"},
		{"nobody", header, 0, ""},
		{"not allowed", header + strings.Replace(good, "10.0.0.1", "192.168.0.1", 1) + good, 1, "1 are not taken"},
		{"from elsewhere", header + strings.Replace(good, `"From":"10.0.0.1"`, `"From":"192.168.0.1"`, 1), 0, "1 are not taken"},
		{"no port", header + strings.ReplaceAll(good, "80", "0"), 0, "1 are not taken"},
		{"nonsense", header + "{}\n[]\nx\n" + good, 1, "3 are not taken"},
		{"cut off", header + good + good[:50], 1, "after 1 of them"},
		{"a long line", header + good + strings.Repeat("x", 2*maxLine) + "\n", 1, "after 1 of them"},
	} {
		s := begin(t)
		n, err := s.Load(strings.NewReader(tt.text))
		if n != tt.n || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %d, %v", tt.name, n, err)
		}
		if got := s.names(); (got != "") != (tt.n > 0) {
			t.Errorf("%s: nodes %q", tt.name, got)
		}
	}
	if err := s.Save(failing{}); err == nil || err.Error() != "saving announced nodes: no room" {
		t.Errorf("on a full disk: %v", err)
	}
	if _, err := s.Load(iotest.ErrReader(errors.New("broken"))); err == nil {
		t.Error("from a broken disk")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("no room") }
