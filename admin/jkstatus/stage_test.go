package jkstatus

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"twinhop/admin/access"
	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/cluster"
)

var (
	noon  = time.Date(2026, 3, 4, 12, 0, 0, 0, time.FixedZone("", 3600))
	start = noon.Add(-90 * time.Second)
)

// hush is the secret that nobody may see.
const hush = "hush-hush-77"

// sample is a cluster with a bit of everything.
func sample() *workers.State {
	node := func(name string, port int) workers.Node {
		return workers.Node{Name: name, Type: "ajp13", Host: "127.0.0.1", Port: port, Address: "127.0.0.1:23499", PingTimeout: 10000, Retries: 2, RetryDelay: 100,
			PacketSize: 8192, Reset: start, Bound: -1}
	}
	one, two := node("node1", 23499), node("node2", 23498)
	one.PrepostPing, one.PingInterval, one.Retries, one.Elected, one.Transferred, one.Read, one.MaxBusy = 1500, 100, 1, 180, 40_000, 5_000_000, 7
	one.Bound = 12
	two.Source, two.BusyLimit, two.Errors, two.ErrorAt = "127.0.0.1", 20, 3, noon.Add(-5*time.Second)
	rule := func(uri, source string) workers.Map {
		return workers.Map{Server: "*", URI: uri, Source: source, ReplyTimeout: -1, Exact: !strings.ContainsAny(uri, "*?")}
	}
	not, off, ext := rule("/app/img/*", workers.FromMap), rule("/off/*", workers.FromMap), rule("/ext/*", workers.FromMap)
	not.Unmount, off.Disabled = true, true
	ext.ReplyTimeout, ext.StickyIgnore, ext.Stateless, ext.FailOnStatus, ext.Active, ext.DisabledNodes, ext.ServerErrors = 300, true, true, "-404,503", "node1", "node2", 500
	return &workers.State{
		Balancers: []workers.Balancer{{Name: "lb", Sticky: true, Retries: 2, RetryInterval: 100, RecoverTime: 60, Escalation: 30, Method: "Request", Busy: 1,
			MaxBusy: 8, Maintain: 60, NextMaintain: 30, Reset: start,
			Members: []workers.Member{
				{Node: one, Factor: 2, Route: "east.node1", Redirect: "east.node2", Domain: "east", State: cluster.StateOK, Mult: 1, Value: 14, Sessions: 4},
				{Node: two, Activation: cluster.Disabled, Factor: 1, Route: "east.node2", Domain: "east", Distance: 1, State: cluster.StateError, Mult: 2, ErrorAge: 5},
			},
			Maps: []workers.Map{not, rule("/mounted/*", workers.FromMount), off, ext, rule("/app", workers.FromMap)}}},
		AJP:    []workers.Single{{Node: node("solo", 23497), Maps: []workers.Map{rule("/exact.jsp", workers.FromWorkers)}}},
		Others: []string{"jkstatus"},
	}
}

// stage is a status worker with a panel that remembers.
type stage struct {
	*Worker
	t       *testing.T
	changes []workers.Change
	acts    []string
	refuse  error
}

func newStage(t *testing.T, w Words) *stage {
	t.Helper()
	s := &stage{t: t}
	panel := Panel{
		State: sample,
		Dump: func() []workers.Property {
			return []workers.Property{{Key: "pw", Value: hush}, {Key: "site", Value: "<b>"}, {Key: "worker.lb.type", Value: "lb"},
				{Key: "worker.node1.secret", Value: hush}, {Key: "worker.node1.route", Value: "east.node1"}, {Key: "9 lives", Value: `"`}, {Key: "9_lives", Value: "x"}}
		},
		Update: func(c []workers.Change) error { s.changes = append(s.changes, c...); return s.refuse },
		Reset: func(worker, member string) error {
			s.acts = append(s.acts, "reset "+worker+" "+member)
			return s.refuse
		},
		Recover: func(worker, member string) bool {
			s.acts = append(s.acts, "recover "+worker+" "+member)
			return member == "node2"
		},
		Login: func(peer, name, password string) (access.Role, time.Duration, bool) {
			if strings.HasPrefix(peer, "10.6.") {
				return 0, 90 * time.Second, false
			}
			roles := map[string]access.Role{"olga": access.RoleOperator, "vera": access.RoleViewer, "Adam": access.RoleAdmin}
			role, ok := roles[name]
			return role, 0, ok && password == "right"
		},
	}
	if w.Name == "" {
		w.Name = "jkstatus"
	}
	worker, err := New(w, panel)
	if err != nil {
		t.Fatal(err)
	}
	worker.Software, worker.Now = "twinhop/1.0", func() time.Time { return noon }
	s.Worker = worker
	return s
}

// do sends a request; fields are header lines, "peer: address" is where it
// comes from, "user: name" logs in with the right password.
func (s *stage) do(method, query string, fields ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://www.example.com:8080/jkstatus", nil)
	r.URL.RawQuery = query
	r.RemoteAddr = "10.1.2.3:4567"
	for _, f := range fields {
		key, value, _ := strings.Cut(f, ": ")
		switch key {
		case "peer":
			r.RemoteAddr = value + ":4567"
		case "user":
			r.SetBasicAuth(value, "right")
		case "wrong":
			r.SetBasicAuth(value, "wrong")
		case "Host":
			r.Host = value
		default:
			r.Header.Add(key, value)
		}
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return rec
}

// result is the message of an answer in text.
func result(rec *httptest.ResponseRecorder) string {
	_, after, _ := strings.Cut(rec.Body.String(), "Result: type=")
	return strings.TrimSpace(after)
}

var errAny = errors.New("any")

var _ http.Handler = (*Worker)(nil)
