package asis

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/config"
	"twinhop/gateway/config/modjk"
)

var testWords = config.Words{
	Balance:       []string{"requests", "round-robin", "sessions"},
	Deterministic: []string{"hash"},
	HTTPSources:   []string{"cookie"},
	SIPSources:    []string{"call-id"},
}

const twoWorkers = "worker.list=lb\nworker.a.host=10.0.0.1\nworker.a.secret=s\nworker.b.host=10.0.0.2\nworker.b.secret=s\nworker.lb.type=lb\nworker.lb.balance_workers=a,b\n"

func shownProblems(ps config.Problems) []string {
	var all []string
	for _, p := range ps {
		all = append(all, fmt.Sprintf("%s:%d:%d %s %s; %s", p.File, p.Line, p.Col, p.Severity, p.Message, p.Hint))
	}
	return all
}

// What is wrong with the configuration that the files mean is told in their places.
func TestProblemsStandInTheOldFiles(t *testing.T) {
	in := modjk.Input{Workers: modjk.Source{Name: "w", Text: []byte(strings.Replace(twoWorkers, "worker.b.secret=s\n", "worker.b.route=c\n", 1))}, URIMap: &modjk.Source{Name: "m", Text: []byte("/x=lb")}}
	extra := modjk.Source{Name: "more/extra.yaml", Text: []byte("# first\nversion: 1\n\nadmin: {listen: \"127.0.0.1:80\"}\nnodes: []\nlisten: {http: [{addr: \":80\"}]}\npolls: {}\n")}
	_, r, problems := Load(in, &extra, testWords)
	want := []string{
		"w:5:1 warn", // a connector without a secret
		"more/extra.yaml:4:17 error port 80 is already taken by listen.http[0].addr (more/extra.yaml:6)",
		"more/extra.yaml:5:1 error set twice, also by mod_jk's files; keep one of them",
		`more/extra.yaml:7:1 error unknown key; did you mean "pools"?`,
	}
	got := shownProblems(problems)
	if len(got) != len(want) || r.Findings.Count(modjk.Error) > 0 {
		t.Fatalf("%q\n%+v", got, r.Findings)
	}
	for i := range got {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
	in.Listen = []string{":2"}
	extra.Text = []byte("\n\"listen\" : {http: [{addr: \":1\"}]}\n")
	_, _, problems = Load(in, &extra, testWords)
	if d := cmp.Diff([]string{"more/extra.yaml:2:1 error set twice, also by --listen; keep one of them", got[0]}, shownProblems(problems)); d != "" {
		t.Error(d)
	}
}

// What mod_jk's files do not say stands in a configuration beside them; its listeners count.
func TestExtraConfiguration(t *testing.T) {
	in := modjk.Input{Workers: modjk.Source{Name: "w", Text: []byte(twoWorkers)}, URIMap: &modjk.Source{Name: "m", Text: []byte("/x=lb")}}
	c, r, problems := Load(in, &modjk.Source{Name: "e", Text: []byte("listen:\n  http:\n    - {addr: \":4443\"}\nstate: {dir: s}\nversion: 1")}, testWords)
	if len(problems) > 0 || r.Findings.Count(modjk.Error) > 0 {
		t.Fatal(shownProblems(problems))
	}
	if len(c.Listen.HTTP) != 1 || c.Listen.HTTP[0].Addr != ":4443" || c.State.Dir != "s" || len(c.Nodes) != 2 || len(c.Mounts) != 1 {
		t.Errorf("%+v", c)
	}
	c, _, _ = Load(in, nil, testWords)
	if len(c.Listen.HTTP) != 1 || c.Listen.HTTP[0].Addr != ":8080" {
		t.Errorf("%+v", c.Listen)
	}
}

// The files of httpd say where the others are. What is read once stays as it was; only the map is read again.
func TestReload(t *testing.T) {
	fs := fstest.MapFS{
		"etc/h/w": {Data: []byte(twoWorkers + "worker.lb.mount=/own")},
		"etc/h/m": {Data: []byte("/x=lb")},
		"etc/h/i": {Data: []byte("JkMount /jk lb")},
	}
	in := modjk.Input{HTTPD: []modjk.Source{{Name: "h", Text: []byte("JkWorkersFile w\nInclude i\n<VirtualHost *:1>\nServerName a\nJkMountFile m\nJkMountFileReload 5\nJkMountCopy On\n</VirtualHost>\n")}}, Files: fs, Root: "/etc/h"}
	c, r, problems := Load(in, nil, testWords)
	if len(problems) > 0 || r.Findings.Count(modjk.Error) > 0 {
		t.Fatalf("%q %+v", shownProblems(problems), r.Findings)
	}
	paths := func(ms []config.Mount) (all []string) {
		for _, m := range ms {
			all = append(all, m.Path+"="+m.Pool)
		}
		return all
	}
	if d := cmp.Diff([]string{"/x=lb", "/jk=lb", "/own=lb"}, paths(c.Mounts)); d != "" {
		t.Error(d)
	}
	if r.MapFile != "/etc/h/m" || r.Reload != 5*time.Second {
		t.Errorf("%s every %s", r.MapFile, r.Reload)
	}
	fs["etc/h/w"].Data = []byte("worker.list=other")
	fs["etc/h/i"].Data = []byte("JkMount /changed lb")
	for _, step := range []struct {
		text          string
		mounts        []string
		skipped, fail string
	}{
		{"/y|/*=lb\n", []string{"/y|/*=lb", "/jk=lb", "/own=lb"}, "", ""},
		{"# nothing\n", []string{"/jk=lb", "/own=lb"}, "", ""},
		{"/a=lb\n/b=nobody\n*.jsp=lb\nnonsense\n/c=lb;unknown=2\n/d=l b\n/e" + strings.Repeat("e", 5000) + "=lb\n", []string{"/a=lb", "/c=lb", "/jk=lb", "/own=lb", "!/b=*"}, "6 7", ""},
	} {
		in := r.Input
		in.URIMap = &modjk.Source{Name: r.MapFile, Text: []byte(step.text)}
		rules, err := Reload(in, nil, testWords)
		var skipped []string
		for _, f := range rules.Skipped {
			skipped = append(skipped, fmt.Sprint(f.Line))
		}
		if err != nil || strings.Join(skipped, " ") != step.skipped {
			t.Errorf("%.20q: skipped %q, want %q: %v", step.text, skipped, step.skipped, err)
		}
		if d := cmp.Diff(step.mounts, paths(rules.Mounts)); d != "" {
			t.Errorf("%.20q: %s", step.text, d)
		}
	}
}

// How often the map is looked at says the host, else the main server, else mod_jk's default.
func TestHowOftenTheMapIsLookedAt(t *testing.T) {
	for _, c := range []struct {
		main, host string
		want       time.Duration
	}{{"", "", time.Minute}, {"JkMountFileReload 7\n", "", 7 * time.Second}, {"JkMountFileReload 7\n", "JkMountFileReload 0\n", 0}, {"JkMountFileReload -1\n", "", 0}, {"", "JkMountFileReload 3s\n", 3 * time.Second}} {
		in := modjk.Input{Workers: modjk.Source{Name: "w", Text: []byte(twoWorkers)}, HTTPD: []modjk.Source{{Name: "h", Text: []byte(c.main + "<VirtualHost *:1>\n" + c.host + "JkMount /x lb\n</VirtualHost>")}}}
		_, r, problems := Load(in, nil, testWords)
		if len(problems) > 0 || r.Findings.Count(modjk.Error) > 0 || r.Reload != c.want {
			t.Errorf("%q %q: %s, want %s %+v", c.main, c.host, r.Reload, c.want, r.Findings)
		}
	}
}

// Without a rule there is nothing to put in the place of the others.
func TestReloadOfNothing(t *testing.T) {
	in := modjk.Input{Workers: modjk.Source{Name: "w", Text: []byte(twoWorkers)}, URIMap: &modjk.Source{Name: "m", Text: []byte("/x=lb")}}
	_, r, _ := Load(in, nil, testWords)
	for _, text := range []string{"", "# /x=lb", "/x=nobody", "!/x=lb", strings.Repeat("#", 2<<20)} {
		in := r.Input
		in.URIMap = &modjk.Source{Name: "m", Text: []byte(text)}
		if rules, err := Reload(in, nil, testWords); err == nil {
			t.Errorf("%.10q: %+v", text, rules)
		}
	}
}

// A rule that begins to set cookies makes the path count that its lb has for them.
func TestReloadedRuleSetsCookies(t *testing.T) {
	in := modjk.Input{Workers: modjk.Source{Name: "w", Text: []byte(twoWorkers + "worker.lb.session_cookie_path=/app")}, URIMap: &modjk.Source{Name: "m", Text: []byte("/x=lb")}}
	c, _, _ := Load(in, nil, testWords)
	in.URIMap = &modjk.Source{Name: "m", Text: []byte("/x=lb;set_session_cookie=1")}
	r, err := Reload(in, nil, testWords)
	if err != nil || len(r.Skipped) > 0 {
		t.Fatal(err, r.Skipped)
	}
	if was, is := c.Pools[0].Session.SetPath, r.Pools[0].Session.SetPath; was != "/" || is != "/app" {
		t.Errorf("the path was %q and is %q", was, is)
	}
}
