package jvmroute

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestReplaceCookie(t *testing.T) {
	const old, new = "ABC.node1", "ABC.node2"
	cases := []struct{ rule, line, want string }{
		{"alone", "JSESSIONID=ABC.node1", "JSESSIONID=ABC.node2"},
		{"white space behind the value is part of it", "a=1;  JSESSIONID =  ABC.node1 ,b=\"x;y\"", "a=1;  JSESSIONID =  ABC.node1 ,b=\"x;y\""},
		{"white space before the value stays", "a=1;\tJSESSIONID =  ABC.node1,b=\"x\";;", "a=1;\tJSESSIONID =  ABC.node2,b=\"x\";;"},
		{"quotes stay", `JSESSIONID="ABC.node1"`, `JSESSIONID="ABC.node2"`},
		{"exact id only", "JSESSIONID=ABC.node11; JSESSIONID=ABC; JSESSIONID=xABC.node1", "JSESSIONID=ABC.node11; JSESSIONID=ABC; JSESSIONID=xABC.node1"},
		{"every one that has it", "JSESSIONID=ABC.node1; JSESSIONID=X.node1; JSESSIONID=ABC.node1", "JSESSIONID=ABC.node2; JSESSIONID=X.node1; JSESSIONID=ABC.node2"},
		{"other cookie names stay", "SID=ABC.node1; jsessionid=ABC.node1", "SID=ABC.node1; jsessionid=ABC.node1"},
		{"no cookie", "", ""},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			if got, err := (&Dialect{}).ReplaceCookie(c.line, old, new); got != c.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestReplaceURL(t *testing.T) {
	const old, new = "ABC.node1", "ABC.node2"
	cases := []struct{ rule, url, want string }{
		{"path", "/a;jsessionid=ABC.node1", "/a;jsessionid=ABC.node2"},
		{"absolute URL", "https://h:8443/a;jsessionid=ABC.node1?q=1#f", "https://h:8443/a;jsessionid=ABC.node2?q=1#f"},
		{"relative reference", "next;jsessionid=ABC.node1", "next;jsessionid=ABC.node2"},
		{"network-path reference", "//h/a;jsessionid=ABC.node1", "//h/a;jsessionid=ABC.node2"},
		{"before a fragment", "/a;jsessionid=ABC.node1#x", "/a;jsessionid=ABC.node2#x"},
		{"any segment, every occurrence", "/a;jsessionid=ABC.node1/b;v=1;jsessionid=ABC.node1;w", "/a;jsessionid=ABC.node2/b;v=1;jsessionid=ABC.node2;w"},
		{"escaped: the value is written plain, the rest stays", "/%61%3Bjsessionid%3DABC%2Enode1%2fb", "/%61%3Bjsessionid%3DABC.node2%2fb"},
		{"exact id only", "/a;jsessionid=ABC.node11", "/a;jsessionid=ABC.node11"},
		{"not in the query", "/a?u=;jsessionid=ABC.node1", "/a?u=;jsessionid=ABC.node1"},
		{"not in the fragment", "/a#;jsessionid=ABC.node1", "/a#;jsessionid=ABC.node1"},
		{"not in the authority", "http://x;jsessionid=ABC.node1@h", "http://x;jsessionid=ABC.node1@h"},
		{"path parameter before a colon is no scheme", "a;jsessionid=ABC.node1://x", "a;jsessionid=ABC.node1://x"},
		{"no scheme before the colon", "://h;jsessionid=ABC.node1", "://h;jsessionid=ABC.node2"},
		{"no parameter", "/a", "/a"},
		{"empty", "", ""},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			d := Dialect{}
			if got, err := d.ReplaceURL(c.url, old, new); got != c.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// A dialect that looks for ids in the query corrects them there.
func TestReplaceURLInTheQuery(t *testing.T) {
	const old, new = "ABC.node1", "ABC.node2"
	for _, c := range []struct{ rule, url, want string }{
		{"alone", "/a?jsessionid=ABC.node1", "/a?jsessionid=ABC.node2"},
		{"behind others", "http://h/a?x=1&jsessionid=ABC.node1&y=2#f", "http://h/a?x=1&jsessionid=ABC.node2&y=2#f"},
		{"escaped", "/a?jsession%69d=ABC%2enode1", "/a?jsession%69d=ABC.node2"},
		{"every one", "/a;jsessionid=ABC.node1?jsessionid=ABC.node1&jsessionid=ABC.node1", "/a;jsessionid=ABC.node2?jsessionid=ABC.node2&jsessionid=ABC.node2"},
		{"exact id only", "/a?jsessionid=ABC.node11&jsessionid=ABC", "/a?jsessionid=ABC.node11&jsessionid=ABC"},
		{"exact name only", "/a?JSESSIONID=ABC.node1&xjsessionid=ABC.node1", "/a?JSESSIONID=ABC.node1&xjsessionid=ABC.node1"},
		{"not in the fragment", "/a#?jsessionid=ABC.node1", "/a#?jsessionid=ABC.node1"},
		{"no value", "/a?jsessionid&jsessionid=", "/a?jsessionid&jsessionid="},
		{"no query", "/a", "/a"},
	} {
		d := Restcomm()
		if got, err := d.ReplaceURL(c.url, old, new); got != c.want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", c.rule, got, err, c.want)
		}
	}
	d := Restcomm()
	if got, _ := d.ReplaceURL("/a?jsessionid=A", "A", "A+b"); got != "/a?jsessionid=A%2Bb" {
		t.Errorf("a plus became %q", got)
	}
}

// The name of the cookie is the one that the client writes.
func TestCookieName(t *testing.T) {
	d, exact := Restcomm(), Dialect{}
	for line, want := range map[string]string{
		"jsessionid=A.n1": "jsessionid", "JSESSIONID=B.n1; JSessionID=A.n1": "JSessionID", `a=b, JSESSIONID ="A.n1"`: "JSESSIONID",
		"JSESSIONID=A": "", "": "",
	} {
		if got := d.CookieName(line, "A.n1"); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	if got := exact.CookieName("jsessionid=A.n1", "A.n1"); got != "" {
		t.Errorf("another name is %q", got)
	}
}

func TestReplaceSetCookie(t *testing.T) {
	const old, new = "ABC.node1", "ABC.node2"
	cases := []struct{ rule, line, want string }{
		{"value alone changes", "JSESSIONID=ABC.node1; Path=/a; HttpOnly", "JSESSIONID=ABC.node2; Path=/a; HttpOnly"},
		{"quotes and blanks stay", ` JSESSIONID = "ABC.node1" ;Path=/a`, ` JSESSIONID = "ABC.node2" ;Path=/a`},
		{"id in an attribute stays", "JSESSIONID=X; Path=/ABC.node1", "JSESSIONID=X; Path=/ABC.node1"},
		{"other cookie stays", "SID=ABC.node1", "SID=ABC.node1"},
		{"exact id only", "JSESSIONID=ABC.node11", "JSESSIONID=ABC.node11"},
		{"no pair", "JSESSIONID", "JSESSIONID"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			d := Dialect{}
			if got, err := d.ReplaceSetCookie(c.line, old, new); got != c.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// An empty id names no session: it is never replaced by one.
func TestReplaceNeverGivesAnEmptyIDAValue(t *testing.T) {
	d := Dialect{}
	for _, c := range []struct {
		text    string
		replace func(text, old, new string) (string, error)
	}{
		{`JSESSIONID=; JSESSIONID=""`, d.ReplaceCookie},
		{"JSESSIONID=; Path=/", d.ReplaceSetCookie},
		{"/a;jsessionid=;x", d.ReplaceURL},
	} {
		if got, err := c.replace(c.text, "", "A.node1"); got != c.text || err != nil {
			t.Errorf("%q became %q, %v", c.text, got, err)
		}
	}
}

// What cannot be written is not written, and what must not travel does not travel.
func TestReplaceRefuses(t *testing.T) {
	d := Dialect{}
	calls := []struct {
		name, text string
		replace    func(text, old, new string) (string, error)
	}{
		{"ReplaceCookie", "JSESSIONID=A.n1", d.ReplaceCookie},
		{"ReplaceSetCookie", "JSESSIONID=A.n1", d.ReplaceSetCookie},
		{"ReplaceURL", "/;jsessionid=A.n1", d.ReplaceURL},
	}
	for _, c := range calls {
		for _, new := range []string{"", "A.n1\r\nX: y", "A\x00", "A;b", "A,b", "A b", `A"`, "A\x80", strings.Repeat("A", MaxID+1)} {
			if got, err := c.replace(c.text, "A.n1", new); got != c.text || !errors.Is(err, ErrID) {
				t.Errorf("%s with id %q: %q, %v; want the text as it came and ErrID", c.name, new, got, err)
			}
		}
		for _, bad := range []string{"\r", "\n", "\x00", "\r\nX: y"} {
			if got, err := c.replace(c.text+bad, "A.n1", "A.n2"); got != "" || !errors.Is(err, ErrUnsafe) {
				t.Errorf("%s of text with %q: %q, %v; want nothing and ErrUnsafe", c.name, bad, got, err)
			}
		}
	}
	for _, new := range []string{"A/b", "A%2f", "A|b"} {
		if got, err := d.ReplaceURL("/;jsessionid=A", "A", new); got != "/;jsessionid=A" || !errors.Is(err, ErrID) {
			t.Errorf("ReplaceURL with id %q: %q, %v; want ErrID", new, got, err)
		}
	}
}

func TestParseSetCookie(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	set := func(attrs Attrs) SetCookie {
		return SetCookie{Name: "JSESSIONID", ID: "A.n1", Path: "/app", Attrs: attrs}
	}
	gone := SetCookie{Name: "JSESSIONID", Gone: true, Attrs: Persistent}
	cases := []struct {
		rule, line string
		want       SetCookie
	}{
		{"Tomcat", "JSESSIONID=A.n1; Path=/app; HttpOnly", set(HTTPOnly)},
		{"all attributes", "JSESSIONID=A.n1; Path=/app; Domain=.example.org; Secure; HttpOnly; SameSite=None; Partitioned",
			SetCookie{Name: "JSESSIONID", ID: "A.n1", Path: "/app", Domain: ".example.org", Attrs: Secure | HTTPOnly | SameSiteNone | Partitioned}},
		{"names and SameSite in any case", "JSESSIONID=A.n1;pATH=/app;SECURE;samesite=lAX", set(Secure | SameSiteLax)},
		{"last attribute counts", "JSESSIONID=A.n1; Path=/x; SameSite=Lax; Path=/app; SameSite=Strict", set(SameSiteStrict)},
		{"unknown SameSite is none", "JSESSIONID=A.n1; Path=/app; SameSite=Lax; SameSite=odd", set(0)},
		{"flag with a value", "JSESSIONID=A.n1; Path=/app; Secure=no", set(Secure)},
		{"blanks", "\tJSESSIONID = A.n1 ; Path = /app ; ;", set(0)},
		{"quotes", `JSESSIONID="A.n1"; Path=/app`, set(0)},
		{"path that is none", "JSESSIONID=A.n1; Path=/x; Path=app", SetCookie{Name: "JSESSIONID", ID: "A.n1"}},
		{"overlong attribute is not heeded", "JSESSIONID=A.n1; Path=/app; Path=/" + strings.Repeat("x", maxAttr), set(0)},
		{"Max-Age", "JSESSIONID=A.n1; Path=/app; Max-Age=60", set(Persistent)},
		{"Max-Age that is none", "JSESSIONID=A.n1; Path=/app; Max-Age=+0; Max-Age=; Max-Age=0x", set(0)},
		{"Max-Age zero deletes", "JSESSIONID=A.n1; Max-Age=0", gone},
		{"Max-Age below zero deletes", "JSESSIONID=A.n1; Max-Age=-5", gone},
		{"Max-Age beyond integers", "JSESSIONID=A.n1; Path=/app; Max-Age=99999999999999999999999", set(Persistent)},
		{"Expires in the past deletes (Tomcat's spelling)", "JSESSIONID=A.n1; Expires=Thu, 01-Jan-1970 00:00:10 GMT", gone},
		{"Expires in the past deletes (RFC 9110)", "JSESSIONID=A.n1; Expires=Thu, 01 Jan 1970 00:00:10 GMT", gone},
		{"Expires now deletes", "JSESSIONID=A.n1; Expires=Sun, 01 Mar 2026 12:00:00 GMT", gone},
		{"Expires later", "JSESSIONID=A.n1; Path=/app; Expires=Sun, 01 Mar 2026 12:00:01 GMT", set(Persistent)},
		{"Expires that is no date", "JSESSIONID=A.n1; Path=/app; Expires=tomorrow", set(0)},
		{"Max-Age before Expires", "JSESSIONID=A.n1; Path=/app; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:10 GMT", set(Persistent)},
		{"empty value deletes", "JSESSIONID=; Path=/app", SetCookie{Name: "JSESSIONID", Path: "/app", Gone: true}},
	}
	d := Dialect{}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			if got, ok := d.ParseSetCookie(c.line, now); got != c.want || !ok {
				t.Errorf("got %#v, %v\nwant %#v", got, ok, c.want)
			}
		})
	}
	for _, line := range []string{"", "JSESSIONID", "SID=A.n1", "jsessionid=A.n1", "=A.n1", "a=b; JSESSIONID=A.n1",
		"JSESSIONID=A n1", "JSESSIONID=A.n1; Path=/\r\nX: y", "JSESSIONID=A.n1; \x00", "JSESSIONID=" + strings.Repeat("A", MaxID+1)} {
		if got, ok := d.ParseSetCookie(line, now); ok {
			t.Errorf("ParseSetCookie(%q) = %#v, want none", line, got)
		}
	}
	any := Restcomm()
	if got, ok := any.ParseSetCookie("JsessionID=A.n1", now); !ok || got.Name != "JsessionID" {
		t.Errorf("any case: %#v, %v; the node's own spelling is kept", got, ok)
	}
}

func TestSetCookieLine(t *testing.T) {
	full := SetCookie{Name: "JSESSIONID", ID: "A.n2", Path: "/app", Domain: "example.org",
		Attrs: Secure | HTTPOnly | SameSiteLax | Partitioned | Persistent}
	const want = "JSESSIONID=A.n2; Path=/app; Domain=example.org; Secure; HttpOnly; SameSite=Lax; Partitioned"
	if got, err := full.Line(); got != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if got, err := (SetCookie{Name: "JSESSIONID", ID: ".n2"}).Line(); got != "JSESSIONID=.n2" || err != nil {
		t.Errorf("route hint: %q, %v", got, err)
	}
	spoil := map[string]func(*SetCookie){
		"no id":            func(c *SetCookie) { c.ID = "" },
		"CR LF in id":      func(c *SetCookie) { c.ID = "A\r\nX: y" },
		"no name":          func(c *SetCookie) { c.Name = "" },
		"name with blank":  func(c *SetCookie) { c.Name = "A B" },
		"semicolon":        func(c *SetCookie) { c.Path = "/;Domain=evil" },
		"relative path":    func(c *SetCookie) { c.Path = "app" },
		"LF in path":       func(c *SetCookie) { c.Path = "/\n" },
		"path not ASCII":   func(c *SetCookie) { c.Path = "/é" },
		"blank at the end": func(c *SetCookie) { c.Path = "/app " },
		"overlong path":    func(c *SetCookie) { c.Path = "/" + strings.Repeat("x", maxAttr) },
		"NUL in domain":    func(c *SetCookie) { c.Domain = "a\x00b" },
	}
	for name, damage := range spoil {
		c := full
		damage(&c)
		if got, err := c.Line(); got != "" || !errors.Is(err, ErrID) {
			t.Errorf("%s: %q, %v; want ErrID", name, got, err)
		}
	}
}

func TestDefaultPath(t *testing.T) {
	for target, want := range map[string]string{
		"/": "/", "/a": "/", "/a/": "/a", "/a/b": "/a", "/a/b?c=/d": "/a", "": "/", "*": "/", "a/b": "/",
		"http://h": "/", "http://h/a/b": "/a", "/a;jsessionid=A/b": "/a;jsessionid=A",
	} {
		if got := DefaultPath(target); got != want {
			t.Errorf("DefaultPath(%q) = %q, want %q", target, got, want)
		}
	}
}

func TestQueryValue(t *testing.T) {
	long := strings.Repeat("x", MaxValue)
	cases := []struct {
		rule, query, want string
		presence          Presence
	}{
		{"first parameter", "appsession=alice&x=1", "alice", Single},
		{"later parameter", "x=1&appsession=alice", "alice", Single},
		{"no query", "", "", Absent},
		{"name is exact", "xappsession=a&appsessionx=b&appsession2=c", "", Absent},
		{"name is case-sensitive", "AppSession=alice", "", Absent},
		{"split on & only", "a=b;appsession=alice", "", Absent},
		{"; belongs to the value", "appsession=alice;x=1", "alice;x=1", Single},
		{"= belongs to the value", "appsession=a=b", "a=b", Single},
		{"percent decoded once", "appsession=al%69ce%2541", "alice%41", Single},
		{"nothing but an escaped percent sign", "appsession=x%25y", "x%y", Single},
		{"plus is a space", "appsession=al+ice%2B", "al ice+", Single},
		{"name is decoded too", "app%73ession=alice", "alice", Single},
		{"plus in a name is a space", "app+session=alice", "", Absent},
		{"empty value is absent", "appsession=", "", Absent},
		{"name alone is absent", "appsession", "", Absent},
		{"same value twice", "appsession=alice&appsession=al%69ce", "alice", Single},
		{"two values are no key", "appsession=alice&appsession=bob", "", Conflict},
		{"empty and other are two values", "appsession=&appsession=bob", "", Conflict},
		{"other and empty are two values", "appsession=bob&appsession", "", Conflict},
		{"broken escape", "appsession=al%zzice", "", Malformed},
		{"cut escape", "appsession=al%2", "", Malformed},
		{"broken escape in another name", "%zz=1&appsession=alice", "alice", Single},
		{"CR LF", "appsession=a%0d%0ab", "", Malformed},
		{"NUL", "appsession=a%00b", "", Malformed},
		{"DEL", "appsession=a%7fb", "", Malformed},
		{"longest", "appsession=" + long, long, Single},
		{"longer", "appsession=" + long + "x", "", Malformed},
		{"UTF-8", "appsession=J%C3%BCrgen", "Jürgen", Single},
		{"empty pairs", "&&appsession=alice&", "alice", Single},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			if got, presence := QueryValue(c.query, "appsession"); got != c.want || presence != c.presence {
				t.Errorf("QueryValue(%q) = %q, %d; want %q, %d", c.query, got, presence, c.want, c.presence)
			}
		})
	}
}

// Session ids are credentials: no way of printing shows one.
func TestPrintsWithoutCredentials(t *testing.T) {
	d := Dialect{}
	var found Found
	d.ReadCookie(&found, "JSESSIONID=SECRET.node1; JSESSIONID=SECRET; JSESSIONID=.node3")
	set, _ := d.ParseSetCookie("JSESSIONID=SECRET.node1", time.Time{})
	for _, v := range []any{found, &found, found.All(), found.All()[0], set} {
		text := fmt.Sprintf("%v %+v", v, v)
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text+string(encoded), "SECRET") {
			t.Errorf("%T prints the id: %s %s", v, text, encoded)
		}
	}
	if got := found.String(); got != "***.node1 *** .node3" {
		t.Errorf("found prints as %q", got)
	}
}
