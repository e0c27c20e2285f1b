package admin

import (
	"net/netip"
	"strings"
	"testing"

	"twinhop/admin/lbstat"
)

// The pages of the old balancers are read by who may read the API, and by
// monitors without a login; none of them changes anything.
func TestOldPages(t *testing.T) {
	s := newStage(t, "node1", "node2")
	s.Old = &lbstat.Pages{Version: "1.0-test", View: s.registry.View, Count: func() lbstat.Counters { return lbstat.Counters{SIPRequests: 12} }, Calls: s.book.Total}
	s.run()
	stranger := s.browser()
	for _, path := range []string{"/lbstat", "/lbinfo", "/lbstop", "/LBLogLevel?logLevel=DEBUG"} {
		if a := stranger.must(401, "GET", path, nil); strings.Contains(a.text, "Metrics") {
			t.Errorf("%s tells a stranger %s", path, a.text)
		}
	}
	b := s.login(RoleViewer)
	if a := b.must(200, "GET", "/api/v1/LbStat", nil); a.at("Metrics", "activeNodes") != 2.0 || a.at("Metrics", "NumberOfRequestsProcessed") != 12.0 {
		t.Errorf("lbstat: %s", a.text)
	}
	if a := b.must(200, "GET", "/api/v1/lbinfo", nil); a.at("Nodes info", "nodesIPv4", 1, "ip") != "10.0.0.2" {
		t.Errorf("lbinfo: %s", a.text)
	}
	b.must(405, "POST", "/api/v1/lbstat", "{}")
	for path, command := range map[string]string{"/lbstop?login=a&password=b": "systemctl stop twinhop", "/lbloglevel?logLevel=DEBUG": "telemetry.log.level", "/lbnoderegex?regex=2.*": "placement.pins"} {
		if a := b.must(410, "GET", "/api/v1"+path, nil); !strings.Contains(a.text, command) {
			t.Errorf("%s does not say what to do instead: %s", path, a.text)
		}
	}
	s.Old.Monitors = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	stranger.must(200, "GET", "/LBstat", nil)
	stranger.must(410, "GET", "/lbstop", nil)
	stranger.must(401, "GET", "/api/v1/nodes", nil)
	s.Old = nil
	b.must(404, "GET", "/lbstat", nil)
}
