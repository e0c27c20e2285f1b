package assembly

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/admin"
	"twinhop/gateway/config"
	"twinhop/web/chromium"
)

// page is the admin's page in a real browser.
type page struct {
	t   *testing.T
	ctx context.Context
}

func (p page) wait(script string) {
	p.t.Helper()
	if err := chromium.Wait(p.ctx, script); err != nil {
		p.t.Fatal(err)
	}
}

func (p page) see(text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("document.body.innerText.includes(%s)", scripted(text)))
}

func scripted(s string) string {
	q, _ := json.Marshal(s)
	return string(q)
}

func (p page) eval(script string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void]("void ("+script+")")); err != nil {
		p.t.Fatal(script, err)
	}
}

// set fills a field, or picks of a list, as somebody would.
func (p page) set(selector, text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("!!document.querySelector(%s)", scripted(selector)))
	p.eval(fmt.Sprintf(`(() => { const m = document.querySelector(%s); m.value = %s; for (const e of ["input", "change"]) m.dispatchEvent(new Event(e, { bubbles: true })); })()`, scripted(selector), scripted(text)))
}

// says waits for an answer of the tester: where to, and why.
func (p page) says(node, words string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`(() => { const r = document.querySelector(".result"); return r && !r.classList.contains("dimmed") && r.querySelector(".verdict .goes")?.innerText.includes(%s) && r.querySelector(".verdict p").innerText.includes(%s); })()`, scripted(node), scripted(words)))
}

// looks checks that the page fits, and takes pictures where PICTURES says.
func (p page) looks(name string) {
	p.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		p.eval(fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme))
		for _, width := range []int64{360, 1440} {
			if err := chromedp.Do(p.ctx, chromedp.EmulateViewport(width, 900)); err != nil {
				p.t.Fatal(err)
			}
			p.wait(fmt.Sprintf(`innerWidth === %d && document.documentElement.scrollWidth <= %d`, width, width))
			if dir := os.Getenv("PICTURES"); dir != "" {
				png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, theme, width)), png, 0o600)
				}
				if err != nil {
					p.t.Error(err)
				}
			}
		}
	}
}

// TestRouteTesterInBrowser asks a gateway at work for messages as people have
// them, and what if a node is stopped.
func TestRouteTesterInBrowser(t *testing.T) {
	p := page{t, chromium.Open(t, chromedp.WindowSize(1440, 900))}
	c := settings(t, "")
	c.Nodes = []config.Node{servlets(t, "node1"), servlets(t, "node2")}
	c.Affinity.SIP = []config.SIPSource{{Source: "from.user"}, {Source: "call-id"}}
	g := atWork(t, c)
	get(t, "http://"+g.Addrs().HTTP[0]+"/?appsession=alice")
	var v toldOf
	askAdmin(t, g, "/route/explain", `{"http": {"url": "/?appsession=alice"}}`, &v)
	home, sessions := v.Node, held(t, g)
	other := map[string]string{"node1": "node2", "node2": "node1"}[home]
	link, err := g.Admin.LoginURL("vera", admin.RoleViewer, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(p.ctx, chromedp.Navigate(link+"/route")); err != nil {
		t.Fatal(err)
	}
	p.see("Nothing asked yet")
	p.eval(`(window.__bad = [], addEventListener("error", e => __bad.push(e.message)), addEventListener("securitypolicyviolation", e => __bad.push(e.violatedDirective)))`)

	const id = "3F9A11223344556677889900AABBCCC1"
	for _, x := range []struct{ text, node, words string }{
		{"http://shop.example/cart?appsession=alice", home, "The appsession parameter is known"},
		{"http://shop.example/cart;jsessionid=" + id + "." + other, other, "The jvmRoute in ;jsessionid="},
		{"GET /cart HTTP/1.1\r\nHost: shop.example\r\nCookie: JSESSIONID=nobody.gone; JSESSIONID=" + id + "." + other + "\r\n\r\n", other, "The cookie's jvmRoute"},
		{"curl -s -H 'Cookie: JSESSIONID=" + id + "." + other + "' \\\n  \"http://shop.example/cart\"", other, "The cookie's jvmRoute"},
	} {
		p.set("#message", x.text)
		p.says(x.node, x.words)
	}
	p.see("X-Forwarded-For")
	p.wait(`!document.querySelector(".result").innerText.includes("3F9A1122")`) // a viewer is not told whole ids
	p.set(fmt.Sprintf(`select[aria-label="Suppose of %s"]`, other), "stopped")
	p.says(home, "another node takes over")
	p.see("Without what is supposed:")
	p.looks("route-http")
	p.shares(home)
	p.talksSIP(home)
	if n := held(t, g); n != sessions {
		t.Errorf("asking made sessions: %d before, %d now", sessions, n)
	}
}

// held counts the sessions of the table.
func held(t *testing.T, g *Gateway) (n int) {
	t.Helper()
	for _, err := range g.Store.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// shares takes the address somewhere else: it brings everything back, and
// nothing of it was sent.
func (p page) shares(home string) {
	p.t.Helper()
	link, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("location.href"))
	if err != nil {
		p.t.Fatal(err)
	}
	if u, err := url.Parse(link); err != nil || u.RawQuery != "" || !strings.Contains(u.Fragment, "stopped") {
		p.t.Errorf("%s, %v", link, err)
	}
	if err := chromedp.Do(p.ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(link)); err != nil {
		p.t.Fatal(err)
	}
	p.says(home, "another node takes over")
	p.eval(`(window.__bad = [], addEventListener("error", e => __bad.push(e.message)), addEventListener("securitypolicyviolation", e => __bad.push(e.violatedDirective)))`)
}

// talksSIP pastes requests as traces show them, good and bad ones.
func (p page) talksSIP(home string) {
	p.t.Helper()
	p.eval(`document.querySelector("#tab-sip").click()`)
	p.see("in-dialog BYE")
	p.set("#message", "INVITE sip:bob@biloxi.example SIP/2.0\nFrom alice\nCall-ID: x\n")
	p.see("line 2, column 1")
	p.eval(`document.querySelector(".faults button").click()`)
	p.wait(`(() => { const m = document.querySelector("#message"); return document.activeElement === m && m.value.slice(m.selectionStart, m.selectionEnd) === "From alice"; })()`)
	p.eval(`[...document.querySelectorAll(".toggle")].find(x => x.innerText === "INVITE").click()`)
	p.set("select", "") // clients
	p.set("#message", "INVITE sip:bob@biloxi.example SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:40001;branch=z9hG4bK1\nMax-Forwards: 70\nf: \"A <\" <sip:alice@atlanta.example>;tag=1\nt: <sip:bob@biloxi.example>\ni: <b>new</b>\nCSeq: 1\n INVITE\n")
	p.says(home, "The caller is known")
	for _, text := range []string{"outside dialogs", "Record-Route", "Max-Forwards", "affinity_from_user", "<b>ne"} {
		p.see(text)
	}
	p.looks("route-sip")
	bad, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string]("window.__bad"))
	if err != nil || len(bad) > 0 {
		p.t.Errorf("the page complains: %q, %v", bad, err)
	}
}
