package jkstatus

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The page names every parameter with its setting and its bounds, every
// command and every form.
func TestParametersAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/jkstatus.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, list := range [][]parameter{ofBalancer, ofMember, ofNode} {
		for _, p := range list {
			row := fmt.Sprintf("| `%s` | %s |", p.name, p.attribute)
			if p.old != "" {
				row = fmt.Sprintf("| `%s` | `%s` | %s |", p.name, p.old, p.attribute)
			} else if strings.HasPrefix(p.name, "vl") {
				row = fmt.Sprintf("| `%s` | | %s |", p.name, p.attribute)
			}
			_, after, ok := strings.Cut(page, row)
			if !ok {
				t.Errorf("no row %s", row)
				continue
			}
			line, _, _ := strings.Cut(after, "\n")
			if bounds := fmt.Sprintf(" %d to %d", p.least, p.most); p.kind == aNumber && !strings.HasPrefix(line, bounds) {
				t.Errorf("%s: %q, not%s", p.name, line, bounds)
			}
		}
	}
	for _, c := range commands[1:] {
		if !strings.Contains(page, "| `"+c+"`") {
			t.Errorf("no command %s", c)
		}
	}
	for _, f := range forms[1:] {
		if !strings.Contains(page, "| `"+f+"` |") {
			t.Errorf("no form %s", f)
		}
	}
}
