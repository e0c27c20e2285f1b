package jssip

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

var update = flag.Bool("update", false, "write dist instead of comparing it")

// TestDistIsBuiltFromVendor bundles vendor and compares the result with dist, byte for byte. With -update (go generate) it writes dist.
func TestDistIsBuiltFromVendor(t *testing.T) {
	built := map[string][]byte{"jssip.js": bundle(t), "licences.txt": texts(t)}
	for name, data := range built {
		path := filepath.Join("dist", name)
		if *update {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d bytes", path, len(data))
			continue
		}
		if old, err := os.ReadFile(path); err != nil || !bytes.Equal(old, data) {
			t.Errorf("%s is missing or not what vendor gives (%v): run go generate ./web/jssip", path, err)
		}
	}
}

func bundle(t *testing.T) []byte {
	t.Helper()
	alias := map[string]string{}
	for name, file := range map[string]string{"jssip": "lib/JsSIP.js", "debug": "src/browser.js", "events": "events.js", "ms": "index.js",
		"sdp-transform": "lib/index.js"} {
		abs, err := filepath.Abs(filepath.Join("vendor", name, file))
		if err != nil {
			t.Fatal(err)
		}
		alias[name] = abs
	}
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{"entry.js"}, Outdir: "dist", Bundle: true, Format: api.FormatESModule, Target: api.ES2022,
		Platform: api.PlatformBrowser, MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true, Charset: api.CharsetUTF8,
		LegalComments: api.LegalCommentsNone, TsconfigRaw: "{}", Sourcemap: api.SourceMapNone, Alias: alias,
	})
	for _, m := range append(r.Errors, r.Warnings...) {
		t.Fatalf("%+v: %s", m.Location, m.Text)
	}
	return r.OutputFiles[0].Contents
}

// texts gathers the licences, for those who get only dist.
func texts(t *testing.T) []byte {
	t.Helper()
	paths, err := filepath.Glob("vendor/*/LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob("vendor/*/package.json")
	if err != nil || len(paths) == 0 || len(paths) != len(folders) {
		t.Fatalf("%d licences of %d packages (%v)", len(paths), len(folders), err)
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

// Pages that use the script allow no scripts but those of their own server, and no evaluation of text.
func TestTheScriptNeedsNoRights(t *testing.T) {
	for _, bad := range []string{"eval(", "new Function(", "import(", "importScripts"} {
		if bytes.Contains(Script(), []byte(bad)) {
			t.Errorf("the bundle contains %q", bad)
		}
	}
	if !bytes.Contains(Script(), []byte("WebSocketInterface")) || !bytes.Contains(Licences(), []byte("== jssip\n")) {
		t.Error("this is not JsSIP with its licence")
	}
}
