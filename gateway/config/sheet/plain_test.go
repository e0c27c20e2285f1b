package sheet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Values of one mapping stand together, wherever they were said.
func TestPlain(t *testing.T) {
	p := Plain{
		Head: []string{"Converted from l."},
		Values: []Value{{"listen.http", "[]", "l:1"}, {"sip.hint", "legacy", "l:2"}, {"listen.sip.external", "[a]", "l:3"}, {"gateways", "2", ""},
			{"sip.failover.attempts", "1", "l:4"}, {"sip.balance", "next", ""}, {"sip.failover.total", "0", "l:5\nx"}, {"listen.sip.shards", "2", ""}},
		Foot: []string{"the rest"},
	}
	want := `# Converted from l.
version: 1

listen:
  http: [] # l:1
  sip:
    external: [a] # l:3
    shards: 2

sip:
  hint: legacy # l:2
  failover:
    attempts: 1 # l:4
    total: 0 # l:5` + "\uFFFD" + `x
  balance: next

gateways: 2

# the rest
`
	if d := cmp.Diff(want, string(p.Bytes())); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
