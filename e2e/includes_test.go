package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// Which files a configuration of httpd includes, and in which order, is what httpd itself says.
func TestIncludesAreThoseOfHTTPD(t *testing.T) {
	modules := "/usr/lib/apache2/modules"
	need(t, "/usr/sbin/apache2", modules+"/mod_jk.so", modules+"/mod_macro.so")
	binary := built(t, true)
	archive, err := txtar.ParseFile("testdata/includes/tree.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, defined := range [][]string{nil, {"GIVEN"}} {
		dir := scratch(t)
		fill := strings.NewReplacer("@DIR@", dir, "@PORT@", fmt.Sprint(freePort(t)), "@MODULES@", modules)
		for _, f := range archive.Files {
			name := filepath.Join(dir, f.Name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			put(t, name, []byte(fill.Replace(string(f.Data))))
		}
		main := filepath.Join(dir, "httpd.conf")
		theirs := []string{"-f", main, "-t", "-D", "DUMP_INCLUDES"}
		ours := []string{"convert", "--httpd", main, "--report", "json", "-o", filepath.Join(dir, "out.yaml")}
		for _, d := range defined {
			theirs, ours = append(theirs, "-D", d), append(ours, "--define", d)
		}
		said, err := exec.CommandContext(t.Context(), "/usr/sbin/apache2", theirs...).CombinedOutput()
		var want []string
		for _, m := range regexp.MustCompile(`(?m)^ +\([0-9]+\) (\S+)$`).FindAllStringSubmatch(string(said), -1) {
			want = append(want, strings.TrimPrefix(m[1], dir+"/"))
		}
		if err != nil || len(want) < 15 {
			t.Fatalf("httpd: %v\n%s", err, said)
		}
		c := exec.CommandContext(t.Context(), binary, ours...)
		c.Dir = dir
		said, err = c.CombinedOutput()
		var report struct {
			Findings []struct{ File, Directive, Verdict, Note string }
		}
		if err := json.Unmarshal(said, &report); err != nil {
			t.Fatalf("convert: %v\n%s", err, said)
		}
		if err != nil {
			t.Errorf("convert: %v\n%s", err, said)
		}
		var got []string
		for _, f := range report.Findings {
			if f.Directive == "JkLogLevel" && !strings.Contains(f.Note, "does not hold") {
				got = append(got, f.File)
			}
		}
		if d := cmp.Diff(unique(want), unique(got)); d != "" {
			t.Errorf("defined %v: httpd's (-), ours (+)\n%s", defined, d)
		}
	}
}

// unique leaves out what was there before.
func unique(all []string) []string {
	var once []string
	for _, s := range all {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}
