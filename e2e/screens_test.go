//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/web/chromium"
	"twinhop/web/chromium/axe"
)

// screenshots is where they are written, to be looked at.
const screenshots = "../build/screens"

// desk is the user interface of a gateway, in a browser that has never been here.
type desk struct {
	t   *testing.T
	ctx context.Context
	w   *world
}

const deskUser, deskPassword = "ada", "a long and quiet river"

func openDesk(t *testing.T, w *world) *desk {
	t.Helper()
	if err := w.ask("POST", "/api/v1/users", map[string]string{"name": deskUser, "role": "admin", "password": deskPassword, "reason": "test"}, &struct{}{}); err != nil {
		t.Fatal(err)
	}
	d := &desk{t, chromium.Open(t, chromedp.WindowSize(1440, 900)), w}
	d.do(chromedp.Navigate(w.admin + "/"))
	d.eval(`void (window.__bad = [], addEventListener("error", e => __bad.push(e.message)), addEventListener("unhandledrejection", e => __bad.push(String(e.reason))),
		addEventListener("securitypolicyviolation", e => __bad.push(e.violatedDirective + " " + e.blockedURI)))`)
	return d
}

func (d *desk) do(steps ...chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	if err := chromedp.Do(d.ctx, steps...); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) eval(script string) {
	d.t.Helper()
	d.do(chromedp.Evaluate[chromedp.Void](script))
}

func (d *desk) wait(script string) {
	d.t.Helper()
	if err := chromium.Wait(d.ctx, script); err != nil {
		d.t.Fatal(err)
	}
}

// see waits until the page has all the words.
func (d *desk) see(words ...string) {
	d.t.Helper()
	for _, word := range words {
		q, _ := json.Marshal(word)
		d.wait(fmt.Sprintf("document.body.innerText.includes(%s)", q))
	}
}

// logIn is one interaction: the form is filled and sent.
func (d *desk) logIn() {
	d.t.Helper()
	d.do(chromedp.WaitVisible(chromedp.CSS("input[name=name]")), chromedp.SendKeys(chromedp.CSS("input[name=name]"), deskUser),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), deskPassword+"\r"), chromedp.WaitVisible(chromedp.CSS("#search")))
}

func (d *desk) open(hash string) {
	d.t.Helper()
	d.eval(fmt.Sprintf("void (location.hash = %q)", hash))
	d.wait(`document.querySelector("main h1") && !document.querySelector("main .skeleton")`)
}

// complaints are errors of scripts and violations of the page's policy.
func (d *desk) complaints() []string {
	d.t.Helper()
	bad, err := chromedp.Run(d.ctx, chromedp.Evaluate[[]string]("window.__bad"))
	if err != nil {
		d.t.Fatal(err)
	}
	return bad
}

// clickToCall is an application of two nodes that speak HTTP and SIP. The page is asked for
// by a user, and the user is called: one application session.
func clickToCall(t *testing.T) *world {
	t.Helper()
	var web [2]string
	for i := range web {
		node := fmt.Sprintf("node%d", i+1)
		origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("JSESSIONID"); err != nil {
				http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: fmt.Sprintf("D0%X.%s", time.Now().UnixNano(), node), Path: "/"})
			}
			fmt.Fprintf(w, "node=%s\nend=1\n", node)
		}))
		t.Cleanup(origin.Close)
		web[i] = origin.URL
	}
	return set(t, stage{Web: web, Agents: true, Also: []string{"tcp"},
		Config: "affinity: {http: [{source: query, name: appsession}, {source: cookie, name: JSESSIONID}], sip: [from.user, call-id]}\n"})
}

// From an empty browser to why a call is where it is: log in, paste the Call-ID, Enter. The
// page then says the rule, the steps, the node, and the HTTP requests of the same session.
func TestWhereIsMyCall(t *testing.T) {
	w := clickToCall(t)
	visitor := browser(t)
	page, err := fetch(visitor, "GET", w.http+"/shop/call-me?appsession=alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := mustCall(t, w, newAgent(t, "phone"), alice, bob)
	if c.node != page.node {
		t.Fatalf("the page is on %s, the call on %s", page.node, c.node)
	}
	if _, err := fetch(visitor, "GET", w.http+"/shop/status", nil); err != nil {
		t.Fatal(err)
	}
	d := openDesk(t, w)
	d.logIn()                                                                                          // 1
	d.do(chromedp.SendKeys(chromedp.CSS("#search"), c.id))                                             // 2
	d.do(chromedp.SendKeys(chromedp.CSS("#search"), "\r"), chromedp.WaitVisible(chromedp.CSS("#why"))) // 3
	d.see("lives on", c.node, "GET /shop/call-me", "GET /shop/status", "INVITE")
	d.wait(`document.querySelectorAll("details.why[open] li").length > 0`) // the steps
	rules, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](`document.querySelector(".whys").innerText`))
	if err != nil || !strings.Contains(rules, c.node) {
		t.Errorf("why: %q, %v", rules, err)
	}
	if bad := d.complaints(); len(bad) > 0 {
		t.Errorf("the page complains: %q", bad)
	}
	if _, err := c.bye(); err != nil {
		t.Error(err)
	}
}

// spoken is text of callers that would run where it is not written as text.
var spoken = []string{`<script>window.__ran=1</script>`, `"><img/src=x/onerror=window.__ran=1>`, `'-alert(1)-'`, `javascript:window.__ran=1`, `{{constructor.constructor('window.__ran=1')()}}`}

