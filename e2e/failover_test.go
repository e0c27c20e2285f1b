package e2e

import (
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// trial is one call of many, placed at a steady rate, held, and ended.
type trial struct {
	*call
	err  error // of the INVITE
	end  error // of the BYE
	last string
}

// rang says whether the caller had heard more than 100 when it was given up.
func (tr *trial) rang() bool {
	return slices.ContainsFunc(tr.heard, func(status int) bool { return status > 100 && status < 200 })
}

// place makes calls at a rate; during is called at the same time.
func place(t *testing.T, w *world, phone *agent, l load, during func()) []*trial {
	t.Helper()
	all := make([]*trial, l.calls)
	var wg sync.WaitGroup
	wg.Go(during)
	start := time.Now()
	for i := range all {
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(l.rate))))
		tr := &trial{}
		all[i] = tr
		wg.Go(func() {
			if tr.call, tr.err = phone.invite(w.external, fmt.Sprintf("sip:caller%d@e2e.invalid", i), "sip:service@e2e.invalid", ""); tr.err != nil {
				return
			}
			time.Sleep(l.hold)
			r, err := tr.bye()
			if err == nil {
				tr.last = r.get("X-Node")
				if r.status() != 200 {
					err = fmt.Errorf("BYE was answered %s", r.start)
				}
			}
			tr.end = err
		})
	}
	wg.Wait()
	return all
}

// A node is killed under load. Calls it had not begun to ring for are answered by the other
// node, calls it had answered go on there, and only a call that was ringing at it may be lost.
func TestNodeKilledUnderLoad(t *testing.T) {
	w, nodes := nodeProcesses(t, false, "")
	l := load{rate: 200, calls: 1000, hold: time.Second}
	if soak {
		l = load{rate: 500, calls: 10000, hold: 3 * time.Second}
	}
	phone := newAgent(t, "phone")
	length := time.Duration(l.calls/l.rate) * time.Second
	all := place(t, w, phone, l, func() {
		time.Sleep(length / 3)
		nodes[0].kill()
	})
	var before, saved, moved, rang int
	began := map[string]bool{} // the dead node had these
	for _, e := range nodes[0].entries(t) {
		began[e.call] = began[e.call] || !e.sent && e.start == "INVITE"
	}
	for _, tr := range all {
		switch {
		case tr.err != nil && tr.rang():
			rang++
		case tr.err != nil:
			t.Errorf("%v, heard %v", tr.err, tr.heard)
		case tr.end != nil:
			t.Errorf("answered by %s: %v", tr.node, tr.end)
		case tr.node == "node1" && tr.last == "node2":
			moved++
		case tr.node == "node1":
			before++
		case began[tr.id]:
			saved++
		}
	}
	t.Logf("%d calls: %d over before the kill, %d unanswered INVITEs saved, %d calls went on at the survivor, %d were ringing and lost", len(all), before, saved, moved, rang)
	if before == 0 || saved == 0 || moved == 0 {
		t.Error("one of these was not shown at all")
	}
	if most := int(4 * ringing.Seconds() * float64(l.rate)); rang > most {
		t.Errorf("%d calls lost that had been ringing; no more than %d can have been", rang, most)
	}
}

// A node is stopped, gets INVITEs nevertheless, and comes back when they are answered
// elsewhere. Its late words neither end nor disturb a call, be they 100 or 200, and it is left with none of them.
func TestNodeStopsAndContinues(t *testing.T) {
	for _, prompt := range []bool{false, true} {
		t.Run(map[bool]string{false: "it rings", true: "it answers at once"}[prompt], func(t *testing.T) {
			w, nodes := nodeProcesses(t, prompt, "sip: {failover: {invite: 1s}}\n")
			phone := newAgent(t, "phone")
			all := place(t, w, phone, load{rate: 100, calls: 500, hold: 4 * time.Second}, func() {
				time.Sleep(time.Second)
				nodes[0].signal(t, syscall.SIGSTOP)
				time.Sleep(4 * time.Second)
				nodes[0].signal(t, syscall.SIGCONT)
			})
			saved := map[string]bool{} // answered by the other node after the time allowed for a silent one
			for _, tr := range all {
				switch {
				case tr.err != nil:
					t.Errorf("%v, heard %v", tr.err, tr.heard)
				case tr.end != nil:
					t.Errorf("answered by %s: %v", tr.node, tr.end)
				case tr.node == "node2" && tr.setUp.at.Sub(tr.began) > 900*time.Millisecond:
					saved[tr.id] = true
				}
			}
			t.Logf("%d calls, %d of them left the stopped node, which gave %d of them a second answer", len(all), len(saved), phone.second.Load())
			if len(saved) == 0 {
				t.Error("no INVITE had to leave the stopped node: nothing was shown")
			}
			if prompt == (phone.second.Load() == 0) {
				t.Errorf("%d second answers", phone.second.Load())
			}
			eventually(t, 10*time.Second, "the node that was stopped is left with none of them", func() error {
				open := 0
				for call, is := range nodes[0].dialogs(t) {
					if is && saved[call] {
						open++
					}
				}
				if open > 0 {
					return fmt.Errorf("it is left with %d", open)
				}
				return nil
			})
			w.calls(t, 0)
		})
	}
}

