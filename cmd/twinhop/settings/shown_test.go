package settings

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"twinhop/cmd/twinhop/ask"
)

// What a draft of the affinity would have done, in lines.
func TestOutlook(t *testing.T) {
	var o outlook
	raw := `{"recorded":8,"since":"2020-01-02T03:04:05Z","until":"2020-01-02T04:04:05Z","proto":{"http":3,"sip":5},"unchanged":4,"wouldMove":2,"newlySticky":1,"lost":1,
		"examples":[{"class":"wouldMove","proto":"sip","node":"node1","to":"node2","rule":"affinity_from_user","with":"the same user called before"},{"class":"lost","proto":"http","node":"node1","to":"","with":"no key is left"}],
		"groups":{"before":[{"source":"call-id","name":"","text":"a84…71","share":0.125,"count":1}],"after":[{"source":"query","name":"u","text":"al…","share":0.5,"count":4}]},
		"warnings":[{"code":"hot-key","text":"one value has half of all","pointer":"#/affinity/sip/0","hint":"take another one"}]}`
	if err := json.Unmarshal([]byte(raw), &o); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o.print(&out, false)
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"messages 8: 3 HTTP, 5 SIP", "unchanged 4 (50.0 %)", "would move 2 (25.0 %)", "newly sticky 1 (12.5 %)", "no longer sticky 1 (12.5 %)",
		"warning #/affinity/sip/0: one value has half of all; take another one", "wouldMove sip node1 node2 the same user called before", "lost http node1 - no key is left",
		"MOST FREQUENT NOW SHARE MESSAGES call-id=a84…71 12.5 % 1", "MOST FREQUENT THEN SHARE MESSAGES query u=al… 50.0 % 4"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// Lines that differ are shown with their signs; where lines are left out it is said.
func TestDiffIsShown(t *testing.T) {
	a, c := of(&ask.Global{}), configDiff(&ask.Global{})
	var out, talk bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&talk)
	raw := `{"lines":[{"op":" ","text":"version: 1","old":1,"new":1},{"op":"-","text":"a: 1","old":2},{"op":"+","text":"a: 2","new":2},{"op":" ","text":"z: 1","old":40,"new":40}],
		"restart":["listen"],"faults":[{"severity":"warning","pointer":"a","message":"is odd"}]}`
	if err := a.showDiff(c, json.RawMessage(raw)); err != nil {
		t.Fatal(err)
	}
	if want := " version: 1\n-a: 1\n+a: 2\n@@ line 40 @@\n z: 1\n"; out.String() != want {
		t.Errorf("%s, want\n%s", out.String(), want)
	}
	if want := "warning a: is odd\ncount after a restart: listen\n"; talk.String() != want {
		t.Errorf("%s, want\n%s", talk.String(), want)
	}
}
