package cluster

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster/pace"
)

// A track is what happened to a member and the state it must have then.
var tracks = map[string]struct {
	rules Recovery
	limit int
	steps string
}{
	"a success":                                   {steps: "OK/IDLE good=OK"},
	"idle since the last maintenance":             {steps: "give good=OK maintain=OK maintain=OK/IDLE give good=OK"},
	"a failure with nothing else running":         {rules: Recovery{Escalation: 30 * time.Second}, steps: "give refused=ERR"},
	"a failure beside others is local":            {rules: Recovery{Escalation: 30 * time.Second}, steps: "give give failed=OK/IDLE"},
	"without escalation time it never is":         {steps: "give give failed=ERR"},
	"a success settles the doubt":                 {rules: Recovery{Escalation: 30 * time.Second}, steps: "give give failed=OK/IDLE give good=OK 40s give give failed=OK"},
	"a doubt that lasts becomes an error":         {rules: Recovery{Escalation: 30 * time.Second}, steps: "give give failed=OK/IDLE 30s give failed=ERR"},
	"also by maintenance":                         {rules: Recovery{Escalation: 30 * time.Second}, steps: "give give failed=OK/IDLE 29s maintain=OK/IDLE 1s maintain=ERR"},
	"recover_time":                                {rules: Recovery{Time: 60 * time.Second}, steps: "give refused=ERR 59s maintain=ERR 1s maintain=ERR/REC"},
	"recover_time is a minute unless said":        {steps: "give refused=ERR 59s maintain=ERR 1s maintain=ERR/REC"},
	"one request probes":                          {rules: Recovery{Time: time.Second}, steps: "give refused=ERR 1s maintain=ERR/REC give=ERR/PRB good=OK"},
	"the probe fails":                             {rules: Recovery{Time: time.Second}, steps: "give refused=ERR 1s maintain=ERR/REC give=ERR/PRB refused=ERR 1s maintain=ERR/REC"},
	"the probe's client leaves":                   {rules: Recovery{Time: time.Second}, steps: "give refused=ERR 1s maintain=ERR/REC give=ERR/PRB left=OK"},
	"the probe says nothing":                      {rules: Recovery{Time: time.Second}, steps: "give refused=ERR 1s maintain=ERR/REC give=ERR/PRB useless=ERR/REC"},
	"a status of a broken node":                   {rules: Recovery{Escalation: time.Hour}, steps: "give give unfit=ERR"},
	"a reply timeout":                             {steps: "give slow=ERR"},
	"reply timeouts that are borne":               {rules: Recovery{MaxReplyTimeouts: 2}, steps: "give slow=OK/IDLE give slow=OK/IDLE give slow=ERR"},
	"maintenance halves their count":              {rules: Recovery{MaxReplyTimeouts: 2}, steps: "give slow=OK/IDLE give slow=OK/IDLE maintain=OK/IDLE give slow=OK/IDLE give slow=ERR"},
	"forced, for nobody else is left":             {steps: "give refused=ERR force=ERR/FRC give good=OK"},
	"forced in vain":                              {steps: "give refused=ERR force=ERR/FRC give refused=ERR"},
	"maintenance forces, too":                     {rules: Recovery{Time: time.Hour}, steps: "give refused=ERR maintain=ERR/FRC"},
	"an operator recovers":                        {steps: "give refused=ERR recover=ERR/REC give=ERR/PRB good=OK"},
	"full":                                        {limit: 2, steps: "give=OK/IDLE give=OK/BUSY good=OK give=OK/BUSY"},
	"a full one is in error":                      {limit: 1, steps: "give=OK/BUSY refused=ERR"},
	"reset":                                       {steps: "give refused=ERR reset=OK/IDLE"},
	"an error keeps its time when it fails again": {rules: Recovery{Time: 10 * time.Second, Escalation: time.Hour}, steps: "give give give unfit=ERR 9s useless=ERR 1s maintain=ERR/REC"},
}

