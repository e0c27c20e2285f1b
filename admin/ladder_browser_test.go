package admin

import (
	"net/netip"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"twinhop/gateway/trace/messages"
)

// TestLadderInBrowser shows a click-to-call from the request of the page to
// the BYE, over a node that dies, as a drawing and as a table.
func TestLadderInBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2")
	log := &messages.Log{MaxBytes: 1 << 20}
	s.Panel.Messages = log
	s.run()
	const id, call = "3F9A11223344556677889900AABBCCC1", "a84b4c76e66710@pc33.atlanta.example"
	d := s.http(id, "", "alice")
	home := d.Member.Name
	began := time.Now()
	exchange := func(method, target string, status int) {
		log.Exchange(&messages.Exchange{Session: d.Session, Method: method, Target: target, Status: status, Node: home, Began: began, Took: 3200 * time.Microsecond})
		began = time.Now()
	}
	sip := func(method string, status int, out, inside bool) {
		m := messages.Message{Call: call, Method: method, Status: status, CSeq: 1, Out: out, Inside: inside, Transport: "udp", Data: make([]byte, 812), Peer: netip.MustParseAddrPort("198.51.100.7:5062")}
		if inside {
			m.Node, m.Peer = home, netip.MustParseAddrPort("10.0.0.1:5080")
		}
		log.Message(&m)
	}
	exchange("POST", "/call?to=bob", 200)
	s.sip(call, "alice")
	sip("INVITE", 0, false, false)
	sip("INVITE", 0, true, true)
	sip("INVITE", 180, false, true)
	sip("INVITE", 180, true, false)
	sip("INVITE", 486, false, true)
	exchange("GET", "/shop/<b>a very long path of an application</b>/page.jsp", 503)
	s.kill(home)
	s.http(id, d.Member.Route, "alice")

	b := newTab(t)
	b.enter(s, "olga", RoleOperator)
	b.open("#/sessions/" + d.Session.String())
	b.wait(`document.querySelectorAll(".ladder .lane").length === 4`)
	for _, text := range []string{"POST /call", "INVITE", "180 INVITE", "486 INVITE", "200, 3.2 ms", "503, 3.2 ms", "moved: failover_down"} {
		b.wait(`[...document.querySelectorAll(".ladder text")].some(x => x.textContent.includes("` + text + `"))`)
	}
	// An arrow toward a node points to its lane, an answer of it to the gateway; what went wrong is marked.
	b.wait(`(() => { const [client, gateway, node] = [...document.querySelectorAll(".ladder .lane line")].map(x => +x.getAttribute("x1"));
		const arrow = (n) => { const a = document.querySelectorAll(".ladder .arrow")[n]; return [+a.getAttribute("x1"), Math.round(+a.getAttribute("x2") / 10) * 10]; };
		const near = (n, from, to) => arrow(n)[0] === from && Math.abs(arrow(n)[1] - to) < 10;
		const lane = "` + home + `" === "node1" ? node : node + (node - gateway);
		return near(0, client, gateway) && near(1, gateway, lane) && near(2, lane, gateway) && near(3, gateway, client); })()`)
	b.wait(`document.querySelectorAll(".ladder .step.bad .arrow, .ladder .step.bad .exchange").length === 2`)
	b.looks("ladder", ".trail")

	// The keyboard goes through it; the picked row tells all.
	b.do(chromedp.Focus(chromedp.CSS(".ladder")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	b.wait(`document.querySelectorAll(".ladder .picked").length === 1`)
	b.do(chromedp.KeyEvent(kb.Home))
	b.wait(`document.querySelector(".ladder .picked")?.id === "step-0" && document.querySelector(".ladder").getAttribute("aria-activedescendant") === "step-0"`)
	b.eval(`document.querySelectorAll(".ladder .arrow")[0].closest(".step").dispatchEvent(new MouseEvent("click", { bubbles: true }))`)
	b.see("198.51.100.7:5062")
	b.see("812")
	b.looks("ladder-picked", ".trail")

	// The filter, and the table that says the same.
	b.press(".trail .toggle", "HTTP")
	b.wait(`!document.querySelector(".ladder .arrow") && document.querySelectorAll(".ladder .exchange").length === 2`)
	b.press(".trail .toggle", "SIP")
	b.wait(`document.querySelectorAll(".ladder .arrow").length === 5 && !document.querySelector(".ladder .exchange")`)
	b.press(".trail .toggle", "all")
	b.press(".trail .toggle", "table")
	b.wait(`!document.querySelector(".ladder") && document.querySelectorAll(".timeline tr.message").length === 5 && document.querySelectorAll(".timeline tr.exchange").length === 2`)
	b.see("503, 3.2 ms")
	b.looks("ladder-table", ".trail")
	sip("BYE", 0, false, false)
	s.within(call, home)
	b.see("BYE")
	b.do(chromedp.KeyEvent("?"))
	b.see("route tester")
	b.clean()
}
