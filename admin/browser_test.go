package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/admin/stamp"
	"twinhop/appsession"
	"twinhop/gateway/cluster"
	"twinhop/web/chromium"
)

// tab is a page in a real browser.
type tab struct {
	t   testing.TB
	ctx context.Context
}

func newTab(t testing.TB) *tab {
	t.Helper()
	b := &tab{t, chromium.Open(t, chromedp.WindowSize(1440, 900))}
	b.do(chromedp.Navigate("about:blank"))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// wait waits until a script says yes.
func (b *tab) wait(script string) {
	b.t.Helper()
	if err := chromium.Wait(b.ctx, script); err != nil {
		b.t.Fatal(err)
	}
}

// see waits until the page contains a text.
func (b *tab) see(text string) {
	b.t.Helper()
	q, _ := json.Marshal(text)
	b.wait(fmt.Sprintf("document.body.innerText.includes(%s)", q))
}

func (b *tab) eval(script string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void]("void ("+script+")")); err != nil {
		b.t.Fatal(script, err)
	}
}

// open goes to a screen of the page that is loaded.
func (b *tab) open(hash string) { b.eval(fmt.Sprintf("location.hash = %q", hash)) }

func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// complaints makes the page collect errors and violations of its policy.
const watchPage = `(window.__bad = [], addEventListener("error", e => __bad.push(e.message)), addEventListener("unhandledrejection", e => __bad.push(String(e.reason))),
	addEventListener("securitypolicyviolation", e => __bad.push(e.violatedDirective + " " + e.blockedURI)))`

func (b *tab) clean() {
	b.t.Helper()
	bad, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string]("window.__bad ?? []"))
	if err != nil || len(bad) > 0 {
		b.t.Errorf("the page complains: %q, %v", bad, err)
	}
}

// TestFromAnEmptyBrowser goes the way of a new operator: the set-up link, a
// Call-ID in the search box, and the reason why its session is where it is.
func TestFromAnEmptyBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := newTab(t)
	setup := <-s.setup
	d := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	s.sip("a84b4c76e66710@pc33.atlanta.example", "alice")

	b.do(chromedp.Navigate(setup))
	b.see("Make the first user")
	b.eval(watchPage)
	b.fill("input[name=password]", "short-alice!")
	b.eval(`document.querySelector("input[name=password]").select()`)
	b.fill("input[name=password]", "a long and quiet river")
	b.fill("input[name=again]", "a long and quiet river")
	b.do(chromedp.Click(chromedp.CSS("button[type=submit]")))
	b.see("Overview")
	b.wait(`document.querySelector(".live.live")`)
	if url, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.href")); strings.Contains(url, "setup") {
		t.Errorf("the token is still in the address: %s", url)
	}
	b.clean()

	// Paste a Call-ID, Enter: the session, and the reason.
	b.do(chromedp.KeyEvent("/"))
	b.wait(`document.activeElement.id === "search"`)
	b.fill("#search", "a84b4c76e66710@pc33.atlanta.example\r")
	b.see("Why here")
	b.see("The cookie's jvmRoute names the node")
	b.see("The Call-ID is known")
	b.wait(fmt.Sprintf(`document.querySelector(".summary .chip").innerText === %q`, d.Member.Name))
	b.see("3F9A…C1")
	if text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.documentElement.outerHTML")); strings.Contains(text, "3F9A1122") {
		t.Error("the page has the whole session id")
	}
	b.clean()

	// What happens next appears by itself.
	s.kill(d.Member.Name)
	s.http("3F9A11223344556677889900AABBCCC1", d.Member.Route, "alice")
	b.see("failover_down")
	b.wait(fmt.Sprintf(`document.querySelector(".summary .chip").innerText !== %q`, d.Member.Name))

	b.do(chromedp.Click(chromedp.CSS("button.user")), chromedp.Click(chromedp.CSS(`button[aria-label="Log out"]`)))
	b.see("Log in")
	b.clean()
	b.do(chromedp.Navigate(s.url + "/"))
	b.fill("input[name=name]", "admin")
	b.fill("input[name=password]", "a wrong password")
	b.do(chromedp.Click(chromedp.CSS("button[type=submit]")))
	b.see("Name or password is wrong")
	b.fill("input[name=password]", "a long and quiet river")
	b.do(chromedp.Click(chromedp.CSS("button[type=submit]")))
	b.see("Overview")
}

