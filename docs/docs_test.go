// Package docs_test holds the documentation to what the program is: keys,
// rules, routes, metrics, packages and examples are compared with the code.
package docs_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway"
	"twinhop/gateway/config"
	"twinhop/gateway/config/modjk"
	"twinhop/http/ajp"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are the documentation, by file name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.md")
	if err != nil || len(names) < 9 {
		t.Fatalf("%d pages, %v", len(names), err)
	}
	all := map[string]string{}
	for _, n := range names {
		all[n] = read(t, n)
	}
	return all
}

// block is a fenced block of code.
type block struct {
	page, info, text string
	line             int
}

func blocks(t *testing.T) []block {
	t.Helper()
	var all []block
	for page, text := range pages(t) {
		var b *block
		for i, line := range strings.Split(text, "\n") {
			switch {
			case strings.HasPrefix(line, "```") && b == nil:
				b = &block{page: page, info: strings.TrimPrefix(line, "```"), line: i + 1}
			case strings.HasPrefix(line, "```"):
				all = append(all, *b)
				b = nil
			case b != nil:
				b.text += line + "\n"
			}
		}
		if b != nil {
			t.Errorf("%s:%d: the block does not end", page, b.line)
		}
	}
	return all
}

// base is what a fragment is completed with, one top-level key each.
var base = []string{
	"version: 1\n",
	"listen: {http: [{addr: \":8080\"}], sip: {external: [\"udp://0.0.0.0:5060\"], internal: [\"udp://0.0.0.0:5065\"]}}\n",
	"nodes: [{name: node1, http: \"http://10.0.0.1:8080\", sip: [\"udp://10.0.0.1:5080\"]}, " +
		"{name: node2, http: \"http://10.0.0.2:8080\", sip: [\"udp://10.0.0.2:5080\"]}]\n",
}

func complete(fragment string) string {
	for _, section := range base {
		key, _, _ := strings.Cut(section, ":")
		if !strings.HasPrefix(fragment, key+":") && !strings.Contains(fragment, "\n"+key+":") {
			fragment += section
		}
	}
	return fragment
}

func load(t *testing.T, name, text string) {
	t.Helper()
	if _, problems := config.Parse(name, []byte(text), assembly.Words()); len(problems) > 0 {
		var out strings.Builder
		if err := problems.Render(&out, []byte(text)); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s", out.String())
	}
}

// Every YAML block is a configuration: whole, or a fragment that is completed
// with nodes and listeners.
func TestConfigurationsLoad(t *testing.T) {
	n := 0
	for _, b := range blocks(t) {
		name := fmt.Sprintf("%s:%d", b.page, b.line)
		switch b.info {
		case "yaml whole":
			load(t, name, b.text)
		case "yaml fragment":
			load(t, name, complete(b.text))
		default:
			if strings.HasPrefix(b.info, "yaml") {
				t.Errorf("%s: say whether it is whole or a fragment", name)
			}
			continue
		}
		n++
	}
	if n < 15 {
		t.Errorf("only %d configurations found", n)
	}
	for _, name := range []string{"twinhop.example.yaml", "../deploy/twinhop.yaml"} {
		load(t, name, read(t, name))
	}
}

// Go code that is shown is compiled and run: it is part of an example of its
// package.
func TestGoIsAnExample(t *testing.T) {
	n, example := 0, read(t, "../gateway/balance/own_example_test.go")
	for _, b := range blocks(t) {
		if b.info != "go" {
			continue
		}
		if n++; !strings.Contains(example, b.text) {
			t.Errorf("%s:%d: the example in gateway/balance is different", b.page, b.line)
		}
	}
	if n == 0 {
		t.Error("no code found")
	}
}

// Every algorithm, and every name that older products have for one, is on the
// page that says which to take.
func TestEveryAlgorithmIsDocumented(t *testing.T) {
	words, page := assembly.Words(), read(t, "algorithms.md")
	for _, name := range slices.Concat(words.Balance, words.OldClasses) {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("algorithms.md: %s is missing", name)
		}
	}
	table := map[string]bool{}
	for _, r := range rows(read(t, "configuration.md")) {
		table[r[0]] = true
	}
	for _, name := range words.Balance {
		if !table[name] {
			t.Errorf("configuration.md: %s is in no table", name)
		}
	}
}

