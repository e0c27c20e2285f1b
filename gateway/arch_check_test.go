package gateway_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "twinhop"

// source is one Go file; path is relative to the module, with slashes.
type source struct{ path, text string }

type file struct {
	source
	dir    string // package directory, "" is never used
	base   string // file name without .go and _test
	test   bool
	ignore bool // behind "go:build ignore": a tool, not part of the package
	syntax *ast.File
	fset   *token.FileSet
}

type checker struct {
	files    []*file
	problems []string
	excused  map[string]bool
}

// check returns every violation of the tables in the given files, sorted.
func check(files []source) []string {
	c := &checker{excused: map[string]bool{}}
	for _, src := range files {
		c.parse(src)
	}
	for _, f := range c.files {
		c.imports(f)
		c.grouping(f)
		c.names(f)
		c.statements(f)
		c.sizes(f)
	}
	c.packages()
	for key := range exceptions {
		if !c.excused[key] {
			c.fail("%s: exception is not needed any more, remove it from the table", key)
		}
	}
	slices.Sort(c.problems)
	return slices.Compact(c.problems)
}

func (c *checker) fail(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) parse(src source) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, src.path, src.text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		c.fail("%v", err)
		return
	}
	name := strings.TrimSuffix(path.Base(src.path), ".go")
	f := &file{source: src, dir: path.Dir(src.path), base: strings.TrimSuffix(name, "_test"),
		test: strings.HasSuffix(name, "_test"), syntax: syntax, fset: fset}
	for _, group := range syntax.Comments {
		for _, line := range group.List {
			if group.Pos() < syntax.Package && constraint.IsGoBuild(line.Text) {
				x, err := constraint.Parse(line.Text)
				f.ignore = err == nil && !x.Eval(func(tag string) bool { return tag != "ignore" })
			}
		}
	}
	c.files = append(c.files, f)
}

func (f *file) line(p token.Pos) int  { return f.fset.Position(p).Line }
func (f *file) at(p token.Pos) string { return fmt.Sprintf("%s:%d", f.path, f.line(p)) }
func (f *file) span(n ast.Node) int   { return f.line(n.End()) - f.line(n.Pos()) + 1 }
func value(s *ast.ImportSpec) string  { v, _ := strconv.Unquote(s.Path.Value); return v }
func inside(p, prefix string) bool    { return p == prefix || strings.HasPrefix(p, prefix+"/") }
func matchAny(globs []string, pkg string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return match(g, pkg) })
}

func match(glob, pkg string) bool {
	if glob == "..." {
		return true
	}
	if tree, ok := strings.CutSuffix(glob, "/..."); ok {
		return inside(pkg, tree)
	}
	ok, _ := path.Match(glob, pkg)
	return ok
}

func roomOf(pkg string) *room {
	for i := range rooms {
		if match(rooms[i].pkg, pkg) {
			return &rooms[i]
		}
	}
	return nil
}

func (c *checker) imports(f *file) {
	r := roomOf(f.dir)
	if r == nil && !f.ignore {
		c.fail("%s: package %s has no row in the table of rooms", f.path, f.dir)
		return
	}
	for _, spec := range f.syntax.Imports {
		p := value(spec)
		switch kind(p) {
		case ours:
			c.own(f, r, spec, strings.TrimPrefix(p, module+"/"))
		case third:
			c.third(f, spec, p)
		case std:
			c.std(f, spec, p)
		}
		c.alias(f, spec, p)
	}
}

func (c *checker) own(f *file, r *room, spec *ast.ImportSpec, pkg string) {
	if r == nil || pkg == f.dir && f.test { // an external test imports its own package
		return
	}
	allowed := matchAny(r.may, pkg) && !matchAny(r.never, pkg)
	if f.test && !allowed {
		lower := roomOf(pkg)
		allowed = !matchAny(r.never, pkg) && lower != nil && lower.rank < r.rank || slices.Contains(suites, pkg)
	}
	if !allowed {
		c.fail("%s: %s must not import %s", f.at(spec.Pos()), f.dir, pkg)
	}
	for _, only := range fileOnly {
		if only.pkg == f.dir && only.imports == pkg && only.file != f.base {
			c.fail("%s: in %s only %s.go imports %s", f.at(spec.Pos()), f.dir, only.file, pkg)
		}
	}
}