// TestDrainInBrowser drains a node, with a preview, and takes it back.
func TestDrainInBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	for n := range 4 {
		s.http(strings.Repeat(string(rune('a'+n)), 32), "", "")
	}
	url, err := s.LoginURL("olga", RoleOperator, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.do(chromedp.Navigate(url))
	b.see("Overview")
	b.eval(watchPage)
	for range 10 { // on a busy machine the second key may come too late to belong to the first
		b.do(chromedp.KeyEvent("gn"))
		if at, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.hash")); at == "#/nodes" {
			break
		}
	}
	b.wait(`document.querySelectorAll("tbody tr").length === 2`)
	b.eval(`[...document.querySelectorAll("tbody tr:first-child button")].find(x => x.innerText.startsWith("Drain")).click()`)
	b.see("2 sessions and 0 calls stay until they end.")
	b.wait(`document.activeElement.innerText === "Cancel"`)
	b.fill("dialog input.reason", "kernel update")
	b.do(chromedp.Click(chromedp.CSS("dialog button[type=submit]")))
	b.see("node1 is draining now.")
	if a := s.registry.View().Pool("default").Member("node1").Activation; a != cluster.Disabled {
		t.Errorf("node1 is %v", a)
	}
	b.eval(`document.querySelector(".toast button").click()`)
	b.see("node1 is active again.")
	if a := s.registry.View().Pool("default").Member("node1").Activation; a != cluster.Active {
		t.Errorf("node1 is %v", a)
	}
	b.drains(s)

	// Hostile names stay text, and a viewer cannot press the buttons.
	s.sip(`<img src=x onerror=__bad.push("xss")>@evil`, `"><svg onload=__bad.push("xss")>`)
	b.open("#/sessions?q=evil")
	b.see("<img src=x")
	b.clean()
	viewer, err := s.LoginURL("vera", RoleViewer, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(viewer))
	b.see("vera")
	b.open("#/nodes")
	b.wait(`document.querySelectorAll(".actions > button:disabled").length === 4`)
	b.clean()

	// When the gateway is gone the page says so and keeps what it has.
	s.stop()
	b.see("interrupted")
	b.see("The gateway does not answer. Updated")
	b.wait(`document.querySelectorAll("tbody tr").length === 2`)
	b.clean()
}