func TestMemberStates(t *testing.T) {
	signs := map[string]Sign{"good": Good, "refused": Refused, "failed": Failed, "slow": Slow, "unfit": Unfit, "useless": Useless, "left": ClientLeft}
	for name, tt := range tracks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rules, alone := tt.rules, strings.Contains(name, "maintenance forces")
				spec := oneMember(&rules, tt.limit)
				if !alone { // somebody else is left
					spec.Nodes = append(spec.Nodes, NodeSpec{Name: "n2", HTTP: []Address{httpAt("10.0.0.2:80")}})
				}
				r := &Registry{}
				if err := r.Apply(spec); err != nil {
					t.Fatal(err)
				}
				m := r.View().Pool("p").Member("n1")
				for _, step := range strings.Fields(tt.steps) {
					what, want, asked := strings.Cut(step, "=")
					if s, ok := signs[what]; ok {
						m.Load.Busy.Add(-1)
						r.Judge(m, s)
					} else if d, err := time.ParseDuration(what); err == nil {
						time.Sleep(d)
					} else {
						switch what {
						case "give":
							m.Load.Begin()
							m.Load.Elected.Add(1)
							m.Given()
						case "maintain":
							m.Pool.Load.maintained = pace.Rhythm{}
							m.Pool.Load.maintained.Due(time.Now().Add(-m.Pool.Maintain), m.Pool.Maintain)
							r.Maintain(time.Now(), func(*Pool, int, []*Member) {})
						case "force":
							m.Pool.ForceRecovery()
						case "recover":
							m.Recover()
						case "reset":
							m.Load.Reset(time.Now())
						default:
							want, asked = what, true
						}
					}
					if got := m.State().String(); asked && got != want {
						t.Fatalf("%s: at %q it is %s", tt.steps, step, got)
					}
					if s := m.State(); m.Usable(HTTP) != (s <= StateForced) {
						t.Fatalf("%s: at %q usable is %v", tt.steps, step, m.Usable(HTTP))
					}
				}
			})
		})
	}
}

func httpAt(s string) Address {
	a, _ := ParseAddress("http://" + s)
	return a
}

func oneMember(rules *Recovery, limit int) Spec {
	return Spec{Nodes: []NodeSpec{{Name: "n1", HTTP: []Address{httpAt("10.0.0.1:80")}, BusyLimit: limit}},
		Pools: []PoolSpec{{Name: "p", Sticky: true, Members: []MemberSpec{{Node: AllNodes}}, Recovery: rules}}}
}

// A pool without the word leaves everything to the health of its nodes.
func TestWithoutRecoveryNothingIsHeldAgainstAMember(t *testing.T) {
	r := &Registry{}
	if err := r.Apply(oneMember(nil, 0)); err != nil {
		t.Fatal(err)
	}
	m := r.View().Pool("p").Member("n1")
	for _, s := range []Sign{Refused, Failed, Slow, Unfit} {
		if r.Judge(m, s); !m.Usable(HTTP) || m.State() != StateIdle {
			t.Errorf("after %q: %s", s, m.State())
		}
	}
}

// The states live with the counters: a new View, a variant and another pool
// of the same node.
func TestStatesAreCarried(t *testing.T) {
	r := &Registry{}
	spec := oneMember(&Recovery{}, 0)
	spec.Pools[0].Variants = []Variant{{Name: "v", NoStick: true, Stateless: true, Activation: map[string]Activation{"n1": Disabled}}}
	spec.Pools = append(spec.Pools, PoolSpec{Name: "q", Members: []MemberSpec{{Node: "n1"}}, Recovery: &Recovery{}})
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	r.Judge(r.View().Pool("p").Member("n1"), Unfit)
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	p := r.View().Pool("p")
	v := p.Variant("v")
	switch {
	case p.Member("n1").State() != StateError, v.Member("n1").State() != StateError:
		t.Error("the error was forgotten")
	case r.View().Pool("q").Member("n1").State() != StateIdle:
		t.Error("another pool has the error")
	case v.Sticky || !v.Stateless || v.Member("n1").Activation != Disabled || v.Routed("n1") != v.Member("n1"):
		t.Errorf("the variant is %+v", v)
	case !p.Sticky || p.Stateless || p.Member("n1").Activation != Active || p.Variant("") != p || p.Variant("w") != p:
		t.Error("the pool itself was changed")
	case p.Load != v.Load || v.Member("n1").Pool != v:
		t.Error("the variant does not share the pool's load, or its members are of another pool")
	}
	spec.Pools[0].Variants = append(spec.Pools[0].Variants, Variant{Name: "v"}, Variant{Name: "w", Activation: map[string]Activation{"n9": Active}})
	if err := r.Apply(spec); err == nil || !strings.Contains(err.Error(), `variant "v"`) || !strings.Contains(err.Error(), `"n9"`) {
		t.Errorf("got %v", err)
	}
}

