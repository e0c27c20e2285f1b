package admin

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"twinhop/appsession"
	"twinhop/gateway/trace/messages"
)

// talker sends what passes for a call, as the fronts report it.
type talker struct {
	log  *messages.Log
	id   string
	home string
	came []byte // the latest, of which the next that leaves was made
}

func (c *talker) sip(method string, out, inside bool, text string) {
	m := messages.Message{Call: c.id, Method: method, CSeq: 1, Out: out, Inside: inside, Transport: "udp", Peer: netip.MustParseAddrPort("198.51.100.7:5062"),
		Data: []byte(strings.ReplaceAll(text, "\n", "\r\n"))}
	if inside {
		m.Node, m.Peer = c.home, netip.MustParseAddrPort("10.0.0.1:5080")
	}
	if out {
		m.Came = c.came
	}
	c.came = m.Data
	c.log.Message(&m)
}

const (
	offer = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=call\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n"
	came  = "INVITE sip:bob@biloxi.example SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKa\nMax-Forwards: 70\nFrom: <sip:alice@atlanta.example>;tag=1\nTo: <sip:bob@biloxi.example>\n" +
		"Call-ID: c-4711@pc\nCSeq: 1 INVITE\nContent-Type: application/sdp\nContent-Length: 96\n\n" + offer
)

// TestSessionInBrowser looks at one session as who searches a fault does:
// watch it, read its messages, compare them, move it, forget it.
func TestSessionInBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2")
	log := &messages.Log{MaxBytes: 1 << 20}
	s.Panel.Messages = log
	s.run()
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	home := d.Member.Name
	other := map[string]string{"node1": "node2", "node2": "node1"}[home]
	s.sip("c-4711@pc", "alice")
	c := &talker{log: log, id: "c-4711@pc", home: home}
	c.sip("OPTIONS", false, false, "OPTIONS sip:early@x SIP/2.0\n\n")

	b := newTab(t)
	b.enter(s, "olga", RoleOperator)
	b.do(chromedp.KeyEvent("/"))
	b.wait(`document.activeElement.id === "search"`)
	b.fill("#search", "c-4711@pc\r")
	b.see("Why here")

	// Nothing is kept before somebody watches, and that is said.
	rung := func(text string, n int) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".ladder .step")].filter(x => x.textContent.includes(%q))[%d]`, text, n)
	}
	pick := func(text string, n int) {
		t.Helper()
		b.wait("!!" + rung(text, n))
		b.eval(rung(text, n) + `.dispatchEvent(new MouseEvent("click", { bubbles: true }))`)
	}
	pick("OPTIONS", 0)
	b.see("kept only while somebody watches")
	b.press(".drawer .watch button", "Watch")
	b.see("texts are kept for")
	c.sip("INVITE", false, false, came)
	c.sip("INVITE", true, true, strings.Replace(strings.Replace(came, "Via:", "Record-Route: <sip:gw;lr>\nVia: SIP/2.0/UDP gw;branch=z9hG4bKb\nVia:", 1), "Max-Forwards: 70", "Max-Forwards: 69", 1))
	s.within("c-4711@pc", home)
	pick("INVITE", 0)
	b.wait(`document.querySelector(".drawer pre")?.innerText.includes("branch=z9hG4bKa")`)

	b.compares()
	b.looks("session-diff", "main")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.wait(`!document.querySelector(".drawer")`)
	b.wait(`["txt", "json", "pcap"].every(f => document.querySelector('.export a[href$="format=' + f + '"]'))`)
	b.moves(s, d.Session, home, other)
	b.clean()
}

// compares goes through the ladder by keys: SDP, and what was changed.
func (b *tab) compares() {
	b.t.Helper()
	b.do(chromedp.Focus(chromedp.CSS(".ladder")), chromedp.KeyEvent("s"))
	b.wait(`document.querySelector(".drawer pre")?.innerText.startsWith("v=0")`)
	b.do(chromedp.KeyEvent("d"))
	b.wait(`document.querySelector(".drawer .diff .added")?.innerText.includes("Record-Route")`) // with what left for it
	b.do(chromedp.KeyEvent(" "))
	b.wait(`document.querySelectorAll(".ladder .marked").length === 1`)
	for range 3 { // a decision may stand between them
		b.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent("t"))
		if found, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.querySelector(".ladder .picked").textContent.includes("INVITE")`)); err != nil || found {
			break
		}
	}
	b.wait(`document.querySelector(".drawer pre")?.innerText.includes("Record-Route: <sip:gw;lr>")`)
	b.do(chromedp.KeyEvent("d"))
	b.wait(`(() => { const of = (c) => [...document.querySelectorAll(".drawer .diff ." + c)].map(x => x.innerText).join("\n");
		return of("added").includes("Record-Route") && of("added").includes("Max-Forwards: 69") && of("gone").includes("Max-Forwards: 70") && !of("gone").includes("From"); })()`)
}

