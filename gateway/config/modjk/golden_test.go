package modjk

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"twinhop/gateway/config"
)

var update = flag.Bool("update", false, "write what is found into the golden files")

var testWords = config.Words{
	Balance:       []string{"busyness", "hash", "next", "random", "requests", "round-robin", "sessions", "traffic"},
	Deterministic: []string{"hash"},
	HTTPSources:   []string{"cookie", "header", "query"},
	AJPVariables:  []string{"SSL_CLIENT_S_DN", "SSL_CLIENT_VERIFY"},
	SIPSources:    []string{"call-id"},
}

// input makes one of the files of an archive. Its comment has lines "host NAME", "listen ADDR", "root DIR", "define NAME" and "env NAME=VALUE".
func input(a *txtar.Archive) Input {
	env := map[string]string{}
	in := Input{Variables: testWords.AJPVariables, Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	for line := range strings.Lines(string(a.Comment)) {
		word, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "host":
			in.Host = value
		case "listen":
			in.Listen = append(in.Listen, value)
		case "root":
			in.Root = value
		case "define":
			in.Defined = map[string]string{value: ""}
		case "env":
			k, v, _ := strings.Cut(value, "=")
			env[k] = v
		}
	}
	for _, f := range a.Files {
		s := Source{Name: f.Name, Text: f.Data}
		switch f.Name {
		case "workers.properties":
			in.Workers = s
		case "uriworkermap.properties":
			in.URIMap = &s
		case "httpd.conf", "ports.conf":
			in.HTTPD = append(in.HTTPD, s)
		case "twinhop.yaml", "report", "check":
		default: // a file of the machine
			if in.Files == nil {
				in.Files = fstest.MapFS{}
			}
			in.Files.(fstest.MapFS)[strings.TrimPrefix(f.Name, "/")] = &fstest.MapFile{Data: f.Data}
		}
	}
	return in
}

// Each golden file holds mod_jk's files, what they become, the verdict about
// every line, and what check says of the result: nothing, unless the archive
// has a section that says what.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			r := Convert(input(a))
			var report, check bytes.Buffer
			if err := r.Findings.Render(&report); err != nil {
				t.Fatal(err)
			}
			if r.YAML != nil {
				if _, problems := config.Parse("twinhop.yaml", r.YAML, testWords); len(problems) > 0 {
					if err := problems.Render(&check, r.YAML); err != nil {
						t.Fatal(err)
					}
				}
			}
			got := map[string][]byte{"twinhop.yaml": r.YAML, "report": report.Bytes(), "check": check.Bytes()}
			if *update {
				kept := []txtar.File{}
				for _, f := range a.Files {
					if got[f.Name] == nil {
						kept = append(kept, f)
					}
				}
				for _, n := range []string{"twinhop.yaml", "report", "check"} {
					if len(got[n]) > 0 {
						kept = append(kept, txtar.File{Name: n, Data: got[n]})
					}
				}
				a.Files = kept
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want := map[string]string{}
			for _, f := range a.Files {
				want[f.Name] = string(f.Data)
			}
			for n := range got {
				if d := cmp.Diff(want[n], string(got[n])); d != "" {
					t.Errorf("%s (-want +got):\n%s", n, d)
				}
			}
		})
	}
}
