package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
	"twinhop/gateway/config/modjk"
	httpfront "twinhop/http"
)

// jkRule is a line of a URI map as mod_jk reads it, written down from the
// description of its order of precedence, not from ours.
type jkRule struct{ sign, pattern, worker string }

// jkMap answers which worker gets a path: "" for none.
func jkMap(rules []jkRule, path string) string {
	var hits, nots []jkRule
	for _, r := range rules {
		patterns := []string{r.pattern}
		if x, y, short := strings.Cut(r.pattern, "|"); short {
			patterns = []string{x, x + y}
		}
		for _, p := range patterns {
			expr := strings.ReplaceAll(strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, `.*`), `\?`, `.`)
			if !regexp.MustCompile(`(?s)^` + expr + `$`).MatchString(path) {
				continue
			}
			switch r.sign {
			case "":
				hits = append(hits, jkRule{"", p, r.worker})
			case "!":
				nots = append(nots, jkRule{"!", p, r.worker})
			}
		}
	}
	if len(hits) == 0 {
		return ""
	}
	best := slices.MinFunc(hits, func(a, b jkRule) int { // the first of those that are equal
		return cmp.Or(cmp.Compare(strings.Count(b.pattern, "/"), strings.Count(a.pattern, "/")), cmp.Compare(len(b.pattern), len(a.pattern)))
	})
	for _, n := range nots {
		if n.worker == best.worker || n.worker == "*" {
			return ""
		}
	}
	return best.worker
}

// Whatever the URI map, the converted file gives each path to the pool of the
// worker that mod_jk would have given it to.
func TestConvertedMapMeansTheSame(t *testing.T) {
	const workers = "worker.list=a,b\nworker.a.secret=s\nworker.b.type=lb\nworker.b.balance_workers=m,n\nworker.m.host=m\nworker.n.host=n\n"
	mapped, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`/([xy]|\*|\?|/[xy]){0,5}(\|/(\*|x)|\|y)?`)
		var rules []jkRule
		var lines strings.Builder
		seen := map[string]bool{}
		for range rapid.IntRange(1, 8).Draw(t, "rules") {
			r := jkRule{rapid.SampledFrom([]string{"", "", "", "!", "-"}).Draw(t, "sign"), pattern.Draw(t, "pattern"), rapid.SampledFrom([]string{"a", "b"}).Draw(t, "worker")}
			if r.sign == "!" && rapid.Bool().Draw(t, "all") {
				r.worker = "*"
			}
			x, y, short := strings.Cut(r.pattern, "|")
			if r.sign == "" && (seen[x] || short && seen[x+y]) {
				continue // one pattern for two workers: mod_jk takes either
			}
			if r.sign == "" {
				seen[x], seen[x+y] = true, true
			}
			more := ""
			if r.worker == "b" && r.sign == "" && rapid.Bool().Draw(t, "more") {
				more = rapid.SampledFrom([]string{";sticky_ignore=1", ";disabled=m", ";stopped=n;sticky_ignore=1"}).Draw(t, "extension")
			}
			rules = append(rules, r)
			fmt.Fprintf(&lines, "%s%s=%s%s\n", r.sign, r.pattern, r.worker, more)
		}
		if !slices.ContainsFunc(rules, func(r jkRule) bool { return r.sign == "" }) {
			t.Skip("nothing is mapped")
		}
		result := modjk.Convert(modjk.Input{Workers: modjk.Source{Name: "w", Text: []byte(workers)}, URIMap: &modjk.Source{Name: "m", Text: []byte(lines.String())}})
		c, problems := config.Parse("twinhop.yaml", result.YAML, assembly.Words())
		if errors, _ := problems.Count(); errors > 0 {
			t.Fatalf("%v\n%+v\n%s", problems, result.Findings, result.YAML)
		}
		var mounts []httpfront.MountRule
		for _, m := range c.Mounts {
			mounts = append(mounts, httpfront.MountRule{Path: m.Path, Pool: m.Pool})
		}
		ours, err := httpfront.NewMounts(mounts)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			path := rapid.StringMatching(`/([xyz]|/[xyz]){0,5}`).Draw(t, "path")
			pool, _, _ := strings.Cut(ours.Pool(path), ".")
			asked++
			if want := jkMap(rules, path); pool != want {
				t.Fatalf("%s goes to %q, with mod_jk to %q\n%s\n%s", path, pool, want, lines.String(), result.YAML)
			}
			if pool != "" {
				mapped++
			}
		}
	})
	if mapped == 0 || mapped == asked {
		t.Errorf("%d of %d paths were mapped: nothing is shown", mapped, asked)
	}
}
