package admin

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/appsession"
)

const many = 100_000

// fill puts n sessions into the table, each of an identity, a browser and a call.
func (s *stage) fill(n int) {
	s.t.Helper()
	for i := range n {
		app := appsession.Key{Space: appsession.App, Value: fmt.Sprintf("user%d", i)}
		node := fmt.Sprintf("node%d", 1+i%2)
		_, err := s.store.Bind(s.t.Context(), appsession.Binding{ID: appsession.Namer{}.ID(app), Owner: node}, []appsession.Alias{{Key: app},
			{Key: appsession.Key{Space: appsession.HTTP, Value: fmt.Sprintf("%032X", i)}, Node: node},
			{Key: appsession.Key{Space: appsession.Call, Value: fmt.Sprintf("call%d@h", i)}, Node: node}})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// However many sessions there are, a page has no more elements than it shows: the list
// comes in pieces, and a search through all of them finds the one.
func TestManySessionsInBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	s.fill(many)
	url, err := s.LoginURL("vera", RoleOperator, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.do(chromedp.Navigate(url))
	b.see("Overview")
	b.eval(watchPage)
	b.open("#/sessions")
	b.wait(`document.querySelectorAll("main tbody tr").length >= 50`)
	small := func(when string) {
		t.Helper()
		n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll("*").length`))
		if err != nil || n < 100 || n > 6000 {
			t.Errorf("%s: the page has %d elements (%v)", when, n, err)
		}
	}
	small("at first")
	b.do(chromedp.SendKeys(chromedp.CSS("#search"), "call77777@h\r"), chromedp.WaitVisible(chromedp.CSS("#why")))
	b.see("user77777")
	small("a session")
	b.clean()
}

// BenchmarkSessionsPage gets the first page of a hundred thousand sessions, as the user
// interface asks for it, and one that is searched for as a part of a key.
func BenchmarkSessionsPage(b *testing.B) {
	s := newStage(b, "node1", "node2").run()
	s.fill(many)
	vera := s.login(RoleViewer)
	for _, path := range []string{"/api/v1/sessions?limit=50", "/api/v1/sessions?q=ser7777", "/api/v1/sessions?key=call77777@h", "/api/v1/sessions?legs=both&node=node2"} {
		b.Run(path[len("/api/v1/sessions?"):], func(b *testing.B) {
			for b.Loop() {
				vera.must(200, "GET", path, nil)
			}
		})
	}
}