// row is a line of a table: its cells without blanks and backquotes.
func rows(text string) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") && strings.HasSuffix(line, "|") {
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
			}
			all = append(all, cells)
		}
	}
	return all
}

// keys walks the configuration and gives each key its default as the table
// has it: "" stands for what the table may say in its own words.
func keys(path string, v reflect.Value, tag reflect.StructTag, out map[string]string) {
	switch x := v.Interface().(type) {
	case time.Duration:
		if x == 0 {
			out[path] = "0"
			return
		}
		out[path] = strings.Replace(strings.Replace(x.String(), "m0s", "m", 1), "h0m", "h", 1)
		return
	case config.Size:
		out[path] = x.String()
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for f := range v.Type().Fields() {
			if key := f.Tag.Get("yaml"); key != "-" {
				keys(strings.TrimPrefix(path+"."+key, "."), v.FieldByIndex(f.Index), f.Tag, out)
			}
		}
	case reflect.Slice:
		element := path + "[]"
		if tag.Get("keyed") != "" {
			element = path + ".NAME"
		}
		if v.Type().Elem().Kind() != reflect.Struct {
			out[path] = "none"
			if v.Len() > 0 {
				out[path] = strings.Join(strings.Fields(fmt.Sprint(v.Interface())), ", ")
			}
			return
		}
		if t := v.Type(); t == reflect.TypeFor[[]config.AJPAttribute]() || t == reflect.TypeFor[[]config.Subcluster]() { // names and values, no more
			out[path] = "none"
			return
		}
		one := reflect.New(v.Type().Elem()).Elem() // a list without elements has keys, too
		if v.Len() > 0 {
			one = v.Index(0)
		}
		keys(element, one, "", out)
		if path == "pools.NAME.nodes" || strings.HasPrefix(path, "affinity.") {
			out[path] = ""
		}
	case reflect.Pointer:
		out[path] = "as the node"
		if strings.HasPrefix(path, "mounts") {
			out[path] = "as the pool"
		}
		if v.Type().Elem().Kind() == reflect.Struct { // what may be absent as a whole has defaults of its own
			delete(out, path)
			own := reflect.New(v.Type().Elem())
			own.Interface().(interface{ SetDefaults() }).SetDefaults()
			keys(path, own.Elem(), "", out)
		}
	default:
		out[path] = fmt.Sprint(v.Interface())
		if out[path] == "" {
			out[path] = "none"
		}
	}
	if tag.Get("required") != "" {
		out[path] = "required"
	}
}

// The page on HTTP names every variable that nodes can get as an attribute.
func TestEveryVariableIsDocumented(t *testing.T) {
	page := read(t, "http.md")
	for _, name := range ajp.Variables() {
		whole, part := name, ""
		if i := strings.Index(name, "_DN_"); i >= 0 {
			whole, part = name[:i+3], name[i+3:]
		}
		if !strings.Contains(page, "`"+whole+"`") || part != "" && !strings.Contains(page, "`"+part+"`") {
			t.Errorf("%s is not on the page", name)
		}
	}
}

