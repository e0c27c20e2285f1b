package pending_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twinhop/sip/pending"
)

// witness knows what a caller and nodes know, and objects to what must never happen. It reads what the theatre wrote.
type witness struct {
	node      map[int]string // attempts that were sent
	prov, end map[int]bool   // they gave a 1xx, a final answer
	cancelled map[int]bool   // they got a CANCEL
	told      map[string]int // what the Router was told of a node
	live      int            // the attempt the caller hears; -1: none
	cancel    bool           // the caller cancelled in time
	rang      bool           // a 101 to 199 went up
	hundred   bool           // a 100 went up
	refusal   string         // the refusal that went up
	accepted  bool           // a 2xx went up
}

func (w *witness) over() bool { return w.refusal != "" || w.accepted }

func (w *witness) reset() {
	*w = witness{node: map[int]string{}, prov: map[int]bool{}, end: map[int]bool{}, cancelled: map[int]bool{}, told: map[string]int{}}
}

func (w *witness) has(node string) bool {
	for _, n := range w.node {
		if n == node {
			return true
		}
	}
	return false
}

// saw judges what one event led to.
func (w *witness) saw(t *rapid.T, event string, out []string) {
	var answers struct {
		attempt, code int
		cancel        bool
	}
	isAnswer := false
	if f := strings.Fields(event); f[0] == "answer" {
		isAnswer = true
		fmt.Sscan(f[1], &answers.attempt)
		fmt.Sscan(f[2], &answers.code)
		answers.cancel = slices.Contains(f, "cancel")
		if _, ours := w.node[answers.attempt]; ours && !answers.cancel {
			if answers.code < 200 {
				w.prov[answers.attempt] = true
			} else {
				w.end[answers.attempt] = true
			}
		}
	}
	for _, o := range out {
		w.heard(t, event, o)
	}
	if verdict := verdictOf(out); isAnswer && !answers.cancel {
		w.went(t, answers.attempt, answers.code, verdict)
	} else if event == "cancel" && verdict == "handled" && !w.over() {
		w.cancel = true
	}
	for i := range w.node {
		left := i != w.live || w.cancel && !w.over()
		if left && w.prov[i] && !w.end[i] && !w.cancelled[i] {
			t.Fatalf("%s: attempt %d rings on, not cancelled; the live one is %d", event, i, w.live)
		}
	}
	for n, times := range w.told {
		if times > 1 {
			t.Fatalf("%s: %d outcomes of one attempt at %s", event, times, n)
		}
	}
}

func verdictOf(out []string) string {
	if len(out) == 0 {
		return ""
	}
	v, _ := strings.CutPrefix(out[len(out)-1], "-> ")
	return v
}

// heard judges one output.
func (w *witness) heard(t *rapid.T, event, o string) {
	var what, node string
	var i, own int
	f := strings.Fields(strings.ReplaceAll(o, "#", " "))
	what = f[0]
	if len(f) > 2 {
		node = f[1]
		fmt.Sscan(f[2], &i)
	}
	fmt.Sscan(what, &own)
	again := strings.HasSuffix(o, "again")
	switch {
	case what == "INVITE" && !again:
		if w.rang || w.cancel || w.over() {
			t.Fatalf("%s: %s after rang=%v cancel=%v over=%v", event, o, w.rang, w.cancel, w.over())
		}
		w.node[i], w.live = node, i
	case what == "INVITE":
		if i != w.live && !w.accepted {
			t.Fatalf("%s: %s, the live attempt is %d", event, o, w.live)
		}
		if event == "tick" && (w.prov[i] || w.end[i]) {
			t.Fatalf("%s: %s after an answer", event, o)
		}
	case what == "CANCEL":
		if !w.prov[i] || w.end[i] {
			t.Fatalf("%s: %s, answers: provisional=%v final=%v", event, o, w.prov[i], w.end[i])
		}
		w.cancelled[i] = true
	case what == "ACK":
		if !w.end[i] || !strings.HasPrefix(event, "answer") {
			t.Fatalf("%s: %s, final=%v", event, o, w.end[i])
		}
	case own == 100:
		if w.rang || w.over() {
			t.Fatalf("%s: a 100 after more", event)
		}
		w.hundred = true
	case own > 0:
		w.refuse(t, event, o)
		w.live = -1
	case what == "good" || what == "failed" || what == "unreached" || what == "error":
		if w.told[f[1]]++; !w.has(f[1]) {
			w.node[len(w.node)] = f[1] // it could not be reached, and may answer all the same
		}
	}
}

