package config

import "testing"

func TestPlaces(t *testing.T) {
	places := Places([]byte("version: 1\nnodes:\n  - {name: a}\n  - name: b\n    sip:\n      - udp://10.0.0.1:5080\npools:\n  x: {sticky: false}\n"))
	for key, line := range map[string]int{"version": 1, "nodes": 3, "nodes[0].name": 3, "nodes[1].name": 4, "nodes[1].sip": 6, "pools.x.sticky": 8} {
		if places[key].Line != line {
			t.Errorf("%s is on line %d, not on %d", key, places[key].Line, line)
		}
	}
	if _, there := places["affinity"]; there {
		t.Error("affinity has a place")
	}
}
