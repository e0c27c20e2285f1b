package ladder

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const page = `[
{"at":"2026-11-22T05:36:51.783Z","type":"exchange","proto":"http","n":13,"direction":"in","side":"client","node":"node1","method":"GET","status":200,"path":"/","peer":"127.0.0.1:53464","tookMs":1.689},
{"at":"2026-11-22T05:36:51.783Z","count":1,"type":"decision","proto":"http","kind":"open","node":"node1","rule":"balance","keys":[{"space":"app","source":"query","text":"al…e"}]},
{"at":"2026-11-22T05:37:35.812Z","type":"message","proto":"sip","n":11,"direction":"in","side":"client","method":"INVITE","cseq":1,"peer":"192.0.2.7:5999","kept":true},
{"at":"2026-11-22T05:37:35.813Z","type":"message","proto":"sip","n":27,"direction":"out","side":"node","node":"node1","method":"INVITE","cseq":1,"peer":"127.0.0.1:35664"},
{"at":"2026-11-22T05:37:35.814Z","type":"message","proto":"sip","n":43,"direction":"in","side":"node","node":"node1","method":"INVITE","status":486,"cseq":1},
{"at":"2026-11-22T05:37:35.815Z","type":"message","proto":"sip","n":59,"direction":"out","side":"client","method":"INVITE","status":486,"cseq":1,"peer":"192.0.2.7:5999"}]`

const later = `[
{"at":"2026-11-22T05:37:36.000Z","count":2,"type":"moved","from":"node1","node":"node2","rule":"failover_down"},
{"at":"2026-11-22T05:37:36.100Z","type":"message","proto":"sip","n":61,"direction":"out","side":"node","node":"node2","method":"BYE","cseq":2}]`

// What is drawn of a request, a call and a move; what comes later is drawn below, without what was there.
func TestLadder(t *testing.T) {
	local := time.Local
	time.Local = time.UTC
	defer func() { time.Local = local }()
	var first, more []Item
	for text, to := range map[string]*[]Item{page: &first, later: &more} {
		if err := json.Unmarshal([]byte(text), to); err != nil {
			t.Fatal(err)
		}
	}
	d := Drawing{Width: 100}
	got := text(d.Lines(first)) + text(d.Lines(append(first, more...)))
	const want = `
1                              HTTP         SIP 192.0.2.7:5999        gateway              node1
0 05:36:51.783  #13              |-------------------------- GET / ------------------------->|
2 05:36:51.783                   |                   |                   * http open: balance -> node1 query=al…e
0 05:36:51.784  #13              |<-------------------- 200 GET 1.7 ms ----------------------|
0 05:37:35.812  #11*             |                   |----- INVITE ----->|                   |
0 05:37:35.813  #27              |                   |                   |----- INVITE ----->|
4 05:37:35.814  #43              |                   |                   |<-- 486 INVITE ----|
4 05:37:35.815  #59              |                   |<-- 486 INVITE ----|                   |
1                              HTTP       SIP 192.0.2.7…      gateway          node1           node2
3 05:37:36.000                   |               |               * moved failover_down node1 -> node2 (2 times)
0 05:37:36.100  #61              |               |               |------------- BYE ------------>|
`
	if diff := cmp.Diff(strings.Trim(want, "\n"), strings.Trim(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, got)
	}
	if rest := d.Lines(append(first, more...)); len(rest) > 0 {
		t.Errorf("drawn twice: %v", rest)
	}
}

func text(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%d %s\n", l.Tone, l.Text)
	}
	return b.String()
}

// Whatever the gateway says of whom, nothing but characters that can be printed is drawn, all on one line each, and decisions of a drawing that is cut
// do not go beyond the screen.
func TestLadderOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.String()
		n := uint64(0)
		items := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Item {
			n++
			return Item{At: time.Unix(rapid.Int64Range(0, 1e9).Draw(t, "at"), 0), N: n * rapid.Uint64Range(0, 1).Draw(t, "n"), Count: rapid.IntRange(0, 3).Draw(t, "count"),
				Type: rapid.SampledFrom([]string{"message", "exchange", "decision", "moved", "x"}).Draw(t, "type"), Side: rapid.SampledFrom([]string{"client", "node", ""}).Draw(t, "side"),
				Direction: rapid.SampledFrom([]string{"in", "out"}).Draw(t, "direction"), Node: word.Draw(t, "node"), Peer: word.Draw(t, "peer"), Method: word.Draw(t, "method"),
				Path: word.Draw(t, "path"), Rule: word.Draw(t, "rule"), Status: rapid.IntRange(-1, 700).Draw(t, "status"), TookMS: rapid.Float64Range(0, 1e6).Draw(t, "took")}
		}), 0, 12).Draw(t, "items")
		d := Drawing{Width: rapid.IntRange(0, 200).Draw(t, "width"), Cut: true}
		for _, l := range d.Lines(items) {
			if strings.ContainsFunc(l.Text, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
				t.Fatalf("%q", l.Text)
			}
		}
	})
}
