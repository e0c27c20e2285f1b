//go:build linux

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// press clicks the first button or row within a selector whose words begin so.
func (d *desk) press(within, words string) {
	d.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find(b => !b.disabled && [b.innerText.trim(), b.ariaLabel ?? ""].some(x => x.startsWith(%q)))`, within, words)
	d.wait("!!" + find)
	d.eval("void " + find + ".click()")
}

func (d *desk) write(selector, text string) {
	d.t.Helper()
	d.wait(fmt.Sprintf("!!document.querySelector(%q)", selector))
	d.eval(fmt.Sprintf(`void (e => { Object.getOwnPropertyDescriptor(e.constructor.prototype, "value").set.call(e, %q); e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector(%q))`, text, selector))
}

// Every dialog and drawer, as TestScreens looks at the screens.
func TestDialogs(t *testing.T) {
	w := clickToCall(t)
	if _, err := fetch(browser(t), "GET", w.http+"/shop/call-me?appsession=alice", nil); err != nil {
		t.Fatal(err)
	}
	c := mustCall(t, w, newAgent(t, "phone"), alice, bob)
	s := w.the(c.id)
	if err := w.ask("POST", "/api/v1/sessions/"+s.ID+"/actions/watch", map[string]any{"minutes": 5}, &struct{}{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.within("INFO"); err != nil {
		t.Fatal(err)
	}
	d := openDesk(t, w)
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	d.logIn()
	asked := func(name string) {
		d.wait(`document.querySelector("dialog[open]") && !document.querySelector("dialog .skeleton")`)
		d.look(name)
		d.press("dialog button", "Cancel")
		d.wait(`!document.querySelector("dialog[open]")`)
	}
	for _, verb := range []string{"Drain", "Stop", "Weight"} {
		d.open("#/nodes/node1")
		d.press("main .actions button", verb)
		asked("dialog-" + strings.ToLower(verb))
	}
	for _, verb := range []string{"Move", "Forget"} {
		d.open("#/sessions/" + s.ID)
		d.press("main .actions button", verb)
		asked("dialog-" + strings.ToLower(verb))
	}
	d.open("#/sessions/" + s.ID)
	d.do(chromedp.Evaluate[chromedp.Void](`void [...document.querySelectorAll(".step")].filter(x => x.querySelector(".kept")).at(-1).dispatchEvent(new MouseEvent("click", {bubbles: true}))`))
	d.wait(`!!document.querySelector(".drawer pre")`)
	d.look("drawer-text")
	d.press(".drawer button", "difference")
	d.wait(`!!document.querySelector(".drawer .diff")`)
	d.look("drawer-diff")
	d.open("#/route")
	d.write("#message", "GET /shop/?appsession=alice HTTP/1.1\nHost: shop\n\n")
	d.see("Steps")
	d.look("route-answer")
	d.open("#/affinity")
	d.press("main button[aria-label]", "Take away")
	d.wait(`document.querySelector(".outcome .diff") && !document.querySelector(".outcome .skeleton, .outcome .dimmed")`)
	d.look("affinity-preview")
	d.press(".applybar button", "Apply")
	asked("dialog-affinity-apply")
	d.press(".applybar button", "Discard")
	d.open("#/config")
	d.press("main button", "Reload")
	asked("dialog-config-reload")
	d.open("#/access/tokens")
	d.press("main button", "Make a token")
	d.write("dialog input[name=name]", "ci")
	d.look("dialog-token")
	d.press("dialog button", "Make")
	d.wait(`!!document.querySelector("dialog .secret")`)
	d.look("dialog-token-made")
}
