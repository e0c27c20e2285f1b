package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

var update = flag.Bool("update", false, "write dist instead of comparing it")

// TestDistIsBuiltFromSource bundles src and vendor and compares the result
// with dist, byte for byte. With -update (go generate) it writes dist.
func TestDistIsBuiltFromSource(t *testing.T) {
	built := bundle(t)
	if *update {
		write(t, built)
		return
	}
	committed := map[string][]byte{}
	err := fs.WalkDir(Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		committed[name], err = fs.ReadFile(Files(), name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(built)) {
		if old, ok := committed[name]; !ok || !bytes.Equal(old, built[name]) {
			t.Errorf("dist/%s is missing or not what src gives: run go generate ./web", name)
		}
	}
	for name := range committed {
		if built[name] == nil {
			t.Errorf("dist/%s is a left-over: run go generate ./web", name)
		}
	}
}

// bundle returns the files of dist by name.
func bundle(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	page, err := os.ReadFile("src/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range []string{"main.tsx", "style.css"} {
		name, data := build(t, entry)
		files[name] = data
		page = bytes.ReplaceAll(page, []byte("{{"+entry+"}}"), []byte(name))
	}
	icon, err := os.ReadFile("src/icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	name := "icon-" + digest(icon) + ".svg"
	files[name] = icon
	files["index.html"] = bytes.ReplaceAll(page, []byte("{{icon.svg}}"), []byte(name))
	files["licences.txt"] = licences(t)
	return files
}

func build(t *testing.T, entry string) (name string, data []byte) {
	t.Helper()
	module := func(path string) string {
		abs, err := filepath.Abs(filepath.Join("vendor", path))
		if err != nil {
			t.Fatal(err)
		}
		return abs
	}
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{"src/" + entry}, Outdir: "dist", Bundle: true, Format: api.FormatESModule, Target: api.ES2022,
		MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true, Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		JSX: api.JSXAutomatic, JSXImportSource: "preact", TsconfigRaw: "{}", Sourcemap: api.SourceMapNone,
		Alias: map[string]string{
			"preact/jsx-runtime": module("preact/jsxRuntime.mjs"), "preact/hooks": module("preact/hooks.mjs"),
			"preact": module("preact/preact.mjs"), "@preact/signals": module("signals/signals.mjs"),
			"@preact/signals-core": module("signals-core/signals-core.mjs"),
			"uplot":                module("uplot/uPlot.esm.js"), "uplot.css": module("uplot/uPlot.min.css")},
	})
	for _, m := range append(r.Errors, r.Warnings...) {
		t.Fatalf("%s: %+v: %s", entry, m.Location, m.Text)
	}
	data = r.OutputFiles[0].Contents
	ext := filepath.Ext(r.OutputFiles[0].Path)
	return strings.TrimSuffix(entry, filepath.Ext(entry)) + "-" + digest(data) + ext, data
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:5])
}

// licences gathers the texts of third parties, for those who get only dist.
func licences(t *testing.T) []byte {
	t.Helper()
	paths, err := filepath.Glob("vendor/*/LICENSE")
	if err != nil || len(paths) == 0 {
		t.Fatal("no licences", err)
	}
	var all bytes.Buffer
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString("== " + filepath.Base(filepath.Dir(p)) + "\n\n" + strings.TrimSpace(string(text)) + "\n\n")
	}
	return all.Bytes()
}

func write(t *testing.T, files map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll("dist"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("dist", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join("dist", name), data, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("dist/%s: %d bytes", name, len(data))
	}
}

// Nothing is loaded from elsewhere, and nothing stands inline: the policy of
// the pages forbids both.
func TestPagesAreSelfContained(t *testing.T) {
	page, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`<script>`, `<style`, ` style=`, ` on\w+=`, `https?://`, `//`} {
		if m := regexp.MustCompile(bad).Find(page); m != nil {
			t.Errorf("index.html contains %q", m)
		}
	}
	for _, ref := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(page), -1) {
		if _, err := fs.Stat(Files(), ref[1]); err != nil {
			t.Errorf("index.html refers to %s: %v", ref[1], err)
		}
	}
	err = fs.WalkDir(Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "licences.txt" {
			return err
		}
		data, err := fs.ReadFile(Files(), name)
		for _, u := range regexp.MustCompile(`https?://[\w.]+`).FindAll(data, -1) {
			if !slices.Contains(names, string(u)) {
				t.Errorf("%s mentions %s", name, u)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// names are XML name spaces, which nobody fetches, and what curl examples say.
var names = []string{"http://www.w3.org", "http://localhost"}
