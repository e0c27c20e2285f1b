package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// What a node is asked for by its instance, and that it asked for nothing new, is shown.
func TestNodeAsItIsShown(t *testing.T) {
	for raw, want := range map[string]string{
		`{"name":"n1","activation":"disabled","instance":"ID3f2a","draining":true}`: "name n1 activation disabled it asked for nothing new instance ID3f2a sessions",
		`{"name":"n1","activation":"active"}`:                                       "name n1 activation active sessions",
		`{"name":"n1","activation":"active","instance":"ID1","announced":{"by":"rmi","hostName":"app1","incarnation":"5e55104e","heartbeats":3,"last":"2026-11-21T11:20:48Z"},"version":2}`: "instance ID1 heartbeat rmi",
	} {
		var out bytes.Buffer
		if err := (&asker{}).showNode(&out, json.RawMessage(raw)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, want) {
			t.Errorf("%s\nis shown as %s", raw, got)
		}
	}
}
