package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"twinhop/admin/problem"
)

// The page explains every kind of problem in the words of the program, and the
// program knows every kind that it answers with.
func TestEveryProblemIsExplained(t *testing.T) {
	page := read(t, "problems.md")
	var anchors []string
	for _, m := range regexp.MustCompile(`(?m)^## (\S+)$`).FindAllStringSubmatch(page, -1) {
		anchors = append(anchors, m[1])
	}
	if !slices.Equal(anchors, problem.Kinds()) {
		t.Errorf("page\n%v\nprogram\n%v", anchors, problem.Kinds())
	}
	for _, name := range problem.Kinds() {
		k, _ := problem.Of(name)
		if !strings.Contains(page, "\n## "+name+"\n\n"+k.Title+". "+k.Text+"\n") {
			t.Errorf("%s is explained otherwise", name)
		}
	}
	used := map[string]bool{}
	sources(t, func(path, text string) {
		for _, m := range regexp.MustCompile(`problem\.New\([^,]+, "([^"]*)"|\bNew\(http\.Status\w+, "([^"]*)"`).FindAllStringSubmatch(text, -1) {
			kind := m[1] + m[2]
			if used[kind] = true; !slices.Contains(problem.Kinds(), kind) {
				t.Errorf("%s: %q is no kind of problem", path, kind)
			}
		}
	})
	for _, name := range problem.Kinds() {
		if !used[name] {
			t.Errorf("nothing answers %q", name)
		}
	}
}
