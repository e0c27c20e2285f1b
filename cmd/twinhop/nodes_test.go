package main

import (
	"bytes"
	"strings"
	"testing"
)

// What a node said of itself explains why it gets nothing, or little.
func TestShowsWhatANodeAnnounced(t *testing.T) {
	var out bytes.Buffer
	raw := `{"name":"node1","activation":"stopped","version":2,"announced":{"by":"json","incarnation":"0badcafe","heartbeats":3,"hostName":"app1","draining":true,
		"health":"down","load":{"weight":3,"load":40,"free":-1}}}`
	if err := (&asker{}).showNode(&out, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"asked for nothing new", "host=app1 version=2 instance=- health=down load=40\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
