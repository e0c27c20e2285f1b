package head

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func list(f *Fields) string {
	text := ""
	for x := range f.All() {
		text += x.Name + "=" + x.Value + " "
	}
	return text
}

func TestFields(t *testing.T) {
	var f Fields
	for _, x := range []Field{{"Host", "h"}, {"X-a", "1"}, {"COOKIE", "c"}, {"x-A", "2"}, {"Empty", ""}} {
		f.Add(x.Name, x.Value)
	}
	if f.Get("x-a") != "1" || f.Count("X-A") != 2 || !f.Has("empty") || f.Has("X-") || f.Get("none") != "" || f.Len() != 5 {
		t.Error(list(&f))
	}
	f.Set("x-a", "3")
	f.Set("New", "n")
	f.Del("cookie")
	f.Del("none")
	if got := list(&f); got != "Host=h X-a=3 Empty= New=n " {
		t.Error(got)
	}
	f.SetAt(0, "i")
	if f.At(0) != (Field{"Host", "i"}) {
		t.Error(f.At(0))
	}
	f.Reset()
	if f.Len() != 0 || f.list[:4][0].Name != "" {
		t.Error("old values are kept")
	}
}

func TestToken(t *testing.T) {
	var f Fields
	f.Add("Connection", "keep-alive ,Upgrade")
	f.Add("connection", "\tclose")
	for token, want := range map[string]bool{"upgrade": true, "Keep-Alive": true, "close": true, "keep": false, "": false, "upgradeX": false} {
		if f.Token("Connection", token) != want {
			t.Errorf("%q", token)
		}
	}
}

func TestEqualFold(t *testing.T) {
	for pair, want := range map[[2]string]bool{{"Cookie", "cOOKIE"}: true, {"a", "ab"}: false, {"@", "`"}: false, {"[", "{"}: false,
		{"K", "\u212a"}: false, {"-", "-"}: true, {"", ""}: true} {
		if EqualFold(pair[0], pair[1]) != want {
			t.Errorf("%q", pair)
		}
	}
}

// Against net/http's map: the same operations leave the same values.
func TestFieldsLikeAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Fields
		h := http.Header{}
		name := rapid.SampledFrom([]string{"A", "a", "B-c", "b-C", "D"})
		for i := range rapid.IntRange(0, 30).Draw(t, "steps") {
			n, v := name.Draw(t, "name"), fmt.Sprint(i)
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				f.Add(n, v)
				h.Add(n, v)
			case 1:
				f.Set(n, v)
				h.Set(n, v)
			case 2:
				f.Del(n)
				h.Del(n)
			}
			if got := slices.Collect(f.Values(n)); !slices.Equal(got, h.Values(n)) || f.Get(n) != h.Get(n) || f.Count(n) != len(got) {
				t.Fatalf("%s: %v, map %v", n, got, h.Values(n))
			}
		}
	})
}

func TestIdempotentAndBodyless(t *testing.T) {
	for method, want := range map[string]bool{"GET": true, "HEAD": true, "PUT": true, "DELETE": true, "POST": false, "PATCH": false, "get": false, "X": false} {
		if Idempotent(method) != want {
			t.Error(method)
		}
	}
	if !Bodyless("HEAD", 200) || !Bodyless("GET", 304) || !Bodyless("GET", 204) || !Bodyless("GET", 103) || Bodyless("GET", 200) {
		t.Error("bodyless")
	}
}
