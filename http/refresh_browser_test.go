package http

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"twinhop/gateway"
	"twinhop/web/chromium"
)

// inChromium starts a browser, and returns how to load a page and to run a
// script in it, each until the browser shows a text.
func inChromium(t *testing.T) (load, run func(what, text string)) {
	ctx := chromium.Open(t)
	see := func(text string) {
		t.Helper()
		if err := chromium.Wait(ctx, fmt.Sprintf("document.body && document.body.innerText.includes(%q)", text)); err != nil {
			t.Fatal(err)
		}
	}
	load = func(what, text string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(what)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		see(text)
	}
	run = func(what, text string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void]("void ("+what+")")); err != nil {
			t.Fatal(what, err)
		}
		see(text)
	}
	return load, run
}

// A real browser that is told to load its page again does so, with cookies and
// with ids in the path; what a form or a script sends arrives at once.
func TestARealBrowserRefreshes(t *testing.T) {
	load, run := inChromium(t)
	visitor := func(name string) node {
		return app(t, name, func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("JSESSIONID"); err != nil && !strings.Contains(r.RequestURI, ";") {
				http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "S." + name, Path: "/", HttpOnly: true})
			}
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "<p>%s %s <form method=post><input name=order value=7></form>", r.Method, name)
			if r.ParseForm(); r.PostForm.Has("order") {
				fmt.Fprintf(w, "order=%s", r.PostForm.Get("order"))
			}
		})
	}
	s := newStage(t, []node{visitor("n1"), visitor("n2")}, func(s *stage) {
		s.leader, s.settings.Follow, s.settings.MaxCorrections = gateway.LeaderSIP, FollowRefresh, 2
	})
	s.bind("alice", "n1")
	move := func(from, to string) {
		if n, err := s.front.Router.Switchover(t.Context(), from, to); n == 0 || err != nil {
			t.Fatal(n, err)
		}
	}
	at := "http://" + s.addr
	load(at+"/app?appsession=alice", "GET n1")
	move("n1", "n2")
	load(at+"/app?x=1", "GET n2")
	run("fetch('/app').then(r => r.text()).then(text => document.body.innerText = 'script: ' + text)", "script: <p>GET n2")
	move("n2", "n1")
	run("fetch('/app').then(r => r.text()).then(text => document.body.innerText = 'script: ' + text)", "script: <p>GET n1")
	load(at+"/app", "GET n1")
	move("n1", "n2")
	run("document.forms[0].submit()", "order=7")
	run("document.title", "POST n2")
	load(at+"/path;jsessionid=T.n1?appsession=alice", "GET n2")
	run("document.body.innerText = document.URL", "/path;jsessionid=T.n2?appsession=alice")
}
