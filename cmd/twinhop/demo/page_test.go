package demo

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/web/chromium"
)

// tab opens a page in a headless Chromium with a microphone that beeps.
func tab(t *testing.T, url string) context.Context {
	t.Helper()
	ctx := chromium.Open(t, chromedp.WindowSize(1440, 1000), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true))
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// see waits until an expression of the page is true, and keeps a picture where PICTURES says.
func see(t *testing.T, ctx context.Context, name, expression string) {
	t.Helper()
	if err := chromium.Wait(ctx, expression); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if dir := os.Getenv("PICTURES"); dir != "" {
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func press(t *testing.T, ctx context.Context, id string) {
	t.Helper()
	see(t, ctx, "before-"+id, `!document.getElementById("`+id+`").disabled`)
	if err := chromedp.Do(ctx, chromedp.Click("#"+id)); err != nil {
		t.Fatal(err)
	}
}

// evaluate asks the page.
func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

const (
	verdict  = `document.getElementById("verdict").textContent`
	httpNode = `document.getElementById("http-node").textContent`
	sipNode  = `document.getElementById("sip-node").textContent`
	talking  = `document.getElementById("visitor").textContent === "talking" && document.getElementById("agent").textContent === "talking"`
	ready    = `document.getElementById("visitor").textContent === "registered" && document.getElementById("agent").textContent === "registered"`
	allOver  = `!document.querySelector("#calls li:not(.ended)")`
)

// listed is that the page shows so many calls, old ones included.
func listed(n int) string {
	return ` && document.querySelectorAll("#calls li").length === ` + strconv.Itoa(n) + ` && `
}

// clean checks that the page complained of nothing, and needs no sideways scrolling on a telephone.
func clean(t *testing.T, ctx context.Context) {
	t.Helper()
	if bad := evaluate[string](t, ctx, `[...document.querySelectorAll("#log .bad")].map((x) => x.textContent).join("; ")`); bad != "" {
		t.Errorf("complaints in the log: %s", bad)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(360, 740)); err != nil {
		t.Fatal(err)
	}
	see(t, ctx, "narrow", `innerWidth === 360`)
	if wide := evaluate[int](t, ctx, `document.documentElement.scrollWidth`); wide > 360 {
		t.Errorf("the page is %d pixels wide on a screen of 360", wide)
	}
}

// without serves a gateway's page to a browser that lacks a part.
func without(t *testing.T, gateway, part string) string {
	to, err := url.Parse("http://" + gateway)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(res *http.Response) error {
		page, err := io.ReadAll(res.Body)
		if err != nil {
			return err
		}
		page = bytes.Replace(page, []byte("</head>"), []byte(`<script src="/part.js"></script></head>`), 1)
		res.Header.Set("Content-Length", strconv.Itoa(len(page)))
		res.Body = io.NopCloser(bytes.NewReader(page))
		return nil
	}
	transport := &http.Transport{}
	proxy.Transport = transport
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/part.js" {
			w.Header().Set("Content-Type", scriptType)
			io.WriteString(w, "delete window."+part)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	return server.URL
}

// sound waits until both sides hear the other: by what was decoded, and where it is played aloud by what was played.
func sound(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	see(t, ctx, name, talking+` && document.getElementById("agent-hears").value > 0.1 && document.getElementById("visitor-hears").value > 0.1 &&
		Number(document.getElementById("visitor-count").dataset.energy) > 0`)
}

// one checks that all there was is one application session.
func one(t *testing.T, s *stage, node string) {
	t.Helper()
	var all struct{ Items []shownSession }
	if err := s.gate.api.get(testContext(t), "sessions", &all); err != nil || len(all.Items) != 1 || all.Items[0].Node != node {
		t.Errorf("the admin shows %+v (%v), want one session on %s", all.Items, err, node)
	}
}

// calling is a stage whose page is open and has registered.
func calling(t *testing.T, query string) (context.Context, *stage) {
	t.Helper()
	s := testStage(t)
	if _, err := s.front(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	ctx := tab(t, "http://"+s.gate.http+"/"+query)
	see(t, ctx, "registered", ready+` && `+verdict+` === "same node ✓"`)
	return ctx, s
}

// The telephones of the page call each other through the gateway and are heard; whoever hangs up, the call ends for all.
func TestThePageCalls(t *testing.T) {
	ctx, s := calling(t, "")
	home := evaluate[string](t, ctx, httpNode)
	press(t, ctx, "call")
	sound(t, ctx, "talking")
	see(t, ctx, "same-node", sipNode+` === "`+home+`" && `+verdict+` === "same node ✓" && document.querySelectorAll("#calls li:not(.ended)").length === 2`)
	press(t, ctx, "bye") // the node's BYE reaches both telephones
	see(t, ctx, "node-hung-up", ready+listed(2)+allOver+` && [...document.querySelectorAll("#log li")].filter((x) => x.innerText.includes("a BYE from the node ended the call")).length === 2`)

	press(t, ctx, "call-mic")
	// The browser's microphone of tests beeps twice a second, for less than the meter's pauses, which may miss every
	// beep. The agent repeats what it hears, and what the visitor hears is summed up without a pause.
	see(t, ctx, "microphone", talking+` && Number(document.getElementById("visitor-count").dataset.energy) > 0`)
	press(t, ctx, "hang-up")
	see(t, ctx, "page-hung-up", ready+listed(4)+allOver)

	press(t, ctx, "connect") // the application calls both
	sound(t, ctx, "connected-both")
	press(t, ctx, "hang-up")
	see(t, ctx, "over", ready+listed(6)+allOver)
	clean(t, ctx)
	one(t, s, home)
}

// The node dies in the middle of a call: the sound goes on, the page keeps its session, and what SIP says next is served by the other node.
func TestThePageOutlivesItsNode(t *testing.T) {
	ctx, s := calling(t, "")
	home := evaluate[string](t, ctx, httpNode)
	other := s.other(home).name
	press(t, ctx, "call")
	sound(t, ctx, "call-before")
	press(t, ctx, "kill")
	see(t, ctx, "call-after", httpNode+` === "`+other+`" && `+sipNode+` === "`+other+`" && `+verdict+` === "same node ✓"`)
	sound(t, ctx, "still-talking")
	press(t, ctx, "hang-up")
	see(t, ctx, "after-over", ready+listed(2)+allOver)
	press(t, ctx, "call")
	sound(t, ctx, "again")
	press(t, ctx, "bye")
	see(t, ctx, "again-over", ready+listed(4)+allOver)
	clean(t, ctx)
}

// SIP moves to the other node: the page follows, and so do its WebSockets. That node's BYE reaches a page whose session moved.
func TestThePageFollowsSIP(t *testing.T) {
	ctx, s := calling(t, "?appsession=alice")
	home := evaluate[string](t, ctx, httpNode)
	other := s.other(home).name
	press(t, ctx, "sip-first")
	see(t, ctx, "followed", httpNode+` === "`+other+`" && `+sipNode+` === "`+other+`" && `+verdict+` === "same node ✓"`)
	sound(t, ctx, "talking-there")
	press(t, ctx, "bye")
	see(t, ctx, "ended-there", ready+listed(2)+allOver+` && `+sipNode+` === "`+other+`"`)
	press(t, ctx, "call")
	sound(t, ctx, "calls-from-there")
	see(t, ctx, "stays-there", sipNode+` === "`+other+`" && `+verdict+` === "same node ✓"`)
	clean(t, ctx)
	one(t, s, other)
}

// A page that is loaded again registers again, in the place of what it was, and is reached.
func TestThePageIsReachedAfterReload(t *testing.T) {
	ctx, s := calling(t, "")
	press(t, ctx, "call")
	sound(t, ctx, "before-reload")
	if err := chromedp.Do(ctx, chromedp.Reload()); err != nil {
		t.Fatal(err)
	}
	see(t, ctx, "after-reload", ready+listed(2)+allOver)
	line := s.shared.sessions[s.lastSession()].line
	for _, who := range []string{visitor, agent} {
		if n := len(s.shared.contacts.Of(who+"-"+line, time.Now())); n != 1 {
			t.Errorf("%d ways to the %s", n, who)
		}
	}
	press(t, ctx, "connect")
	sound(t, ctx, "reached")
	clean(t, ctx)

	// The nodes forget the session: the page has another one, and telephones of other names.
	s.shared.mu.Lock()
	s.shared.dropOldest()
	s.shared.mu.Unlock()
	see(t, ctx, "forgotten", ready+listed(0)+verdict+` === "same node ✓"`)
	press(t, ctx, "call")
	sound(t, ctx, "begun-anew")
}

// lastSession is the id, without its route, of the session that was seen last.
func (s *stage) lastSession() string {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	var last *visit
	for _, v := range s.shared.sessions {
		if last == nil || v.seen.After(last.seen) {
			last = v
		}
	}
	return last.base
}

// A browser that cannot be a telephone is told so, and shows everything else with the demo's own telephones.
func TestThePageWithoutWebRTC(t *testing.T) {
	s := testStage(t)
	if _, err := s.front(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	ctx := tab(t, without(t, s.gate.http, "RTCPeerConnection")+"/?appsession=alice")
	see(t, ctx, "no-webrtc", verdict+` === "no SIP yet" && document.getElementById("trouble").textContent.includes("no WebRTC")`)
	if !evaluate[bool](t, ctx, `document.getElementById("call").disabled && document.getElementById("call-mic").disabled`) {
		t.Error("the page offers calls that it cannot make")
	}
	home := evaluate[string](t, ctx, httpNode)
	other := s.other(home).name

	press(t, ctx, "hit")
	see(t, ctx, "hit", `document.getElementById("hits").textContent === "2"`)
	press(t, ctx, "connect")
	see(t, ctx, "connected", verdict+` === "same node ✓" && document.querySelectorAll("#calls li").length === 2`)
	press(t, ctx, "kill")
	see(t, ctx, "killed", httpNode+` === "`+other+`" && `+verdict+`.startsWith("SIP moves")`)
	press(t, ctx, "bye")
	see(t, ctx, "hung-up", "true"+listed(2)+allOver)
	clean(t, ctx)
	press(t, ctx, "start")
	see(t, ctx, "started", `!document.querySelector("#nodes .down")`)
	press(t, ctx, "sip-first")
	see(t, ctx, "sip-first", httpNode+` === "`+home+`" && `+verdict+` === "same node ✓"`)
	if word := s.gate.Admin.Panel.Leader(); word != "sip" {
		t.Errorf("SIP leads, the admin says %q", word)
	}
	link := evaluate[string](t, ctx, `document.getElementById("admin").href`)
	if err := chromedp.Do(ctx, chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	see(t, ctx, "admin", `location.host === "`+s.gate.admin+`" && location.hash.startsWith("#/sessions/s_") && document.body.innerText.includes("Why here")`)
}
