package modjk

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/verdict"
)

var seeds = []string{
	"worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=a\nworker.lb.balance_workers=b\nworker.lb.balanced_workers=c\nworker.lb.balanced_workers=c\nworker.a.host=10.0.0.1\nworker.b.host=::1\nworker.b.secret=s3cret\nworker.lb.mount=/* /a|/b",
	"a=1\nb=$(a)$(c)x\na=2\nworker.x.host=$(b)\nworker.x.host=y # z\n",
	"worker.list=w\nworker.w.reference=worker.t\nworker.t.reference=worker.w\nworker.t.port=0\nworker.w.activation=d\n",
	"=\nx\n =y\nx=\n#\n\x00=\nworker..=1\nworker.=\nworker.list=\nworker.list=,\n\\=\\\n",
	"x=$(\ny=$()\nz=$(z)\nq=$(x$(y)\nJSESSIONID=\nworker.list=ajp13",
	"JkMount /a/* w\nJkUnMount /a/b w\n<VirtualHost a>\nServerName x\nJkMountCopy On\n<Location \"/q\">\nJkMount w;stopped=w\n</Location>\n</VirtualHost>\nJkWorkerProperty worker.list=w",
	"/a|/*=w;sticky_ignore=1\n!/a/b=*\n-/c=w\n/d|.e|f=w\n/x=w;session_path=;y;active=,;=;\n",
}

// naive reads properties in the plainest way: line by line, with regular
// expressions; ok is false where mod_jk has a limit or the reader complains.
func naive(text string) (values map[string]string, ok bool) {
	values, ok = map[string]string{}, true
	variable := regexp.MustCompile(`(?s)\$\(([^)]*)\)`)
	for _, l := range strings.Split(text, "\n") {
		if i := strings.Index(l, "#"); i >= 0 && len(l) < properties.MaxLine {
			l = l[:i]
		}
		m := regexp.MustCompile(`(?s)^[ \t\r\n\v\f]*([^=]*?)[ \t\r\n\v\f]*=[ \t\r\n\v\f]*(.*?)[ \t\r\n\v\f]*$`).FindStringSubmatch(l)
		switch {
		case len(l) >= properties.MaxLine || regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f]`).MatchString(strings.Trim(l, properties.Blanks)):
			ok = false
			continue
		case m == nil || m[1] == "" || m[2] == "":
			continue
		case strings.HasSuffix(m[2], `\`):
			ok = false
			continue
		}
		if len(variable.FindAllString(m[2], -1)) > properties.MaxVariables {
			ok = false
			continue
		}
		known := true
		value := variable.ReplaceAllStringFunc(m[2], func(v string) string {
			by, found := values[v[2:len(v)-1]]
			known = known && found
			return by
		})
		if !known || len(value) > properties.MaxLine {
			ok = false
			continue
		}
		old, again := values[m[1]]
		word := m[1][strings.LastIndex(m[1], ".")+1:]
		ours := strings.HasPrefix(m[1], "worker.")
		switch {
		case !again:
		case ours && slices.Contains(strings.Fields("list balance_workers mount fail_on_status user good bad"), word):
			value = old + "," + value
		case ours && find(word) != nil && word != "balanced_workers":
		default:
			value = old + "*" + value
		}
		if again && len(value) > properties.MaxLine {
			ok = false
			continue
		}
		values[m[1]] = value
	}
	return values, ok
}

// The reader and the naive one read the same, and the reader complains where
// the naive one does.
func FuzzProperties(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		p := &properties.Keys{Joint: joint, Ledger: &verdict.Ledger{Files: []string{"w"}}}
		for _, ln := range properties.Lines("w", []byte(text), p.Ledger) {
			p.Add(ln)
		}
		want, ok := naive(text)
		if len(want) != len(p.Order) {
			t.Fatalf("%d keys, want %d: %q", len(p.Order), len(want), want)
		}
		for _, e := range p.Order {
			if v, there := want[e.Key]; !there || v != e.Value {
				t.Errorf("%q = %q, want %q", e.Key, e.Value, v)
			}
			if len(e.Value) > properties.MaxLine || len(e.At) == 0 {
				t.Errorf("%q: %d bytes, %d places", e.Key, len(e.Value), len(e.At))
			}
		}
		if p.Failed() == ok {
			t.Errorf("complaints: %v, want %v", p.Failed(), !ok)
		}
	})
}

// A rule says what it says: its paths are mounts, and nothing is lost of it.
func FuzzMap(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := &verdict.Ledger{Files: []string{"m"}}
		for _, r := range readMap(&Source{"m", []byte(text)}, l) {
			if !strings.HasPrefix(r.pattern, "/") || r.worker == "" || r.at.Line < 1 || r.at.Col < 1 {
				t.Errorf("%+v", r)
			}
			paths, err := r.patterns()
			if err == nil && (len(paths) == 0 || len(paths) > 2 || r.not != strings.HasPrefix(paths[0], "!")) {
				t.Errorf("%+v: %q", r, paths)
			}
		}
	})
}

// Whatever the files say, what comes out is a configuration without an error,
// or a complaint, each with its place.
func FuzzConvert(f *testing.F) {
	for _, w := range seeds[:5] {
		for _, m := range seeds[5:] {
			f.Add(w, m, m)
		}
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		in := input(a)
		uriMap, httpd := "", ""
		if in.URIMap != nil {
			uriMap = string(in.URIMap.Text)
		}
		if len(in.HTTPD) > 0 {
			httpd = string(in.HTTPD[0].Text)
		}
		f.Add(string(in.Workers.Text), uriMap, httpd)
	}
	f.Fuzz(func(t *testing.T, workers, uriMap, httpd string) {
		if len(workers)+len(uriMap)+len(httpd) > 1<<14 {
			return
		}
		r := Convert(Input{Variables: testWords.AJPVariables, Workers: Source{"w", []byte(workers)}, URIMap: &Source{"m", []byte(uriMap)}, HTTPD: []Source{{"h", []byte(httpd)}}})
		if (r.YAML == nil) != (r.Findings.Count(Error) > 0) {
			t.Fatalf("%d bytes of YAML with %d errors", len(r.YAML), r.Findings.Count(Error))
		}
		for _, f := range r.Findings {
			if f.Line < 1 || f.Col < 1 || f.File == "" || f.Verdict == "" {
				t.Errorf("%+v", f)
			}
		}
		if r.YAML == nil {
			return
		}
		_, problems := config.Parse("y", r.YAML, testWords)
		for _, p := range problems {
			if p.Severity == decode.Error {
				t.Errorf("%v: %s\n%s", p, p.Hint, r.YAML)
			}
		}
	})
}
