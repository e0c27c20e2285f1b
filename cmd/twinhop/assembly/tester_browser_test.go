package assembly

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"twinhop/admin"
	"twinhop/gateway/config"
	"twinhop/web/chromium"
)

// set fills a field, or picks of a list, as somebody would.
func (s *screens) set(selector, text string) {
	s.Helper()
	s.Wait(fmt.Sprintf("!!document.querySelector(%s)", strconv.Quote(selector)))
	s.Run(fmt.Sprintf(`(() => { const m = document.querySelector(%s); m.value = %s; for (const e of ["input", "change"]) m.dispatchEvent(new Event(e, { bubbles: true })); })()`, strconv.Quote(selector), strconv.Quote(text)))
}

// says waits for an answer of the tester: where to, and why.
func (s *screens) says(node, words string) {
	s.Helper()
	s.Wait(fmt.Sprintf(`(() => { const r = document.querySelector(".result"); return r && !r.classList.contains("dimmed") && r.querySelector(".verdict .goes")?.innerText.includes(%s) && r.querySelector(".verdict p").innerText.includes(%s); })()`, strconv.Quote(node), strconv.Quote(words)))
}

// fits looks that nothing is cut off, in both themes; PICTURES keeps what was seen.
func (s *screens) fits() {
	s.Helper()
	for _, theme := range []string{"dark", "light"} {
		s.Run(fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme))
		for _, width := range []int64{360, 1440} {
			s.Do(chromedp.EmulateViewport(width, 900))
			s.Wait(fmt.Sprintf(`innerWidth === %d && document.documentElement.scrollWidth <= %d`, width, width))
		}
	}
}

// TestRouteTesterInBrowser asks a gateway at work for messages as people have
// them, and what if a node is stopped.
func TestRouteTesterInBrowser(t *testing.T) {
	c := settings(t, "")
	c.Nodes = []config.Node{servlets(t, "node1"), servlets(t, "node2")}
	c.Affinity.SIP = []config.SIPSource{{Source: "from.user"}, {Source: "call-id"}}
	g := atWork(t, c)
	get(t, "http://"+g.Addrs().HTTP[0]+"/?appsession=alice")
	var v toldOf
	askAdmin(t, g, "/route/explain", `{"http": {"url": "/?appsession=alice"}}`, &v)
	home, sessions := v.Node, held(t, g)
	other := map[string]string{"node1": "node2", "node2": "node1"}[home]
	p := &screens{chromium.OpenPage(t), g}
	p.login(admin.RoleViewer)
	p.Screen("#/route")
	p.See("Nothing asked yet")

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
	p.See("X-Forwarded-For")
	p.Wait(`!document.querySelector(".result").innerText.includes("3F9A1122")`) // a viewer is not told whole ids
	p.set(fmt.Sprintf(`select[aria-label="Suppose of %s"]`, other), "stopped")
	p.says(home, "another node takes over")
	p.See("Without what is supposed:")
	p.fits()
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
func (s *screens) shares(home string) {
	s.Helper()
	s.Run(`sessionStorage.setItem("link", location.href)`)
	s.Wait(`location.search === "" && location.hash.includes("stopped")`)
	s.Screen("#/")
	s.See("How messages find")
	s.Run(`location.href = sessionStorage.getItem("link")`)
	s.says(home, "another node takes over")
	s.Wait(`document.querySelector("#message").value.startsWith("curl")`)
}

// talksSIP pastes requests as traces show them, good and bad ones.
func (s *screens) talksSIP(home string) {
	s.Helper()
	s.Run(`document.querySelector("#tab-sip").click()`)
	s.See("in-dialog BYE")
	s.set("#message", "INVITE sip:bob@biloxi.example SIP/2.0\nFrom alice\nCall-ID: x\n")
	s.See("line 2, column 1")
	s.Run(`document.querySelector(".faults button").click()`)
	s.Wait(`(() => { const m = document.querySelector("#message"); return document.activeElement === m && m.value.slice(m.selectionStart, m.selectionEnd) === "From alice"; })()`)
	s.Run(`[...document.querySelectorAll(".toggle")].find(x => x.innerText === "INVITE").click()`)
	s.set("select", "") // clients
	s.set("#message", "INVITE sip:bob@biloxi.example SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:40001;branch=z9hG4bK1\nMax-Forwards: 70\nf: \"A <\" <sip:alice@atlanta.example>;tag=1\nt: <sip:bob@biloxi.example>\ni: <b>new</b>\nCSeq: 1\n INVITE\n")
	s.says(home, "The caller is known")
	for _, text := range []string{"outside dialogs", "Record-Route", "Max-Forwards", "affinity_from_user", "<b>ne"} {
		s.See(text)
	}
	s.fits()
	s.Wait(`window.__bad.length === 0`)
}
