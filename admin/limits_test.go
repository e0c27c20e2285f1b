package admin

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"twinhop/admin/limits"
)

// keeper is a SIP front as far as the admin knows one.
type keeper struct {
	mu   sync.Mutex
	bans map[netip.Prefix]limits.Ban
	rest limits.State
}

func (k *keeper) limits() limits.State {
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.rest
	for _, b := range k.bans {
		l.Bans = append(l.Bans, b)
	}
	return l
}

func (k *keeper) unban(ip netip.Addr) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p := range k.bans {
		if p.Contains(ip) {
			delete(k.bans, p)
			return true
		}
	}
	return false
}

func (s *stage) keep(now time.Time) *keeper {
	k := &keeper{bans: map[netip.Prefix]limits.Ban{}, rest: limits.State{Sources: 4711, Scanners: []limits.Hit{{Word: "friendly-scanner", Hits: 12}, {Word: "sipcli"}, {Word: "<b>\u202Edrow", Hits: 1}},
		Shed: map[string]uint64{"scanner": 12, "source_rate": 3141, "overload_invite": 7},
		Pending: limits.Pending{Live: 3, Max: 100000, Opened: 2000, Stateless: 1, Left: map[string]uint64{"silent": 2, "refused": 40},
			Answers: map[string]uint64{"100": 900, "503": 4}},
		Connections: []limits.Connections{{Listener: "tcp://0.0.0.0:5060", Open: 17, Accepted: 40, Dialled: 2, Refused: 5, TimedOut: 1, Garbled: 2}}}}
	for source, dropped := range map[string]int{"198.51.100.66/32": 2718, "2001:db8:1:2::/64": 99, "203.0.113.5/32": 2718} {
		p := netip.MustParsePrefix(source)
		k.bans[p] = limits.Ban{Source: p, Until: now.Add(40 * time.Second), Dropped: dropped}
	}
	s.Panel.Limits, s.Panel.Unban = k.limits, k.unban
	return k
}

func TestLimits(t *testing.T) {
	s := newStage(t, "node1").run()
	b := s.login(RoleOperator)
	if a := b.must(200, "GET", "/api/v1/limits", nil); a.at("sip") != nil || a.at("at") == nil {
		t.Errorf("without SIP: %s", a.text)
	}
	b.must(404, "DELETE", "/api/v1/limits/bans/198.51.100.66", nil)

	until := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	k := s.keep(until.Add(-40 * time.Second))
	a := b.must(200, "GET", "/api/v1/limits", nil)
	want := `{"bans":[{"source":"198.51.100.66","until":"2026-11-21T12:00:00.000Z","dropped":2718},` +
		`{"source":"203.0.113.5","until":"2026-11-21T12:00:00.000Z","dropped":2718},` +
		`{"source":"2001:db8:1:2::/64","until":"2026-11-21T12:00:00.000Z","dropped":99}],"banned":3,"sources":4711,` +
		`"scanners":[{"word":"friendly-scanner","hits":12},{"word":"sipcli","hits":0},{"word":"\u003cb\u003e�drow","hits":1}],` +
		`"shed":{"overload_invite":7,"scanner":12,"source_rate":3141},` +
		`"pending":{"live":3,"max":100000,"opened":2000,"stateless":1,"left":{"refused":40,"silent":2},"answers":{"100":900,"503":4}},` +
		`"connections":[{"listener":"tcp://0.0.0.0:5060","open":17,"accepted":40,"dialled":2,"refused":5,"timedOut":1,"garbled":2}]}}`
	if got := a.text[len(a.text)-len(want):]; got != want {
		t.Errorf("got\n%s\nwant\n%s", a.text, want)
	}

	for path, status := range map[string]int{"198.51.100.66": 204, "2001:db8:1:2::77": 204, "::ffff:203.0.113.5": 204} {
		b.must(status, "DELETE", "/api/v1/limits/bans/"+path, nil)
		if p := b.must(404, "DELETE", "/api/v1/limits/bans/"+path, nil); p.at("type") != "/problems/not-found" {
			t.Errorf("twice: %s", p.text)
		}
	}
	for _, bad := range []string{"198.51.100.66:5060", "198.51.100.0%2F24", "fe80::1%25eth0", "nobody", "198.51.100.999"} {
		if p := b.do("DELETE", "/api/v1/limits/bans/"+bad, nil); p.status != 422 && p.status != 404 && p.status != 405 || p.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", bad, p.status, p.text)
		}
	}
	if a := b.must(200, "GET", "/api/v1/limits", nil); a.at("sip", "banned") != 0.0 || len(a.at("sip", "bans").([]any)) != 0 {
		t.Errorf("all lifted: %s", a.text)
	}

	for i := range limits.MaxBans + 50 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 32)
		k.bans[p] = limits.Ban{Source: p, Until: until, Dropped: i}
	}
	a = b.must(200, "GET", "/api/v1/limits", nil)
	if n := len(a.at("sip", "bans").([]any)); n != limits.MaxBans || a.at("sip", "banned") != limits.MaxBans+50.0 || a.at("sip", "bans", 0, "dropped") != limits.MaxBans+49.0 {
		t.Errorf("%d listed: %s", n, fmt.Sprintf("%.200s", a.text))
	}
}
