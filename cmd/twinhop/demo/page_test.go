package demo

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// tab opens a page in a headless Chromium.
func tab(t *testing.T, url string) context.Context {
	t.Helper()
	name := ""
	for _, n := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(n); err == nil {
			name = path
			break
		}
	}
	if name == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must have a Chromium")
		}
		t.Skip("no Chromium on PATH")
	}
	alloc, stop := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(name), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.WindowSize(1100, 900))
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Log("closing Chromium:", err)
		}
		cancel()
	})
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// see waits until an expression of the page is true, and keeps a picture where PICTURES says.
func see(t *testing.T, ctx context.Context, name, expression string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond),
		chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		t.Fatalf("%s: waiting for %s: %v\n%s", name, expression, err, text)
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

func TestThePageInABrowser(t *testing.T) {
	s := testStage(t)
	if _, err := s.front(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	ctx := tab(t, "http://"+s.gate.http+"/?appsession=alice")
	const verdict = `document.getElementById("verdict").textContent`
	const node = `document.getElementById("http-node").textContent`
	see(t, ctx, "opened", verdict+` === "no call now"`)
	home, err := chromedp.Run(ctx, chromedp.Evaluate[string](node))
	if err != nil {
		t.Fatal(err)
	}
	other := s.other(home).name

	press(t, ctx, "hit")
	see(t, ctx, "hit", `document.getElementById("hits").textContent === "2"`)
	press(t, ctx, "call")
	see(t, ctx, "called", verdict+` === "same node ✓" && document.querySelectorAll("#calls li").length === 2`)
	press(t, ctx, "kill")
	see(t, ctx, "killed", node+` === "`+other+`" && `+verdict+`.startsWith("calls move")`)
	press(t, ctx, "bye")
	see(t, ctx, "hung-up", `document.querySelectorAll("#calls .ended").length === 2`)
	press(t, ctx, "start")
	see(t, ctx, "started", `!document.querySelector("#nodes .down")`)
	press(t, ctx, "sip-first")
	see(t, ctx, "sip-first", node+` === "`+home+`" && `+verdict+` === "same node ✓"`)

	link, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.getElementById("admin").href`))
	if err != nil {
		t.Fatal(err)
	}
	if word := s.gate.Admin.Panel.Leader(); word != "sip" {
		t.Errorf("SIP leads, the admin says %q", word)
	}
	if bad, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll("#log .bad").length`)); err != nil || bad != 0 {
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.getElementById("log").innerText`))
		t.Errorf("%d complaints in the log (%v):\n%s", bad, err, text)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	see(t, ctx, "admin", `location.host === "`+s.gate.admin+`" && location.hash.startsWith("#/sessions/s_") && document.body.innerText.includes("Why here")`)
}
