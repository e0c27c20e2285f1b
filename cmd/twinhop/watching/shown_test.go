package watching

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"twinhop/cmd/twinhop/ask"
)

// A frame is never wider or higher than the screen, colours do not count, and what was there before is gone.
func TestFrame(t *testing.T) {
	got := frame([]string{"\x1b[31mred line\x1b[0m", "another", "third", "fourth"}, 5, 3)
	if want := "\x1b[H\x1b[31mred l\x1b[0m\x1b[K\r\nanoth\x1b[0m\x1b[K\x1b[J"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := frame([]string{"as it is"}, 0, 0); !strings.Contains(got, "as it is") {
		t.Errorf("%q", got)
	}
}

// What the gateway says of itself, in lines.
func TestGlance(t *testing.T) {
	raw := `{"class":"degraded","cause":"node2: HTTP is down","ready":true,"uptimeMs":61500,"config":{"version":"v12"},"sessions":{"total":3,"keys":4,"maxKeys":5,"overflow":true},
		"sticky":0.5,"rules":{"sip":{"a":1,"c":2,"b":2}},"nodes":[{"name":"node2","activation":"active","health":{"http":"down","sip":"up"}},{"name":"n3","activation":"disabled","health":{"http":"up"}}],
		"recent":[{"at":"2020-01-02T03:04:05Z","type":"session.moved","node":"b","from":"a","rule":"failover_down","count":7,"actor":"ops","reason":"sold"},{"type":"node.set","node":"n3","was":"","is":"x"}]}`
	var v glance
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := of(&ask.Global{})
	print(&out, a.screen(&out, &v))
	for _, want := range []string{"degraded, ready  up 1m1s", "node2: HTTP is down  configuration v12", "table full", "50.0 %", "b 2  c 2  a 1", "session.moved b from a rule failover_down 7 times by ops (sold)", "- -> x", "2020-01-02"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if v.good() || v.Nodes[0].troubled() != "down" || v.Nodes[1].troubled() != "disabled" {
		t.Error("all is good?")
	}
}

// Events of the stream are kept out by the same words as those of the list.
func TestFilter(t *testing.T) {
	e := event{ID: "e_12", Type: "node.health", Severity: "warn", Text: "HTTP of node1 is down", Node: "node1", Actor: "ops", At: time.Now(), Count: 2}
	for _, x := range []struct {
		f    filter
		want bool
	}{{filter{}, true}, {filter{kind: "node"}, true}, {filter{kind: "session"}, false}, {filter{severity: "warn"}, true}, {filter{severity: "bad"}, false}, {filter{severity: "info"}, true},
		{filter{node: "node1", actor: "ops", text: "IS DOWN"}, true}, {filter{node: "node2"}, false}, {filter{session: "s_1"}, false}, {filter{actor: "x"}, false}, {filter{text: "up"}, false}} {
		if got := x.f.wants(&e); got != x.want {
			t.Errorf("%+v: %v", x.f, got)
		}
	}
	if _, err := (&filter{severity: "worse"}).query(); err == nil {
		t.Error("a severity that is none")
	}
	if _, err := (&filter{since: "tomorrow"}).query(); err == nil {
		t.Error("a time that is none")
	}
	if q, err := (&filter{kind: "node", since: "2026-01-02T03:04:05Z", limit: 3}).query(); err != nil || q != "limit=3&since=2026-01-02T03%3A04%3A05.000Z&type=node" {
		t.Errorf("%s %v", q, err)
	}
	a := of(&ask.Global{Output: "wide"})
	var out bytes.Buffer
	if err := a.event(&out, nil, &e); err != nil || !strings.Contains(out.String(), "warn  node.health        HTTP of node1 is down (2 times)  node node1  by ops  e_12") {
		t.Errorf("%s %v", out.String(), err)
	}
}
