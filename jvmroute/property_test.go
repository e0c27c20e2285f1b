package jvmroute

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	anyBase  = rapid.StringMatching(`[A-Za-z0-9_+=~!:*@$-]{1,40}`)
	anyRoute = rapid.StringMatching(`[A-Za-z0-9_.-]{1,20}`)
	anyNoise = rapid.SampledFrom([]string{"a=b", "SID=ABC.node1", "JSESSIONIDSSO=ABC.node1", `q="x"`, "", "jsessionid=ABC.node1"})
)

// A correction of the client's cookie changes the route and nothing else: the id's base, the other cookies and the
// separators stay, doing it twice does nothing more, and undoing it gives the line back.
func TestCookieCorrectionChangesTheRouteAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Dialect{}
		base, from := anyBase.Draw(t, "base"), anyRoute.Draw(t, "from")
		to := anyRoute.Filter(func(s string) bool { return s != from }).Draw(t, "to")
		old, new := Join(base, from), Join(base, to)
		quote := rapid.SampledFrom([]string{"", `"`}).Draw(t, "quote")
		separator := rapid.SampledFrom([]string{"; ", ";", ",", " ;\t"}).Draw(t, "separator")
		before := strings.Join(rapid.SliceOfN(anyNoise, 0, 3).Draw(t, "before"), separator)
		after := strings.Join(rapid.SliceOfN(anyNoise, 0, 3).Draw(t, "after"), separator)
		line := func(id string) string {
			return before + ";JSESSIONID=" + quote + id + quote + ";" + after
		}

		once, err := d.ReplaceCookie(line(old), old, new)
		if err != nil || once != line(new) {
			t.Fatalf("%q became %q, %v", line(old), once, err)
		}
		if twice, _ := d.ReplaceCookie(once, old, new); twice != once {
			t.Fatalf("rewritten again: %q", twice)
		}
		if back, _ := d.ReplaceCookie(once, new, old); back != line(old) {
			t.Fatalf("undone: %q, want %q", back, line(old))
		}
		var found Found
		d.ReadCookie(&found, once)
		if ids := found.All(); len(ids) != 1 || ids[0].Base() != base || ids[0].Route() != to {
			t.Fatalf("read back from %q: %v", once, found)
		}
	})
}

// The same holds for a URL, and an escaped id is the same id.
func TestURLCorrectionChangesTheRouteAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Dialect{}
		base, from := anyBase.Draw(t, "base"), anyRoute.Draw(t, "from")
		to := anyRoute.Filter(func(s string) bool { return s != from }).Draw(t, "to")
		old, new := Join(base, from), Join(base, to)
		prefix := rapid.SampledFrom([]string{"", "/", "/a/b;v=1", "http://h:80/x", "//h/%2e", "rel"}).Draw(t, "prefix")
		suffix := rapid.SampledFrom([]string{"", "/c", ";v=2", "?q=;jsessionid=" + old, "#f", "%3Bx"}).Draw(t, "suffix")
		url := func(id string) string { return prefix + ";jsessionid=" + id + suffix }

		written := old
		if rapid.Bool().Draw(t, "escaped") {
			written = escapeAll(old)
		}
		once, err := d.ReplaceURL(url(written), old, new)
		if err != nil || once != url(new) {
			t.Fatalf("%q became %q, %v", url(written), once, err)
		}
		if twice, _ := d.ReplaceURL(once, old, new); twice != once {
			t.Fatalf("rewritten again: %q", twice)
		}
		var found Found
		d.ReadTarget(&found, once)
		if ids := found.All(); len(ids) != 1 || ids[0].Text != new || ids[0].From != FromPath {
			t.Fatalf("read back from %q: %v", once, found)
		}
	})
}

// And for the query of a dialect that looks there, whose other parameters stay.
func TestQueryCorrectionChangesTheRouteAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Restcomm()
		base, from := anyBase.Draw(t, "base"), anyRoute.Draw(t, "from")
		to := anyRoute.Filter(func(s string) bool { return s != from }).Draw(t, "to")
		if strings.ContainsAny(from+to, ".") {
			t.Skip("the last dot counts")
		}
		old, new := Join(base, from), Join(base, to)
		prefix := rapid.SampledFrom([]string{"/a?", "/a?x=1&", "http://h/?y&", "?&&", "/;v=1?JSESSIONID=" + from + "&"}).Draw(t, "prefix")
		suffix := rapid.SampledFrom([]string{"", "&x=2", "&", "#jsessionid=" + old, "&u=%zz"}).Draw(t, "suffix")
		url := func(id string) string { return prefix + "jsessionid=" + id + suffix }
		plus := func(id string) string { return strings.ReplaceAll(id, "+", "%2B") }

		written := plus(old)
		if rapid.Bool().Draw(t, "escaped") {
			written = escapeAll(old)
		}
		once, err := d.ReplaceURL(url(written), old, new)
		if err != nil || once != url(plus(new)) {
			t.Fatalf("%q became %q, %v", url(written), once, err)
		}
		if twice, _ := d.ReplaceURL(once, old, new); twice != once {
			t.Fatalf("rewritten again: %q", twice)
		}
		var found Found
		d.ReadTarget(&found, once)
		if ids := found.All(); len(ids) != 1 || ids[0].Text != new || ids[0].From != FromQuery {
			t.Fatalf("read back from %q: %v", once, found)
		}
	})
}

func escapeAll(s string) string {
	const hex = "0123456789abcdef"
	var out strings.Builder
	for i := range len(s) {
		out.WriteString("%" + string(hex[s[i]>>4]) + string(hex[s[i]&15]))
	}
	return out.String()
}

// Any cookie that can be written is read back as it was.
func TestSetCookieReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Dialect{}
		cookie := SetCookie{
			Name:   "JSESSIONID",
			ID:     Join(anyBase.Draw(t, "base"), anyRoute.Draw(t, "route")),
			Path:   rapid.StringMatching(`(/[ -:<-~]{0,20}[!-:<-~])?`).Draw(t, "path"),
			Domain: rapid.StringMatching(`(\.?[a-z0-9.-]{1,20})?`).Draw(t, "domain"),
			Attrs:  rapid.SampledFrom([]Attrs{0, SameSiteLax, SameSiteStrict, SameSiteNone}).Draw(t, "samesite"),
		}
		cookie.Attrs |= Attrs(rapid.Byte().Draw(t, "flags")) & (Secure | HTTPOnly | Partitioned)
		line, err := cookie.Line()
		if err != nil {
			t.Fatalf("%#v: %v", cookie, err)
		}
		if got, ok := d.ParseSetCookie(line, noTime); !ok || got != cookie {
			t.Fatalf("%q is read as %#v, want %#v", line, got, cookie)
		}
	})
}
