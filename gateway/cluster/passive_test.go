package cluster

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster/passive"
)

// A story of one service: "s" a request is sent, "500" an answer with that
// code, a duration passes; "!" says that it is down then, for the reason that
// is wanted.
func TestPassiveSigns(t *testing.T) {
	errors := passive.Rules{Codes: passive.CodesOf(500, 503), Limit: 3, Within: 10 * time.Second}
	silent := passive.Rules{Requests: 2, Silence: 5 * time.Second}
	tests := []struct {
		name  string
		rules passive.Rules
		story string
		why   string
	}{
		{"three errors", errors, "500 503 200 500!", "3 answers like 500"},
		{"other codes are none", errors, "404 502 600 0 200 200", ""},
		{"far apart", errors, "500 9s 500 11s 500 500 10s 500!", "3 answers"},
		{"however far apart", passive.Rules{Codes: passive.CodesOf(500), Limit: 2}, "500 1000h 500!", "2 answers"},
		{"nothing is looked at", passive.Rules{}, "500 500 500 500 s s s 1h s", ""},
		{"silence", silent, "s 6s s s!", "2 requests and no answer for 5s"},
		{"many requests at once are no silence", silent, "s s s s s 4s s", ""},
		{"an answer ends it", silent, "s 6s s 404 s s 4s s 2s s!", "no answer"},
		{"who was asked nothing was not silent", silent, "s 404 1h s s s s 4s s 2s s!", "no answer"},
		{"few requests are no silence", silent, "s 1h s", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &Registry{}
				spec := oneMember(nil, 0)
				spec.Checks = map[Service]Schedule{HTTP: {Passive: tt.rules}}
				if err := r.Apply(spec); err != nil {
					t.Fatal(err)
				}
				n := r.View().Named("n1")
				for i, step := range strings.Fields(tt.story) {
					step, down := strings.CutSuffix(step, "!")
					code := 0
					for _, c := range step {
						code = code*10 + int(c-'0')
					}
					if d, err := time.ParseDuration(step); err == nil && step != "0" {
						time.Sleep(d)
					} else if step == "s" {
						r.Sent(n, HTTP)
					} else {
						r.Heard(n, HTTP, code)
					}
					if is := n.Health(HTTP) == Down; is != down {
						t.Fatalf("after %q (step %d) down is %v", step, i+1, is)
					}
				}
				if why := n.Check(HTTP).Record().Why; !strings.Contains(why, tt.why) || (why == "") != (tt.why == "") {
					t.Errorf("because %q, want %q", why, tt.why)
				}
			})
		})
	}
}

// What a node answered while it was down says nothing of it once it is back.
func TestErrorsOfADownNode(t *testing.T) {
	r := &Registry{}
	spec := oneMember(nil, 0)
	spec.Checks = map[Service]Schedule{HTTP: {Rise: 1, Passive: passive.Rules{Codes: passive.CodesOf(500), Limit: 3}}}
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	n := r.View().Named("n1")
	for range 5 { // two are late
		r.Heard(n, HTTP, 500)
	}
	if n.Health(HTTP) != Down {
		t.Fatalf("it is %s", n.Health(HTTP))
	}
	n.Check(HTTP).probed(t.Context(), Result{OK: true}, spec.Checks[HTTP])
	r.Heard(n, HTTP, 500)
	if n.Health(HTTP) != Up {
		t.Errorf("after one error it is %s", n.Health(HTTP))
	}
}

func TestPassiveSignsCostNothingUnlessWanted(t *testing.T) {
	r := &Registry{}
	if err := r.Apply(oneMember(nil, 0)); err != nil {
		t.Fatal(err)
	}
	n := r.View().Named("n1")
	if k := testing.AllocsPerRun(100, func() { r.Sent(n, HTTP); r.Heard(n, HTTP, 200) }); k != 0 {
		t.Errorf("%v allocations", k)
	}
}
