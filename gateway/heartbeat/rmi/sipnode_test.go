package rmi

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"twinhop/gateway/heartbeat"
	"twinhop/gateway/heartbeat/rmi/jser"
)

// entry is a SIPNode as a test writes it: "name=value" are strings, "name:value" integers.
type entry struct {
	ip, host string
	props    []string
}

var (
	arrayList = jser.Class{Name: "java.util.ArrayList", UID: 8683452581122892189, Fields: []jser.Field{{Code: 'I', Name: "size"}}}.Custom()
	hashMap   = jser.Class{Name: "java.util.HashMap", UID: 362498820763181265}.Custom()
	integer   = jser.Class{Name: "java.lang.Integer", UID: 1360826667806852920, Fields: []jser.Field{{Code: 'I', Name: "value"}}}
	number    = jser.Class{Name: "java.lang.Number", UID: -8742448824652078965}
	nodeClass = jser.Class{Name: sipNode, UID: -4959114432342926569, Fields: []jser.Field{
		{Code: 'L', Name: "properties", Type: "Ljava/util/HashMap;"}, // the order is the stream's affair
		{Code: 'L', Name: "ip", Type: "Ljava/lang/String;"},
		{Code: 'L', Name: "hostName", Type: "Ljava/lang/String;"},
	}}
)

func written(all ...entry) []byte {
	w := jser.NewWriter()
	w.Begin(arrayList)
	w.Int(int32(len(all)))
	w.Data(make([]byte, 4))
	for _, e := range all {
		w.Begin(nodeClass)
		w.Begin(hashMap)
		w.Data(make([]byte, 8))
		for _, p := range e.props {
			i := strings.IndexAny(p, "=:")
			w.String(p[:i])
			if p[i] == '=' {
				w.String(p[i+1:])
				continue
			}
			var n int32
			_, _ = fmt.Sscan(p[i+1:], &n)
			w.Begin(integer, number)
			w.Int(n)
		}
		w.End()
		w.String(e.ip)
		w.String(e.host)
	}
	w.End()
	return w.Bytes()
}

func readBack(t *testing.T, stream []byte) ([]heartbeat.Announcement, error) {
	t.Helper()
	r := jser.NewReader(bytes.NewReader(stream), knownOfNodes, jser.DefaultLimits)
	if err := r.Header(); err != nil {
		t.Fatal(err)
	}
	v, err := r.Value()
	if err != nil {
		t.Fatal(err)
	}
	return readNodes(v)
}

func TestReadNodes(t *testing.T) {
	all, err := readBack(t, written(
		entry{"10.0.0.1", "one", []string{"udpPort:5080", "tcpPort=5081", "jvmRoute=n1", "sessionId=7", "ip=10.9.9.9", "hostname=other", "GRACEFUL_SHUTDOWN=true", "custom=x"}},
		entry{"2001:db8:0:0:0:0:0:1%eth0", "two", []string{"udpPort:5080", "version=3"}},
		entry{"fe80:0:0:0:0:0:0:1%eth0", "linked", []string{"udpPort:5080"}},
		entry{"10.0.0.2", "odd", []string{"udpPort:99999"}},
		entry{"10.0.0.3", "bare", nil},
	))
	if len(all) != 2 {
		t.Fatalf("%d of 2: %+v", len(all), all)
	}
	a, b := all[0], all[1]
	if a.IP != netip.MustParseAddr("10.0.0.1") || a.HostName != "one" || a.Ports != (heartbeat.Ports{UDP: 5080, TCP: 5081}) || a.Route != "n1" || a.Session != "7" || !a.Draining || a.By != "rmi" {
		t.Errorf("%+v", a)
	}
	if b.IP != netip.MustParseAddr("2001:db8::1") || b.Version != 3 || b.Draining {
		t.Errorf("%+v", b)
	}
	for _, who := range []string{"fe80", "10.0.0.2", "10.0.0.3"} {
		if err == nil || !strings.Contains(err.Error(), who) {
			t.Errorf("nothing is said of %s: %v", who, err)
		}
	}
}

func TestTooManyNodes(t *testing.T) {
	all := slices.Repeat([]entry{{"10.0.0.1", "", nil}}, maxNodes+1)
	w := jser.NewWriter()
	w.Begin(arrayList)
	w.Int(int32(len(all)))
	w.Data(make([]byte, 4))
	for range all {
		w.Null()
	}
	w.End()
	if _, err := readBack(t, w.Bytes()); err == nil || !strings.Contains(err.Error(), "257 nodes") {
		t.Error(err)
	}
	if _, err := readBack(t, written(make([]entry, 3)...)); err == nil {
		t.Error("nodes without anything are taken")
	}
	w = jser.NewWriter()
	w.Begin(arrayList)
	w.Int(1)
	w.Data(make([]byte, 4))
	w.String("node")
	w.End()
	if _, err := readBack(t, w.Bytes()); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Error(err)
	}
}
