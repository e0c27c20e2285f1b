package assembly

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/admin"
	"twinhop/gateway/config"
	"twinhop/web/chromium"
)

// screens is the admin's pages of a gateway in a browser.
type screens struct {
	*chromium.Page
	g *Gateway
}

// login opens the pages as somebody of a role.
func (s *screens) login(role admin.Role) {
	s.Helper()
	url, err := s.g.Admin.LoginURL("op-"+role.String(), role, time.Minute)
	if err != nil {
		s.Fatal(err)
	}
	s.Load(url, "op-"+role.String())
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
	s := &screens{chromium.OpenPage(t), g}
	s.login(admin.RoleAdmin)
	s.Part("access", s.access)
	s.Part("nodes", s.nodes)
	s.Part("affinity", s.affinity)
	s.Part("events", s.events)
	s.login(admin.RoleViewer)
	s.Part("viewer", s.viewer)
}

func (s *screens) access() {
	s.Screen("#/access/users")
	s.See("Nobody has a password yet")
	s.Press("main", "Add a user")
	s.Write("dialog input[name=name]", "grace")
	s.Write("dialog input[name=password]", "a long and quiet river")
	s.Press("dialog", "Add")
	s.See("would be no admin") // the first one has to be
	s.Click("dialog input[value=admin]")
	s.Press("dialog", "Add")
	s.See("grace may log in now, as admin.")
	s.Press("main", "Add a user")
	s.Write("dialog input[name=name]", "ada")
	s.Click("dialog input[value=operator]")
	s.Write("dialog input[name=password]", "password1234")
	s.Press("dialog", "Add")
	s.Wait(`!!document.querySelector("dialog .wrong")`) // it is a common word
	s.Write("dialog input[name=password]", "a long and quiet river")
	s.Press("dialog", "Add")
	s.See("ada may log in now, as operator.")
	if a := api(s.T, s.g, "GET", "/api/v1/users", "", ""); !strings.Contains(a.text, `"name":"ada","role":"operator"`) {
		s.Error(a.text)
	}
	s.Press("main", "Take ada away")
	s.See("made no tokens")
	s.Press("dialog", "Remove")
	s.See("ada cannot log in any more.")

	s.Screen("#/access/tokens")
	s.See("Programs do not log in")
	s.Press("main", "Make a token")
	s.Write("dialog input[name=name]", "ci")
	s.Press("dialog", "Make")
	s.See("This is shown once")
	s.Do(chromedp.KeyEvent("\x1b")) // not before it was kept
	s.Wait(`document.querySelector("dialog .secret code")?.innerText.length > 100`)
	s.Click("dialog input[type=checkbox]")
	s.Press("dialog", "Close")
	s.Wait(`!document.querySelector("dialog") && !document.body.innerText.includes("eyJ")`)
	s.Press("main", "Revoke ci")
	s.Press("dialog", "Revoke")
	s.See("is worth nothing now")
	if a := api(s.T, s.g, "GET", "/api/v1/tokens", "", ""); strings.Contains(a.text, `"ci"`) && !strings.Contains(a.text, "revoked") {
		s.Error(a.text)
	}
	s.Screen("#/access/audit")
	s.See("token.", "user:ada")
	s.Write("input[name=action]", "user.")
	s.Wait(`document.querySelector("tbody")?.innerText.includes("token.") === false && document.querySelectorAll("tbody tr").length >= 2`)
	s.Click("tbody button.when")
	s.See("request")
	s.Screen("#/access")
	s.See("this one")
}

func (s *screens) nodes() {
	s.Screen("#/nodes?view=modjk")
	s.Wait(`document.querySelectorAll("tbody tr").length === 3 && [...document.querySelectorAll("thead th")].some(x => x.innerText === "MaxBusy")`)
	s.Wait(`[...document.querySelectorAll("tbody tr")].every(x => x.innerText.includes("ACT"))`)
	s.Screen("#/nodes?view=simple")

	// By keys: the row, d, what it would do, and Escape.
	s.Run(`document.querySelector("tr[data-node=n2] th a").focus()`)
	s.Do(chromedp.KeyEvent("d"))
	s.See("Drain n2?", "Left for new work: 2 nodes for HTTP")
	s.Do(chromedp.KeyEvent("\x1b"))
	s.Wait(`!document.querySelector("dialog")`)
	s.Run(`document.querySelector("tr[data-node=n2] th a").focus()`)
	s.Do(chromedp.KeyEvent("."))
	s.Wait(`!!document.querySelector(":popover-open") && document.activeElement.role === "menuitem"`)
	s.Do(chromedp.KeyEvent("\x1b"))

	// A weight where it stands, with the share it asks for.
	s.Press("tr[data-node=n2]", "Weight of n2")
	s.Press(".weighing", "More")
	s.Press(".weighing", "More")
	s.See("60 % of new work")
	s.Press(".weighing", "Set")
	s.See("The weight of n2 is 3 now.")
	if w := s.g.Registry.View().Pool("default").Member("n2").Weight; w != 3 {
		s.Error("its weight is", w)
	}

	// Several at a time: the last one that gets new work stays.
	s.Click("thead .pick input")
	s.See("3 nodes picked")
	s.Press(".picked-bar", "Drain all")
	s.See("No other node gets new work")
	s.Write("dialog input.reason", "all of them")
	s.Press("dialog", "Drain")
	s.See("2 of 3 nodes draining now.")
	s.Press(".toast", "Undo")
	s.See("They are as they were.")
	for _, m := range s.g.Registry.View().Pool("default").Members {
		if m.Activation.String() != "active" {
			s.Error(m.Name, m.Activation)
		}
	}
	s.Screen("#/nodes?state=stopped")
	s.See("No node is like that")
	s.Press("main .empty", "Clear filters")
	s.Wait(`document.querySelectorAll("tbody tr").length === 3`)
}

