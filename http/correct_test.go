package http

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"twinhop/gateway"
	"twinhop/http/follow"
)

// following is a stage with leader sip where alice lives on n2 and clients
// are redirected.
func following(t *testing.T, corrections int) *stage {
	s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2")}, func(s *stage) {
		s.leader, s.settings.Follow, s.settings.MaxCorrections = gateway.LeaderSIP, FollowRedirect, corrections
	})
	s.bind("alice", "n2")
	return s
}

const wrong = "/app;jsessionid=A.n1?appsession=alice"

func TestRedirectsAreBounded(t *testing.T) {
	for _, corrections := range []int{0, 1, 2, 5} {
		s := following(t, corrections)
		seen := 0
		for range 20 {
			resp, body := s.get(wrong) // ignores every cookie and Location
			if resp.StatusCode == 307 {
				seen++
			} else if want := map[bool]string{true: "n2", false: "n1"}[corrections == 0]; body != want {
				t.Errorf("%d corrections: served by %s", corrections, body)
			}
		}
		if seen != corrections {
			t.Errorf("%d redirects, expected %d", seen, corrections)
		}
	}
}

// So are pages that load themselves again, for clients that mind neither cookies
// nor the URL to load.
func TestRefreshesAreBounded(t *testing.T) { lanes(t, refreshesAreBounded) }

func refreshesAreBounded(t *testing.T) {
	for _, corrections := range []int{0, 1, 3} {
		s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2")}, func(s *stage) {
			s.leader, s.settings.Follow, s.settings.MaxCorrections = gateway.LeaderSIP, FollowRefresh, corrections
		})
		s.bind("alice", "n2")
		seen := 0
		for range 10 {
			resp, body := s.get(wrong)
			if resp.Header.Get("Refresh") == "1;url=/app;jsessionid=A.n2?appsession=alice" && resp.StatusCode == 200 && body == "" {
				seen++
			} else if want := map[bool]string{true: "n2", false: "n1"}[corrections == 0]; body != want {
				t.Errorf("%d corrections: served by %q", corrections, body)
			}
		}
		if seen != corrections {
			t.Errorf("%d pages that load themselves again, expected %d", seen, corrections)
		}
	}
}

// The count travels in a signed cookie: another gateway goes on counting.
func TestRedirectsAreCountedAcrossGateways(t *testing.T) {
	a, b := following(t, 2), following(t, 2)
	cookie, seen := "", 0
	for i := range 6 {
		s := []*stage{a, b}[i%2]
		s.front.Guard = follow.Guard{Secrets: secrets} // as if each request met a gateway of its own
		resp, _ := s.get(wrong, "Cookie: "+cookie)
		if resp.StatusCode == 307 {
			seen++
		}
		for _, c := range resp.Cookies() {
			if c.Name == follow.CookieName {
				cookie = c.Name + "=" + c.Value
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d redirects", seen)
	}
	// A forged or foreign count is none.
	c := following(t, 1)
	for _, forged := range []string{cookie, follow.CookieName + "=xxx", follow.CookieName + "=" + strings.Repeat("A", 4000)} {
		c.front.Guard = follow.Guard{Secrets: [][]byte{bytes.Repeat([]byte("z"), 32)}}
		if resp, _ := c.get(wrong, "Cookie: "+forged); resp.StatusCode != 307 {
			t.Errorf("%.40s: %d", forged, resp.StatusCode)
		}
	}
}

func TestRedirectLeadsRight(t *testing.T) {
	s := following(t, 2)
	resp, _ := s.get(wrong)
	to := resp.Header.Get("Location")
	if to != "/app;jsessionid=A.n2?appsession=alice" {
		t.Fatalf("Location %q", to)
	}
	if resp, body := s.get(to); resp.StatusCode != 200 || body != "n2" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestRedirectsStayOnSite(t *testing.T) {
	s := following(t, 100)
	for _, path := range []string{"//evil.example", "///evil.example", "//evil.example/%2e%2e", "/.//evil.example", "http://evil.example/"} {
		answer := s.rawSend("GET " + path + ";jsessionid=A.n1?appsession=alice HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
		_, rest, ok := strings.Cut(answer, "\r\nLocation: ")
		to, _, _ := strings.Cut(rest, "\r\n")
		if ok && !onSite(to) {
			t.Errorf("%s: redirected to %q", path, to)
		}
	}
	for _, bad := range []string{"//x", `/\x`, "x", "http://x", "", "/a\r\nb"} {
		if onSite(bad) {
			t.Errorf("%q is taken for a path of ours", bad)
		}
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, []node{namedNode(t, "n1")}, func(s *stage) {
		s.front.Metrics = m
		s.front.Handlers = map[string]LocalHandler{"status": func(w http.ResponseWriter, r *http.Request, _ []gateway.Evidence, _ gateway.Hint) {
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusForbidden)
			}
		}}
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/*", "default"), {Path: "/jkstatus", Local: "status"}})
	})
	s.get("/")
	s.get("/jkstatus")
	s.rawSend("POST /jkstatus HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	s.rawSend("BREW / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	s.rawSend("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nConnection: close\r\n\r\n")
	s.stop()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, f := range families {
		for _, x := range f.Metric {
			labels := ""
			for _, l := range x.Label {
				labels += l.GetName() + "=" + l.GetValue() + " "
			}
			got[f.GetName()+" "+labels] = true
		}
	}
	for _, want := range []string{"twinhop_http_requests_total code_class=2xx method=GET node=n1 ",
		"twinhop_http_requests_total code_class=2xx method=other node=n1 ",
		"twinhop_http_requests_total code_class=4xx method=CONNECT node= ",
		"twinhop_http_requests_total code_class=2xx method=GET node= ", "twinhop_http_requests_total code_class=4xx method=POST node= ",
		"twinhop_http_request_duration_seconds node=n1 ", "twinhop_shed_total proto=http reason=method ", "twinhop_ws_connections "} {
		if !got[want] {
			t.Errorf("no %s in %v", want, got)
		}
	}
	if _, err := NewMetrics(registry); err == nil {
		t.Error("registered twice")
	}
	var none *Metrics
	none.request("", http.MethodGet, 200, 0)
}