// seed makes traffic whose every word is hostile.
func (w *world) seed(t *testing.T) (users []string) {
	t.Helper()
	phone := newAgent(t, "mallory")
	for i, word := range spoken {
		user := fmt.Sprintf("u%d%s", i, word)
		req, err := http.NewRequest("GET", w.http+"/shop/"+urlPath(word)+"?appsession="+urlQuery(user), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("User-Agent", word)
		req.Header.Set("Cookie", "JSESSIONID="+strings.NewReplacer(`"`, "", ";", "").Replace(word)+".node1; other="+strings.ReplaceAll(word, ";", ""))
		resp, err := directly.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		users = append(users, user)
		c := &call{phone: phone, gateway: w.external, id: fmt.Sprintf("%d-%s@h", i, word), cseq: 1,
			from: fmt.Sprintf(`"%s" <sip:%s@h>;tag=f%d`, strings.ReplaceAll(word, `"`, `\"`), "u"+fmt.Sprint(i)+strings.NewReplacer("<", "%3C", ">", "%3E", `"`, "%22", "{", "%7B", "}", "%7D", ":", "%3A").Replace(word), i),
			to:   "<" + bob + ">", target: bob}
		m := c.request("INVITE", fmt.Sprintf("z9hG4bKx%d", i), 1)
		m.fields = append(m.fields, [2]string{"User-Agent", word}, [2]string{"Subject", word})
		if err := phone.write(w.external, m); err != nil {
			t.Fatal(err)
		}
	}
	return users
}

func urlPath(s string) string {
	return strings.NewReplacer("<", "%3C", ">", "%3E", `"`, "%22", "{", "%7B", "}", "%7D").Replace(s)
}
func urlQuery(s string) string {
	return strings.NewReplacer("+", "%2B", "&", "%26", "#", "%23", "=", "%3D").Replace(urlPath(s))
}

// Every screen, in both themes, on a wide page and on a telephone's: nothing that axe-core
// calls serious, nothing wider than the page, no script that ran because somebody sent it,
// and a picture of each.
func TestScreens(t *testing.T) {
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
	users := w.seed(t)
	var list struct{ Items []session }
	eventually(t, 10*time.Second, "the hostile sessions are there", func() error {
		if err := w.ask("GET", "/api/v1/sessions?limit=50", nil, &list); err != nil {
			return err
		}
		if len(list.Items) < len(users) {
			return fmt.Errorf("%d sessions", len(list.Items))
		}
		return nil
	})
	d := openDesk(t, w)
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	d.look("login")
	d.logIn()
	screens := map[string]string{"overview": "#/", "nodes": "#/nodes", "node": "#/nodes/node1", "sessions": "#/sessions", "session": "#/sessions/" + s.ID,
		"route": "#/route", "affinity": "#/affinity", "config": "#/config", "config-edit": "#/config/edit", "config-versions": "#/config/versions", "events": "#/events",
		"access": "#/access", "access-tokens": "#/access/tokens", "access-audit": "#/access/audit", "missing": "#/nowhere"}
	for name, hash := range screens {
		d.open(hash)
		d.look(name)
	}
	for _, x := range list.Items {
		d.open("#/sessions/" + x.ID)
	}
	for _, word := range spoken {
		d.open("#/sessions?q=" + urlQuery(word))
	}
	d.unharmed()
}

// unharmed fails when a script ran that somebody sent, or an element stands in the page that did.
func (d *desk) unharmed() {
	d.t.Helper()
	ran, err := chromedp.Run(d.ctx, chromedp.Evaluate[bool](`!!window.__ran || !!document.querySelector("main script, img[src=x]")`))
	if err != nil || ran {
		d.t.Errorf("something that was sent ran (%v)", err)
	}
	if bad := d.complaints(); len(bad) > 0 {
		d.t.Errorf("the page complains: %q", bad)
	}
}

// look takes the screen that is open at both widths in both themes.
func (d *desk) look(name string) {
	d.t.Helper()
	for _, width := range []int64{1440, 360} {
		for _, theme := range []string{"dark", "light"} {
			d.do(chromedp.EmulateViewport(width, 900))
			d.eval(fmt.Sprintf("void (document.documentElement.dataset.theme = %q)", theme))
			d.wait(`document.getAnimations().every(a => a.playState !== "running" || a.effect.getTiming().iterations === Infinity)`)
			settled := `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(1)))))` // what hears of another size has heard
			d.do(chromedp.Evaluate[chromedp.Void](settled, chromedp.EvalAwaitPromise))
			if err := d.judge(width); err != nil {
				d.t.Errorf("%s, %d px, %s: %v", name, width, theme, err)
			}
			picture, err := chromedp.Run(d.ctx, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(screenshots, fmt.Sprintf("%s-%d-%s.png", name, width, theme)), picture, 0o644)
			}
			if err != nil {
				d.t.Fatal(err)
			}
		}
	}
	d.do(chromedp.EmulateViewport(1440, 900))
	d.unharmed()
}

func (d *desk) judge(width int64) error {
	wide, err := chromedp.Run(d.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
	if err != nil {
		return err
	}
	var all []error
	if wide > width {
		all = append(all, fmt.Errorf("it is %d px wide", wide))
	}
	findings, err := axe.Check(d.ctx)
	all = append(all, err)
	for _, f := range findings {
		if f.Impact == "serious" || f.Impact == "critical" {
			all = append(all, errors.New(html.UnescapeString(f.String())))
		} else {
			d.t.Logf("axe: %s", f.ID)
		}
	}
	return errors.Join(all...)
}
