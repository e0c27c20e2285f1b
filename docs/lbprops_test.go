package docs_test

import (
	"strings"
	"testing"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config/lbprops"
	"twinhop/gateway/config/lbprops/key"
)

// The page about the old SIP balancers has every key of their files with its verdict, as the program gives it, and its
// example is what comes out.
func TestEveryKeyOfTheOldBalancerIsDocumented(t *testing.T) {
	got := map[string]bool{}
	for _, r := range rows(read(t, "restcomm.md")) {
		if len(r) == 4 && r[0] != "key" && !strings.HasPrefix(r[0], "---") {
			got[strings.Join(r, " | ")] = true
		}
	}
	if len(key.All()) < 100 {
		t.Fatalf("only %d keys", len(key.All()))
	}
	for _, k := range key.All() {
		name, path := k.Name, k.XML
		if strings.Contains(name, "/") {
			name = "-"
		}
		if path == "" {
			path = "-"
		}
		line := strings.Join([]string{name, path, string(k.Verdict), k.Note}, " | ")
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
		if b.page == "restcomm.md" {
			files[b.info] = b.text
		}
	}
	words := assembly.Words()
	r := lbprops.Convert(lbprops.Input{File: lbprops.Source{Name: "lb.properties", Text: []byte(files["properties lb.properties"])}, Class: words.OldClass, Classes: words.OldClasses})
	if string(r.YAML) != files["yaml whole"] {
		t.Errorf("the example becomes\n%s\n%+v", r.YAML, r.Findings)
	}
}