// nodeProcesses sets the gateway up in front of two.
func nodeProcesses(t *testing.T, prompt bool, config string) (*world, [2]*nodeProcess) {
	t.Helper()
	var nodes [2]*nodeProcess
	dir := scratch(t)
	s := stage{Load: true, Config: config}
	for i := range nodes {
		nodes[i] = newNodeProcess(t, dir, fmt.Sprintf("node%d", i+1), prompt)
		s.Sip[i] = "udp://" + nodes[i].addr
	}
	w := set(t, s)
	w.health("node1", "sip", "up")
	w.health("node2", "sip", "up")
	return w, nodes
}

// A node that refuses with 503 is followed at once by another: the caller never hears of it,
// the refusal is acknowledged to the node, and no timer has anything to do with it.
func TestRefusedInvitesGoOn(t *testing.T) {
	w := set(t, stage{Agents: true, Load: true})
	refuse := func(a *agent, m *message) []*message {
		if m.method() != "INVITE" {
			return a.answer(m)
		}
		return []*message{a.reply(m, "100 Trying"), a.reply(m, "503 Service Unavailable")}
	}
	w.agents[0].play(refuse)
	phone := newAgent(t, "phone")
	all := place(t, w, phone, load{rate: 100, calls: 200, hold: 100 * time.Millisecond}, func() {})
	refused, taken := map[string]time.Time{}, map[string]time.Time{}
	for at, a := range map[*map[string]time.Time]*agent{&refused: w.agents[0], &taken: w.agents[1]} {
		for _, m := range a.got("INVITE") {
			if (*at)[m.callID()].IsZero() {
				(*at)[m.callID()] = m.at
			}
		}
	}
	var gaps []time.Duration
	for _, tr := range all {
		if tr.err != nil || tr.end != nil || tr.node != "node2" {
			t.Errorf("%v %v, answered by %q, heard %v", tr.err, tr.end, tr.node, tr.heard)
			continue
		}
		if slices.Contains(tr.heard, 503) {
			t.Errorf("the caller heard of the refusal: %v", tr.heard)
		}
		if first := refused[tr.id]; !first.IsZero() {
			gaps = append(gaps, taken[tr.id].Sub(first))
		}
	}
	if len(gaps) == 0 {
		t.Fatal("the refusing node was never asked: nothing was shown")
	}
	slices.Sort(gaps)
	t.Logf("%d of %d INVITEs were refused and taken elsewhere %v to %v later", len(gaps), len(all), gaps[0], gaps[len(gaps)-1])
	if gaps[0] < 0 || gaps[len(gaps)/2] > 200*time.Millisecond || gaps[len(gaps)-1] > time.Second { // silence would take two
		t.Error("that is not at once")
	}
	eventually(t, 5*time.Second, "each refusal is acknowledged", func() error {
		acks := w.agents[0].calls("ACK")
		for id := range refused {
			if !acks[id] {
				return fmt.Errorf("that of %s is not", id)
			}
		}
		return nil
	})
	w.agents[1].play(refuse)
	c, err := phone.invite(w.external, "sip:caller@e2e.invalid", "sip:service@e2e.invalid", "")
	if err == nil || c.setUp == nil || c.setUp.status() != 503 || c.setUp.get("Retry-After") == "" {
		t.Errorf("both nodes refuse: %v, %v; want 503 with Retry-After", c.setUp, err)
	}
}