// The configuration's page has every key that the program reads, with its
// default, and no other.
func TestEveryKeyIsDocumented(t *testing.T) {
	c, problems := config.Parse("base", []byte(complete("pools: {default: {}}\n")), assembly.Words())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	secured := config.TLS{ClientAuth: "off", More: make([]config.KeyPair, 1)} // an element, so that its keys are walked
	c.Listen.HTTP[0].TLS = secured
	status := config.Status{}
	status.SetDefaults()
	c.Status = []config.Status{status}
	c.Pools[0].Placement.Pins, c.Pools[0].Placement.Own = make([]config.Pin, 1), make([]config.OwnWord, 1)
	plain := config.Default() // listeners and addresses of base are no defaults
	var node config.Node
	node.SetDefaults()
	c.Nodes[0].AJP = node.AJP // what one has that speaks it
	c.Listen.SIP, c.Nodes[0].SIP, c.Nodes[0].HTTP, c.Nodes[0].Route = plain.Listen.SIP, nil, "", "the name"
	c.Listen.SIP.TLS, c.Listen.SIP.InternalTLS = secured, secured
	want := map[string]string{}
	keys("", reflect.ValueOf(c), "", want)
	for _, key := range []string{"nodes[].repeat", "pools.NAME.recovery.escalation"} {
		want[key] = "" // it depends on others
	}
	if len(want) < 60 {
		t.Fatalf("only %d keys found", len(want))
	}
	seen := map[string]bool{}
	for _, r := range rows(read(t, "configuration.md")) {
		if len(r) != 4 || r[0] == "key" || strings.HasPrefix(r[0], "---") {
			continue
		}
		def, known := want[r[0]]
		switch {
		case !known:
			t.Errorf("%s: the program has no such key", r[0])
		case seen[r[0]]:
			t.Errorf("%s: documented twice", r[0])
		case def != "" && def != r[2]:
			t.Errorf("%s: the default is %q, the page says %q", r[0], def, r[2])
		case r[1] == "" || r[3] == "":
			t.Errorf("%s: no type or no meaning", r[0])
		}
		seen[r[0]] = true
	}
	for k := range want {
		if !seen[k] {
			t.Errorf("%s: not documented", k)
		}
	}
}

