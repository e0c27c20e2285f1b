package gateway_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The table of rooms for people, docs/architecture.md, says what the one for the machine says and what the tree is.

// pageRow is one row of that table.
type pageRow struct{ pkg, may string }

var (
	pageLine = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [^|]+ \\| ([^|]+) \\|$")
	pageWord = regexp.MustCompile("`([^`]+)`")
)

// pageRows reads the table below "## Rooms".
func pageRows(page string) (rows []pageRow) {
	_, page, _ = strings.Cut(page, "\n## Rooms\n")
	page, _, _ = strings.Cut(page, "\n## ")
	for _, m := range pageLine.FindAllStringSubmatch(page, -1) {
		rows = append(rows, pageRow{m[1], m[2]})
	}
	return rows
}

// globs are the packages that a cell lists, as in the table of rooms: a/{b,c} is a/b and a/c, a/… is a/...
func globs(cell string) (all []string) {
	for _, m := range pageWord.FindAllStringSubmatch(cell, -1) {
		word := strings.ReplaceAll(m[1], "…", "...")
		head, rest, braced := strings.Cut(word, "{")
		if !braced {
			all = append(all, word)
			continue
		}
		list, tail, _ := strings.Cut(rest, "}")
		for _, name := range strings.Split(list, ",") {
			all = append(all, head+strings.TrimSpace(name)+tail)
		}
	}
	return all
}

// says tells what a row allows of the packages of the tree. Of "all above but" these are the rows before it.
func (row pageRow) says(before []pageRow, tree map[string]map[string]bool) map[string]bool {
	all := map[string]bool{}
	switch {
	case row.may == "nothing":
	case row.may == "everything":
		for pkg := range tree {
			all[pkg] = true
		}
	case strings.HasPrefix(row.may, "all above but "):
		but := append(globs(row.may), "gateway/config/...", "web") // config, web
		for _, r := range before {
			all[r.pkg] = !matchAny(but, r.pkg)
		}
	default:
		for pkg := range tree {
			all[pkg] = matchAny(globs(row.may), pkg)
		}
	}
	delete(all, row.pkg)
	maps.DeleteFunc(all, func(_ string, ok bool) bool { return !ok })
	return all
}

// importsOf are what the files of each package import of ours, those of tests left out.
func importsOf(files []source) map[string]map[string]bool {
	c := &checker{excused: map[string]bool{}}
	for _, src := range files {
		c.parse(src)
	}
	tree := map[string]map[string]bool{}
	for _, f := range c.files {
		if f.test || f.ignore {
			continue
		}
		if tree[f.dir] == nil {
			tree[f.dir] = map[string]bool{}
		}
		for _, spec := range f.syntax.Imports {
			if p := value(spec); kind(p) == ours {
				tree[f.dir][strings.TrimPrefix(p, module+"/")] = true
			}
		}
	}
	return tree
}

func checkPage(rows []pageRow, tree map[string]map[string]bool) (wrong []string) {
	say := func(words ...string) { wrong = append(wrong, strings.Join(words, " ")) }
	seen := map[string]bool{}
	for i, row := range rows {
		imports, there := tree[row.pkg]
		if !there || seen[row.pkg] {
			say(row.pkg, "is not in the tree, or has two rows")
			continue
		}
		seen[row.pkg] = true
		for _, g := range globs(row.may) {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(tree)), func(pkg string) bool { return match(g, pkg) }) {
				say(row.pkg, "may import", g, "which is nothing in the tree")
			}
		}
		says, room := row.says(rows[:i], tree), roomOf(row.pkg)
		for pkg := range imports {
			if !says[pkg] {
				say(row.pkg, "imports", pkg, "which its row does not have")
			}
		}
		if room == nil || !strings.HasPrefix(row.may, "`") && row.may != "nothing" {
			continue
		}
		for pkg := range tree {
			allowed := pkg != row.pkg && matchAny(room.may, pkg) && !matchAny(room.never, pkg)
			switch {
			case says[pkg] && !allowed:
				say(row.pkg, "may not import", pkg, "whatever its row says")
			case allowed && !says[pkg] && room.pkg == row.pkg: // a room for several may allow more than each needs
				say(row.pkg, "may import", pkg, "which its row does not have")
			}
		}
	}
	for pkg := range tree {
		if !seen[pkg] {
			say(pkg, "has no row")
		}
	}
	slices.Sort(wrong)
	return wrong
}

func TestPageOfRooms(t *testing.T) {
	files, err := load("..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := pageRows(string(page))
	if len(rows) < 60 {
		t.Fatalf("%d rows: is the table still where it was?", len(rows))
	}
	for _, w := range checkPage(rows, importsOf(files)) {
		t.Error("docs/architecture.md: " + w)
	}
}

// What the page may get wrong is found.
func TestPageOfRoomsIsChecked(t *testing.T) {
	tree := map[string]map[string]bool{"gateway/cluster": {"gateway/cluster/pace": true}, "gateway/cluster/pace": {}, "gateway/cluster/naming": {}, "web": {}, "sip/gone": {}}
	rows := func(cluster, gone string) []pageRow {
		return pageRows("\n## Rooms\n| `gateway/cluster/pace` | x | nothing |\n| `gateway/cluster/naming` | x | nothing |\n| `web` | x | nothing |\n| `gateway/cluster` | x | " + cluster + " |\n| `sip/gone` | x | " + gone + " |\n## Other\n| `x` | x | x |\n")
	}
	const right, mine = "`gateway/cluster/{pace,naming}`", "`gateway/cluster`"
	for _, tt := range []struct{ cluster, gone, want string }{
		{right, mine, ""},
		{"`gateway/cluster/…`", mine, ""},
		{"`gateway/cluster/pace`", mine, "gateway/cluster may import gateway/cluster/naming which its row does not have"},
		{"`gateway/cluster/naming`", mine, "gateway/cluster imports gateway/cluster/pace which its row does not have|gateway/cluster may import gateway/cluster/pace which its row does not have"},
		{right + ", `web`", mine, "gateway/cluster may not import web whatever its row says"},
		{right + ", `gateway/gone`", mine, "gateway/cluster may import gateway/gone which is nothing in the tree"},
		{right, "nothing", "sip/gone may import gateway/cluster which its row does not have"},
	} {
		if got := strings.Join(checkPage(rows(tt.cluster, tt.gone), tree), "|"); got != tt.want {
			t.Errorf("%s, %s: %q, want %q", tt.cluster, tt.gone, got, tt.want)
		}
	}
	if got := checkPage(rows(right, mine)[1:], tree); len(got) != 1 || got[0] != "gateway/cluster/pace has no row" {
		t.Errorf("a row is missing: %q", got)
	}
}
