package nodes

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"twinhop/cmd/twinhop/ask"
)

// What a node said of itself explains why it gets nothing, or little.
func TestShowsWhatANodeAnnounced(t *testing.T) {
	var out bytes.Buffer
	raw := `{"name":"node1","activation":"stopped","version":2,"draining":true,"announced":{"by":"json","incarnation":"0badcafe","heartbeats":3,"hostName":"app1",
		"health":"down","load":{"weight":3,"load":40,"free":-1}}}`
	if err := (of(&ask.Global{})).showNode(&out, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"asked for nothing new", "host=app1 version=2 health=down load=40\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// What a node is asked for by its instance, and that it asked for nothing new, is shown.
func TestNodeAsItIsShown(t *testing.T) {
	for raw, want := range map[string]string{
		`{"name":"n1","activation":"disabled","instance":"ID3f2a","draining":true}`: "name n1 activation disabled it asked for nothing new instance ID3f2a sessions",
		`{"name":"n1","activation":"active"}`:                                       "name n1 activation active sessions",
		`{"name":"n1","activation":"active","instance":"ID1","announced":{"by":"rmi","hostName":"app1","incarnation":"5e55104e","heartbeats":3,"last":"2026-11-21T11:20:48Z"},"version":2}`: "instance ID1 heartbeat rmi",
	} {
		var out bytes.Buffer
		if err := (of(&ask.Global{})).showNode(&out, json.RawMessage(raw)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, want) {
			t.Errorf("%s\nis shown as %s", raw, got)
		}
	}
}

// How a change is undone: one line when the pools agree, else one for each that changes.
func TestUndo(t *testing.T) {
	var n node
	raw := `{"name":"n1","route":"r1","weight":2,"addresses":{"sip":"udp://10.0.0.1:5080","http":"http://10.0.0.1:8080"},"pools":[
		{"name":"default","activation":"active","weight":2,"domain":"","distance":1},{"name":"shop","activation":"stopped","weight":2,"domain":"east","distance":1}]}`
	if err := json.Unmarshal([]byte(raw), &n); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		body map[string]any
		want string
	}{
		{map[string]any{"weight": 9}, "twinhop nodes weight n1 2"},
		{map[string]any{"weight": 9, "pool": "shop"}, "twinhop nodes weight n1 2 --pool shop"},
		{map[string]any{"activation": "disabled"}, "twinhop nodes activate n1 --pool default; twinhop nodes stop n1 --pool shop"},
		{map[string]any{"distance": 3, "domain": "x"}, "twinhop nodes set n1 --domain '' --distance 1 --pool default; twinhop nodes set n1 --domain east --distance 1 --pool shop"},
		{map[string]any{"distance": 3}, "twinhop nodes set n1 --distance 1"},
	} {
		if got := strings.Join(n.undo(x.body), "; "); got != x.want {
			t.Errorf("%v: %s, want %s", x.body, got, x.want)
		}
	}
	if got, want := n.added(), "twinhop nodes add n1 --route r1 --weight 2 --http http://10.0.0.1:8080 --sip udp://10.0.0.1:5080 --pool shop"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
