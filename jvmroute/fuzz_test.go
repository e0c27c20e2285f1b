package jvmroute

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func FuzzRead(f *testing.F) {
	f.Add("/a;jsessionid=A.node1/b", "JSESSIONID=B.node2")
	f.Add("/a%3Bjsessionid%3DA%2Enode3", "")
	f.Add("/a;jsessionid=", `a=b,JSESSIONID = "B.node2"; JSESSIONID= C`)
	f.Add("/a;jsessionid=;jsessionid=A%2", "JSESSIONID JSESSIONID=A; JSESSIONID=;JSESSIONID")
	f.Add("/%3", "JSESSIONIDJSESSIONID=\"\";\tJSESSIONID=\" A.n\"")
	f.Fuzz(func(t *testing.T, target, line string) {
		if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
			target = "/" + strings.TrimLeft(target, "/")
		}
		var found Found
		d := Dialect{}
		d.ReadTarget(&found, target)
		d.ReadCookie(&found, line)
		var got []string
		for _, id := range found.All() {
			got = append(got, id.Text)
			if base, route := twinSplit(id.Text, false); id.Base() != base || id.Route() != route {
				t.Errorf("%q is %q and %q, the twin says %q and %q", id.Text, id.Base(), id.Route(), base, route)
			}
		}
		if want := twinCandidates(target, line); !slices.Equal(got, want) {
			t.Errorf("candidates of %q and %q: %q, the twin says %q", target, line, got, want)
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("ABC.x.node2", false)
	f.Add("ABC.x.node2", true)
	f.Add("A.node3 ", false)
	f.Add("..", true)
	f.Fuzz(func(t *testing.T, id string, lastDot bool) {
		d := Dialect{LastDot: lastDot}
		base, route := d.Split(id)
		if wantBase, wantRoute := twinSplit(id, lastDot); base != wantBase || route != wantRoute {
			t.Errorf("Split(%q) = %q, %q; the twin says %q, %q", id, base, route, wantBase, wantRoute)
		}
		if Join(base, route) != id {
			t.Errorf("Join(Split(%q)) = %q", id, Join(base, route))
		}
	})
}

func FuzzQueryValue(f *testing.F) {
	f.Add("x=1&appsession=al%69ce+b")
	f.Add("appsession=a&appsession=b")
	f.Add("app%73ession=%zz&=&&")
	f.Add("appsession=x%25y")
	f.Fuzz(func(t *testing.T, query string) {
		value, presence := QueryValue(query, "appsession")
		if (value != "") != (presence == Single) {
			t.Errorf("value %q with presence %d", value, presence)
		}
		// net/url refuses semicolons, which are ordinary bytes here.
		wantValue, wantPresence, ok := twinQuery(strings.ReplaceAll(query, ";", "%3B"), "appsession")
		if ok && (value != wantValue || presence != wantPresence) && presence+wantPresence != Conflict+Malformed {
			t.Errorf("QueryValue(%q) = %q, %d; the twin says %q, %d", query, value, presence, wantValue, wantPresence)
		}
	})
}

func FuzzParamValue(f *testing.F) {
	f.Add("/a;key=k;key=%6b/b", "x=1&key=k%3Aapp&k%65y=+1")
	f.Add("/a%3Bkey%3Dk", "")
	f.Add("/a;key=;key=k", "key=&key")
	f.Fuzz(func(t *testing.T, path, query string) {
		value, presence := ParamValue(path, query, "key")
		if (value != "") != (presence == Single) {
			t.Fatalf("value %q with presence %d", value, presence)
		}
		if want, wanted := twinParam(path, query); value != want || presence != wanted && presence+wanted != Conflict+Malformed {
			t.Errorf("ParamValue(%q, %q) = %q, %d; the twin says %q, %d", path, query, value, presence, want, wanted)
		}
	})
}

// FuzzReplace holds for any input: a second rewriting changes nothing, the old id is gone, CR, LF and NUL never come out,
// and undoing it gives back a text of the same length unless the new id was there before.
func FuzzReplace(f *testing.F) {
	f.Add("JSESSIONID=A.n1; Path=/;jsessionid=A.n1", "A.n1", "A.n2")
	f.Add(`a=b, JSESSIONID = "A.n1" ,JSESSIONID= A.n1`, "A.n1", "A.n2\r\nX: y")
	f.Add("http://h/a%3bjsessionid=A%2en1;jsessionid=A.n1?;jsessionid=A.n1", "A.n1", "JSESSIONID=A.n2")
	f.Add("/a;jsessionid=A.n1?x=1&jsessionid=A%2En1#?jsessionid=A.n1", "A.n1", "A+.n2")
	f.Fuzz(func(t *testing.T, text, old, new string) {
		d, restcomm := Dialect{}, Restcomm()
		for name, replace := range map[string]func(text, old, new string) (string, error){
			"cookie": d.ReplaceCookie, "set-cookie": d.ReplaceSetCookie, "url": d.ReplaceURL, "url and query": restcomm.ReplaceURL,
		} {
			once, err := replace(text, old, new)
			if strings.ContainsAny(once, "\r\n\x00") {
				t.Fatalf("%s: %q holds CR, LF or NUL", name, once)
			}
			if err != nil {
				if once != "" && once != text {
					t.Fatalf("%s: %v, but %q became %q", name, err, text, once)
				}
				continue
			}
			if twice, err := replace(once, old, new); twice != once || err != nil {
				t.Errorf("%s: %q, rewritten again %q, %v", name, once, twice, err)
			}
			if once != text && !strings.HasPrefix(name, "url") && (len(once)-len(text))%max(1, abs(len(new)-len(old))) != 0 {
				t.Errorf("%s: %q became %q: more than the id changed", name, text, once)
			}
		}
	})
}

func abs(n int) int { return max(n, -n) }

// FuzzSetCookie: what was parsed can be built again to the same cookie, or not at all.
func FuzzSetCookie(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Add("JSESSIONID=A.n1; Path=/app; Domain=x.org; Secure; HttpOnly; SameSite=Lax; Partitioned")
	f.Add(`JSESSIONID="A.n1";path=/;max-age=-1;EXPIRES=Thu, 01-Jan-1970 00:00:10 GMT`)
	f.Fuzz(func(t *testing.T, line string) {
		d := Dialect{}
		cookie, ok := d.ParseSetCookie(line, now)
		if !ok {
			return
		}
		if cookie.Gone != (cookie.ID == "") {
			t.Fatalf("%#v: an id exactly when the cookie lives", cookie)
		}
		built, err := cookie.Line()
		if err != nil {
			return
		}
		if strings.ContainsAny(built, "\r\n\x00") {
			t.Fatalf("built %q", built)
		}
		again, ok := d.ParseSetCookie(built, now)
		cookie.Attrs &^= Persistent
		if !ok || again != cookie {
			t.Errorf("%q was read as %#v, built as %q and read as %#v", line, cookie, built, again)
		}
	})
}
