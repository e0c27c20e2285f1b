package admin

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/admin/affinity"
	"twinhop/gateway/config"
)

// enter logs a new name in and watches what the page complains of.
func (b *tab) enter(s *stage, name string, role Role) {
	b.t.Helper()
	link, err := s.LoginURL(name, role, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link))
	b.see(name)
	b.eval(watchPage)
}

// press clicks the button that begins with a word.
func (b *tab) press(selector, label string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find(x => x.innerText.startsWith(%q) && !x.disabled)`, selector, label)
	b.wait("!!" + find)
	b.eval(find + ".click()")
}

// known counts the sessions of the table.
func (s *stage) known() (n int) {
	for _, err := range s.store.All(context.Background()) {
		if err != nil {
			s.t.Fatal(err)
		}
		n++
	}
	return n
}

// looks takes pictures in both themes, wide and narrow, and checks what of the looks can be checked.
func (b *tab) looks(name, selector string) {
	b.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		b.eval(fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme))
		b.readable(selector)
		for _, width := range []int64{360, 1440} {
			b.do(chromedp.EmulateViewport(width, 900))
			b.wait(fmt.Sprintf(`innerWidth === %d && document.documentElement.scrollWidth <= %d`, width, width))
			b.picture(fmt.Sprintf("%s-%s-%d", name, theme, width))
		}
	}
}

// TestRouteTesterInBrowser asks for messages as people have them: a URL, a
// whole request, a curl command, SIP from a trace; and what if a node fails.
func TestRouteTesterInBrowser(t *testing.T) {
	const id = "3F9A11223344556677889900AABBCCC1"
	s := newStage(t, "node1", "node2").run()
	d := s.http(id, "", "alice")
	home := d.Member.Name
	other := map[string]string{"node1": "node2", "node2": "node1"}[home]
	s.sip("a84b4c76e66710@pc33.atlanta.example", "alice")
	sessions := s.known()
	s.Panel.Affinity = &affinity.Panel{State: func() affinity.State {
		return affinity.State{Now: config.Affinity{HTTP: []config.HTTPSource{{Source: "query", Name: "appsession"}, {Source: "cookie", Name: "JSESSIONID"}},
			SIP: []config.SIPSource{{Source: "call-id"}, {Source: "from.user"}}}}
	}}
	b := newTab(t)
	b.enter(s, "vera", RoleViewer)

	b.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("r"))
	b.see("Nothing asked yet")
	paste := func(text string) {
		t.Helper()
		b.eval(fmt.Sprintf(`(() => { const m = document.querySelector("#message"); m.value = %q; m.dispatchEvent(new Event("input", { bubbles: true })); })()`, text))
	}
	decides := func(node, words string) {
		t.Helper()
		b.wait(fmt.Sprintf(`(() => { const r = document.querySelector(".result"); return r && !r.classList.contains("dimmed") && r.querySelector(".verdict .chip")?.innerText === %q && r.querySelector(".verdict p").innerText.includes(%q); })()`, node, words))
	}
	route := d.Member.Route
	for _, x := range []struct{ text, node, words string }{
		{"http://shop.example/cart;jsessionid=" + id + "." + route + "?x=1", home, "The jvmRoute in ;jsessionid="},
		{"http://shop.example/cart?appsession=alice", home, "The appsession parameter is known"},
		{"http://shop.example/cart\nCookie: a=b; JSESSIONID=" + id + "." + route, home, "The cookie's jvmRoute"},
		{"GET /cart HTTP/1.1\r\nHost: shop.example\r\nCookie: JSESSIONID=nobody.gone; JSESSIONID=" + id + "." + route + "\r\n\r\nJSESSIONID=x", home, "The cookie's jvmRoute"},
		{"curl -s -H 'Cookie: JSESSIONID=" + id + "." + route + "' \\\n  \"http://shop.example/cart\"", home, "The cookie's jvmRoute"},
		{"curl -b JSESSIONID=" + id + "." + route + " -d 'it'\\''s' http://shop.example/", home, "The cookie's jvmRoute"},
	} {
		paste("")
		b.see("Nothing asked yet")
		paste(x.text)
		decides(x.node, x.words)
	}
	b.see("3F9A…C1") // a viewer is not told whole ids by the gateway
	b.press(".assume label", home)
	decides(other, "Served elsewhere for once")
	b.wait(`location.hash.includes("fails=" + ` + fmt.Sprintf("%q", home) + `)`)
	b.looks("route-http", "main")

	// A link brings all of it back.
	link, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.href"))
	if err != nil {
		t.Fatal(err)
	}
	if u, err := url.Parse(link); err != nil || u.RawQuery != "" || u.Fragment == "" {
		t.Errorf("the input is in the query: %s, %v", link, err)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link))
	decides(other, "Served elsewhere for once")
	b.eval(watchPage)

	// SIP: what is wrong has a line, templates lead on, and identities are ticked.
	b.press("[role=tab]", "SIP")
	b.see("in-dialog BYE")
	paste("INVITE sip:bob@biloxi.example SIP/2.0\nFrom alice\nCall-ID: x\n")
	for _, text := range []string{"line 2: not a header", "line 1: no From", "line 1: no To", "line 1: no CSeq"} {
		b.see(text)
	}
	paste("SIP/2.0 200 OK\n")
	b.see("line 1: an answer")
	b.press(".toggle", "INVITE")
	b.see("outside dialogs")
	decides(home, "The Call-ID is known")
	b.press(".toggle", "in-dialog BYE")
	b.see("in a dialog")
	decides(home, "The Call-ID is known")
	paste("INVITE sip:bob@biloxi.example SIP/2.0\nf: \"A <\" <sip:alice@atlanta.example>;tag=1\nt: <sip:bob@biloxi.example>\ni: new-one\nCSeq: 1\n INVITE\n")
	decides(home, "The caller is known") // for the affinity in force names it
	b.press(".assume label", "From user")
	b.wait(`document.querySelector(".verdict p").innerText.includes("New: placed")`)
	b.press(".assume label", "From user")
	decides(home, "The caller is known")
	b.looks("route-sip", "main")

	// Hostile text stays text.
	paste("INVITE sip:bob@x SIP/2.0\nFrom: <sip:alice@x>;tag=1\nTo: <sip:b@x>\nCSeq: 1 INVITE\nCall-ID: <img src=x onerror=__bad.push(\"xss\")>\n<svg onload=1>\n")
	b.see("<img src=x")
	b.clean()
	if n := s.known(); n != sessions {
		t.Errorf("asking made sessions: %d before, %d now", sessions, n)
	}
}
