package jvmroute

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read returns the texts of all candidates of a request, as "from:text".
func read(d *Dialect, target string, cookies ...string) (texts []string, unusable int) {
	var found Found
	d.ReadTarget(&found, target)
	for _, line := range cookies {
		d.ReadCookie(&found, line)
	}
	names := map[From]string{FromPath: "path:", FromQuery: "query:", FromCookie: "cookie:"}
	for _, id := range found.All() {
		texts = append(texts, names[id.From]+id.Text)
	}
	return texts, found.Unusable
}

func TestReadAsModJK(t *testing.T) {
	long := strings.Repeat("A", MaxID-len(".node1"))
	cases := []struct {
		rule     string
		target   string
		cookies  []string
		want     []string
		unusable int
	}{
		{rule: "no id", target: "/app/x?y=1", cookies: []string{"a=b"}},
		{rule: "no cookie line", target: "/"},

		// Path parameter.
		{rule: "path parameter", target: "/app/x;jsessionid=A.node3", want: []string{"path:A.node3"}},
		{rule: "value ends at ;", target: "/x;jsessionid=A.node3;v=1", want: []string{"path:A.node3"}},
		{rule: "value ends at /", target: "/x;jsessionid=A.node3/y", want: []string{"path:A.node3"}},
		{rule: "value ends at ?", target: "/x;jsessionid=A.node3?y", want: []string{"path:A.node3"}},
		{rule: "any segment may carry it", target: "/a;jsessionid=A.node3/b/c;v=2", want: []string{"path:A.node3"}},
		{rule: "other parameters before it", target: "/a;v=2;jsessionid=A.node3", want: []string{"path:A.node3"}},
		{rule: "name must be followed by =", target: "/a;jsessionidx=A.node1;jsessionid=B.node2", want: []string{"path:B.node2"}},
		{rule: "no white space before =", target: "/a;jsessionid%20=A.node1"},
		{rule: "first occurrence counts", target: "/a;jsessionid=A.node1/b;jsessionid=B.node2", want: []string{"path:A.node1"}},
		{rule: "first occurrence counts even if empty", target: "/a;jsessionid=/b;jsessionid=B.node2"},
		{rule: "path name is case-sensitive", target: "/a;JSESSIONID=A.node1"},
		{rule: "percent-encoded parameter", target: "/a%3Bjsessionid%3DA%2Enode3", want: []string{"path:A.node3"}},
		{rule: "percent-encoded, lower-case hex, name too", target: "/a%3b%6Asessionid=A%2enode3", want: []string{"path:A.node3"}},
		{rule: "percent-encoded ; ends the value", target: "/a;jsessionid=A.node3%3Bv=1", want: []string{"path:A.node3"}},
		{rule: "decoded once, not twice", target: "/a%253Bjsessionid=A.node3"},
		{rule: "absolute-form target", target: "http://site/a;jsessionid=A.node3?q", want: []string{"path:A.node3"}},
		{rule: "authority is not a path", target: "http://u;jsessionid=A.node3@site/a"},
		{rule: "asterisk-form target", target: "*"},

		// Precedence.
		{rule: "path beats cookie", target: "/a;jsessionid=A.node1", cookies: []string{"JSESSIONID=B.node2"}, want: []string{"path:A.node1"}},
		{rule: "path id with unknown route hides the cookie", target: "/a;jsessionid=A.node99", cookies: []string{"JSESSIONID=B.node2"}, want: []string{"path:A.node99"}},
		{rule: "path id without route hides the cookie", target: "/a;jsessionid=A", cookies: []string{"JSESSIONID=B.node2"}, want: []string{"path:A"}},
		{rule: "malformed path id hides the cookie", target: "/a;jsessionid=A%0d%0aX:y", cookies: []string{"JSESSIONID=B.node2"}, unusable: 1},
		{rule: "empty path id is no id and the cookie is not tried", target: "/a;jsessionid=;x", cookies: []string{"JSESSIONID=B.node2"}},
		{rule: "bare trailing parameter is skipped, cookie is used", target: "/a;jsessionid=", cookies: []string{"JSESSIONID=B.node2"}, want: []string{"cookie:B.node2"}},
		{rule: "bare trailing parameter before a query", target: "/a;jsessionid=?x=;y", cookies: []string{"JSESSIONID=B.node2"}, want: []string{"cookie:B.node2"}},
		{rule: "query parameter is never looked at", target: "/a?jsessionid=A.node1", cookies: []string{"JSESSIONID=B.node2"}, want: []string{"cookie:B.node2"}},
		{rule: "path parameter in a query is never looked at", target: "/a?x;jsessionid=A.node1"},

		// Cookies.
		{rule: "name at line start", cookies: []string{"JSESSIONID=A.node3"}, want: []string{"cookie:A.node3"}},
		{rule: "name after ;", cookies: []string{"a=b;JSESSIONID=A.node3"}, want: []string{"cookie:A.node3"}},
		{rule: "name after ,", cookies: []string{"a=b,JSESSIONID=A.node3"}, want: []string{"cookie:A.node3"}},
		{rule: "name after white space", cookies: []string{"a=b; JSESSIONID=A.node3"}, want: []string{"cookie:A.node3"}},
		{rule: "name after a tab inside another value", cookies: []string{"a=b\tJSESSIONID=A.node3"}, want: []string{"cookie:A.node3"}},
		{rule: "name not after anything else", cookies: []string{"XJSESSIONID=A.node1; a=JSESSIONID=B.node2"}},
		{rule: "name is a whole word", cookies: []string{"JSESSIONIDSSO=A.node1; JSESSIONID=B.node2"}, want: []string{"cookie:B.node2"}},
		{rule: "cookie name is case-sensitive", cookies: []string{"jsessionid=A.node1"}},
		{rule: "white space before =", cookies: []string{"JSESSIONID \t=A.node3"}, want: []string{"cookie:A.node3"}},
		{rule: "white space after =", cookies: []string{"JSESSIONID=  A.node3"}, want: []string{"cookie:A.node3"}},
		{rule: "value ends at ;", cookies: []string{"JSESSIONID=A.node3;b=c"}, want: []string{"cookie:A.node3"}},
		{rule: "value ends at ,", cookies: []string{"JSESSIONID=A.node3,b=c"}, want: []string{"cookie:A.node3"}},
		{rule: "one pair of quotes is removed", cookies: []string{`JSESSIONID="A.node3"; b=c`}, want: []string{"cookie:A.node3"}},
		{rule: "only one pair of quotes", cookies: []string{`JSESSIONID=""A.node3""`}, unusable: 1},
		{rule: "one lone quote stays", cookies: []string{`JSESSIONID="A.node3`}, unusable: 1},
		{rule: "quotes with white space around are not removed", cookies: []string{`JSESSIONID="A.node3" ;b`, `JSESSIONID= "B.node3"`}, unusable: 2},
		{rule: "white space at the end is kept and does not match", cookies: []string{"JSESSIONID=A.node3 ;b=c"}, unusable: 1},
		{rule: "several cookies in order", cookies: []string{"JSESSIONID=A.node9; JSESSIONID=B.node3"}, want: []string{"cookie:A.node9", "cookie:B.node3"}},
		{rule: "several lines in order", cookies: []string{"JSESSIONID=A.node9", "x=y", "JSESSIONID=B.node3"}, want: []string{"cookie:A.node9", "cookie:B.node3"}},
		{rule: "empty value is no id", cookies: []string{"JSESSIONID=; a=b"}},
		{rule: "quoted empty value is no id", cookies: []string{`JSESSIONID=""`}},
		{rule: "empty value hides no other", cookies: []string{"JSESSIONID=; JSESSIONID=B.node3"}, want: []string{"cookie:B.node3"}},
		{rule: "= at the end of the line is skipped", cookies: []string{"JSESSIONID="}},
		{rule: "search goes on behind white space after a name without =", cookies: []string{"JSESSIONID JSESSIONID=A.node1; JSESSIONID=B.node2"}, want: []string{"cookie:B.node2"}},
		{rule: "empty id with route is a hint", cookies: []string{"JSESSIONID=.node3"}, want: []string{"cookie:.node3"}},

		// Bounds, ours.
		{rule: "same id twice is one candidate", cookies: []string{"JSESSIONID=A.node1; JSESSIONID=A.node1"}, want: []string{"cookie:A.node1"}},
		{rule: "longest id", cookies: []string{"JSESSIONID=" + long + ".node1"}, want: []string{"cookie:" + long + ".node1"}},
		{rule: "longer id", cookies: []string{"JSESSIONID=A" + long + ".node1"}, unusable: 1},
		{rule: "longer escaped path id", target: "/;jsessionid=" + strings.Repeat("%41", MaxID+1), unusable: 1},
		{rule: "at most MaxIDs candidates", cookies: []string{"JSESSIONID=1; JSESSIONID=2; JSESSIONID=3; JSESSIONID=4; JSESSIONID=5; JSESSIONID=6; JSESSIONID=7; JSESSIONID=8; JSESSIONID=9"},
			want: []string{"cookie:1", "cookie:2", "cookie:3", "cookie:4", "cookie:5", "cookie:6", "cookie:7", "cookie:8"}, unusable: 1},
		{rule: "bytes outside the grammar", cookies: []string{"JSESSIONID=A<b>.node1; JSESSIONID=\x80"}, unusable: 2},
		{rule: "NUL in an escaped path id", target: "/a;jsessionid=A%00.node1", unusable: 1},
		{rule: "broken escapes stay text", target: "/a%3;jsessionid=A%2", want: []string{"path:A%2"}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got, unusable := read(&Dialect{}, c.target, c.cookies...)
			if diff := cmp.Diff(c.want, got); diff != "" || unusable != c.unusable {
				t.Errorf("candidates (-want +got):\n%s\nunusable %d, want %d", diff, unusable, c.unusable)
			}
		})
	}
}

