package legacy

import (
	"net/netip"
	"strings"
	"testing"

	"twinhop/sip/peek"
)

func read(uri string) (Hint, bool) {
	b := []byte(uri)
	u := peek.ParseURI(b, peek.Span{To: len(b)})
	return Read(b, u.Params)
}

func TestHintsThatAreRead(t *testing.T) {
	for uri, want := range map[string]struct {
		host    string
		port    uint16
		version int
	}{
		"sip:192.0.2.1:5060;transport=udp;lr;node_host=10.0.0.1;node_port=5080;version=0":   {"10.0.0.1", 5080, 0},
		"sip:192.0.2.1;version=7;NODE_PORT=5080;lr;Node_Host=10.0.0.1":                      {"10.0.0.1", 5080, 7},
		"sip:10.0.0.100:5065;lr;transport=tcp;node_host=10.0.0.1;node_port=5080":            {"10.0.0.1", 5080, -1},
		"sip:bob@192.0.2.1;node_host=[fd00::1];node_port=5080;version=2147483647":           {"[fd00::1]", 5080, 1<<31 - 1},
		"sip:192.0.2.1;lr;node_host=node1.example.com;node_port=65535;version=1?Subject=no": {"node1.example.com", 65535, 1},
	} {
		h, ok := read(uri)
		if !ok || string(h.Host) != want.host || h.Port != want.port || h.version != want.version {
			t.Errorf("%s: %q %d %d %v", uri, h.Host, h.Port, h.version, ok)
		}
	}
}

func TestHintsThatAreNone(t *testing.T) {
	for _, uri := range []string{"sip:192.0.2.1", "sip:192.0.2.1;lr", "sip:192.0.2.1;node_host=10.0.0.1", "sip:192.0.2.1;node_port=5080",
		"sip:192.0.2.1;node_host;node_port=5080", "sip:192.0.2.1;node_host=;node_port=5080", "sip:192.0.2.1;node_host=10.0.0.1;node_port=",
		"sip:192.0.2.1;node_host=10.0.0.1;node_port=0", "sip:192.0.2.1;node_host=10.0.0.1;node_port=65536",
		"sip:192.0.2.1;node_host=10.0.0.1;node_port=+5080", "sip:192.0.2.1;node_host=10.0.0.1;node_port=5080;version=",
		"sip:192.0.2.1;node_host=10.0.0.1;node_port=5080;version=one", "sip:192.0.2.1;node_host=10.0.0.1;node_port=5080;version=-1",
		"sip:192.0.2.1;node_host=10.0.0.1;node_port=5080;version=99999999999999999999",
		"sip:192.0.2.1?node_host=10.0.0.1&node_port=5080", "sip:node_host=10.0.0.1;node_port=5080@192.0.2.1"} {
		if h, ok := read(uri); ok {
			t.Errorf("%s: %+v", uri, h)
		}
	}
}

func TestFits(t *testing.T) {
	any, _ := read("sip:a;node_host=b;node_port=1")
	two, _ := read("sip:a;node_host=b;node_port=1;version=2")
	if !any.Fits(0) || !any.Fits(7) || two.Fits(0) || two.Fits(1) || !two.Fits(2) {
		t.Error("versions")
	}
}

// What is written is what the old balancer wrote, and is read again.
func TestWrite(t *testing.T) {
	for at, want := range map[string]string{"10.0.0.1:5080": ";node_host=10.0.0.1;node_port=5080;version=3",
		"[fd00::1]:5080": ";node_host=[fd00::1];node_port=5080;version=3"} {
		var m peek.Message
		m.Scan([]byte("OPTIONS sip:a SIP/2.0\r\n\r\n"))
		var e peek.Edits
		node := netip.MustParseAddrPort(at)
		Write(e.At(len("OPTIONS sip:a")), node, 3)
		m.End = len(m.Buf)
		got := string(e.Apply(nil, &m))
		if !strings.HasPrefix(got, "OPTIONS sip:a"+want+" ") {
			t.Errorf("%s: %s", at, got)
		}
		h, ok := read("sip:a" + want)
		ip, _ := peek.ParseIP(h.Host)
		if !ok || netip.AddrPortFrom(ip, h.Port) != node || !h.Fits(3) {
			t.Errorf("%s: read as %+v %v", want, h, ok)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("sip:192.0.2.1:5060;transport=udp;lr;node_host=10.0.0.1;node_port=5080;version=0")
	f.Add("sip:a;node_host=[::1];node_port=1")
	f.Fuzz(func(t *testing.T, uri string) {
		if h, ok := read(uri); ok && (len(h.Host) == 0 || h.Port == 0 || !strings.Contains(uri, string(h.Host))) {
			t.Errorf("%q: %+v", uri, h)
		}
	})
}
