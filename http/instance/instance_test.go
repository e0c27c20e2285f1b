package instance

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	const id = "IDb1d9ba0ceaa74a0b8bb4d8b7d02d7b3a"
	for path, want := range map[string]string{
		"/restcomm/2012-04-24/Accounts/AC1/Calls/" + id + "-CA7":                 id,
		"/restcomm/2012-04-24/Accounts/AC1/Calls.json/" + id + "-CA7":            id,
		"/restcomm/2012-04-24/Accounts/AC1/Calls/" + id + "-CA7.json":            id,
		"/restcomm/2012-04-24/Accounts/AC1/Calls/" + id + "-CA7/Recordings.json": id,
		"/restcomm/2012-04-24/Accounts/AC1/Calls/1-2-3":                          "1",
		"/restcomm/2012-04-24/Accounts/AC1/Calls/" + id:                          "",
		"/restcomm/2012-04-24/Accounts/AC1/Calls/" + id + "-":                    "",
		"/restcomm/2012-04-24/Accounts/AC1/Calls/" + id + "x-CA7":                "",
		"/restcomm/2012-04-24/Accounts/AC1/Calls/-CA7":                           "",
		"/restcomm/2012-04-24/Accounts/AC1/Calls":                                "",
		"/restcomm/2012-04-24/Accounts/AC1/Calls/":                               "",
		"/restcomm/2012-04-24/Accounts/AC1/SMS/" + id + "-CA7":                   "",
		"/restcomm/2012-04-24/accounts/AC1/Calls/" + id + "-CA7":                 "",
		"/2012-04-24/Accounts/AC1/Calls/" + id + "-CA7":                          "",
		"/a/restcomm/2012-04-24/Accounts/AC1/Calls/" + id + "-CA7":               "",
		"restcomm/2012-04-24/Accounts/AC1/Calls/" + id + "-CA7":                  "",
		"": "", "/": "", "*": "", strings.Repeat("/", 4000): "", "/" + strings.Repeat("a", 8000): "",
	} {
		if got := Of(path); got != want {
			t.Errorf("%.80s: %q, want %q", path, got, want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	n := 0
	if a := testing.AllocsPerRun(100, func() { n += len(Of("/restcomm/2012-04-24/Accounts/AC1/Calls/ID1-CA7")) }); a != 0 || n == 0 {
		t.Errorf("%v allocations", a)
	}
}
