package jvmroute

import (
	"strings"
	"testing"
)

func TestParamValue(t *testing.T) {
	const name = "org.x.Key"
	for _, c := range []struct {
		rule, target, want string
		presence           Presence
	}{
		{"query", "/a?org.x.Key=3f-1:app", "3f-1:app", Single},
		{"query behind others", "/a?x=1&org.x.Key=k", "k", Single},
		{"escaped", "/a?org%2Ex.Key=3f%3Aapp%2b1", "3f:app+1", Single},
		{"a plus is a plus", "/a?org.x.Key=+49:app", "+49:app", Single},
		{"path", "/a;org.x.Key=k;v=1?x=1", "k", Single},
		{"path, any segment, escaped", "/a%3Borg.x.Key%3Dk%3Aapp/b", "k:app", Single},
		{"path with a session id", "/a;jsessionid=A.n1;org.x.Key=k", "k", Single},
		{"the query goes first", "/a;org.x.Key=k?org.x.Key=q", "q", Single},
		{"twice the same", "/a?org.x.Key=k&org.x.Key=%6b", "k", Single},
		{"two values", "/a?org.x.Key=k&org.x.Key=l", "", Conflict},
		{"two values in the path", "/a;org.x.Key=k;org.x.Key=l", "", Conflict},
		{"empty", "/a?org.x.Key=&org.x.Key", "", Absent},
		{"empty in the query, in the path", "/a;org.x.Key=k?org.x.Key=", "k", Single},
		{"another name", "/a;xorg.x.Key=k?org.x.KeY=k&org.x.Keys=k", "", Absent},
		{"not in a path segment", "/org.x.Key=k", "", Absent},
		{"control byte", "/a?org.x.Key=k%0d%0a", "", Malformed},
		{"too long", "/a?org.x.Key=" + strings.Repeat("k", MaxValue+1), "", Malformed},
		{"far too long", "/a?org.x.Key=" + strings.Repeat("%6b", 5000), "", Malformed},
		{"too long in the path", "/a;org.x.Key=" + strings.Repeat("k", MaxValue+1), "", Malformed},
		{"longest", "/a?org.x.Key=" + strings.Repeat("%6b", MaxValue), strings.Repeat("k", MaxValue), Single},
		{"nothing", "/", "", Absent},
	} {
		path, query, _ := strings.Cut(c.target, "?")
		if got, presence := ParamValue(path, query, name); got != c.want || presence != c.presence {
			t.Errorf("%s: %.40q, %d, want %.40q, %d", c.rule, got, presence, c.want, c.presence)
		}
	}
	n := 0
	if a := testing.AllocsPerRun(100, func() {
		v, _ := ParamValue("/shop/cart;jsessionid=A.n1", "x=1&org.x.Key=3f:app&page=%20", name)
		n += len(v)
	}); a != 0 || n == 0 {
		t.Errorf("%v allocations", a)
	}
}
