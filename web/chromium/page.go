package chromium

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Page is a page of the admin in a browser, as who sits in front of it uses it:
// by the words that it shows. What fails ends the test. Pictures of what was
// seen go to the folder that PICTURES names.
type Page struct {
	*testing.T
	ctx context.Context
}

// OpenPage starts a browser of the size of a desk.
func OpenPage(t *testing.T) *Page {
	t.Helper()
	return &Page{T: t, ctx: Open(t, chromedp.WindowSize(1440, 900))}
}

// Load goes to another document, and has it note every complaint of the
// browser from then on. It is there when it shows a text.
func (p *Page) Load(url, text string) {
	p.Helper()
	p.Do(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	p.See(text)
	p.Run(`(window.__bad = [], addEventListener("error", e => __bad.push(e.message)), addEventListener("unhandledrejection", e => __bad.push(String(e.reason))),
		addEventListener("securitypolicyviolation", e => __bad.push(e.violatedDirective + " " + e.blockedURI)))`)
}

// Part is a part of a test. At its end nothing was wrong in the page, and
// nothing is cut off on a telephone.
func (p *Page) Part(name string, f func()) {
	p.Helper()
	whole := p.T
	defer func() { p.T = whole }()
	whole.Run(name, func(t *testing.T) {
		p.T = t
		f()
		p.Wait(`window.__bad.length === 0`)
		p.Do(chromedp.EmulateViewport(360, 800))
		p.Wait(`innerWidth === 360 && document.documentElement.scrollWidth <= 360`)
		p.Do(chromedp.EmulateViewport(1440, 900))
	})
}

// Do takes steps of chromedp.
func (p *Page) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatal(err)
	}
}

// Run evaluates a script.
func (p *Page) Run(script string) {
	p.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void]("void ("+script+")")); err != nil {
		p.Fatal(script, err)
	}
}

// Wait waits until a script says yes. One that throws has not said yes yet.
func (p *Page) Wait(script string) {
	p.Helper()
	if err := Wait(p.ctx, "(() => { try { return !!("+script+") } catch { return false } })()"); err != nil {
		p.Fatal(err)
	}
	dir := os.Getenv("PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(p.Name(), "/", "-")+".png"), png, 0o600); err != nil {
		p.Fatal(err)
	}
}

// See waits until the page shows each of some texts.
func (p *Page) See(texts ...string) {
	p.Helper()
	for _, text := range texts {
		p.Wait("document.body.innerText.includes(" + quoted(text) + ")")
	}
}

// Screen goes to another screen of the document: "#/nodes".
func (p *Page) Screen(hash string) {
	p.Helper()
	p.Run("location.hash = " + quoted(hash))
}

// Press clicks the first button within what a selector finds whose words begin
// so, once it can be clicked.
func (p *Page) Press(within, words string) {
	p.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%s)].find(b => !b.disabled && [b.innerText.trim(), b.ariaLabel ?? ""].some(x => x.startsWith(%s)))`,
		quoted(within+" button"), quoted(words))
	p.Wait(find)
	p.Run(find + "?.click()")
}

// Click clicks what a selector finds first.
func (p *Page) Click(selector string) {
	p.Helper()
	find := "document.querySelector(" + quoted(selector) + ")"
	p.Wait(find)
	p.Run(find + ".click()")
}

// Write replaces what a field holds, as somebody does who types.
func (p *Page) Write(selector, text string) {
	p.Helper()
	find := "document.querySelector(" + quoted(selector) + ")"
	p.Wait(find)
	p.Run(fmt.Sprintf(`(e => { Object.getOwnPropertyDescriptor(e.constructor.prototype, "value").set.call(e, %s);
		e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})) })(%s)`, quoted(text), find))
}

func quoted(s string) string {
	q, _ := json.Marshal(s) // a text can always be said
	return string(q)
}