// drains watches a drain go on and cancels it, gives a node another weight and
// lets one in error be tried.
func (b *tab) drains(s *stage) {
	b.t.Helper()
	press := func(row, label string) {
		b.t.Helper()
		b.wait(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(x => x.innerText.startsWith(%q) && !x.disabled)`, row+" button", label))
		b.eval(fmt.Sprintf(`[...document.querySelectorAll(%q)].find(x => x.innerText.startsWith(%q)).click()`, row+" button", label))
	}
	press("tbody tr:first-child", "Drain")
	b.wait(`document.querySelector("dialog .impact")`) // nothing moves any more
	b.do(chromedp.Click(chromedp.CSS("dialog input[type=checkbox]")))
	b.wait(`document.querySelector("dialog input[type=checkbox]").checked`)
	b.picture("drain-dialog")
	press("dialog", "Drain")
	b.see("2 sessions, 0 calls left, then stop")
	for x, err := range s.store.All(context.Background()) {
		if err != nil || x.Owner == "node1" {
			s.store.Drop(context.Background(), x.ID)
			break
		}
	}
	b.see("1 session, 0 calls left, then stop")
	b.open("#/")
	b.see("draining: 1 session and 0 calls left, then stop")
	b.open("#/nodes")
	b.see("1 session, 0 calls left, then stop")
	for _, theme := range []string{"light", "dark"} {
		b.eval(fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme))
		b.readable("main")
		b.picture("draining-" + theme)
	}
	b.do(chromedp.EmulateViewport(360, 800))
	b.wait(`document.documentElement.scrollWidth <= 360`)
	b.picture("draining-narrow")
	b.do(chromedp.EmulateViewport(1440, 900))
	press("tbody tr:first-child .progress", "Cancel")
	b.see("node1 is drained no more")
	b.wait(`!document.querySelector(".progress")`)

	if err := s.registry.AdjustPool("default", cluster.PoolWords{Recovery: &cluster.Recovery{Time: time.Hour}}); err != nil {
		b.t.Fatal(err)
	}
	s.registry.Judge(s.registry.View().Pool("default").Member("node1"), cluster.Unfit)
	b.open("#/nodes/node1")
	b.see("Probe now")
	b.see("ERR")
	b.picture("node-in-error")
	press("main", "Recover")
	b.see("ERR/REC")
	press("main", "Weight")
	b.eval(`document.querySelector("dialog input").select()`)
	b.fill("dialog input", "5")
	press("dialog", "Set")
	b.see("The weight of node1 is 5 now.")
	if w := s.registry.View().Pool("default").Member("node1").Weight; w != 5 {
		b.t.Errorf("the weight is %d", w)
	}
	b.open("#/")
	for _, text := range []string{"node1 to be drained by olga", "node1 drain is cancelled", "node1 to be tried again by olga", "node1 set to weight=5 by olga"} {
		b.wait(fmt.Sprintf(`[...document.querySelectorAll(".events li")].some(x => x.innerText.replace(/\s+/g, " ").includes(%q))`, text))
	}
	b.picture("events")
	b.open("#/nodes/node1")
	b.see("Probe now")
	b.do(chromedp.EmulateViewport(360, 800))
	b.wait(`document.documentElement.scrollWidth <= 360`)
	b.picture("node-narrow")
	b.do(chromedp.EmulateViewport(1440, 900))
	b.clean()
	if err := s.registry.AdjustPool("default", cluster.PoolWords{Recovery: nil}); err != nil {
		b.t.Fatal(err)
	}
}

// TestScreenshots takes pictures of every screen, for people to look at:
// TWINHOP_SHOTS=folder go test ./admin -run Screenshots
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("TWINHOP_SHOTS")
	if dir == "" {
		t.Skip("TWINHOP_SHOTS names no folder")
	}
	s := newStage(t, "node1", "node2", "node3").run()
	b := newTab(t)
	setup := <-s.setup
	shot := func(name string) {
		t.Helper()
		data, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	size := func(w, h int64) { b.do(chromedp.EmulateViewport(w, h)) }
	b.do(chromedp.Navigate(s.url + "/"))
	b.see("Log in")
	size(1440, 900)
	shot("login-light")
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(setup))
	b.see("first user")
	shot("setup-light")
	url, err := s.LoginURL("ada", RoleOperator, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	b.see("No messages yet")
	shot("overview-empty-light")
	b.open("#/sessions")
	b.see("No sessions yet")
	shot("sessions-empty-light")

	stop := make(chan struct{})
	var group sync.WaitGroup
	alice := s.crowd()
	group.Go(func() { s.traffic(stop) })
	t.Cleanup(func() { close(stop); group.Wait() })
	time.AfterFunc(25*time.Second, func() { s.kill("node3") })
	b.open("#/")
	b.wait(`document.querySelectorAll(".spark .line").length > 3`)
	b.eval(`setTimeout(() => window.__later = true, 34000)`)
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[chromedp.Void]("window.__later", chromedp.WithPollingTimeout(time.Minute))); err != nil {
		t.Fatal(err)
	}
	s.http("3F9A11223344556677889900AABBCCC1", "node3", "alice")
	for _, theme := range []string{"light", "dark"} {
		b.eval(`document.documentElement.dataset.theme = "` + theme + `"`)
		for _, w := range []int64{1440, 360} {
			size(w, 900)
			name := fmt.Sprintf("-%s-%d", theme, w)
			for screen, hash := range map[string]string{"overview": "#/", "nodes": "#/nodes", "node": "#/nodes/node1", "sessions": "#/sessions",
				"search": "#/sessions?q=alice", "nothing": "#/sessions?q=nobody", "session": "#/sessions/" + alice.String()} {
				b.open(hash)
				b.wait(`document.querySelector("main h1") && !document.querySelector(".skeleton") && document.querySelector("main .panel, main .list, main .tiles, main .empty")`)
				shot(screen + name)
			}
			b.open("#/nodes")
			b.wait(`document.querySelectorAll("tbody tr").length === 3`)
			b.eval(`[...document.querySelectorAll("tbody tr:nth-child(2) button")].find(x => x.innerText.startsWith("Stop")).click()`)
			b.see("Left for new work")
			shot("confirm" + name)
			b.do(chromedp.KeyEvent("\x1b"))
			b.wait(`!document.querySelector("dialog")`)
		}
	}
}

// crowd makes sessions as a shop with a call centre has them.
func (s *stage) crowd() appsession.ID {
	first := s.http("3F9A11223344556677889900AABBCCC1", "", "alice")
	s.sip("a84b4c76e66710@pc33.atlanta.example", "alice")
	s.sip("b7711fd0-99aa-4c77@192.0.2.17", "alice")
	for range 12 {
		s.http("3F9A11223344556677889900AABBCCC1", first.Member.Route, "alice")
	}
	s.within("a84b4c76e66710@pc33.atlanta.example", first.Member.Name)
	for i, name := range strings.Fields("bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor walter") {
		if i%3 != 1 {
			s.http(fmt.Sprintf("%032X", rand.Uint64()), "", name)
		}
		if i%3 != 0 {
			s.sip(fmt.Sprintf("%x@10.1.%d.7", rand.Uint64(), i), name)
		}
	}
	for range 40 {
		s.http(fmt.Sprintf("%032X", rand.Uint64()), "", "")
	}
	if err := s.registry.SetActivation("", "node2", cluster.Disabled); err != nil {
		s.t.Fatal(err)
	}
	s.hub.Note(occurrence{At: stamp.Of(s.clock()), Type: "node.set", Node: "node2", Was: "active", Is: "disabled", Actor: "ada", Reason: "kernel update, ticket 4711"})
	return first.Session
}

func (s *stage) traffic(stop chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var ids []string
	var routes []string
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		switch {
		case n%15 == 0:
			id := fmt.Sprintf("%032X", rand.Uint64())
			if d := s.http(id, "", ""); d.Member != nil {
				ids, routes = append(ids, id), append(routes, d.Member.Route)
			}
		case n%7 == 0:
			s.sip(fmt.Sprintf("%x@10.1.2.7", rand.Uint64()), "user"+fmt.Sprint(n%40))
		case n%5 == 0:
			s.within("a84b4c76e66710@pc33.atlanta.example", "node1")
		case len(ids) > 0:
			i := rand.IntN(len(ids))
			s.http(ids[i], routes[i], "")
		}
	}
}
