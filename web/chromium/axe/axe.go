package axe

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed axe.min.js
var script string

// Finding is a rule that a page breaks, and where.
type Finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// String tells it to who mends the page: the rule, and up to three places.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s, in %d places", f.ID, f.Impact, f.Help, len(f.Nodes))
	for _, n := range f.Nodes[:min(3, len(f.Nodes))] {
		fmt.Fprintf(&b, "\n  %.300s\n  %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n  "))
	}
	return b.String()
}

// The rules of WCAG 2.2, levels A and AA, and what axe-core calls good practice.
const run = `axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => r.violations.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`

// Check returns what is wrong with the page as it is now.
func Check(page context.Context) ([]Finding, error) {
	known, err := chromedp.Run(page, chromedp.Evaluate[bool]("!!window.axe"))
	if err == nil && !known {
		_, err = chromedp.Run(page, chromedp.Evaluate[chromedp.Void](script+"\n;void 0"))
	}
	if err != nil {
		return nil, fmt.Errorf("axe: %w", err)
	}
	all, err := chromedp.Run(page, chromedp.Evaluate[[]Finding](run, chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, fmt.Errorf("axe: %w", err)
	}
	return all, nil
}
