package config

import (
	"slices"
	"testing"
	"time"
)

func TestChanges(t *testing.T) {
	a, b := Default(), Default()
	if got := Changes(&a, &b); len(got) != 0 {
		t.Errorf("two alike differ in %v", got)
	}
	b.Nodes = []Node{{Name: "n"}}
	b.Limits.SIP.Rate++
	b.Affinity.TTL.Idle = time.Hour
	b.Pools[0].Sticky = !b.Pools[0].Sticky
	b.Listen.SIP.Advertise.External.Ports.UDP = 5060
	want := []string{"affinity.ttl.idle", "limits.sip.rate", "listen.sip.advertise.external.ports.udp", "nodes", "pools"}
	if got := Changes(&a, &b); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
