package recovery

import (
	"strings"
	"testing"
	"time"
)

// A story of one member: a answers, f fails, b breaks while others run, B
// breaks alone, e ends without a word, g is given, m maintains a second later;
// upper case M is maintenance of a member that was chosen since.
func TestMachine(t *testing.T) {
	rules := &Rules{Time: 3 * time.Second, Escalation: 2 * time.Second}
	for _, tt := range []struct{ name, story, want string }{
		{"answers", "a M m", "OK OK OK/IDLE"},
		{"alone", "a B", "OK ERR"},
		{"among others", "a b b M M b", "OK OK OK OK ERR ERR"},
		{"an answer settles it", "b a M M M b", "OK/IDLE OK OK OK OK OK"},
		{"left alone for its time", "f m m m g e g f", "ERR ERR ERR ERR/REC ERR/PRB ERR/REC ERR/PRB ERR"},
		{"tried and good", "f m m m g a m", "ERR ERR ERR ERR/REC ERR/PRB OK OK/IDLE"},
		{"doubts become errors", "b m m", "OK/IDLE OK/IDLE ERR"},
	} {
		var m Machine
		now, elected, got := time.Unix(1000, 0), int64(0), []string{}
		for step := range strings.FieldsSeq(tt.story) {
			switch step {
			case "a":
				m.Answered()
			case "f":
				m.Failed(now)
			case "b", "B":
				m.Broke(rules, now, step == "B")
			case "e":
				m.Ended()
			case "g":
				m.Turn(Recovering, Probing)
			case "M":
				elected++
				fallthrough
			case "m":
				now = now.Add(time.Second)
				m.Maintain(rules, now, elected)
			}
			got = append(got, m.State().String())
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if m.ErrorAt().IsZero() != (m.State() != Error) {
			t.Errorf("%s: %s since %v", tt.name, m.State(), m.ErrorAt())
		}
		if m.Reset(); m.State() != Idle || !m.ErrorAt().IsZero() {
			t.Errorf("%s: reset it is %s", tt.name, m.State())
		}
	}
	if s := State(200).String(); s != "ERR/PRB" || (&Rules{}).After() != DefaultTime {
		t.Error(s)
	}
}
