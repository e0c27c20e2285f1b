package http

import (
	"path"
	"strings"
	"testing"
)

func TestCanonicalPath(t *testing.T) {
	for in, want := range map[string]string{
		"/":                   "/",
		"/a/b":                "/a/b",
		"/a/":                 "/a/",
		"/a;x=1/b;y":          "/a/b",
		"/;x/a":               "/a",
		"//a///b":             "/a/b",
		"/a/./b/.":            "/a/b/",
		"/a/../b":             "/b",
		"/a/b/..":             "/a/",
		"/a/..":               "/",
		"/%61%2e":             "/a.",
		"/a/%2e%2e/b":         "/b",
		"/a/.%2E/b":           "/b",
		"/a%3bb":              "/a;b",
		"/a%25b":              "/a%b",
		"/a%2525":             "/a%25",
		"/%c3%a9":             "/\xc3\xa9",
		"/a/...":              "/a/...",
		"/.well-known/x":      "/.well-known/x",
		"/a/..b/.c":           "/a/..b/.c",
		"/a;jsessionid=A.n/b": "/a/b",
		"":                    "!",
		"a":                   "!",
		"*":                   "!",
		"/..":                 "!",
		"/../a":               "!",
		"/a/../../b":          "!",
		"/%2e%2e/a":           "!",
		"/a/..;/b":            "!",
		"/a/..;x=1/b":         "!",
		"/a/.;/b":             "!",
		"/a/%2e%2e;/b":        "!",
		"/a%2fb":              "!",
		"/a%2Fb":              "!",
		"/a%5cb":              "!",
		`/a\b`:                "!",
		"/a%00":               "!",
		"/a%0ab":              "!",
		"/a%0d":               "!",
		"/a%7f":               "!",
		"/a%":                 "!",
		"/a%2":                "!",
		"/a%zz":               "!",
		"/a%u002f":            "!",
		"/a;x=%2f/b":          "!",
		"/a;%zz/b":            "!",
		"/a#b":                "!",
	} {
		got, _, err := canonical(in)
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("%q: %q, expected %q", in, got, want)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"/a;x/../b/%2e%2e/.", "/", "//a//", "/a/..;/b", "/%41%2f", "/./.."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		canon, plain, err := canonical(in)
		if err != nil {
			return
		}
		if !strings.HasPrefix(canon, "/") || !strings.HasPrefix(plain, "/") || strings.ContainsAny(canon, "\\\x00\r\n") {
			t.Fatalf("%q -> %q, %q", in, canon, plain)
		}
		if clean := path.Clean(canon); clean != canon && clean+"/" != canon {
			t.Errorf("%q -> %q is not canonical", in, canon)
		}
		if clean := path.Clean(plain); clean != path.Clean(canon) {
			t.Errorf("%q: %q and %q lead to different places", in, plain, canon)
		}
		if tame(in) && canon != in {
			t.Errorf("tame %q became %q", in, canon)
		}
	})
}

func TestMounts(t *testing.T) {
	m := mustMounts(t, []MountRule{
		{"/app|/*", "a"}, {"/app/exact", "e"}, {"/map/*.do", "d"}, {"/map/over/special/*", "s"}, {"/map/*", "m"},
		{"/q?/x", "q"}, {"!/app/static/*", "a"}, {"!/map/over/no*", "*"}, {"!/app/exact", "a"}, {"-/off/*", "o"}, {"!/q1/*", "other"},
	})
	for path, want := range map[string]string{
		"/app": "a", "/app/": "a", "/app/x/y": "a", "/appx": "", "/": "", "/App": "",
		"/app/exact": "e", "/app/exact/": "a", "/app/static/x": "", "/app/static": "a",
		"/map/x.do": "d", "/map/a/b.do": "d", "/map/x": "m", "/map/over/special/x.do": "s", "/map/over/nothing.do": "",
		"/q1/x": "q", "/q/x": "", "/q//x": "q", "/off/x": "",
	} {
		if got := m.Pool(path); got != want {
			t.Errorf("%s: %q, expected %q", path, got, want)
		}
	}
	for _, bad := range []MountRule{{"*.jsp", "a"}, {"", "a"}, {"/a", ""}, {"!x", "a"}} {
		if _, err := NewMounts([]MountRule{bad}); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
	var none *Mounts
	if none.Pool("/") != "" {
		t.Error("nothing is mounted, yet something is")
	}
	if wild(strings.Repeat("*a", 30)+"b", strings.Repeat("a", 8000)) {
		t.Error("matched")
	}
}

// What a request is decided on and what the node serves must be the same
// place: whatever is forwarded under /app must not be under /admin for a
// container that cuts parameters, decodes once and resolves dots.
func TestPathConfusion(t *testing.T) {
	r := newRecorder(t, "n1")
	s := newStage(t, []node{r.node}, func(s *stage) {
		s.settings.Mounts = mustMounts(t, []MountRule{{"/*", "default"}, {"!/admin/*", "*"}, {"!/admin", "*"}, {"!/admin;*", "*"}})
	})
	for target, status := range map[string]string{
		"/app/x": "200", "/app/../app/x": "200", "/app/a;x=1/b": "200", "/adminx": "200", "/a%25dmin": "200",
		"/admin": "404", "/admin/x": "404", "/%61dmin/x": "404", "//admin/x": "404", "/./admin/x": "404", "/admin;x/y": "404",
		"/;/admin/x": "404", "/admin//x": "404", "/%2e/admin/x": "404",
		"/app/../admin/x": "400", "/app/..;/admin/x": "400", "/app/%2e%2e/admin/x": "400", "/admin/../x": "400",
		"/app/..%2fadmin": "400", "/app/..%5cadmin": "400", `/app\..\admin`: "400", "/%00": "400", "/..": "400", "/app%": "400",
	} {
		answer := s.rawSend("GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		got := r.take()
		if !strings.HasPrefix(answer, "HTTP/1.1 "+status) {
			t.Errorf("%s: %.30q", target, answer)
		}
		if forwarded := len(got) > 0; forwarded != (status == "200") {
			t.Errorf("%s: forwarded %v", target, forwarded)
		} else if forwarded && !strings.HasPrefix(got[0], "GET "+target+" HTTP/1.1\r\n") {
			t.Errorf("%s became %.60q", target, got[0])
		}
	}
}
