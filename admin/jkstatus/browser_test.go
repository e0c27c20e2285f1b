package jkstatus

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/cluster"
	"twinhop/web/chromium"
)

// tab is a page in a real browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// newTab starts a browser that takes every name for this machine.
func newTab(t *testing.T) *tab {
	return &tab{t, chromium.Open(t, chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"))}
}

func (b *tab) visit(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
}

// run runs a script in the page.
func (b *tab) run(script string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void]("void ("+script+")")); err != nil {
		b.t.Fatal(script, err)
	}
}

// see waits until the page says something.
func (b *tab) see(text string) {
	b.t.Helper()
	if err := chromium.Wait(b.ctx, fmt.Sprintf("document.body && document.body.innerText.includes(%q)", text)); err != nil {
		b.t.Fatal(err)
	}
}

// An operator goes from the list to a form and back; a page of another site
// gets nothing done, by whatever way it sends the browser.
func TestInARealBrowser(t *testing.T) {
	b := newTab(t)
	s := newStage(t, Words{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	var mu sync.Mutex
	var asked []string // how it went: "command status"
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		asked = append(asked, fmt.Sprint(r.URL.Query().Get("cmd"), r.URL.Query().Get("n"), " ", rec.Code))
		for key := range rec.Header() {
			w.Header().Set(key, rec.Header().Get(key))
		}
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	}))
	defer own.Close()
	b.visit(own.URL + "/jkstatus?re=600&opt=4")
	b.see("Worker Status for lb")
	b.run(`[...document.querySelectorAll("td a")].find(a => a.textContent === "E" && a.href.includes("sw=node1")).click()`)
	b.see("Edit worker settings for node1")
	b.run(`(document.querySelector("input[name=vwa][value='1']").checked = true, document.querySelector("input[name=vwf]").value = "5", document.querySelector("input[type=submit]").click())`)
	b.see("Result: OK")
	b.see("Worker Status for lb") // the page moves on by itself
	b.run(`[...document.querySelectorAll("td a")].find(a => a.textContent === "T").click()`)
	b.see("Result: OK")
	mu.Lock()
	if len(s.changes) != 2 || s.changes[0] != (workers.Change{Worker: "lb", Member: "node1", Attribute: workers.Activation, Number: int(cluster.Disabled)}) || len(s.acts) != 1 {
		t.Errorf("%+v %v", s.changes, s.acts)
	}
	s.changes, s.acts, asked = nil, nil, nil
	mu.Unlock()

	reset := func(host string, n int) string {
		return strings.Replace(own.URL, "127.0.0.1", host, 1) + fmt.Sprintf("/jkstatus?mime=txt&w=lb&sw=node2&cmd=recover&n=%d", n)
	}
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<meta name="referrer" content=%q><p>evil</p><img src=%q><iframe src=%q></iframe><form id="f" action=%q method="get" target="_self">
			<input name="cmd" value="recover"><input name="w" value="lb"><input name="sw" value="node2"><input name="n" value="4"></form><a id="a" href=%q>x</a>`,
			r.URL.Query().Get("policy"), reset("127.0.0.1", 1), reset("127.0.0.1", 2), reset("127.0.0.1", 4), reset("127.0.0.1", 5))
		io.WriteString(w, "<script>fetch("+fmt.Sprintf("%q", reset("127.0.0.1", 3))+", {mode: 'no-cors', credentials: 'include'})</script>")
	}))
	defer evil.Close()
	foreign := strings.Replace(evil.URL, "127.0.0.1", "evil.test", 1)
	for _, policy := range []string{"unsafe-url", "no-referrer"} {
		for _, way := range []string{`document.getElementById("f").submit()`, `document.getElementById("a").click()`, `location.href = "` + reset("127.0.0.1", 6) + `"`,
			`location.href = "` + reset("gateway.test", 7) + `"`} { // where browsers do not say which site sent them
			b.visit(foreign + "/?policy=" + policy)
			b.see("evil")
			b.run(way)
			b.see("ERROR")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	seen := strings.Join(asked, ",")
	for n := 1; n <= 7; n++ {
		if !strings.Contains(seen, fmt.Sprintf("recover%d 403", n)) {
			t.Errorf("way %d was not tried: %s", n, seen)
		}
	}
	if len(s.changes)+len(s.acts) > 0 {
		t.Errorf("another site does %v %v: %s", s.changes, s.acts, seen)
	}
}