func (w *witness) refuse(t *rapid.T, event, what string) {
	if w.refusal != "" && w.refusal != what {
		t.Fatalf("%s: the caller hears %s after %s", event, what, w.refusal)
	}
	if w.accepted && w.refusal == "" {
		t.Fatalf("%s: the caller hears %s after a 2xx", event, what)
	}
	w.refusal = what
}

// went judges an answer that went up, or did not.
func (w *witness) went(t *rapid.T, i, code int, verdict string) {
	up := verdict == "relay"
	switch {
	case verdict == "stateless":
	case code/100 == 2:
		if !up {
			t.Fatalf("a %d of attempt %d did not go up: %s", code, i, verdict)
		}
		if !w.over() {
			w.live = i
		}
		w.accepted = true
	case !up:
	case code == 100:
		if w.hundred {
			t.Fatal("a second 100 went up")
		}
		w.hundred = true
	case code < 200:
		if i != w.live || w.over() {
			t.Fatalf("a %d of attempt %d went up; the live one is %d", code, i, w.live)
		}
		w.rang = true
	default:
		w.refuse(t, "answer", fmt.Sprintf("%d of attempt %d", code, i))
	}
}

// Whatever nodes, callers and the network do, in whatever order: no two nodes ring for a caller, a 2xx is never kept from it, it hears one
// refusal at most, nothing is cancelled before RFC 3261 allows it, no other node is tried once one rings or the caller has cancelled, and
// nothing is kept for ever.
func TestAnythingMayHappen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPlay(t)
		one := func(label string, words ...string) string { return rapid.SampledFrom(words).Draw(t, label) }
		p.event(strings.Fields(fmt.Sprintf("settings attempts=%s 100=%s total=%s trying=%s codes=503,408", one("attempts", "0", "1", "2", "3"),
			one("100", "auto", "always", "never"), one("total", "0s", "3s", "20s"), one("trying", "0s", "1s", "4s"))))
		for _, n := range []string{"n1", "n2", "n3"} {
			if fault := one(n, "none", "none", "stream", "unreachable"); fault != "none" {
				p.event([]string{fault, n})
			}
		}
		in := []string{"invite"}
		if rapid.Bool().Draw(t, "stream") {
			in = append(in, "stream")
		}
		w := &witness{}
		w.reset()
		step := func(words ...string) {
			if p.table.Live() == 0 {
				w.reset()
			}
			p.event(words)
			event := strings.Join(words, " ")
			p.note(event)
			w.saw(t, event, p.outputs())
		}
		step(in...)
		for range rapid.IntRange(1, 25).Draw(t, "events") {
			switch one("event", "time", "time", "answer", "answer", "answer", "cancel", "ack", "invite", "lost", "down", "heard") {
			case "time":
				for range rapid.SampledFrom([]int{1, 20, 30, 100, 250, 500, 4000, 20000}).Draw(t, "ticks") {
					p.now = p.now.Add(10 * time.Millisecond)
					if p.table.Tick(p.now, p); len(p.out) > 0 {
						p.note("tick")
						w.saw(t, "tick", p.outputs())
					}
				}
			case "answer":
				step("answer", one("attempt", "0", "0", "1", "1", "2", "5"), one("code", "100", "180", "183", "200", "202", "302", "404", "408", "486", "487", "503", "603"))
			case "heard":
				step("answer", one("attempt", "0", "1", "2"), one("code", "200", "481"), "cancel")
			case "cancel":
				step("cancel")
			case "ack":
				step("ack")
			case "invite":
				step(in...)
			case "lost":
				step("lost", one("attempt", "0", "1", "2"), one("cause", "not_sent", "reset"))
			case "down":
				step("down", one("node", "n1", "n2", "n3"))
			}
		}
		p.drain()
	})
}

// outputs is what the last line of the transcript says.
func (p *theatre) outputs() []string {
	_, out, found := strings.Cut(strings.TrimSuffix(p.lines[len(p.lines)-1], "\n"), "| ")
	if !found {
		return nil
	}
	return strings.Split(out, "; ")
}

var _ pending.Stage = (*theatre)(nil)
