package chromium

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long Wait waits.
const patience = 20 * time.Second

// flags keep the browser to itself: it asks nobody in the world for anything.
var flags = []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
	"disable-component-update", "disable-sync", "hide-scrollbars", "mute-audio", "disable-dev-shm-usage"}

// Open starts a browser with an empty profile, and returns the context of its
// page. It ends with the test. Without a Chromium the test is skipped, and
// fails where CI is "true".
func Open(t testing.TB, options ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is missing: run .ci/setup")
		}
		t.Skip("skipped, chromium is missing: .ci/setup installs it")
	}
	sockets, err := os.MkdirTemp("", "chromium") // one is left behind; a name below t.TempDir may be too long for it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	all := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(60 * time.Second),
		chromedp.Env("TMPDIR=" + sockets)}
	for _, flag := range flags {
		all = append(all, chromedp.Flag(flag, true))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(all, options...)...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	return ctx
}

// Wait waits until a script of the page says yes. Its error tells what the
// page says instead.
func Wait(page context.Context, script string) error {
	poll := chromedp.Poll[chromedp.Void](script, chromedp.WithPollingTimeout(patience))
	_, err := chromedp.Run(page, poll)
	for range 20 { // it was on its way to another document
		if err == nil || !strings.Contains(err.Error(), "context") && !strings.Contains(err.Error(), "navigated") {
			break
		}
		_, err = chromedp.Run(page, poll)
	}
	if err != nil {
		said, _ := chromedp.Run(page, chromedp.Evaluate[string](`document.URL + " " + [...document.querySelectorAll("input")].map(x => x.value) + "\n" + document.body.innerText`))
		return fmt.Errorf("waiting for %s: %w; the page says\n%s", script, err, said)
	}
	return nil
}
