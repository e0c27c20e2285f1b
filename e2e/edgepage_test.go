package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/web/chromium"
)

// pageNode is a node that serves the page with the telephones, /app/page, and makes sessions.
func pageNode(t testing.TB, name string) string {
	files := http.NewServeMux()
	files.HandleFunc("/app/page", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("JSESSIONID"); err != nil { // it is for /sip, too
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: fmt.Sprintf("S%d.%s", time.Now().UnixNano(), name), Path: "/"})
		}
		w.Header().Set("X-Node", name)
		w.Header().Set("Cache-Control", "no-store")
		http.ServeFile(w, r, "testdata/edge/page.html")
	})
	files.HandleFunc("/app/jssip.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "../web/jssip/dist/jssip.js") })
	files.HandleFunc("/app/plain.jsp", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "node=%s\nend=1\n", name) })
	srv := httptest.NewServer(files)
	t.Cleanup(srv.Close)
	return srv.URL
}

// pageWithPhones is such a page in a browser.
type pageWithPhones struct {
	t   testing.TB
	ctx context.Context
}

func openPage(t testing.TB, url string) *pageWithPhones {
	t.Helper()
	p := &pageWithPhones{t, chromium.Open(t, chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("disable-features", "WebRtcHideLocalIpsWithMdns"))}
	p.load(url)
	return p
}

// load goes to a page, away from what was there.
func (p *pageWithPhones) load(url string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(url)); err != nil {
		p.t.Fatalf("%s: %v", url, err)
	}
	p.wait("window.begin && true")
}

func (p *pageWithPhones) wait(script string) {
	p.t.Helper()
	if err := chromium.Wait(p.ctx, script); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pageWithPhones) run(format string, args ...any) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void]("void ("+fmt.Sprintf(format, args...)+")")); err != nil {
		p.t.Fatal(err)
	}
}

// registers has people register by a WebSocket each.
func (p *pageWithPhones) registers(url string, names ...string) {
	p.t.Helper()
	for _, name := range names {
		p.run("begin(%q, %q)", name, url)
	}
	p.sees("state", "registered", names...)
}

// sees waits until all of them are in a state.
func (p *pageWithPhones) sees(field, want string, names ...string) {
	p.t.Helper()
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("people[%q].%s.startsWith(%q)", name, field, want))
	}
	p.wait(strings.Join(all, " && "))
}

// calls has one call another, till both hear the other's tone.
func (p *pageWithPhones) calls(from, to string) {
	p.t.Helper()
	p.run("call(%q, %q)", from, to)
	p.sees("call", "confirmed", from, to)
	p.wait(fmt.Sprintf("people[%q].energy > 0 && people[%q].energy > 0", from, to))
}

// firstPage opens a page behind a gateway with every way in.
func firstPage(t *testing.T) (*world, *offices, *pageWithPhones) {
	w := set(t, edgeStage(t, newAuthority(t, "root")))
	return w, newOffices(w), openPage(t, w.http+"/app/page")
}

// Pages with telephones call each other through the gateway by every way in which a page can come; then an office hangs up. The
// page of another host gets no WebSocket.
func TestEdgePagesCall(t *testing.T) {
	w, o, p := firstPage(t)
	for i, transport := range []string{"ws", "wss", "http", "https"} {
		url, _ := w.socketURL(transport)
		alice, bob := "alice-"+transport, "bob-"+transport
		p.registers(url, alice, bob)
		p.calls(alice, bob)
		o.hangUp(w.agents[i%2])
		p.sees("call", "ended: remote", alice, bob)
		p.calls(bob, alice)
		p.run("people[%q].session.terminate()", bob)
		p.sees("call", "ended: remote", alice)
	}
	o.faultless(t)
	p.load(strings.Replace(w.http, "127.0.0.1", "localhost", 1) + "/app/page")
	for _, transport := range []string{"ws", "http"} {
		url, _ := w.socketURL(transport)
		p.run("begin(%q, %q)", "mallory-"+transport, url)
		p.sees("state", "disconnected", "mallory-"+transport)
	}
	if h, ok := o.at("mallory-ws"); ok {
		t.Errorf("a page of another host is registered: %+v", h)
	}
}

