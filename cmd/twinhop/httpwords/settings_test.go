package httpwords

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/config"
	httpfront "twinhop/http"
)

func parsed(t *testing.T, text string) *config.Config {
	t.Helper()
	c, ps := config.Parse("test", []byte(text), config.Words{Balance: []string{"requests", "round-robin"}, HTTPSources: httpfront.Sources(), SIPSources: []string{"call-id"}})
	if errs, _ := ps.Count(); errs > 0 {
		t.Fatal(ps)
	}
	return &c
}

// What pools, mounts and nodes say reaches the front: what nobody says is its
// zero value, and a list that is empty is not one that is absent.
func TestWordsReachTheFront(t *testing.T) {
	text, err := os.ReadFile("testdata/words.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := parsed(t, string(text))
	s, err := Settings(c, httpfront.Unavailable{})
	if err != nil {
		t.Fatal(err)
	}
	yes, no, app, x, five, none := true, false, "/app", "/x", 5*time.Second, time.Duration(0)
	node := httpfront.NodeWords{Attempts: 2, Interval: 50 * time.Millisecond, FailOn: []int{503, -404}, Repeat: &[]string{"GET"}}
	want := map[string]httpfront.PoolWords{
		"plain": {Nodes: map[string]httpfront.NodeWords{"n1": node}},
		"lb": {Retry: httpfront.Retry{Rounds: 3, Nodes: 4, Interval: time.Second},
			Rule:  httpfront.RuleWords{ReplyTimeout: &five, FailOn: []int{}, ServerErrors: 502, Cookie: "SID", Path: ";sid", SetCookie: &yes, SetPath: &app},
			Nodes: map[string]httpfront.NodeWords{"n1": {Repeat: &[]string{}}, "n2": {FailOn: []int{500}}}},
	}
	if d := cmp.Diff(want, s.Pools); d != "" {
		t.Errorf("pools (-want +got):\n%s", d)
	}
	rules := []httpfront.MountRule{
		{Path: "/*", Pool: "lb"},
		{Path: "/a/*", Pool: "lb", Variant: "stickyIgnore stateless disabled=n1,n2"},
		{Path: "/b/*", Pool: "lb", Variant: "stickyIgnore stateless disabled=n1,n2"},
		{Path: "/c/*", Pool: "lb", Variant: "active=n1 stopped=n2", Words: &httpfront.RuleWords{ReplyTimeout: &none, FailOn: []int{},
			ServerErrors: beyondStatuses, Cookie: "X", Path: ";x", SetCookie: &no, SetPath: &x}},
		{Path: "/d/*", Pool: "plain", Words: &httpfront.RuleWords{FailOn: []int{-404}}},
		{Path: "!/d/e", Pool: "*"},
		{Path: "/jkstatus", Local: "jk"},
	}
	if d := cmp.Diff(rules, mountRules(c)); d != "" {
		t.Errorf("mounts (-want +got):\n%s", d)
	}
}

// Without a word of it the front does what it did before there were such words.
func TestNothingSaidIsTheZeroValue(t *testing.T) {
	c := parsed(t, "listen: {http: [{addr: \":8080\"}]}\nnodes: [{name: n1, http: \"http://10.0.0.1:8080\"}]\n")
	s, err := Settings(c, httpfront.Unavailable{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]httpfront.PoolWords{"default": {}}, s.Pools); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff([]httpfront.MountRule{{Path: "/*", Pool: "default"}}, mountRules(c)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestUnavailablePage(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(filepath.Join(dir, "sorry.html"), []byte("<p>sorry"), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := Unavailable(&config.Unavailable{Page: "sorry.html"}, file)
	if err != nil || string(u.Page) != "<p>sorry" || !strings.HasPrefix(u.Type, "text/html") {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := Unavailable(&config.Unavailable{Page: "gone.html"}, file); err == nil {
		t.Error("a page that is not there was taken")
	}
	if err := os.WriteFile(filepath.Join(dir, "big"), make([]byte, maxPage+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Unavailable(&config.Unavailable{Page: "big"}, file); err == nil {
		t.Error("a page beyond the bound was taken")
	}
}