func TestReadWithOptions(t *testing.T) {
	restcomm := Restcomm()
	cases := []struct {
		rule    string
		d       Dialect
		target  string
		cookies []string
		want    []string
	}{
		{"own names", Dialect{Cookie: "SID", Path: ";sid"}, "/a;jsessionid=A", []string{"JSESSIONID=B; SID=C"}, []string{"cookie:C"}},
		{"own path name without semicolon", Dialect{Path: "sid"}, "/a;sid=A", nil, []string{"path:A"}},
		{"path name in any case", Dialect{PathAnyCase: true}, "/a;JSessionID=A", nil, []string{"path:A"}},
		{"cookie name in any case", restcomm, "/", []string{"jSessionId=A.n; JSESSIONID=B.n"}, []string{"cookie:A.n", "cookie:B.n"}},
		{"any case is ASCII case", restcomm, "/", []string{"J\u017fE\u017fSIONID=A.n; j\u017fessionid=B.n"}, nil},
		{"Restcomm query id", restcomm, "/?x=1&jsessionid=A.n", []string{"JSESSIONID=B.n"}, []string{"query:A.n"}},
		{"Restcomm query id is lower-case", restcomm, "/?JSESSIONID=A.n", []string{"JSESSIONID=B.n"}, []string{"cookie:B.n"}},
		{"empty query id is none", restcomm, "/?jsessionid=", []string{"JSESSIONID=B.n"}, []string{"cookie:B.n"}},
		{"two query ids are none and hide the cookie", restcomm, "/?jsessionid=A.n&jsessionid=C.n", []string{"JSESSIONID=B.n"}, nil},
		{"path beats query", restcomm, "/;jsessionid=A.n?jsessionid=C.n", nil, []string{"path:A.n"}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got, _ := read(&c.d, c.target, c.cookies...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	route60 := strings.Repeat("r", MaxRoute)
	cases := []struct {
		rule, id    string
		lastDot     bool
		base, route string
	}{
		{"first dot", "ABC.x.node2", false, "ABC", "x.node2"},
		{"several .node suffixes never match exactly", "id.node1.node2", false, "id", "node1.node2"},
		{"last dot (Restcomm)", "a.b.c.node2", true, "a.b.c", "node2"},
		{"no dot", "ABC", false, "ABC", ""},
		{"empty id with route", ".node3", false, "", "node3"},
		{"empty id with route, last dot", ".node3", true, "", "node3"},
		{"dot at the end is no route", "ABC.", false, "ABC.", ""},
		{"lone dot", ".", false, ".", ""},
		{"empty", "", false, "", ""},
		{"60 bytes", "A." + route60, false, "A", route60},
		{"61 bytes is no route", "A." + route60 + "r", false, "A." + route60 + "r", ""},
		{"foreign byte is no route", "A.no/de", false, "A.no/de", ""},
		{"foreign byte behind the last dot only", "A.b+c.node1", true, "A.b+c", "node1"},
		{"white space at the end is no route", "A.node3 ", false, "A.node3 ", ""},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			d := Dialect{LastDot: c.lastDot}
			base, route := d.Split(c.id)
			if base != c.base || route != c.route {
				t.Errorf("Split(%q) = %q, %q; want %q, %q", c.id, base, route, c.base, c.route)
			}
			if joined := Join(base, route); joined != c.id {
				t.Errorf("Join gives %q back, want %q", joined, c.id)
			}
		})
	}
}

func TestDomain(t *testing.T) {
	for route, want := range map[string]string{"east.node9": "east", "east": "east", "a.b.c": "a", "": "", ".x": ""} {
		if got := Domain(route); got != want {
			t.Errorf("Domain(%q) = %q, want %q", route, got, want)
		}
	}
}
