package messages

import (
	"fmt"
	"strings"
	"testing"

	"twinhop/appsession"
	"twinhop/gateway/trace"
)

// What came and what left for it are found together, whatever passed between.
func TestTwins(t *testing.T) {
	l := clocked(1 << 20)
	calls := []uint64{trace.CallMark("a@x"), trace.CallMark("b@x")}
	pass := func(call, method string, status int, out, own bool) {
		m := &Message{Call: call, Method: method, Status: status, CSeq: 1, Out: out, Data: []byte("x")}
		if out && !own {
			m.Came = m.Data
		}
		l.Message(m)
	}
	const in, out, own = false, true, true
	pass("a@x", "INVITE", 0, in, false)
	pass("b@x", "INVITE", 0, in, false)
	pass("a@x", "INVITE", 100, out, own)
	pass("a@x", "INVITE", 0, out, false)
	pass("b@x", "INVITE", 0, out, false)
	pass("a@x", "INVITE", 0, in, false) // a repetition
	pass("a@x", "INVITE", 503, in, false)
	pass("a@x", "INVITE", 0, out, false) // to another node
	pass("a@x", "INVITE", 200, in, false)
	pass("a@x", "INVITE", 200, out, false)
	pass("a@x", "BYE", 0, out, false) // what it came as is forgotten
	var kept []Kept
	for _, s := range l.Of(appsession.ID{}, calls) {
		kept = append(kept, Kept{Summary: s})
	}
	at := map[uint64]int{}
	for i := range kept {
		at[kept[i].N] = i + 1
	}
	var got strings.Builder
	twins := Twins(kept)
	for i := range kept {
		fmt.Fprint(&got, at[twins[kept[i].N]], " ")
	}
	if want := "4 5 0 1 2 8 0 6 10 9 0 "; got.String() != want {
		t.Errorf("got %s, want %s", got.String(), want)
	}
}
