package http

import (
	"testing"
)

// Session ids stand where the rule says, else where the pool says, else where
// they stand for everybody.
func TestSessionNamesOfPoolsAndRules(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2")}, func(s *stage) {
		s.settings.Pools = map[string]PoolWords{"default": {Rule: RuleWords{Cookie: "POOL", Path: ";poolid"}}}
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/*", "default"), {Path: "/rule/*", Pool: "default", Words: &RuleWords{Cookie: "RULE"}},
			{Path: "/both/*", Pool: "default", Words: &RuleWords{Cookie: "BOTH", Path: ";bothid"}}})
	})
	for _, c := range []struct{ path, cookie string }{
		{"/", "POOL=A.n2; JSESSIONID=A.n1; RULE=A.n1"},
		{"/x;poolid=A.n2;jsessionid=A.n1", "POOL=A.n1"},
		{"/rule/x", "POOL=A.n1; JSESSIONID=A.n1; RULE=A.n2"},
		{"/rule/x;poolid=A.n2", "RULE=A.n1"},
		{"/both/x;bothid=A.n2;poolid=A.n1", "POOL=A.n1"},
		{"/both/x", "POOL=A.n1; BOTH=A.n2"},
	} {
		for range 2 { // not by chance
			if _, got := s.get(c.path, "Cookie: "+c.cookie); got != "n2" {
				t.Errorf("%s with %s is served by %s", c.path, c.cookie, got)
			}
		}
	}
}
