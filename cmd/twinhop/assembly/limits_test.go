package assembly

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/admin/limits"
)

// What the SIP front keeps out is in the admin and in the metrics, by the same words.
func TestLimitsReachTheAdmin(t *testing.T) {
	node := httptest.NewServer(http.NotFoundHandler())
	defer node.Close()
	c := settings(t, node.URL)
	c.Listen.SIP.External = append(c.Listen.SIP.External, "tcp://127.0.0.1:0")
	c.Limits.Trusted, c.Limits.SIP.Rate, c.Limits.SIP.Burst, c.Limits.SIP.Scanners = nil, 2, 2, []string{"sipcli"}
	g, err := Build(Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	if l := g.Admin.Panel.Limits(); len(l.Scanners) > 0 || l.Pending.Max != c.Limits.SIP.Pending {
		t.Errorf("before the start: %+v", l)
	}
	stop := run(t, g)
	<-g.Ready()
	phone, err := net.Dial("udp", strings.TrimPrefix(g.Addrs().External[0], "udp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	options := func(agent string) {
		if _, err := phone.Write([]byte(strings.ReplaceAll("OPTIONS sip:127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK"+agent+
			"\nMax-Forwards: 70\nFrom: <sip:a@127.0.0.1>;tag=1\nTo: <sip:127.0.0.1>\nCall-ID: "+agent+"\nCSeq: 1 OPTIONS\nUser-Agent: "+agent+"\n\n", "\n", "\r\n"))); err != nil {
			t.Fatal(err)
		}
	}
	options("sipcli")
	options("telephone")
	phone.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 4096)
	if n, err := phone.Read(b); err != nil || !strings.HasPrefix(string(b[:n]), "SIP/2.0 ") {
		t.Fatalf("%q, %v", b[:n], err)
	}
	l := g.Admin.Panel.Limits()
	if !slices.Equal(l.Scanners, []limits.Hit{{Word: "sipcli", Hits: 1}}) || l.Shed["scanner"] != 1 || l.Sources != 1 || len(l.Bans) != 0 {
		t.Errorf("%+v", l)
	}
	if len(l.Connections) != 1 || l.Connections[0].Listener != g.Addrs().External[1] {
		t.Errorf("connections %+v of %v", l.Connections, g.Addrs().External)
	}
	for _, word := range []string{"unreached", "silent", "stalled", "refused", "down"} {
		if _, ok := l.Pending.Left[word]; !ok {
			t.Errorf("no cause %s in %v", word, l.Pending.Left)
		}
	}
	_, page := get(t, "http://"+g.Addrs().Admin+"/metrics")
	for _, line := range []string{`twinhop_sip_scanner_hits_total{word="sipcli"} 1`, "twinhop_sip_sources 1", "twinhop_sip_pending 0", "twinhop_sip_bans 0",
		`twinhop_sip_connections{listener="` + g.Addrs().External[1] + `"} 0`, `twinhop_sip_failover_total{cause="silent"} 0`,
		`twinhop_sip_transaction_duration_seconds_count{code_class="2xx",method="INVITE"} 0`} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no %s in /metrics", line)
		}
	}
	stop()
}
