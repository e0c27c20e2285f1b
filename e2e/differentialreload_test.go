package e2e

import (
	"os"
	"path/filepath"
	"time"
)

// A map that changes under both, which look every second.
func differentialReload() suite {
	solo := "n1@ n2@ n3@"
	at := func(path string) string { return ask("GET", path) }
	first := "/@/a=n1@\n/@/always=n1@"
	return suite{
		byHTTPD: true,
		httpd:   "JkMountFileReload 1\n",
		trials: []trialOf{
			{name: "rules come and go", list: solo, urimap: first, play: func(p *play) {
				p.rules(first)
				p.until(at("/@/a"), "n1")
				p.rules("/@/b=n2@\n/@/always=n1@")
				p.until(at("/@/b"), "n2")
				sends(at("/@/a"), at("/@/always"))(p)
				p.rules("nonsense\n!\n/@/b=n3@\n!/@/b/*=n3@\n/@/b/*=n3@")
				p.until(at("/@/b"), "n3")
				sends(at("/@/b/x"), at("/@/always"))(p)
			}},
			{name: "words of rules", urimap: "/@|/*=lb@", play: func(p *play) {
				p.rules("/@|/*=lb@;stopped=n1@,n2@")
				p.until(plain, "n3")
				sends(with("JSESSIONID=A@.n1"))(p)
				p.rules("/@|/*=lb@;stopped=n3@,n2@")
				p.until(plain, "n1")
			}},
			{name: "a map that is gone", list: solo, urimap: first, play: func(p *play) {
				p.rules(first)
				p.until(at("/@/a"), "n1")
				if err := os.Remove(filepath.Join(p.dir, "uriworkermap.properties")); err != nil {
					p.t.Fatal(err)
				}
				p.pass(2500 * time.Millisecond)
				sends(at("/@/a"))(p)
			}},
		},
	}
}

// rules replaces the map, with another time of writing each time.
func (p *play) rules(text string) {
	p.t.Helper()
	name := filepath.Join(p.dir, "uriworkermap.properties")
	if err := os.WriteFile(name+".new", []byte(p.own(text)+"\n"), 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.written.Add(1)
	at := time.Now().Add(-time.Hour + time.Duration(p.written.Load())*2*time.Second).Truncate(time.Second)
	if err := os.Chtimes(name+".new", at, at); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		p.t.Fatal(err)
	}
}
