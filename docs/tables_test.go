package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A blank line ends a table: the rows behind it would be read as text.
func TestTablesAreWhole(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	rule := regexp.MustCompile(`^\|[-| :]+\|$`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i := 2; i+1 < len(lines); i++ {
			if lines[i-1] == "" && strings.HasPrefix(lines[i-2], "|") && strings.HasPrefix(lines[i], "|") && !rule.MatchString(lines[i+1]) {
				t.Errorf("%s:%d: a blank line tears the table", page, i)
			}
		}
	}
}
