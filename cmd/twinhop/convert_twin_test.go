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
	"twinhop/http/mounts"
)

// jkRule is a line of a URI map as mod_jk reads it, written down from the
// description of its order of precedence, not from ours.
type jkRule struct{ sign, pattern, worker, more string }

// jkMap answers which worker gets a path, with which extensions: "" for none.
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
				hits = append(hits, jkRule{"", p, r.worker, r.more})
			case "!":
				nots = append(nots, jkRule{"!", p, r.worker, ""})
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
	return best.worker + best.more
}

// inJK writes what a mount says as a line of a URI map says it.
func inJK(m *config.Mount) string {
	line := m.Pool + m.Status
	if m.StickyIgnore {
		line += ";sticky_ignore=1"
	}
	if m.Stateless {
		line += ";stateless=1"
	}
	for _, list := range []struct {
		word  string
		nodes []string
	}{{"active", m.Active}, {"disabled", m.Disabled}, {"stopped", m.Stopped}} {
		if len(list.nodes) > 0 {
			line += fmt.Sprintf(";%s=%s", list.word, strings.Join(list.nodes, ","))
		}
	}
	if m.ReplyTimeout != nil {
		line += fmt.Sprintf(";reply_timeout=%d", m.ReplyTimeout.Milliseconds())
	}
	if m.FailOnStatus != nil {
		line += ";fail_on_status=" + strings.Trim(strings.ReplaceAll(fmt.Sprint(*m.FailOnStatus), " ", ","), "[]")
	}
	if m.ServerErrors != nil {
		line += fmt.Sprintf(";use_server_errors=%d", *m.ServerErrors)
	}
	text := func(word string, value *string) {
		if value != nil {
			line += ";" + word + "=" + *value
		}
	}
	text("session_cookie", m.Session.Cookie)
	text("session_path", m.Session.Path)
	if m.Session.Set != nil && *m.Session.Set {
		line += ";set_session_cookie=1"
	}
	text("session_cookie_path", m.Session.SetPath)
	return line
}

// jkExtensions draws some for a worker, in the order that inJK has them.
func jkExtensions(t *rapid.T, worker string) (more string) {
	if worker == "s" {
		return ""
	}
	for _, one := range []struct{ text, of string }{{";sticky_ignore=1", "b"}, {";stateless=1", "b"}, {";active=m,n", "b"}, {";disabled=m", "b"}, {";stopped=n", "b"},
		{";reply_timeout=1500", "ab"}, {";fail_on_status=503,-404", "ab"}, {";use_server_errors=500", "ab"}, {";session_cookie=C", "b"},
		{";session_path=;p", "b"}, {";set_session_cookie=1", "b"}, {";session_cookie_path=/p", "b"}} {
		other := strings.HasPrefix(one.text, ";disabled") || strings.HasPrefix(one.text, ";stopped")
		if other && strings.Contains(more, ";active") || !strings.Contains(one.of, worker) {
			continue // of two words about one member mod_jk takes the later, and so do we
		}
		if rapid.IntRange(0, 5).Draw(t, "extension") == 0 {
			more += one.text
		}
	}
	return more
}

// Whatever the URI map, the converted file gives each path to the pool, or the
// status worker, that mod_jk would have given it to, and says of it what the
// rule's extensions say.
func TestConvertedMapMeansTheSame(t *testing.T) {
	const workers = "worker.list=a,b,s\nworker.a.secret=s\nworker.b.type=lb\nworker.b.balance_workers=m,n\nworker.m.host=m\nworker.n.host=n\nworker.s.type=status\n"
	mapped, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`/([xy]|\*|\?|/[xy]){0,5}(\|/(\*|x)|\|y)?`)
		var rules []jkRule
		var lines strings.Builder
		seen := map[string]bool{}
		for range rapid.IntRange(1, 8).Draw(t, "rules") {
			r := jkRule{sign: rapid.SampledFrom([]string{"", "", "", "!", "-"}).Draw(t, "sign"), pattern: pattern.Draw(t, "pattern"), worker: rapid.SampledFrom([]string{"a", "b", "b", "s"}).Draw(t, "worker")}
			if r.sign == "!" && rapid.Bool().Draw(t, "all") {
				r.worker = "*"
			}
			x, y, short := strings.Cut(r.pattern, "|")
			if r.sign == "" && (seen[x] || short && seen[x+y]) {
				continue // one pattern for two workers: mod_jk takes either
			}
			if r.sign == "" {
				seen[x], seen[x+y] = true, true
				r.more = jkExtensions(t, r.worker)
			}
			rules = append(rules, r)
			fmt.Fprintf(&lines, "%s%s=%s%s\n", r.sign, r.pattern, r.worker, r.more)
		}
		if !slices.ContainsFunc(rules, func(r jkRule) bool { return r.sign == "" }) {
			t.Skip("nothing is mapped")
		}
		result := modjk.Convert(modjk.Input{Workers: modjk.Source{Name: "w", Text: []byte(workers)}, URIMap: &modjk.Source{Name: "m", Text: []byte(lines.String())}})
		c, problems := config.Parse("twinhop.yaml", result.YAML, assembly.Words())
		if errors, _ := problems.Count(); errors > 0 {
			t.Fatalf("%v\n%+v\n%s", problems, result.Findings, result.YAML)
		}
		var paths []mounts.Rule
		for _, m := range c.Mounts {
			paths = append(paths, mounts.Rule{Path: m.Path, To: m.Pool + m.Status})
		}
		ours, err := mounts.New(paths)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			path := rapid.StringMatching(`/([xyz]|/[xyz]){0,5}`).Draw(t, "path")
			got := ""
			if i := ours.Find(path); i >= 0 {
				got = inJK(&c.Mounts[i])
			}
			asked++
			if want := jkMap(rules, path); got != want {
				t.Fatalf("%s goes to %q, with mod_jk to %q\n%s\n%s", path, got, want, lines.String(), result.YAML)
			}
			if got != "" {
				mapped++
			}
		}
	})
	if mapped == 0 || mapped == asked {
		t.Errorf("%d of %d paths were mapped: nothing is shown", mapped, asked)
	}
}
