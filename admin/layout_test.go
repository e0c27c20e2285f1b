package admin

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestColumnsStandUnderTheirHeadings looks at the tables at the widths where
// columns come and go.
func TestColumnsStandUnderTheirHeadings(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	url, err := s.LoginURL("ada", RoleOperator, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.do(chromedp.Navigate(url + "/sessions")) // a link may name its screen
	b.wait(`location.hash === "#/sessions" && document.querySelector("tbody tr")`)
	b.eval(watchPage)
	for _, width := range []int64{1440, 1000, 800, 360} {
		b.do(chromedp.EmulateViewport(width, 800))
		for _, screen := range []string{"#/sessions", "#/nodes", "#/nodes/node1"} {
			b.open(screen)
			b.wait(fmt.Sprintf(`location.hash === %q && document.querySelector("tbody tr")`, screen))
			b.wait(`[...document.querySelectorAll("table")].every(t => getComputedStyle(t).display === "block" || [...t.rows].every(r =>
				[...r.cells].filter(x => getComputedStyle(x).display !== "none").length === [...t.rows[0].cells].filter(x => getComputedStyle(x).display !== "none").length))`)
			wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
			if err != nil || wide {
				t.Errorf("%s is wider than %d (%v)", screen, width, err)
			}
		}
	}
	b.clean()
}

// A link that was used already says so, and not that nobody can log in.
func TestSpentLinkSaysSo(t *testing.T) {
	s := newStage(t, "node1").run()
	url, err := s.LoginURL("ada", RoleOperator, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.do(chromedp.Navigate(url))
	b.see("Overview")
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	b.see("Overview") // who is logged in stays so
	other := newTab(t)
	other.do(chromedp.Navigate(url))
	other.see("This link does not log in any more")
}

// What is typed slowly stays as it was typed, blanks included.
func TestSlowTyping(t *testing.T) {
	s := newStage(t, "node1").run()
	s.http("3F9A11223344556677889900AABBCCC1", "", "ada lovelace")
	url, err := s.LoginURL("ada", RoleOperator, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.do(chromedp.Navigate(url + "/sessions"))
	const box = `document.querySelector("#search")`
	b.fill("#search", "ada ")
	b.wait(`location.hash === "#/sessions?q=ada"`) // looked for while typing
	b.wait(box + `.value === "ada "`)
	b.do(chromedp.SendKeys(chromedp.CSS("#search"), "lovelace"))
	b.see("found by key")
	b.wait(box + `.value === "ada lovelace"`)
	b.open("#/sessions?q=bob")
	b.wait(box + `.value === "bob"`)
	b.see("No session fits")
	b.eval(`document.querySelector(".filters .plain").click()`) // clear
	b.wait(box + `.value === "" && document.querySelectorAll("tbody tr").length === 1`)
}
