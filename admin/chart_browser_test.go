package admin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestTrafficInBrowser draws the last minutes by node, says the same in a table, and has both protocols.
func TestTrafficInBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := newTab(t)
	b.enter(s, "vera", RoleViewer)
	b.see("No HTTP in the last 15 minutes")
	for n := range 60 {
		s.http(strings.Repeat(string(rune('a'+n%26)), 31)+fmt.Sprint(n%10), "", "")
	}
	for n := range 10 {
		s.sip(fmt.Sprintf("call-%d@stage", n), "")
	}
	s.later(20 * time.Second) // with the next look they are the mean of this time
	b.wait(`document.querySelector(".traffic canvas")`)
	// The canvas has layers of both nodes, in their colours.
	b.wait(`(() => { const c = document.querySelector(".traffic canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data, seen = new Set();
		for (let i = 0; i < d.length; i += 4) seen.add([d[i], d[i + 1], d[i + 2]].join());
		return seen.has("0,114,178") && seen.has("230,159,0") })()`)
	rows := `[...document.querySelectorAll(".traffic table tr")].map(r => [...r.children].map(x => x.innerText))`
	b.wait(rows + `[0].join() === "Minute,node1,node2,All"`)
	b.wait(rows + `.slice(1).some(r => +r[1] > 0 && +r[2] > 0 && +r[3] >= +r[1] + +r[2] - 0.2)`)
	b.wait(`document.querySelector(".traffic table").closest(".hidden")`)
	b.clean()
	b.looks("traffic", ".traffic")
	width := `Math.abs(document.querySelector(".traffic .uplot").clientWidth - document.querySelector(".chart").clientWidth) < 2`
	b.wait(width)
	b.do(chromedp.EmulateViewport(600, 900))
	b.wait(`innerWidth === 600 && ` + width)

	b.press(".traffic button", "table")
	b.wait(`!document.querySelector(".traffic canvas") && !document.querySelector(".traffic table").closest(".hidden")`)
	b.looks("traffic-table", ".traffic")
	b.press(".traffic button", "SIP")
	b.wait(rows + `.slice(1).some(r => +r[1] > 0 && +r[2] > 0)`)
	b.clean()
}
