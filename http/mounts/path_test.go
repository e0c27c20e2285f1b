package mounts

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
		"/a/..%3b/b":          "!",
		"/a/%2e%2e%3Bx/b":     "!",
		"/a/.%3b/b":           "!",
		"/a/..%3b":            "!",
		"/a/..%3b;x/b":        "!",
		"/a/...%3b/b":         "/a/...;/b",
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
		got, _, err := Canonical(in)
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
		canon, plain, err := Canonical(in)
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
