package assembly

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"twinhop/cmd/twinhop/clusterwords"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/http/ajp"
)

// What an operator says of an AJP node reaches the client, for every address
// of the node.
func TestAJPSettings(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ajp.secret"), []byte("of a file\r\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const text = `
listen: {http: [{addr: ":8080"}]}
nodes:
  - {name: n1, http: "http://10.0.0.1:8080"}
  - {name: n2, http: "ajp://two.example", ajp: {secretFile: ajp.secret}}
  - {name: n3, http: "ajp://10.0.0.3:8010", ajp: {secret: s, packetSize: 16KiB, connectTimeout: 1s, replyTimeout: 2s, bodyTimeout: 3s, idleTimeout: 4s,
      source: 127.0.0.1, attributes: {STAGE: "production"}, variables: [SSL_CLIENT_S_DN], certChain: true,
      connections: 5, acquireTimeout: 6s, minIdle: 7, maxIdle: 8, ping: {connect: true, request: true, interval: 9s, timeout: 10ms, connectTimeout: 11ms, requestTimeout: 12ms}}}
  - {name: n4, http: "ajp://10.0.0.4:8009", ajp: {secret: s, connectTimeout: 0, replyTimeout: 0, idleTimeout: 0, acquireTimeout: 0, maxIdle: 0}}
`
	c, problems := config.Parse("test", []byte(text), Words())
	if errors, _ := problems.Count(); errors > 0 {
		t.Fatal(problems)
	}
	spec, err := clusterwords.Spec(&c)
	if err != nil {
		t.Fatal(err)
	}
	spec.Nodes[1].HTTP = []cluster.Address{{Scheme: "ajp", Addr: netip.MustParseAddrPort("192.0.2.2:8009")}, {Scheme: "ajp", Addr: netip.MustParseAddrPort("[2001:db8::2]:8009")}}
	nodes, err := ajpNodes(&c, places{dir: dir}, &spec)
	if err != nil {
		t.Fatal(err)
	}
	two := ajp.Settings{Secret: "of a file", PacketSize: 8192, ConnectTimeout: 500 * time.Millisecond, HeaderTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxIdle: 256, AcquireTimeout: 200 * time.Millisecond, PingTimeout: 10 * time.Second}
	want := map[string]ajp.Settings{
		"192.0.2.2:8009":     two,
		"[2001:db8::2]:8009": two,
		"10.0.0.3:8010": {Secret: "s", PacketSize: 16384, ConnectTimeout: time.Second, HeaderTimeout: 2 * time.Second, BodyTimeout: 3 * time.Second,
			IdleTimeout: 4 * time.Second, MaxConns: 5, AcquireTimeout: 6 * time.Second, MinIdle: 7, MaxIdle: 8, PingConnect: true, PingRequest: true,
			PingInterval: 9 * time.Second, PingTimeout: 10 * time.Millisecond, PingConnectTimeout: 11 * time.Millisecond, PingRequestTimeout: 12 * time.Millisecond, Source: netip.MustParseAddr("127.0.0.1"), Attributes: []ajp.Attribute{{Name: "STAGE", Value: "production"}},
			Variables: []string{"SSL_CLIENT_S_DN"}, CertChain: true},
		"10.0.0.4:8009": {Secret: "s", PacketSize: 8192, ConnectTimeout: -1, HeaderTimeout: -1, IdleTimeout: -1, MaxIdle: -1, AcquireTimeout: -1, PingTimeout: 10 * time.Second},
	}
	if len(nodes) != len(want) {
		t.Errorf("settings of %d addresses", len(nodes))
	}
	for addr, s := range want {
		if !reflect.DeepEqual(nodes[addr], s) {
			t.Errorf("%s: %+v\nwant %+v", addr, nodes[addr], s)
		}
	}
	if spec.Schemes["ajp"].Interval != 5*time.Second || spec.Nodes[2].HTTP[0].Addr.Port() != 8010 || spec.Nodes[1].HTTP[0].Addr.Port() != 8009 {
		t.Errorf("%+v", spec)
	}
}

func TestAJPSecretFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secret")
	for text, want := range map[string]string{"s3cret": "s3cret", "s3cret\n": "s3cret", "a b\nc": "a b", "": "", "\n": "", " lead\n": "", "caf\u00e9\n": "", strings.Repeat("a", 2000): ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := firstLine(name)
		if got != want || want == "" && (!errors.Is(err, errNoSecret) || strings.Contains(err.Error(), "lead")) {
			t.Errorf("%.20q: %q, %v", text, got, err)
		}
	}
	if _, err := firstLine(name + "absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