// moves lets the session go to another node and forgets it at last; a dialog
// tells before what would follow, and Cancel is near.
func (b *tab) moves(s *stage, id appsession.ID, home, other string) {
	b.t.Helper()
	owner := func() string {
		for x, err := range s.store.All(b.ctx) {
			if err == nil && x.ID == id {
				return x.Owner
			}
		}
		return ""
	}
	b.press(".summary button", "Move")
	b.see("1 HTTP session id and 1 call leave " + home + " for " + other)
	b.wait(`document.activeElement.innerText === "Cancel"`)
	b.looks("session-move", "dialog")
	if owner() != home {
		b.t.Error("looking at what would follow moved it")
	}
	b.fill("dialog input.reason", "ticket 4711")
	b.press("dialog button", "Move")
	b.see("The session lives on " + other + " now.")
	b.wait(fmt.Sprintf(`document.querySelector(".summary .chip").innerText === %q`, other))
	b.press(".toast button", "Undo")
	b.wait(fmt.Sprintf(`document.querySelector(".summary .chip").innerText === %q`, home))

	// Who only looks may press none of it.
	viewer := newTab(b.t)
	viewer.enter(s, "vera", RoleViewer)
	viewer.open("#/sessions/" + id.String())
	viewer.wait(`[...document.querySelectorAll(".summary button:disabled")].length === 2 && document.querySelector(".watch button:disabled") && !document.querySelector(".export a")`)
	viewer.wait(`[...document.querySelectorAll(".ladder .step")].some(x => x.textContent.includes("INVITE"))`)
	viewer.eval(`[...document.querySelectorAll(".ladder .step")].find(x => x.textContent.includes("INVITE")).dispatchEvent(new MouseEvent("click", { bubbles: true }))`)
	viewer.see("Reading it needs the role operator")
	viewer.clean()

	b.press(".summary button", "Forget")
	b.see("1 HTTP session id and 1 call are not known any more")
	b.press("dialog button", "Forget")
	b.see("The session is forgotten.")
	b.wait(`location.hash === "#/sessions"`)
	if owner() != "" {
		b.t.Error("it is still there")
	}
	viewer.see("This session is over")
}

// A part that comes while the list is read again stays: the list that was read
// is put into what is shown by then, and not into what was shown when it came.
func TestPartsOutliveReading(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	for n := range 130 {
		s.sip(fmt.Sprintf("call-%03d@pc", n), fmt.Sprintf("user%03d", n))
	}
	b := newTab(t)
	b.enter(s, "olga", RoleOperator)
	b.open("#/sessions")
	rows := `document.querySelectorAll("tbody tr").length`
	b.wait(rows + ` === 50`)
	// The part waits for the list, and then comes before what the page does after it drew the list.
	b.eval(`(() => {
		const real = fetch, frame = requestAnimationFrame;
		let free;
		const both = new Promise((done) => free = done);
		window.fetch = async (url, options) => {
			const answer = await real(url, options), text = await answer.text(), again = new Response(text, answer);
			if (/cursor=/.test(url)) await both;
			else if (/sessions\?limit/.test(url)) {
				window.requestAnimationFrame = (f) => setTimeout(() => frame(f), 400);
				setTimeout(free);
				setTimeout(() => { window.fetch = real; window.requestAnimationFrame = frame; window.__met = true; }, 500);
			}
			return again;
		};
	})()`)
	b.press(".more", "Show more")
	b.wait(`window.__met`)
	b.wait(rows + ` === 100`)
	b.clean()
}

// TestSessionsInBrowser goes through a long list: parts, what is new, and by
// which key a search found what it found.
func TestSessionsInBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	for n := range 330 {
		s.sip(fmt.Sprintf("call-%03d@pc", n), fmt.Sprintf("user%03d", n))
	}
	s.http("3F9A11223344556677889900AABBCCC1", "", "call-007@pc")
	b := newTab(t)
	b.enter(s, "olga", RoleOperator)
	b.open("#/sessions")
	rows := func(n int) { t.Helper(); b.wait(fmt.Sprintf(`document.querySelectorAll("tbody tr").length === %d`, n)) }
	rows(50)
	b.see("331 application sessions")
	b.see("balance") // why they are where they are
	const last = `[...document.querySelectorAll("tbody th a")].at(-1).href`
	for _, n := range []int{100, 150, 200, 200, 200} {
		b.eval(`window.__last = ` + last)
		b.press(".more", "Show more")
		b.wait(last + ` !== __last`)
		rows(n)
		b.wait(`new Set([...document.querySelectorAll("tbody th a")].map(x => x.href)).size === ` + fmt.Sprint(n))
	}
	b.see("Back to the newest")
	b.press(".more", "Show more")
	b.wait(`!document.querySelector(".more")`) // the end
	b.press(".fresh", "Back to the newest")
	rows(50)

	s.sip("brand-new@pc", "zoe")
	b.see("1 new: show")
	rows(50)
	b.press(".fresh", "1 new")
	b.wait(`document.querySelector("tbody tr").innerText.includes("zoe")`)

	// A text may be a user here and a Call-ID there.
	b.fill("#search", "call-00")
	b.wait(`[...document.querySelectorAll(".kinds button")].map(x => x.innerText.replace(/\s+/g, " ")).join() === "identity 1,Call-ID 10"`)
	b.looks("sessions-found", "main")
	b.press(".kinds button", "Call-ID")
	rows(10)
	b.wait(`location.hash.includes("call%3Acall-00") && document.querySelector("tbody .sought .key.call")`)
	b.eval(`(() => { const m = document.querySelector("#search"); m.value = "brand-new@pc"; m.dispatchEvent(new Event("input", { bubbles: true })); m.form.requestSubmit(); })()`)
	b.see("Why here") // the only one that it can mean
	b.open("#/sessions?node=gone")
	b.see("No session fits")
	b.press(".empty button", "Clear")
	rows(50)
	b.eval(`Date.now = (now => () => now() + 3600000)(Date.now)`) // what is idle is told by the page's own clock
	b.wait(`/1h/.test(document.querySelector("tbody tr").innerText)`)
	b.clean()
}
