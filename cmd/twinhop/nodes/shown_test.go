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
