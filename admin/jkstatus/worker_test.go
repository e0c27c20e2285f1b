package jkstatus

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/cluster"
)

func TestRating(t *testing.T) {
	rate := func(words []string) (s string) {
		mask, err := parseRating(words)
		if err != nil {
			return err.Error()
		}
		for a := range cluster.Stopped + 1 {
			for i := range rates {
				if mask&pair(a, i) != 0 {
					s += string("ads"[a]) + string("oibre"[i]) + " "
				}
			}
		}
		return strings.TrimSpace(s)
	}
	for words, want := range map[string]string{
		"a.o":             "ao",
		"o":               "ao do so",
		"disabled.error":  "de",
		"S":               "so si sb sr se",
		"a.n,a.idle":      "ai",
		" .a.b":           "ab",
		"a.o,a.i,a.b,a.r": "ao ai ab ar",
		"e,s":             "ae de so si sb sr se",
	} {
		if got := rate(strings.Split(words, ",")); got != want {
			t.Errorf("%s: %s, not %s", words, got, want)
		}
	}
	for _, words := range []string{"", "x", "a.x", "a.o.b", "a..o", "."} {
		if _, err := parseRating([]string{words}); !errors.Is(err, ErrRating) {
			t.Errorf("%q: %v", words, err)
		}
	}
}

// By default good is active and not in error, bad is stopped or in error, and
// bad comes first.
func TestRatingOfMembers(t *testing.T) {
	w, err := New(Words{}, Panel{})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for a := range cluster.Stopped + 1 {
		for s := range cluster.StateProbing + 1 {
			good, degraded, bad := w.rate(&workers.Balancer{Members: []workers.Member{{Activation: a, State: s}}})
			got += fmt.Sprint(good, degraded, bad, " ")
		}
	}
	const good, degraded, bad = "1 0 0 ", "0 1 0 ", "0 0 1 "
	want := strings.Repeat(good, 5) + bad + good + strings.Repeat(degraded, 5) + bad + degraded + strings.Repeat(bad, 7)
	if strings.Join(strings.Fields(got), "") != strings.Join(strings.Fields(want), "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	w, _ = New(Words{Good: []string{"a"}, Bad: []string{"d.e"}}, Panel{})
	if good, _, _ := w.rate(&workers.Balancer{Members: []workers.Member{{State: cluster.StateError}}}); good != 1 {
		t.Error("own words are not heard")
	}
}

func TestWordsAreChecked(t *testing.T) {
	for _, w := range []Words{{NS: "a b:"}, {NS: "<:"}, {NS: "x/><y "}, {XMLNS: "xmlns"}, {XMLNS: `xmlns:jk="a"><x`}, {XMLNS: `x="1`}, {Doctype: "<script>"},
		{Doctype: "<!DOCTYPE a"}, {Doctype: "<!DOCTYPE a><x/>"}, {Doctype: "<!DOCTYPE a><!DOCTYPE b>"}, {Prefix: "a=b"}, {Prefix: "a\nb"}, {Good: []string{"q"}}, {Bad: []string{"a.q"}}} {
		if _, err := New(w, Panel{}); err == nil {
			t.Errorf("%+v is taken", w)
		}
	}
	for _, w := range []Words{{}, {NS: "-", XMLNS: "-"}, {NS: "jk"}, {XMLNS: `xmlns:jk="a" jk:schemaLocation="b"`}, {Doctype: `<!DOCTYPE status [<!ELEMENT status ANY>]>`}, {NS: "x:", XMLNS: `xmlns:x="urn:x"`, Doctype: `<!DOCTYPE status SYSTEM "s.dtd">`, Prefix: "worker.x"}} {
		if _, err := New(w, Panel{}); err != nil {
			t.Errorf("%+v: %v", w, err)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 972: "972", 973: "1.0K", 1024: "1.0K", 10240: "10K", 5_000_000: "4.8M", 1 << 40: "1.0T", 1<<63 - 1: "8.0E"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
}

func TestServerAsTheClientCallsIt(t *testing.T) {
	s := newStage(t, Words{})
	for host, want := range map[string]string{"a.example": "name=a.example port=80", "a.example:81": "name=a.example port=81", "[::1]:82": "name=::1 port=82",
		"a\"b": "name=a\"b port=80", "a:999999": "name=a port=0"} {
		if text := s.do("GET", "mime=txt&cmd=version", "Host: "+host).Body.String(); !strings.Contains(text, "Server: "+want+"\n") {
			t.Errorf("%s: %s", host, text)
		}
	}
}

func TestNumbersAreReadAsAtoi(t *testing.T) {
	for s, want := range map[string]int{"12": 12, "12abc": 12, "abc": 0, "": 0, " 7": 7, "-3": -3, "+4": 4, "99999999999999999999": 9999999999} {
		got := query{values: map[string]string{"x": s}}.number("x")
		if got != want && !(len(s) > 12 && got >= 1<<30) {
			t.Errorf("%q: %d", s, got)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{{"*", "", true}, {"a*", "abc", true}, {"a*c", "abc", true}, {"a*d", "abc", false}, {"?bc", "abc", true}, {"??", "abc", false}, {"**c", "abc", true}, {"", "a", false}} {
		if match(tt.pattern, tt.name) != tt.want {
			t.Errorf("%q %q", tt.pattern, tt.name)
		}
	}
}
