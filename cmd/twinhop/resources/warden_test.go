package resources

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/cluster/probes"
)

// guarded has two nodes in a pool that wants no probes, in one that says
// nothing, and the second one in one that wants probes.
func guarded(t *testing.T) (*cluster.Registry, *Warden, *bytes.Buffer) {
	r := &cluster.Registry{}
	spec := cluster.Spec{Checks: map[cluster.Service]cluster.Schedule{cluster.SIP: {Interval: time.Second}}, Pools: []cluster.PoolSpec{
		{Name: "web", Members: []cluster.MemberSpec{{Node: "*"}}},
		{Name: "lines", Probes: &probes.Words{Mode: probes.Never}, Members: []cluster.MemberSpec{{Node: "*"}}},
		{Name: "watched", Realm: "w", Probes: &probes.Words{Mode: probes.Always}, Members: []cluster.MemberSpec{{Node: "box2"}}}}}
	for i, name := range []string{"box1", "box2"} {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name, SIP: []cluster.Address{{Scheme: "udp", Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 5080)}}})
	}
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	return r, NewWarden(r, slog.New(slog.NewTextHandler(&said, nil))), &said
}

func active(r *cluster.Registry) string {
	var all []string
	for _, p := range r.View().Pools {
		for _, m := range p.Members {
			if m.Activation == cluster.Active {
				all = append(all, p.Name+"/"+m.Name)
			}
		}
	}
	return strings.Join(all, " ")
}

// Who failed where nobody is probed stays out of that pool until an operator
// says otherwise, whatever time passes and whatever its traffic says.
func TestNeverProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w, said := guarded(t)
		const all = "web/box1 web/box2 lines/box1 lines/box2 watched/box2"
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		lines := r.View().Pool("lines")
		w.Failed(lines.Member("box2")) // it is probed: another pool wants that
		w.Failed(r.View().Pool("web").Member("box1"))
		synctest.Wait()
		if got := active(r); got != all {
			t.Errorf("active: %s", got)
		}
		w.Failed(lines.Member("box1"))
		synctest.Wait()
		const without = "web/box1 web/box2 lines/box2 watched/box2"
		if got := active(r); got != without || !strings.Contains(said.String(), "node=box1 pool=lines") {
			t.Errorf("active: %s; said %s", got, said)
		}
		time.Sleep(time.Hour)
		r.Report(r.View().Named("box1"), cluster.SIP, cluster.Good)
		if got := active(r); got != without {
			t.Errorf("active: %s", got)
		}
		if err := r.SetActivation("lines", "box1", cluster.Active); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			r.Report(r.View().Named("box1"), cluster.SIP, cluster.Refused)
			r.Report(r.View().Named("box2"), cluster.SIP, cluster.Refused)
		}
		synctest.Wait()
		if got := active(r); got != without {
			t.Errorf("down: active: %s", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for range 1000 { // nobody listens: who tells does not wait
			w.Failed(lines.Member("box1"))
		}
	})
}

// The router tells of members that failed a call, if no probe brings them back.
func TestTheRouterTells(t *testing.T) {
	r, _, _ := guarded(t)
	var told []string
	router := &gateway.Router{Views: r.View, Failed: func(m *cluster.Member) { told = append(told, m.Pool.Name+"/"+m.Name) }}
	router.Apply(&gateway.Policy{})
	d, err := router.Try(&gateway.Ask{Kind: gateway.Open, Wants: cluster.SIP, View: r.View(), Pool: r.View().Pool("lines")})
	if err != nil {
		t.Fatal(err)
	}
	for _, d.Member = range []*cluster.Member{r.View().Pool("lines").Member("box1"), r.View().Pool("lines").Member("box2"), r.View().Pool("web").Member("box1")} {
		d.Done(gateway.OK, gateway.Usage{})
		d.Done(gateway.ServerError, gateway.Usage{})
	}
	if got := strings.Join(told, " "); got != "lines/box1" {
		t.Errorf("told of %s", got)
	}
	if !r.View().Pool("lines").Member("box1").Resting(cluster.SIP) {
		t.Error("until that is done it gets calls")
	}
}