func (c *checker) third(f *file, spec *ast.ImportSpec, p string) {
	i := slices.IndexFunc(fences, func(x fence) bool { return inside(p, x.module) })
	if i < 0 {
		c.fail("%s: %s has no row in the table of fences", f.at(spec.Pos()), p)
		return
	}
	x := fences[i]
	ok := matchAny(x.pkgs, f.dir) || slices.Contains(x.files, f.base) || x.proofs && f.test
	if x.tests {
		ok = ok && (f.test || slices.Contains(suites, f.dir))
	}
	if !ok {
		c.fail("%s: %s is fenced: not in %s", f.at(spec.Pos()), x.module, f.path)
	}
}

func (c *checker) std(f *file, spec *ast.ImportSpec, p string) {
	for _, q := range quiet {
		if !f.test && matchAny(q.pkgs, f.dir) && slices.Contains(q.imports, p) {
			c.fail("%s: %s must not import %s: it returns, others talk", f.at(spec.Pos()), f.dir, p)
		}
	}
}

func (c *checker) alias(f *file, spec *ast.ImportSpec, p string) {
	local := path.Base(p)
	if spec.Name != nil {
		local = spec.Name.Name
	}
	pos := f.at(spec.Pos())
	if local == "." {
		c.fail("%s: dot import of %s", pos, p)
	}
	if want, ok := alias[strings.TrimPrefix(p, module+"/")]; ok && kind(p) == ours {
		if local != want {
			c.fail("%s: import %s as %s", pos, p, want)
		}
		return
	}
	for name, only := range reserved {
		if local == name && p != only || p == only && local != name && local != "_" {
			c.fail("%s: the name %s belongs to %s, here %s is %s", pos, name, only, local, p)
		}
	}
}

const (
	std = iota
	third
	ours
)

func kind(p string) int {
	if inside(p, module) {
		return ours
	}
	if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") {
		return third
	}
	return std
}

// grouping: standard library, third parties, ours; one blank line between, none inside.
func (c *checker) grouping(f *file) {
	for _, d := range f.syntax.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.IMPORT {
			continue
		}
		for i := 1; i < len(decl.Specs); i++ {
			prev, next := decl.Specs[i-1].(*ast.ImportSpec), decl.Specs[i].(*ast.ImportSpec)
			start := next.Pos()
			if next.Doc != nil {
				start = next.Doc.Pos()
			}
			gap := f.line(start) - f.line(prev.End()) - 1
			a, b := kind(value(prev)), kind(value(next))
			switch {
			case a > b:
				c.fail("%s: imports go standard library, third party, %s", f.at(next.Pos()), module)
			case a == b && gap > 0:
				c.fail("%s: blank line inside an import group", f.at(next.Pos()))
			case a < b && gap != 1:
				c.fail("%s: one blank line between import groups", f.at(next.Pos()))
			}
		}
	}
}

func (c *checker) names(f *file) {
	for _, word := range strings.Split(f.base, "_") {
		if slices.Contains(vagueNames, word) || slices.Contains(vagueNames, path.Base(f.dir)) {
			c.fail("%s: name a file after the noun it holds", f.path)
		}
	}
	taken := strings.Fields(libraryNames[f.dir])
	if f.test || len(taken) == 0 {
		return
	}
	for _, d := range f.syntax.Decls {
		for _, id := range declared(d) {
			if slices.Contains(taken, id.Name) {
				c.fail("%s: %s already means something in the library called %s", f.at(id.Pos()), id.Name, f.dir)
			}
		}
	}
}

func declared(d ast.Decl) []*ast.Ident {
	var ids []*ast.Ident
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			ids = append(ids, d.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				ids = append(ids, s.Name)
			case *ast.ValueSpec:
				ids = append(ids, s.Names...)
			}
		}
	}
	return ids
}