// A probe that is answered again is as good as recover_time.
func TestProbeRecovers(t *testing.T) {
	r := &Registry{}
	if err := r.Apply(oneMember(&Recovery{}, 0)); err != nil {
		t.Fatal(err)
	}
	m := r.View().Pool("p").Member("n1")
	r.Judge(m, Unfit)
	r.healthChanged("n1", SIP, change{was: Down, is: Recovering})
	if m.State() != StateError {
		t.Errorf("SIP is back, HTTP is %s", m.State())
	}
	if r.healthChanged("n1", HTTP, change{was: Down, is: Recovering}); m.State() != StateRecovering {
		t.Errorf("it is %s", m.State())
	}
}

func TestMaintenanceIsDueOnceAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Registry{}
		spec := oneMember(&Recovery{Time: time.Second}, 0)
		spec.Pools[0].Maintain = 10 * time.Second
		if err := r.Apply(spec); err != nil {
			t.Fatal(err)
		}
		due := func() (n int) {
			r.Maintain(time.Now(), func(_ *Pool, intervals int, _ []*Member) { n += intervals })
			return n
		}
		var got []int
		for _, d := range []time.Duration{0, 9 * time.Second, time.Second, 0, 35 * time.Second, 9 * time.Second} {
			time.Sleep(d)
			got = append(got, due())
		}
		if s := fmt.Sprint(got); s != "[0 0 1 0 3 0]" {
			t.Errorf("intervals %s", s)
		}
		r.Judge(r.View().Pool("p").Member("n1"), Unfit)
		time.Sleep(time.Minute)
		r.Maintain(time.Now(), func(_ *Pool, _ int, recovering []*Member) {
			if len(recovering) != 1 || recovering[0].Name != "n1" {
				t.Errorf("recovering: %v", recovering)
			}
		})
	})
}

func TestAdjust(t *testing.T) {
	r := &Registry{}
	spec := oneMember(nil, 0)
	spec.Nodes = append(spec.Nodes, NodeSpec{Name: "n2", HTTP: []Address{httpAt("10.0.0.2:80")}})
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	r.View().Pool("p").Member("n2").Load.Value.Store(77)
	three, limit, east, off := 3, 5, "east", Disabled
	if err := r.Adjust("p", "n1", MemberWords{Weight: &three, BusyLimit: &limit}); err != nil {
		t.Fatal(err)
	}
	if err := r.Adjust("p", "n1", MemberWords{Domain: &east, Activation: &off}); err != nil {
		t.Fatal(err)
	}
	force := true
	if err := r.AdjustPool("p", PoolWords{Force: &force, Recovery: &Recovery{Time: time.Hour}}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it outlives the next Apply
		p := r.View().Pool("p")
		m := p.Member("n1")
		if m.Weight != 3 || m.BusyLimit != 5 || m.Domain != "east" || m.Activation != Disabled || m.Mult != 1 || p.Member("n2").Mult != 3 {
			t.Errorf("the member is %+v", m)
		}
		if !p.Force || !p.Sticky || p.Recovery.Time != time.Hour || p.Member("n2").Load.Value.Load() != 0 {
			t.Errorf("the pool is %+v", p)
		}
		if err := r.Apply(spec); err != nil {
			t.Fatal(err)
		}
	}
	dotted, none := "west.n1", ""
	for _, step := range []struct {
		words MemberWords
		want  string
	}{{MemberWords{Route: &dotted}, "east"}, {MemberWords{Domain: &none}, ""}, {MemberWords{Domain: &east, Route: new("n1")}, "east"}} {
		if err := r.Adjust("p", "n1", step.words); err != nil || r.View().Pool("p").Member("n1").Domain != step.want {
			t.Errorf("domain %q, not %q: %v", r.View().Pool("p").Member("n1").Domain, step.want, err)
		}
	}
	bad, route := -1, "n2"
	for _, w := range []MemberWords{{Weight: &bad}, {Distance: &bad}, {BusyLimit: &bad}, {Route: &route}, {Activation: new(Activation(9))}} {
		if err := r.Adjust("p", "n1", w); err == nil {
			t.Errorf("%+v was taken", w)
		}
	}
	if m := r.View().Pool("p").Member("n1"); m.Weight != 3 || m.Route != "n1" {
		t.Errorf("after what was refused the member is %+v", m)
	}
	if r.Adjust("q", "n1", MemberWords{}) == nil || r.Adjust("p", "n9", MemberWords{}) == nil || r.AdjustPool("q", PoolWords{}) == nil {
		t.Error("what is not there was adjusted")
	}
}
