package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// proof is a test or a file of one that a page refers to: `dir.TestName`, or
// `dir/testdata/name.txtar`, which a test of dir plays.
var proof = regexp.MustCompile("`([a-z0-9/]+)\\.(Test[A-Za-z0-9]+)`|`([a-z0-9/]+/testdata/[A-Za-z0-9_.-]+)`")

// tests are the names of the tests of a package.
func tests(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = true
			}
		}
	}
	return names
}

// Each line of the page that compares the balancers, and of the one that says
// what was tried, is shown by tests, and those exist.
func TestBehaviourIsShownByTests(t *testing.T) {
	for page, least := range map[string]int{"restcomm-behaviour.md": 60, "interop.md": 10} {
		shownByTests(t, page, least)
	}
}

func shownByTests(t *testing.T, page string, least int) {
	known := map[string]map[string]bool{}
	lines := 0
	for _, line := range strings.Split(read(t, page), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasSuffix(line, "shown by |") {
			continue
		}
		lines++
		cells := strings.Split(strings.Trim(line, "|"), "|")
		shown := proof.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(cells) != 3 || len(shown) == 0 || strings.TrimSpace(cells[1]) == "" {
			t.Errorf("no three cells, or nothing that shows it: %s", line)
		}
		for _, m := range shown {
			dir, name, file := m[1], m[2], m[3]
			if file != "" {
				if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(file))); err != nil {
					t.Errorf("%s: %v", strings.TrimSpace(cells[0]), err)
				}
				continue
			}
			if known[dir] == nil {
				known[dir] = tests(t, path.Clean(dir))
			}
			if !known[dir][name] {
				t.Errorf("%s: %s has no test %s", strings.TrimSpace(cells[0]), dir, name)
			}
		}
		rest := proof.ReplaceAllString(cells[len(cells)-1], "")
		if strings.Trim(rest, ", ") != "" {
			t.Errorf("%s: %q is no test", strings.TrimSpace(cells[0]), strings.TrimSpace(rest))
		}
	}
	if lines < least {
		t.Errorf("%s: only %d lines", page, lines)
	}
}
