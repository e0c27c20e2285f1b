package assembly

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/admin"
	"twinhop/gateway/config"
	"twinhop/web/chromium"
)

// screens is the admin's pages in a browser. Pictures of what was seen go to
// the folder that PICTURES names.
type screens struct {
	*testing.T
	g    *Gateway
	do   func(steps ...chromedp.Action[chromedp.Void])
	run  func(script string)
	wait func(script string)
}

func openScreens(t *testing.T, g *Gateway) *screens {
	ctx := chromium.Open(t, chromedp.WindowSize(1440, 900))
	s := &screens{T: t, g: g}
	s.do = func(steps ...chromedp.Action[chromedp.Void]) {
		s.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			s.Fatal(err)
		}
	}
	s.run = func(script string) {
		s.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void]("void ("+script+")")); err != nil {
			s.Fatal(script, err)
		}
	}
	s.wait = func(script string) {
		s.Helper()
		if err := chromium.Wait(ctx, script); err != nil {
			s.Fatal(err)
		}
		if dir := os.Getenv("PICTURES"); dir != "" {
			png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				s.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(s.Name(), "/", "-")+".png"), png, 0o600); err != nil {
				s.Fatal(err)
			}
		}
	}
	return s
}

// login opens the pages as somebody of a role, and has them note every
// complaint of the browser.
func (s *screens) login(role admin.Role) {
	s.Helper()
	url, err := s.g.Admin.LoginURL("op-"+role.String(), role, time.Minute)
	if err != nil {
		s.Fatal(err)
	}
	s.do(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	s.see("op-" + role.String())
	s.run(`(window.__bad = [], addEventListener("error", e => __bad.push(e.message)), addEventListener("unhandledrejection", e => __bad.push(String(e.reason))),
		addEventListener("securitypolicyviolation", e => __bad.push(e.violatedDirective + " " + e.blockedURI)))`)
}

// part runs a part of a test in the page that is open, and looks that nothing
// was wrong and that nothing is cut off on a telephone.
func (s *screens) part(name string, f func(*screens)) {
	s.Helper()
	whole := s.T
	defer func() { s.T = whole }()
	whole.Run(name, func(t *testing.T) {
		s.T = t
		f(s)
		s.wait(`window.__bad.length === 0`)
		s.do(chromedp.EmulateViewport(360, 800))
		s.wait(`innerWidth === 360 && document.documentElement.scrollWidth <= 360`)
		s.do(chromedp.EmulateViewport(1440, 900))
	})
}

func (s *screens) open(hash string) { s.Helper(); s.run(fmt.Sprintf("location.hash = %q", hash)) }

func (s *screens) see(texts ...string) {
	s.Helper()
	for _, text := range texts {
		s.wait(fmt.Sprintf("document.body.innerText.includes(%s)", quoted(text)))
	}
}

func quoted(s string) string { q, _ := json.Marshal(s); return string(q) }

// press clicks the first button of a part that is so labelled, once it can be.
func (s *screens) press(within, label string) {
	s.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%s)].find(b => !b.disabled && (b.innerText.trim().startsWith(%[2]s) || b.ariaLabel?.startsWith(%[2]s)))`, quoted(within+" button"), quoted(label))
	s.wait("!!" + find)
	s.run(find + ".click()")
}

// write replaces what a field holds, as typing does.
func (s *screens) write(selector, text string) {
	s.Helper()
	s.wait("!!document.querySelector(" + quoted(selector) + ")")
	s.run(fmt.Sprintf(`(e => { Object.getOwnPropertyDescriptor(e.constructor.prototype, "value").set.call(e, %s);
		e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector(%s))`, quoted(text), quoted(selector)))
}

// TestOperatorsScreens goes through what operators and admins do in the pages,
// against a whole gateway: who may log in, nodes, and what ties messages to
// sessions. What a page says was done is looked up in the gateway.
func TestOperatorsScreens(t *testing.T) {
	c := settings(t, "")
	c.Nodes = []config.Node{web("n1", tracks(t, "n1")), web("n2", tracks(t, "n2")), web("n3", tracks(t, "n3"))}
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	for _, user := range []string{"alice", "bob", "carol", "dave"} {
		visit(t, at+"/?appsession="+user+"&tenant=t"+user, "")
	}
	s := openScreens(t, g)
	s.login(admin.RoleAdmin)
	s.part("access", (*screens).access)
	s.part("nodes", (*screens).nodes)
	s.part("affinity", (*screens).affinity)
	s.login(admin.RoleViewer)
	s.part("viewer", (*screens).viewer)
}

func (s *screens) access() {
	s.open("#/access/users")
	s.see("Nobody has a password yet")
	s.press("main", "Add a user")
	s.write("dialog input[name=name]", "grace")
	s.write("dialog input[name=password]", "a long and quiet river")
	s.press("dialog", "Add")
	s.see("would be no admin") // the first one has to be
	s.run(`document.querySelector("dialog input[value=admin]").click()`)
	s.press("dialog", "Add")
	s.see("grace may log in now, as admin.")
	s.press("main", "Add a user")
	s.write("dialog input[name=name]", "ada")
	s.run(`document.querySelector("dialog input[value=operator]").click()`)
	s.write("dialog input[name=password]", "password1234")
	s.press("dialog", "Add")
	s.wait(`!!document.querySelector("dialog .wrong")`) // it is a common word
	s.write("dialog input[name=password]", "a long and quiet river")
	s.press("dialog", "Add")
	s.see("ada may log in now, as operator.")
	if a := api(s.T, s.g, "GET", "/api/v1/users", "", ""); !strings.Contains(a.text, `"name":"ada","role":"operator"`) {
		s.Error(a.text)
	}
	s.press("main", "Take ada away")
	s.see("made no tokens")
	s.press("dialog", "Remove")
	s.see("ada cannot log in any more.")

	s.open("#/access/tokens")
	s.see("Programs do not log in")
	s.press("main", "Make a token")
	s.write("dialog input[name=name]", "ci")
	s.press("dialog", "Make")
	s.see("This is shown once")
	s.do(chromedp.KeyEvent("\x1b")) // not before it was kept
	s.wait(`document.querySelector("dialog .secret code")?.innerText.length > 100`)
	s.run(`document.querySelector("dialog input[type=checkbox]").click()`)
	s.press("dialog", "Close")
	s.wait(`!document.querySelector("dialog") && !document.body.innerText.includes("eyJ")`)
	s.press("main", "Revoke ci")
	s.press("dialog", "Revoke")
	s.see("is worth nothing now")
	if a := api(s.T, s.g, "GET", "/api/v1/tokens", "", ""); strings.Contains(a.text, `"ci"`) && !strings.Contains(a.text, "revoked") {
		s.Error(a.text)
	}
	s.open("#/access/audit")
	s.see("token.", "user:ada")
	s.write("input[name=action]", "user.")
	s.wait(`document.querySelector("tbody")?.innerText.includes("token.") === false && document.querySelectorAll("tbody tr").length >= 2`)
	s.run(`document.querySelector("tbody button.when").click()`)
	s.see("request")
	s.open("#/access")
	s.see("this one")
}

func (s *screens) nodes() {
	s.open("#/nodes?view=modjk")
	s.wait(`document.querySelectorAll("tbody tr").length === 3 && [...document.querySelectorAll("thead th")].some(x => x.innerText === "MaxBusy")`)
	s.wait(`[...document.querySelectorAll("tbody tr")].every(x => x.innerText.includes("ACT"))`)
	s.open("#/nodes?view=simple")

	// By keys: the row, d, what it would do, and Escape.
	s.run(`document.querySelector("tr[data-node=n2] th a").focus()`)
	s.do(chromedp.KeyEvent("d"))
	s.see("Drain n2?", "Left for new work: 2 nodes for HTTP")
	s.do(chromedp.KeyEvent("\x1b"))
	s.wait(`!document.querySelector("dialog")`)
	s.run(`document.querySelector("tr[data-node=n2] th a").focus()`)
	s.do(chromedp.KeyEvent("."))
	s.wait(`!!document.querySelector(":popover-open") && document.activeElement.role === "menuitem"`)
	s.do(chromedp.KeyEvent("\x1b"))

	// A weight where it stands, with the share it asks for.
	s.press("tr[data-node=n2]", "Weight of n2")
	s.press(".weighing", "More")
	s.press(".weighing", "More")
	s.see("60 % of new work")
	s.press(".weighing", "Set")
	s.see("The weight of n2 is 3 now.")
	if w := s.g.Registry.View().Pool("default").Member("n2").Weight; w != 3 {
		s.Error("its weight is", w)
	}

	// Several at a time: the last one that gets new work stays.
	s.run(`document.querySelector("thead .pick input").click()`)
	s.see("3 nodes picked")
	s.press(".picked-bar", "Drain all")
	s.see("No other node gets new work")
	s.write("dialog input.reason", "all of them")
	s.press("dialog", "Drain")
	s.see("2 of 3 nodes draining now.")
	s.press(".toast", "Undo")
	s.see("They are as they were.")
	for _, m := range s.g.Registry.View().Pool("default").Members {
		if m.Activation.String() != "active" {
			s.Error(m.Name, m.Activation)
		}
	}
	s.open("#/nodes?state=stopped")
	s.see("No node is like that")
	s.press("main .empty", "Clear filters")
	s.wait(`document.querySelectorAll("tbody tr").length === 3`)
}

func (s *screens) affinity() {
	sources := func() (all []string) {
		for _, x := range s.g.present.Load().Affinity.SIP {
			all = append(all, x.Source)
		}
		return all
	}
	before := sources()
	s.open("#/affinity")
	s.see("As the configuration says it.", "No changes.")
	s.press("section[aria-label='SIP requests']", "Add a place")
	s.press("section[aria-label='SIP requests']", "Add a place")
	s.wait(`document.querySelectorAll("section[aria-label='SIP requests'] li").length === ` + fmt.Sprint(len(before)+2))

	// Alt and an arrow move a place, and tell so.
	s.run(`document.querySelectorAll("section[aria-label='SIP requests'] li .grip")[1].focus()`)
	s.run(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowUp", altKey: true, bubbles: true, cancelable: true}))`)
	s.wait(`document.querySelector("section[aria-label='SIP requests'] [role=status]")?.textContent.includes("is number 1 of ")`)
	s.see("A draft: nothing of it counts yet.")

	// What is wrong stands where it is wrong, and cannot be applied.
	s.press("section[aria-label='HTTP requests']", "Add a place")
	s.wait(`!!document.querySelector("section[aria-label='HTTP requests'] li .wrong") && [...document.querySelectorAll(".applybar button")].at(-1)?.disabled`)
	s.write("section[aria-label='HTTP requests'] li:last-child input", "tenant")
	s.wait(`[...document.querySelectorAll(".applybar button")].at(-1)?.disabled === false`)
	if !slices.Equal(before, sources()) {
		s.Error("a draft counts:", sources())
	}

	// Somebody else is faster: nothing is overwritten unseen.
	if a := api(s.T, s.g, "PUT", "/api/v1/affinity", "*", `{"affinity":{"maxKeys":77},"reason":"meanwhile"}`); a.code != 200 {
		s.Fatal(a)
	}
	s.press(".applybar", "Apply")
	s.wait(`!!document.querySelector("dialog h2")`)
	s.run(`[...document.querySelectorAll("dialog button")].find(b => b.innerText === "Apply")?.click()`) // unless the page knows already
	s.see("Somebody else changed it", "“meanwhile”", "maxKeys: 77")
	s.press("dialog", "Go on with mine")
	s.wait(`!!document.querySelector("dialog .diff .gone") && document.querySelector("dialog")?.innerText.includes("maxKeys: 77")`)
	s.write("dialog input.reason", "tenants are known by name")
	s.press("dialog", "Apply")
	s.see("An operator set this", "tenants are known by name")
	now := s.g.present.Load().Affinity
	if got := sources(); len(got) != len(before)+2 || got[1] != before[0] || now.MaxKeys == 77 || now.HTTP[len(now.HTTP)-1].Name != "tenant" {
		s.Errorf("%v was %v; %+v", got, before, now)
	}
	s.press("main", "As the configuration says")
	s.press("dialog", "Revert")
	s.see("As the configuration says it.")
	if got := sources(); !slices.Equal(got, before) {
		s.Error(got)
	}
}

// A viewer sees it all, and which role each control wants.
func (s *screens) viewer() {
	s.open("#/access/users")
	s.see("This needs the role admin.")
	s.wait(`document.querySelectorAll(".subtabs .off[title='needs the role admin']").length === 3`)
	s.open("#/nodes")
	s.wait(`document.querySelectorAll("tbody tr").length === 3 && [...document.querySelectorAll(".actions > button")].every(b => b.disabled && b.title === "needs the role operator")`)
	s.open("#/affinity")
	s.wait(`document.querySelectorAll(".keysedit input, .keysedit select").length > 4 && [...document.querySelectorAll(".keysedit :is(input, select, button)")].every(e => e.disabled)`)
	s.wait(`document.querySelector(".applybar .solid")?.title === "needs the role admin"`)
	s.open("#/config")
	s.see("Configuration", "maxKeys")
	s.wait(`document.querySelector(".subtabs .off")?.innerText === "Try and apply"`)
}