// The rules' page has a heading for every rule, in the program's order.
func TestEveryRuleIsDocumented(t *testing.T) {
	var want, got []string
	for _, r := range gateway.Rules() {
		want = append(want, r.String())
	}
	for _, m := range regexp.MustCompile("(?m)^### `([a-z_]+)`$").FindAllStringSubmatch(read(t, "rules.md"), -1) {
		got = append(got, m[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("rules\n%v\npage\n%v", want, got)
	}
}

var routeLine = regexp.MustCompile(`\{"([A-Z]+)", "(/[^"]*)", (?:\w+\.)?(?:Role)?([A-Za-z]+),`)

// The API's page has every route with the role it needs.
func TestEveryRouteIsDocumented(t *testing.T) {
	want, paths := map[string]bool{}, []string{"/"}
	for _, m := range routeLine.FindAllStringSubmatch(read(t, "../admin/routes.go"), -1) {
		path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(m[2], "{$1}")
		role := strings.ToLower(m[3])
		if role == "none" {
			role = "-"
		}
		want[m[1]+" "+path+" "+role] = true
		paths = append(paths, "^"+regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)+"$")
	}
	if len(want) < 10 {
		t.Fatalf("only %d routes found", len(want))
	}
	got := map[string]bool{}
	for _, r := range rows(read(t, "api.md")) {
		if len(r) == 4 && slices.Contains([]string{"GET", "PATCH", "POST", "PUT", "DELETE"}, r[0]) {
			line := r[0] + " " + r[1] + " " + r[2]
			if got[line] = true; !want[line] {
				t.Errorf("%s: there is no such route", line)
			}
		}
	}
	for line := range want {
		if !got[line] {
			t.Errorf("%s: not documented", line)
		}
	}
	for _, b := range blocks(t) {
		for _, path := range regexp.MustCompile(`/api/v1/[a-z/{}$A-Z0-9_]+`).FindAllString(b.text, -1) {
			if !slices.ContainsFunc(paths, func(p string) bool { ok, _ := regexp.MatchString(p, path); return ok && p != "/" }) {
				t.Errorf("%s:%d: %s is no route", b.page, b.line, path)
			}
		}
	}
}

// JSON that is shown is JSON, and its keys are ones that the admin writes.
func TestJSONOfTheAPI(t *testing.T) {
	known := map[string]bool{"http": true, "sip": true, "node1": true, "node2": true, "": true, // keys of maps: services, nodes, reasons, causes, status codes
		"udp": true, "ws": true, "scanner": true, "source_rate": true, "silent": true, "refused": true, "100": true, "503": true}
	sources(t, func(path, text string) {
		if strings.HasPrefix(path, "../admin/") {
			for _, m := range regexp.MustCompile("json:\"([A-Za-z-]+)").FindAllStringSubmatch(text, -1) {
				known[m[1]] = true
			}
		}
	})
	n := 0
	for _, b := range blocks(t) {
		if b.info != "json" {
			continue
		}
		n++
		var v any
		if err := json.Unmarshal([]byte(b.text), &v); err != nil {
			t.Errorf("%s:%d: %v", b.page, b.line, err)
		}
		walk(v, func(key string) {
			if !known[key] {
				t.Errorf("%s:%d: the admin writes no %q", b.page, b.line, key)
			}
		})
	}
	if n < 5 {
		t.Errorf("only %d blocks of JSON", n)
	}
}

func walk(v any, visit func(key string)) {
	switch x := v.(type) {
	case map[string]any:
		for k, inner := range x {
			visit(k)
			walk(inner, visit)
		}
	case []any:
		for _, inner := range x {
			walk(inner, visit)
		}
	}
}

// sources walks the Go files of the program, tests excluded.
func sources(t *testing.T, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "node_modules" || len(name) > 2 && name[0] == '.'):
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			visit(filepath.ToSlash(path), string(text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The SIP page has every answer that the gateway makes itself, with its phrases for 503, and every reason and cause that it counts.
func TestEveryAnswerAndReasonIsDocumented(t *testing.T) {
	page := read(t, "sip.md")
	answers := map[string]bool{}
	for _, r := range rows(page) {
		answers[r[0]] = true
	}
	found := 0
	for _, m := range regexp.MustCompile(`Code: (\d+), Phrase: "([^"]+)"`).FindAllStringSubmatch(read(t, "../sip/answers/answers.go"), -1) {
		if found++; !answers[m[1]] || m[1] == "503" && !strings.Contains(page, "`"+m[2]+"`") {
			t.Errorf("sip.md: %s %s is not in the table of answers", m[1], m[2])
		}
	}
	words := regexp.MustCompile(`(?m)^\t\w+ += "([a-z_]+)"`).FindAllStringSubmatch(read(t, "../sip/metrics.go"), -1)
	causes := regexp.MustCompile(`causeNames = \[causes\]string\{([^}]*)\}`).FindStringSubmatch(read(t, "../sip/pending/stats.go"))
	if found < 15 || len(words) < 10 || causes == nil {
		t.Fatalf("only %d answers and %d reasons found; causes: %v", found, len(words), causes)
	}
	words = append(words, regexp.MustCompile(`"([a-z]+)"`).FindAllStringSubmatch(causes[1], -1)...)
	for _, m := range words {
		if !strings.Contains(page, "`"+m[1]+"`") {
			t.Errorf("sip.md: %s is not explained", m[1])
		}
	}
}

// The page about mod_jk has every directive with its verdict, as the program gives it, and its example is what comes out.
func TestEveryDirectiveOfModJKIsDocumented(t *testing.T) {
	page := read(t, "mod_jk.md")
	got := map[string]bool{}
	for _, r := range rows(page) {
		if len(r) == 4 && r[0] != "directive" && !strings.HasPrefix(r[0], "---") {
			got[strings.Join(r, " | ")] = true
		}
	}
	all := modjk.Directives()
	if len(all) < 100 {
		t.Fatalf("only %d directives", len(all))
	}
	for _, d := range all {
		line := strings.Join([]string{d.Name, strings.Join(strings.Fields(d.Of), ", "), string(d.Verdict), d.Note}, " | ")
		if !got[line] {
			t.Errorf("not on the page: %s", line)
		}
		delete(got, line)
	}
	for line := range got {
		t.Errorf("the program says otherwise: %s", line)
	}
	files := map[string]string{}
	for _, b := range blocks(t) {
		if b.page == "mod_jk.md" {
			files[b.info] = b.text
		}
	}
	r := modjk.Convert(modjk.Input{
		Workers: modjk.Source{Name: "workers.properties", Text: []byte(files["properties workers.properties"])},
		URIMap:  &modjk.Source{Name: "uriworkermap.properties", Text: []byte(files["properties uriworkermap.properties"])},
		Listen:  []string{":8081"},
		Lookup:  func(name string) (string, bool) { return "s3cret", name == "AJP_SECRET" },
	})
	if string(r.YAML) != files["yaml whole"] {
		t.Errorf("the example becomes\n%s\n%+v", r.YAML, r.Findings)
	}
}

// The architecture's page names every package.
func TestEveryPackageIsNamed(t *testing.T) {
	page := read(t, "architecture.md")
	packages := map[string]bool{}
	sources(t, func(path, _ string) { packages[strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")] = true })
	for p := range packages {
		if !strings.Contains(page, "`"+p+"`") {
			t.Errorf("package %s is not on the page", p)
		}
	}
}

// Links lead to files and headings that exist; so do those of the alerts.
func TestLinks(t *testing.T) {
	all := pages(t)
	for _, m := range regexp.MustCompile(`runbook_url: docs/([^#\s]+)#(\S+)`).FindAllStringSubmatch(read(t, "../deploy/prometheus-rules.yaml"), -1) {
		if !slices.Contains(headings(all[m[1]]), m[2]) {
			t.Errorf("prometheus-rules.yaml: %s has no heading %s", m[1], m[2])
		}
	}
	for page, text := range all {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(m[1], "://") {
				continue
			}
			if file == "" {
				file = page
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", page, err)
			}
			if anchor != "" && !slices.Contains(headings(all[file]), anchor) {
				t.Errorf("%s: %s has no heading %s", page, file, anchor)
			}
		}
	}
}

// headings are the anchors of a page, as code hosts make them.
func headings(text string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		h := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(h, " ", "-"))
	}
	return all
}

// The commands that are shown exist.
func TestVerbsExist(t *testing.T) {
	verbs := map[string]bool{"help": true}
	sources(t, func(path, text string) {
		if strings.HasPrefix(path, "../cmd/twinhop/") {
			for _, m := range regexp.MustCompile(`(?:(?:Use|Aliases): +(?:\[\]string\{)?|Group\(|Verb\(|Changing\(g, |nodesActivation\(g, |nodesAction\(g, )"([a-z]+)`).FindAllStringSubmatch(text, -1) {
				verbs[m[1]] = true
			}
		}
	})
	shown := 0
	files := []string{read(t, "../deploy/twinhop.service"), read(t, "../deploy/Dockerfile")}
	for _, b := range blocks(t) {
		if b.info == "console" {
			files = append(files, b.text)
		}
	}
	for _, text := range files {
		for _, m := range regexp.MustCompile(`(?m)(?:bin/|cmd/|\$ )twinhop"?,? "?(?:(?:nodes|sessions|config) )?([a-z]+)`).FindAllStringSubmatch(text, -1) {
			if shown++; !verbs[m[1]] {
				t.Errorf("there is no verb %q", m[1])
			}
		}
	}
	if shown < 5 {
		t.Errorf("only %d commands found", shown)
	}
}

// The image is built with the flags of the Makefile, and the service manager
// waits longer than the gateway does.
func TestDeploymentAgrees(t *testing.T) {
	build := regexp.MustCompile(`(?m)^\t\$\(GO\) build (.*) -o`).FindStringSubmatch(read(t, "../Makefile"))
	if build == nil || !strings.Contains(read(t, "../deploy/Dockerfile"), "go build "+strings.ReplaceAll(build[1], "$(VERSION)", "$VERSION")+" -o") {
		t.Errorf("the Dockerfile does not build with the flags of the Makefile: %v", build)
	}
	unit := read(t, "../deploy/twinhop.service")
	m := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)
	if m == nil {
		t.Fatal("no TimeoutStopSec in seconds")
	}
	stop, err := time.ParseDuration(m[1] + "s")
	if grace := config.Default().Shutdown.Grace; err != nil || stop <= grace {
		t.Errorf("TimeoutStopSec %v is not longer than grace %v", stop, grace)
	}
	if !strings.Contains(unit, "\nType=notify\n") {
		t.Error("the unit does not wait for READY")
	}
}
