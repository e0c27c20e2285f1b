package pending_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
	"twinhop/sip/pending"
)

var update = flag.Bool("update", false, "write what came out into the scripts")

// The machine has 24 rules, each with a script of scenes. A line of a scene is a time, what happens then, and after the bar everything that
// comes of it, in order, the verdict last. The table is ticked every 10 ms; what comes of that has lines of its own, with the event "tick",
// and a tick without such a line must be silent. Three nodes n1, n2 and n3 take turns. "n1#0" is attempt 0, at n1.
//
//	settings key=value ...          may be changed later
//	invite [stream] [key=2]         the caller's INVITE, also repeated
//	cancel, ack                     the caller's
//	answer N CODE [tag] [cancel]    an answer of attempt N; of its CANCEL
//	lost N not_sent|reset           the network says so
//	down NODE                       the node is seen to be down
//	unreachable NODE, stream NODE   from now on
//	nobody, closing                 what Place says from now on: no node is left, the front has answered
//	restart                         a new table
//	live, where, early N, stats     what the table says
//
// At the end time goes on without being looked at, and the table must become empty.
func TestLine01OnlyAnInviteOpens(t *testing.T)         { play(t, "line-01") }
func TestLine02OneRecordForEachKey(t *testing.T)       { play(t, "line-02") }
func TestLine03NoRecord(t *testing.T)                  { play(t, "line-03") }
func TestLine04CappedAndBounded(t *testing.T)          { play(t, "line-04") }
func TestLine05First(t *testing.T)                     { play(t, "line-05") }
func TestLine06RepeatedInvite(t *testing.T)            { play(t, "line-06") }
func TestLine07Trying(t *testing.T)                    { play(t, "line-07") }
func TestLine08HundredOfTheNode(t *testing.T)          { play(t, "line-08") }
func TestLine09Ringing(t *testing.T)                   { play(t, "line-09") }
func TestLine10Triggers(t *testing.T)                  { play(t, "line-10") }
func TestLine11Final(t *testing.T)                     { play(t, "line-11") }
func TestLine12LeavingANode(t *testing.T)              { play(t, "line-12") }
func TestLine13NothingLeft(t *testing.T)               { play(t, "line-13") }
func TestLine14Proceeding(t *testing.T)                { play(t, "line-14") }
func TestLine15TimerC(t *testing.T)                    { play(t, "line-15") }
func TestLine16AbandonedAttempts(t *testing.T)         { play(t, "line-16") }
func TestLine17SecondAccepted(t *testing.T)            { play(t, "line-17") }
func TestLine18Cancel(t *testing.T)                    { play(t, "line-18") }
func TestLine19CancelWithoutEcho(t *testing.T)         { play(t, "line-19") }
func TestLine20Refused(t *testing.T)                   { play(t, "line-20") }
func TestLine21Accepted(t *testing.T)                  { play(t, "line-21") }
func TestLine22OwnFinal(t *testing.T)                  { play(t, "line-22") }
func TestLine23WhatCancelAndAckAreMadeOf(t *testing.T) { play(t, "line-23") }
func TestLine24AcceptedLosses(t *testing.T)            { play(t, "line-24") }

