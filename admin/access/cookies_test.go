package access

import (
	"bytes"
	"net/http/httptest"
	"testing"
)

// The newest secret seals, each of the two opens; one that is gone does not.
func TestCookiesOfTwoGenerations(t *testing.T) {
	first, second := bytes.Repeat([]byte("a"), 32), bytes.Repeat([]byte("b"), 32)
	with := func(secrets ...[]byte) Cookies {
		k, err := NewCookies(secrets)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	key := func(sealed, opens Cookies) string {
		w := httptest.NewRecorder()
		if err := sealed.Set(w, httptest.NewRequest("POST", "/", nil), "somebody"); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(w.Result().Cookies()[0])
		return opens.Key(r)
	}
	for _, c := range []struct {
		sealed, opens Cookies
		want          string
	}{
		{with(first), with(first), "somebody"},
		{with(first), with(second, first), "somebody"},
		{with(second, first), with(second), "somebody"},
		{with(first), with(second), ""},
		{with(second, first), with(first), ""},
	} {
		if got := key(c.sealed, c.opens); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if _, err := NewCookies([][]byte{first, second[:31]}); err == nil {
		t.Error("a short secret is taken")
	}
}