// statements: no init, no goroutine where nothing may run by itself, no sleeping test
// (inside synctest.Test time is fake and sleeping is exact).
func (c *checker) statements(f *file) {
	for _, d := range f.syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			c.fail("%s: no init(): a set is one visible literal", f.at(fn.Pos()))
		}
	}
	still := !f.test && slices.ContainsFunc(quiet, func(q struct {
		pkgs    []string
		imports []string
		spawn   bool
	}) bool {
		return !q.spawn && matchAny(q.pkgs, f.dir)
	})
	var bubbles []*ast.CallExpr
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if still {
				c.fail("%s: %s starts no goroutine", f.at(n.Pos()), f.dir)
			}
		case *ast.CallExpr:
			if callsIn(n, "synctest", "Test") {
				bubbles = append(bubbles, n)
			}
			if f.test && f.dir != "e2e" && callsIn(n, "time", "Sleep") && !slices.ContainsFunc(bubbles,
				func(b *ast.CallExpr) bool { return b.Pos() <= n.Pos() && n.End() <= b.End() }) {
				c.fail("%s: a test does not sleep: use testing/synctest or pass the time in", f.at(n.Pos()))
			}
		}
		return true
	})
}

func callsIn(n *ast.CallExpr, pkg, name string) bool {
	sel, ok := n.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == pkg
}

// limit reports what is larger than it may be, unless the table of exceptions excuses it.
func (c *checker) limit(key, what string, size, limit int) {
	if size <= limit {
		return
	}
	if x, ok := exceptions[key]; ok {
		c.excused[key] = true
		limit = x.limit
	}
	if size > limit {
		c.fail("%s: %s %d, at most %d", key, what, size, limit)
	}
}

func (c *checker) sizes(f *file) {
	if f.test {
		return
	}
	c.limit(f.path, "lines of the file:", lines(f), maxFile)
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			key := f.path + ":" + receiver(n) + n.Name.Name
			c.limit(key, "lines of the function:", f.span(n), maxFunc)
			c.limit(key, "parameters:", n.Type.Params.NumFields(), maxParams)
		case *ast.TypeSpec:
			face, ok := n.Type.(*ast.InterfaceType)
			if !ok {
				break
			}
			key := f.path + ":" + n.Name.Name
			methods := 0
			for _, m := range face.Methods.List {
				methods += max(1, len(m.Names))
				if sig, ok := m.Type.(*ast.FuncType); ok && len(m.Names) == 1 {
					c.limit(key+"."+m.Names[0].Name, "parameters:", sig.Params.NumFields(), maxParams)
				}
			}
			c.limit(key, "methods of the interface:", methods, maxInterface)
		}
		return true
	})
}

func lines(f *file) int { return strings.Count(strings.TrimRight(f.text, "\n"), "\n") + 1 }

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return ""
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "."
		default:
			return ""
		}
	}
}

// packages checks what only shows when all files of a package are seen together.
func (c *checker) packages() {
	byDir := map[string][]*file{}
	for _, f := range c.files {
		if !f.test && !f.ignore {
			byDir[f.dir] = append(byDir[f.dir], f)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		total, docs := 0, []*file{}
		for _, f := range byDir[dir] {
			total += lines(f)
			if f.syntax.Doc != nil {
				docs = append(docs, f)
			}
		}
		most := maxPackage
		if dir == "gateway" {
			most = maxGateway
		}
		c.limit(dir, "lines of the package:", total, most)
		switch len(docs) {
		case 0:
			c.fail("%s: no package doc with a room card", dir)
		case 1:
			c.card(docs[0])
		default:
			slices.SortFunc(docs, func(a, b *file) int { return cmp.Compare(a.path, b.path) })
			c.fail("%s: one package doc, found in %s and %s", dir, docs[0].path, docs[1].path)
		}
	}
}

// card: the doc is at most one paragraph saying what the package is, then the four lines of
// the card, in order. A line may run on; what matters is that each word starts one.
func (c *checker) card(f *file) {
	text := f.syntax.Doc.Text()
	if strings.HasPrefix(text, "Package ") || strings.HasPrefix(text, "Command ") {
		_, text, _ = strings.Cut(text, "\n\n")
	}
	paragraph, _, _ := strings.Cut(text, "\n\n")
	if !strings.HasPrefix(paragraph, card[0]) {
		c.fail("%s: the package doc opens with its room card (%s)", f.path, strings.Join(card[:], " "))
		return
	}
	next := 0
	for line := range strings.Lines(paragraph) {
		for i, word := range card {
			rest, ok := strings.CutPrefix(line, word)
			if !ok {
				continue
			}
			if i != next || strings.TrimSpace(rest) == "" {
				c.fail("%s: room card: %q is empty, repeated or out of order", f.path, word)
				return
			}
			next++
		}
	}
	if next < len(card) {
		c.fail("%s: room card lacks %q", f.path, card[next])
	}
}