// A page whose session moved to another node: what that node says in a call from before reaches it, its next call begins there.
// When that node dies in the middle of a call the other one goes on with it.
func TestEdgePageOfASessionThatMoved(t *testing.T) {
	t.Parallel() // it waits more than it works
	w, o, p := firstPage(t)
	url, _ := w.socketURL("http")
	p.registers(url, "alice", "bob")
	h, _ := o.at("alice")
	b, _ := o.at("bob")
	if h.node != b.node {
		t.Errorf("two telephones of one page are registered at %s and %s", h.node, b.node)
	}
	home, other := w.agents[0], w.agents[1]
	if h.node != home.name {
		home, other = other, home
	}
	p.calls("alice", "bob")
	if n := len(other.got("INVITE")); n != 0 {
		t.Errorf("%s got %d INVITEs of a page of %s", other.name, n, home.name)
	}
	w.move(p.session(), other.name)
	o.hangUp(other)
	p.sees("call", "ended: remote", "alice", "bob")
	p.calls("bob", "alice")
	if n := len(other.got("INVITE")); n != 1 {
		t.Errorf("%s, to which the page moved, got %d INVITEs of it, want 1", other.name, n)
	}
	other.close()
	w.health(other.name, "sip", "down")
	p.run("people.bob.session.terminate()")
	eventually(t, 10*time.Second, "the BYE comes to "+home.name, func() error {
		if n := len(home.got("BYE")); n != 1 {
			return fmt.Errorf("%d BYEs", n)
		}
		return nil
	})
	p.sees("call", "ended: remote", "alice")
	p.calls("alice", "bob")
	o.hangUp(home)
	p.sees("call", "ended: remote", "alice", "bob")
	o.faultless(t)
}

// A page that is loaded again registers again and is reached; its way from before is gone.
func TestEdgePageReloads(t *testing.T) {
	t.Parallel() // it waits more than it works
	w, o, p := firstPage(t)
	url, _ := w.socketURL("http")
	p.registers(url, "alice")
	before, _ := o.at("alice")
	p.load(w.http + "/app/page")
	p.registers(url, "alice", "bob")
	after, _ := o.at("alice")
	if before.contact == after.contact {
		t.Errorf("alice is %s before and after", after.contact)
	}
	p.calls("bob", "alice")
	o.hangUp(w.agents[0])
	p.sees("call", "ended: remote", "alice", "bob")
	o.faultless(t)
	o.mu.Lock()
	o.homes["alice"] = before
	o.mu.Unlock()
	if c, err := o.begin(w.agents[0], "alice", ""); c == nil || c.setUp == nil || c.setUp.status() != 430 {
		t.Errorf("by the way from before: %v", err)
	}
}

// session is the id of the page's HTTP session.
func (p *pageWithPhones) session() string {
	p.t.Helper()
	all, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.cookie"))
	if err != nil {
		p.t.Fatal(err)
	}
	_, id, _ := strings.Cut(all, "JSESSIONID=")
	id, _, _ = strings.Cut(id, ".")
	return id
}

// The gateway is started again: pages notice it, register again by themselves, and call; ways from before are gone.
func TestEdgePagesOutliveARestart(t *testing.T) {
	t.Parallel() // it waits more than it works
	w, o, p := firstPage(t)
	url, _ := w.socketURL("http")
	p.registers(url, "alice", "bob")
	before, _ := o.at("alice")
	if err := w.proc.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := w.proc.wait(15 * time.Second); err != nil {
		t.Error(err)
	}
	p.sees("state", "disconnected", "alice", "bob")
	w.startBoxes()
	p.sees("state", "registered", "alice", "bob")
	p.calls("alice", "bob")
	o.hangUp(w.agents[1])
	p.sees("call", "ended: remote", "alice", "bob")
	o.faultless(t)
	o.mu.Lock()
	o.homes["alice"] = before
	o.mu.Unlock()
	if c, err := o.begin(w.agents[0], "alice", ""); c == nil || c.setUp == nil || c.setUp.status() != 430 {
		t.Errorf("by the way from before: %v", err)
	}
}
