package main

import (
	"testing"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
	"twinhop/gateway/config/modjk"
	"twinhop/gateway/config/modjk/asis"
)

func TestRuleSources(t *testing.T) {
	if (&loaded{}).ruleSource() != nil {
		t.Error("a configuration of our own has sources")
	}
	in := modjk.Input{Listen: []string{":8080"},
		Workers: modjk.Source{Name: "workers.properties", Text: []byte("worker.list=w\nworker.w.mount=/own/* /both/*\nworker.w.host=127.0.0.1\n")},
		URIMap:  &modjk.Source{Name: "map", Text: []byte("/app|/*=w\n/twice/*=w\n!/app/no=*\n/ext/*=w;reply_timeout=5\n")},
		HTTPD:   []modjk.Source{{Name: "httpd.conf", Text: []byte("JkMount /mounted/* w\nJkUnMount /mounted/x w\nJkMount /twice/* w\nJkMount /both/* w\n")}}}
	l := &loaded{}

	if l.config, l.result, l.problems = asis.Load(in, nil, assembly.WordsIn("")); l.failed() {
		t.Fatalf("%v %v", l.problems, l.result.Findings)
	}
	want := map[string]string{"/app|/*": "uriworkermap", "/twice/*": "uriworkermap", "!/app/no": "uriworkermap", "/ext/*": "uriworkermap", "/mounted/*": "JkMount",
		"!/mounted/x": "JkMount", "/own/*": "worker definition", "/both/*": "JkMount"}
	source := l.ruleSource()
	for i := range l.config.Mounts {
		m := &l.config.Mounts[i]
		if got := source(m); got != want[m.Path] {
			t.Errorf("%s: %s, not %s", m.Path, got, want[m.Path])
		}
		delete(want, m.Path)
	}
	if len(want) > 0 {
		t.Errorf("not mounted: %v", want)
	}
	if got := source(&config.Mount{Path: "/later/*"}); got != "uriworkermap" {
		t.Errorf("what a changed map brings is from %s", got)
	}
}
