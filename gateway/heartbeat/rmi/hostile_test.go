package rmi

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"twinhop/gateway/cluster"
	"twinhop/gateway/heartbeat"
)

// The beginnings of objects that nodes do send, up to where their elements stand, of which
// there are said to be many.
const (
	listHead = "\x73\x72\x00\x13java.util.ArrayList\x78\x81\xd2\x1d\x99\xc7\x61\x9d\x03\x00\x01I\x00\x04size\x78\x70\x7f\xff\xff\xff\x77\x04\x7f\xff\xff\xff"
	listMore = "\x73\x71\x00\x7e\x00\x00\x7f\xff\xff\xff\x77\x04\x7f\xff\xff\xff"
	mapHead  = "\x73\x72\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16\x60\xd1\x03\x00\x00\x78\x70\x77\x08\x7f\xff\xff\xff\x7f\xff\xff\xff"
)

// hostileCalls are calls that should cost little, each a megabyte if it can be.
func hostileCalls() map[string]string {
	head := call64(balancerID, -1, hashHandlePing)
	const mega = 1 << 20
	all := map[string]string{
		"garbage":           strings.Repeat("\x9b\x01\x7a", mega/3),
		"a list of nulls":   head + listHead + strings.Repeat("\x70", mega),
		"lists in lists":    head + listHead + strings.Repeat(listMore, mega/len(listMore)),
		"a list in itself":  head + listHead + strings.Repeat("\x71\x00\x7e\x00\x01", mega/5),
		"its own class":     head + listHead + strings.Repeat("\x71\x00\x7e\x00\x00", mega/5),
		"a map of strings":  head + mapHead + strings.Repeat("\x74\x00\x01k\x74\x00\x01v", mega/8),
		"long strings":      head + mapHead + strings.Repeat("\x74\x0f\xff"+strings.Repeat("k", 0xfff), mega/4098),
		"a string of 2^63":  head + "\x7c\x7f\xff\xff\xff\xff\xff\xff\xff" + strings.Repeat("x", mega),
		"data of 2^31":      head + listHead + "\x7a\x7f\xff\xff\xff" + strings.Repeat("x", mega),
		"bytes of 2^31":     head + "\x75\x72\x00\x02[B\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70\x7f\xff\xff\xff" + strings.Repeat("x", mega),
		"longs of 2^31":     head + "\x75\x72\x00\x02[J\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70\x7f\xff\xff\xff" + strings.Repeat("x", mega),
		"resets":            head + strings.Repeat("\x79", mega),
		"a runtime":         head + "\x73\x72\x00\x11java.lang.Runtime\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70",
		"a gadget":          head + mapHead + "\x73\x72\x00\x3aorg.apache.commons.collections.functors.InvokerTransformer\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70",
		"a bound reference": call64(registryID, opBind, registryHash) + "\x74" + utf("SIPBalancer") + strings.Repeat("\x73", mega),
		"dirty objects":     call64(dgcID, opDirty, dgcHash) + listHead + strings.Repeat(listMore, mega/len(listMore)),
	}
	return all
}

// TestHostileCalls: each closes its connection and costs less than 10 MB; who comes then is served.
func TestHostileCalls(t *testing.T) {
	r := start(t, nil)
	for name, call := range hostileCalls() {
		c := connect(t, r.at)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if name == "garbage" {
			c.Close()
			c = dial(t, r.at)
		}
		go func() { _, _ = io.WriteString(c, call) }() // it may be closed before all is taken
		c.ends()
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; cost > 10<<20 {
			t.Errorf("%s: %d bytes", name, cost)
		} else {
			t.Logf("%-18s %8d bytes", name, cost)
		}
	}
	if got := r.nodes(); got != "" {
		t.Errorf("registered: %q", got)
	}
	c := connect(t, r.at)
	c.send(call64(registryID, opLookup, registryHash) + "\x74" + utf("SIPBalancer"))
	c.want("51 aced0005")
}

// deaf is a connection that takes everything and says nothing.
type deaf struct{ piped }

func (deaf) Write(p []byte) (int, error) { return len(p), nil }

// FuzzCall: whatever comes after a greeting, the server goes on, and what it learned is
// within the bounds of its roster.
func FuzzCall(f *testing.F) {
	names, err := filepath.Glob("jser/testdata/*.ser")
	if err != nil || len(names) == 0 {
		f.Fatalf("%v: %v", names, err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append([]byte{msgCall}, b...))
	}
	for _, call := range hostileCalls() {
		f.Add([]byte(call[:min(len(call), 1024)]))
	}
	f.Add([]byte("\x52\x54" + strings.Repeat("\x00", uidSize) + "\x52"))
	registry := &cluster.Registry{}
	if err := registry.Apply(cluster.Spec{}); err != nil {
		f.Fatal(err)
	}
	roster := &heartbeat.Roster{Registry: registry}
	roster.Apply(heartbeat.Settings{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	s := &Server{Roster: roster, Registry: &pipes{}}
	s.begin()
	ours, theirs := net.Pipe()
	f.Cleanup(func() {
		ours.Close()
		theirs.Close()
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		src := bytes.NewReader(b)
		p := &peer{s: s, c: deaf{piped{theirs}}, in: bufio.NewReader(src), from: netip.MustParseAddr("127.0.0.1")}
		for err := error(nil); err == nil; {
			err = p.message(context.Background())
		}
		if n := len(roster.Nodes()); n > heartbeat.MaxNodes {
			t.Fatalf("%d nodes", n)
		}
	})
}
