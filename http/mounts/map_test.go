package mounts

import (
	"strings"
	"testing"
)

func TestMap(t *testing.T) {
	rules := []Rule{
		{"/app|/*", "a"}, {"/app/exact", "e"}, {"/map/*.do", "d"}, {"/map/over/special/*", "s"}, {"/map/*", "m"},
		{"/q?/x", "q"}, {"!/app/static/*", "a"}, {"!/map/over/no*", "*"}, {"!/app/exact", "a"}, {"-/off/*", "o"}, {"!/q1/*", "other"},
	}
	m, err := New(rules)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/app": "a", "/app/": "a", "/app/x/y": "a", "/appx": "", "/": "", "/App": "",
		"/app/exact": "e", "/app/exact/": "a", "/app/static/x": "", "/app/static": "a",
		"/map/x.do": "d", "/map/a/b.do": "d", "/map/x": "m", "/map/over/special/x.do": "s", "/map/over/nothing.do": "",
		"/q1/x": "q", "/q/x": "", "/q//x": "q", "/off/x": "",
	} {
		got := ""
		if i := m.Find(path); i >= 0 {
			got = rules[i].To
		}
		if got != want {
			t.Errorf("%s: %q, expected %q", path, got, want)
		}
	}
	for _, bad := range []Rule{{"*.jsp", "a"}, {"", "a"}, {"/a", ""}, {"!x", "a"}} {
		if _, err := New([]Rule{bad}); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
	var none *Map
	if none.Find("/") != -1 {
		t.Error("nothing is mounted, yet something is")
	}
	if wild(strings.Repeat("*a", 30)+"b", strings.Repeat("a", 8000)) {
		t.Error("matched")
	}
}

// Of two rules for one pattern the earlier counts, with what is its own.
func TestTheEarlierRuleCounts(t *testing.T) {
	m, err := New([]Rule{{"/b", "x"}, {"/a/*", "p"}, {"/a/*", "p"}, {"/a/?*", "q"}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/b": 0, "/a/": 1, "/a/x": 3, "/c": -1} {
		if got := m.Find(path); got != want {
			t.Errorf("%s: rule %d, expected %d", path, got, want)
		}
	}
}