func (s *screens) affinity() {
	sources := func() (all []string) {
		for _, x := range s.g.present.Load().Affinity.SIP {
			all = append(all, x.Source)
		}
		return all
	}
	before := sources()
	s.Screen("#/affinity")
	s.See("As the configuration says it.", "No changes.")
	s.Press("section[aria-label='SIP requests']", "Add a place")
	s.Press("section[aria-label='SIP requests']", "Add a place")
	s.Wait(`document.querySelectorAll("section[aria-label='SIP requests'] li").length === ` + fmt.Sprint(len(before)+2))

	// Alt and an arrow move a place, and tell so.
	s.Run(`document.querySelectorAll("section[aria-label='SIP requests'] li .grip")[1].focus()`)
	s.Run(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowUp", altKey: true, bubbles: true, cancelable: true}))`)
	s.Wait(`document.querySelector("section[aria-label='SIP requests'] [role=status]")?.textContent.includes("is number 1 of ")`)
	s.See("A draft: nothing of it counts yet.")

	// What is wrong stands where it is wrong, and cannot be applied.
	s.Press("section[aria-label='HTTP requests']", "Add a place")
	s.Wait(`!!document.querySelector("section[aria-label='HTTP requests'] li .wrong") && [...document.querySelectorAll(".applybar button")].at(-1)?.disabled`)
	s.Write("section[aria-label='HTTP requests'] li:last-child input", "tenant")
	s.Wait(`[...document.querySelectorAll(".applybar button")].at(-1)?.disabled === false`)
	if !slices.Equal(before, sources()) {
		s.Error("a draft counts:", sources())
	}

	// Somebody else is faster: nothing is overwritten unseen.
	if a := api(s.T, s.g, "PUT", "/api/v1/affinity", "*", `{"affinity":{"maxKeys":77},"reason":"meanwhile"}`); a.code != 200 {
		s.Fatal(a)
	}
	s.Press(".applybar", "Apply")
	s.Wait(`!!document.querySelector("dialog h2")`)
	s.Run(`[...document.querySelectorAll("dialog button")].find(b => b.innerText === "Apply")?.click()`) // unless the page knows already
	s.See("Somebody else changed it", "“meanwhile”", "maxKeys: 77")
	s.Press("dialog", "Go on with mine")
	s.Wait(`!!document.querySelector("dialog .diff .gone") && document.querySelector("dialog")?.innerText.includes("maxKeys: 77")`)
	s.Write("dialog input.reason", "tenants are known by name")
	s.Press("dialog", "Apply")
	s.See("An operator set this", "tenants are known by name")
	now := s.g.present.Load().Affinity
	if got := sources(); len(got) != len(before)+2 || got[1] != before[0] || now.MaxKeys == 77 || now.HTTP[len(now.HTTP)-1].Name != "tenant" {
		s.Errorf("%v was %v; %+v", got, before, now)
	}
	s.Press("main", "As the configuration says")
	s.Press("dialog", "Revert")
	s.See("As the configuration says it.")
	if got := sources(); !slices.Equal(got, before) {
		s.Error(got)
	}
}

// Events come by themselves, wait while somebody reads, and are filtered.
func (s *screens) events() {
	turn := func(activation string) {
		s.Helper()
		if a := api(s.T, s.g, "PATCH", "/api/v1/nodes/n3", "", `{"activation":"`+activation+`","reason":"turned `+activation+`"}`); a.code != 200 {
			s.Fatal(a)
		}
	}
	s.Screen("#/events")
	s.See("auth.login", "affinity.changed")
	s.Wait(`document.querySelector(".live.live")`)
	turn("disabled")
	s.See("n3 is disabled, was active", "turned disabled")
	s.Press("main", "Pause")
	turn("stopped")
	s.See("1 new: show")
	s.Wait(`!document.querySelector(".eventlist").innerText.includes("turned stopped")`)
	s.Press("main", "Follow")
	s.Wait(`document.querySelector(".eventlist").innerText.includes("turned stopped")`)
	s.Write("select[name=type]", "auth.")
	s.Wait(`location.hash.includes("type=auth.") && [...document.querySelectorAll(".event .type")].every(x => x.innerText.startsWith("auth."))`)
	turn("active") // is not of this kind
	s.Write("input[name=q]", "nobody said this")
	s.See("Nothing like that happened")
	s.Press(".empty", "Clear filters")
	s.See("turned active")
	s.Run(`(window.__saved = [], HTMLAnchorElement.prototype.click = function () { __saved.push(this.download) })`)
	s.Press("main", "Export JSONL")
	s.Wait(`window.__saved[0] === "twinhop-events.jsonl"`)
	s.Screen("#/nodes/n3")
	s.See("The last day", "turned active")
}

// A viewer sees it all, and which role each control wants.
func (s *screens) viewer() {
	s.Screen("#/access/users")
	s.See("This needs the role admin.")
	s.Wait(`document.querySelectorAll(".subtabs .off[title='needs the role admin']").length === 3`)
	s.Screen("#/nodes")
	s.Wait(`document.querySelectorAll("tbody tr").length === 3 && [...document.querySelectorAll(".actions > button")].every(b => b.disabled && b.title === "needs the role operator")`)
	s.Screen("#/affinity")
	s.Wait(`document.querySelectorAll(".keysedit input, .keysedit select").length > 4 && [...document.querySelectorAll(".keysedit :is(input, select, button)")].every(e => e.disabled)`)
	s.Wait(`document.querySelector(".applybar .solid")?.title === "needs the role admin"`)
	s.Screen("#/config")
	s.See("Configuration", "maxKeys")
	s.Wait(`document.querySelector(".subtabs .off")?.innerText === "Try and apply"`)
}
