package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"twinhop/gateway/config"
	"twinhop/gateway/config/modjk"
)

// oldFiles is what the command line says of mod_jk's files.
type oldFiles struct {
	workers, uriMap string
	httpd, defined  []string
	host, listen    string
}

func (o *oldFiles) flags(f *pflag.FlagSet) {
	f.StringVar(&o.workers, "workers", "", "the `file` workers.properties (default what JkWorkersFile names)")
	f.StringVar(&o.uriMap, "urimap", "", "the `file` uriworkermap.properties (default what JkMountFile names)")
	f.StringArrayVar(&o.httpd, "httpd", nil, "a `file` of httpd with Jk lines, such as httpd.conf; may be repeated")
	f.StringArrayVar(&o.defined, "define", nil, "a `name` or name=value as for httpd -D; may be repeated")
	f.StringVar(&o.host, "host", "", "the virtual host whose rules count, by its `name`")
}

// read reads the files that were named. Those that httpd's name in turn are read when they are needed.
func (o *oldFiles) read() (modjk.Input, error) {
	in := modjk.Input{Host: o.host, Listen: o.listen, Lookup: os.LookupEnv, Defined: map[string]string{}}
	for _, d := range o.defined {
		name, value, _ := strings.Cut(d, "=")
		in.Defined[name] = value
	}
	if len(o.httpd) > 0 {
		main, err := filepath.Abs(o.httpd[0])
		if err != nil {
			return in, err
		}
		in.Files, in.Root, in.Show = os.DirFS("/"), filepath.Dir(main), shown
	}
	for _, name := range o.httpd {
		s, err := readOld(name)
		if err != nil {
			return in, err
		}
		in.HTTPD = append(in.HTTPD, s)
	}
	var err error
	if o.uriMap != "" {
		s, err := readOld(o.uriMap)
		if err != nil {
			return in, err
		}
		in.URIMap = &s
	}
	if o.workers != "" {
		in.Workers, err = readOld(o.workers)
	}
	return in, err
}

func readOld(name string) (modjk.Source, error) {
	text, err := config.ReadFile(name)
	return modjk.Source{Name: name, Text: text}, err
}

// shown is a file's name as a user would write it: one below the working directory is relative.
func shown(name string) string {
	dir, err := os.Getwd()
	if err != nil {
		return name
	}
	if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return name
}
