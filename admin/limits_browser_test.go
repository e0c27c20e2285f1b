package admin

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/admin/limits"
)

// TestLimitsInBrowser shows who is kept out, lifts a ban, and sees each state of the section.
func TestLimitsInBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2")
	if err := s.ready(); err != nil { // what follows is for the page, not for who looks each second
		t.Fatal(err)
	}
	k := s.keep(time.Now())
	gate := make(chan struct{}, 1000)
	var broken atomic.Bool
	s.Panel.Limits = func() limits.State {
		<-gate
		if broken.Load() {
			panic("no limits")
		}
		return k.limits()
	}
	s.run()
	open := func() {
		for range cap(gate) - 1 {
			gate <- struct{}{}
		}
	}
	defer close(gate)
	b := newTab(t)
	enter := func(name string, role Role) {
		t.Helper()
		url, err := s.LoginURL(name, role, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
		b.see(name)
		b.eval(watchPage)
	}
	enter("olga", RoleOperator)
	b.wait(`document.querySelector(".sip .skeleton")`) // loading: the answer is held back
	open()
	b.see("198.51.100.66")
	b.wait(`document.querySelectorAll(".sip .list tbody tr").length === 3 && !document.querySelector(".sip .skeleton")`)
	for _, text := range []string{"2001:db8:1:2::/64", "3,141", "A source sent more than it may, or is banned", "of 100,000", "4,711", "5 refused", "<b>\uFFFDdrow"} {
		b.see(text)
	}
	for _, theme := range []string{"light", "dark"} {
		b.eval(fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme))
		b.readable(".sip")
		b.picture("limits-" + theme)
	}
	b.do(chromedp.EmulateViewport(400, 800))
	b.wait(`document.documentElement.scrollWidth <= 400`)
	b.picture("limits-400")
	b.do(chromedp.EmulateViewport(360, 800))
	b.wait(`document.documentElement.scrollWidth <= 360`)
	b.picture("limits-narrow")
	b.do(chromedp.EmulateViewport(1440, 900))

	b.do(chromedp.Click(chromedp.CSS(`button[aria-label="Lift the ban of 2001:db8:1:2::/64"]`)))
	b.see("2001:db8:1:2::/64 is let in again.")
	b.wait(`document.querySelectorAll(".sip .list tbody tr").length === 2`)
	if k.unban(netip.MustParseAddr("2001:db8:1:2::1")) {
		t.Error("the ban was not lifted")
	}
	// Somebody else was faster: the page says so and shows what is so now.
	k.unban(netip.MustParseAddr("203.0.113.5"))
	b.do(chromedp.Click(chromedp.CSS(`button[aria-label="Lift the ban of 203.0.113.5"]`)))
	b.see("This source is not banned.")
	k.unban(netip.MustParseAddr("198.51.100.66"))
	b.see("Nobody is banned")
	b.clean()

	// An error after data keeps the data; without data it stands in its place, with a way to go on.
	broken.Store(true)
	b.see("Something went wrong here. Updated")
	b.see("4,711")
	enter("vera", RoleViewer)
	b.wait(`document.querySelector(".sip .failure button")`)
	b.see("Something went wrong here")
	broken.Store(false)
	k.mu.Lock()
	k.bans[netip.MustParsePrefix("198.51.100.66/32")] = limits.Ban{Source: netip.MustParsePrefix("198.51.100.66/32"), Until: time.Now().Add(time.Hour), Dropped: 7}
	k.rest.Shed = nil
	k.mu.Unlock()
	b.do(chromedp.Click(chromedp.CSS(".sip .failure button")))
	b.wait(`document.querySelector(".sip .list button:disabled")?.title === "needs the role operator"`)
	b.see("Nothing was turned away")
	b.clean()

	// Without a SIP listener there is no such section.
	s = newStage(t, "node1").run()
	enter("olga", RoleOperator)
	b.see("Latest events")
	b.wait(`!document.querySelector(".sip")`)
}

// readable checks that every text within has the contrast of 4.5 to 1 that WCAG asks for, 3 to 1 where it is large.
func (b *tab) readable(selector string) {
	b.t.Helper()
	bad, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`(() => {
		const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
		const rgba = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
		const light = (c) => { const [r, g, b] = c.map((x) => (x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
		const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
		const out = [];
		for (const e of document.querySelectorAll("`+selector+` *")) {
			if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest(".hidden, :disabled")) continue;
			const style = getComputedStyle(e), a = light(rgba(style.color)), z = light(behind(e));
			const ratio = (Math.max(a, z) + 0.05) / (Math.min(a, z) + 0.05);
			if (ratio < (parseFloat(style.fontSize) >= 18.66 ? 3 : 4.5)) out.push(e.textContent.slice(0, 40) + " " + ratio.toFixed(2));
		}
		return out;
	})()`))
	if err != nil || len(bad) > 0 {
		b.t.Errorf("hard to read: %s, %v", strings.Join(bad, "; "), err)
	}
}

// picture is for people to look at: TWINHOP_SHOTS names a folder.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("TWINHOP_SHOTS")
	if dir == "" {
		return
	}
	data, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}