func play(t *testing.T, name string) {
	file := "testdata/" + name + ".txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(ar.Files) == 0 {
		t.Fatal("no scenes")
	}
	for i, f := range ar.Files {
		t.Run(strings.ReplaceAll(f.Name, " ", "_"), func(t *testing.T) {
			p := newPlay(t)
			p.run(string(f.Data))
			got := strings.Join(p.lines, "")
			if want := strings.TrimRight(string(f.Data), "\n") + "\n"; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			ar.Files[i].Data = []byte(got + "\n")
			p.drain()
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// theatre is a table and a Stage that writes down what it is told.
type theatre struct {
	t        judge
	table    *pending.Table
	settings pending.Settings
	now      time.Time
	lines    []string // the transcript
	out      []string // what the present event led to
	registry *cluster.Registry
	router   *gateway.Router
	ask      gateway.Ask
	faults   map[string]string // node to "unreachable" or "stream"
	says     error             // what Place answers
	errs     map[string]int64  // errors of members that were told
	head     []byte            // of the message at hand
	body     []byte
}

// judge is a test, also one of rapid.
type judge interface {
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func newPlay(t judge) *theatre {
	p := &theatre{t: t, now: start, registry: &cluster.Registry{}, faults: map[string]string{}, errs: map[string]int64{},
		head: []byte("INVITE sip:bob@example.com SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"), body: bytes.Repeat([]byte("v=0\r\n"), 200)}
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i := 1; i <= 3; i++ {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("n%d", i), SIP: []cluster.Address{{Scheme: "udp", Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 5080)}}})
	}
	if err := p.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	algorithm, _ := balance.New("round-robin")
	p.router = &gateway.Router{Store: memstore.New(memstore.Options{}), Views: p.registry.View}
	p.router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": {SIP: algorithm}}})
	p.router.Report = func(n *cluster.Node, _ cluster.Service, s cluster.Sign) {
		if s != cluster.Good {
			p.errs[n.Name]++
		}
		p.say("%s %s", map[cluster.Sign]string{cluster.Good: "good", cluster.Refused: "unreached", cluster.Failed: "failed"}[s], n.Name)
	}
	p.settings = usual
	p.restart()
	return p
}

func (p *theatre) restart() {
	p.table = pending.New(p.now)
	p.table.Apply(p.settings)
}

func (p *theatre) say(format string, args ...any) {
	p.out = append(p.out, fmt.Sprintf(format, args...))
}

func (p *theatre) Place(x *pending.Invite) (pending.Placed, error) {
	if p.says != nil {
		return pending.Placed{}, p.says
	}
	p.whole(x)
	v := p.registry.View()
	p.ask.Reset()
	p.ask.Kind, p.ask.Wants, p.ask.View, p.ask.Pool, p.ask.Tried = gateway.Open, cluster.SIP, v, v.Pool("default"), x.Tried()
	d, err := p.router.Try(&p.ask)
	if err != nil {
		p.say("nobody")
		return pending.Placed{}, err
	}
	fault := p.faults[d.Member.Name]
	if fault == "unreachable" {
		return pending.Placed{Decision: d}, errors.New("no route")
	}
	p.say("INVITE %s#%d", d.Member.Name, x.Attempt())
	return pending.Placed{Decision: d, Stream: fault == "stream"}, nil
}

// whole asserts that the INVITE can be sent.
func (p *theatre) whole(x *pending.Invite) {
	if !bytes.Equal(x.Message(), append(p.head[:len(p.head):len(p.head)], p.body...)) {
		p.t.Errorf("at %v: the message to be sent is %q", p.now.Sub(start), x.Message())
	}
}

// headed asserts that a CANCEL or an answer can be made.
func (p *theatre) headed(x *pending.Invite) {
	if !bytes.HasPrefix(x.Message(), p.head) {
		p.t.Errorf("at %v: the head is %q", p.now.Sub(start), x.Message())
	}
	if x.Origin().Leg != source.Leg || x.Origin().Src != source.Src {
		p.t.Errorf("at %v: the origin is %v", p.now.Sub(start), x.Origin())
	}
}

func (p *theatre) attempt(x *pending.Invite, i int) string {
	return fmt.Sprintf("%s#%d", x.Node(i).Name, i)
}

func (p *theatre) Repeat(x *pending.Invite, i int) {
	p.whole(x)
	p.say("INVITE %s again", p.attempt(x, i))
}

func (p *theatre) Withdraw(x *pending.Invite, i int) {
	p.headed(x)
	p.say("CANCEL %s", p.attempt(x, i))
}

func (p *theatre) Acknowledge(x *pending.Invite, i int) {
	p.headed(x)
	p.say("ACK %s", p.attempt(x, i))
}

func (p *theatre) Reply(x *pending.Invite, o pending.Own) {
	p.headed(x)
	p.say("%d", o)
}

// run plays a scene.
func (p *theatre) run(script string) {
	for l := range strings.Lines(script) {
		line, _, _ := strings.Cut(l, "|")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		d, err := time.ParseDuration(words[0])
		if err != nil || len(words) == 1 {
			p.t.Fatalf("line %q: %v", l, err)
		}
		p.until(start.Add(d))
		if words[1] != "tick" {
			p.event(words[1:])
			p.note(strings.Join(words[1:], " "))
		}
	}
}

// until lets time pass.
func (p *theatre) until(at time.Time) {
	for p.now.Before(at) {
		p.now = p.now.Add(10 * time.Millisecond)
		if p.table.Tick(p.now, p); len(p.out) > 0 {
			p.note("tick")
		}
	}
}

// note writes the line of an event.
func (p *theatre) note(event string) {
	for _, m := range p.registry.View().Pool("default").Members {
		if n := m.Load.Errors.Load(); n != p.errs[m.Name] {
			p.errs[m.Name] = n
			p.out = append([]string{"error " + m.Name}, p.out...)
		}
	}
	line := fmt.Sprintf("%-8v %s", p.now.Sub(start), event)
	if len(p.out) > 0 {
		line = fmt.Sprintf("%-35s | %s", line, strings.Join(p.out, "; "))
	}
	p.lines, p.out = append(p.lines, line+"\n"), nil
}

func (p *theatre) event(words []string) {
	key, opts := pending.Key(1), map[string]bool{}
	for _, w := range words[1:] {
		if v, ok := strings.CutPrefix(w, "key="); ok {
			k, err := strconv.Atoi(v)
			if err != nil {
				p.t.Fatal(err)
			}
			key = pending.Key(k)
		}
		opts[w] = true
	}
	switch words[0] {
	case "settings":
		p.set(words[1:])
	case "invite":
		from := source
		from.Stream = opts["stream"]
		b := append(p.head[:len(p.head):len(p.head)], p.body...)
		p.say("-> %v", p.table.Invite(p.now, key, pending.Request{Message: b, Body: len(p.head), Origin: from}, p))
		clear(b)
	case "cancel":
		p.say("-> %v", p.table.Cancel(p.now, key, p))
	case "ack":
		n, i, v := p.table.Ack(p.now, key)
		if n != nil {
			p.say("-> %v %s#%d", v, n.Name, i)
			return
		}
		p.say("-> %v", v)
	case "answer":
		a := pending.Response{Status: p.number(words[2]), Tagged: opts["tag"], Cancel: opts["cancel"]}
		p.say("-> %v", p.table.Answer(p.now, pending.Branch{Key: key, Attempt: p.number(words[1])}, a, p))
	case "lost":
		cause := map[string]gateway.Outcome{"not_sent": gateway.NotSent, "reset": gateway.Reset}[words[2]]
		p.table.Lost(p.now, pending.Branch{Key: key, Attempt: p.number(words[1])}, cause, p)
	case "down":
		p.table.Down(p.now, p, func(n *cluster.Node) bool { return n.Name == words[1] })
	case "unreachable", "stream":
		p.faults[words[1]] = words[0]
	case "nobody":
		p.says = gateway.ErrNoNode
	case "closing":
		p.says = fmt.Errorf("closing: %w", pending.ErrAnswered)
	case "restart":
		p.restart()
	default:
		p.ask4(words, key)
	}
}

// ask4 asks the table something.
func (p *theatre) ask4(words []string, key pending.Key) {
	switch words[0] {
	case "live":
		p.say("%d", p.table.Live())
	case "where":
		n, i, early := p.table.Where(key)
		if n == nil {
			p.say("nowhere")
			return
		}
		p.say("%s#%d early=%v", n.Name, i, early)
	case "stats":
		s := p.table.Stats()
		p.say("%+v", s)
	default:
		p.t.Fatalf("event %v", words)
	}
}

func (p *theatre) number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *theatre) set(words []string) {
	s := &p.settings
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		d, _ := time.ParseDuration(value)
		n, _ := strconv.Atoi(value)
		switch name {
		case "invite":
			s.Invite = d
		case "trying":
			s.Trying = d
		case "total":
			s.Total = d
		case "attempts":
			s.Attempts = n
		case "max":
			s.Max = n
		case "early":
			s.Early = value == "true"
		case "codes":
			s.Codes = nil
			for c := range strings.SplitSeq(value, ",") {
				s.Codes = append(s.Codes, p.number(c))
			}
		case "100":
			s.Send100 = map[string]pending.When{"auto": pending.Auto, "always": pending.Always, "never": pending.Never}[value]
		default:
			p.t.Fatalf("setting %q", w)
		}
	}
	p.table.Apply(*s)
}

// longest is how long anything is known: the total, timer C, the wait for what a CANCEL leads to, and what is kept of an answered INVITE.
const longest = 20*time.Second + 180*time.Second + 64*time.Second

func (p *theatre) drain() {
	p.lines, p.out = nil, nil
	for end := p.now.Add(longest); p.now.Before(end); {
		p.now = p.now.Add(50 * time.Millisecond)
		p.table.Tick(p.now, p)
	}
	if n := p.table.Live(); n != 0 {
		p.t.Errorf("%d INVITEs are never forgotten", n)
	}
	if s := p.table.Stats(); s.Live != 0 {
		p.t.Errorf("%d INVITEs are in the stripes", s.Live)
	}
}
