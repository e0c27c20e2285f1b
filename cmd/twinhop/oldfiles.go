package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/modjk"
	"twinhop/gateway/config/modjk/asis"
	"twinhop/gateway/config/verdict"
)

// oldFiles is what the command line says of the files of other products: mod_jk's, or the old SIP balancer's.
type oldFiles struct {
	lbFile
	workers, uriMap string
	httpd, defined  []string
	host            string
	listen          []string
}

func (o *oldFiles) flags(f *pflag.FlagSet) {
	f.StringVar(&o.workers, "workers", "", "the `file` workers.properties (default what JkWorkersFile names)")
	f.StringVar(&o.uriMap, "urimap", "", "the `file` uriworkermap.properties (default what JkMountFile names)")
	f.StringArrayVar(&o.httpd, "httpd", nil, "a `file` of httpd with Jk lines, such as httpd.conf; may be repeated")
	f.StringArrayVar(&o.defined, "define", nil, "a `name` or name=value as for httpd -D; may be repeated")
	f.StringVar(&o.host, "host", "", "the virtual host whose rules count, by its `name`")
	f.StringArrayVar(&o.listen, "listen", nil, "the `address` to be served; may be repeated (default \":8080\")")
	o.lbFile.flags(f)
}

// given tells whether any of the files was named.
func (o *oldFiles) given() bool { return o.lb != "" || o.jk() }

// jk tells whether any of mod_jk's was.
func (o *oldFiles) jk() bool { return o.workers != "" || o.uriMap != "" || len(o.httpd) > 0 }

// check complains of words that mean nothing, or that cannot be.
func (o *oldFiles) check(verb string) error {
	if err := o.lbFile.check(verb, o.jk() || o.host != "" || len(o.listen)+len(o.defined) > 0); err != nil {
		return err
	}
	switch {
	case o.jk() && o.workers == "" && len(o.httpd) == 0:
		return ask.Usage("%s: --urimap alone says nothing of workers: give --workers or --httpd, too", verb)
	case !o.jk() && (o.host != "" || len(o.listen) > 0 || len(o.defined) > 0):
		return ask.Usage("%s: --host, --listen and --define belong to mod_jk's files: give --workers or --httpd, too", verb)
	}
	for _, addr := range o.listen {
		if hint, err := form.Check("listen", addr); err != nil {
			return ask.Usage("%s: --listen: %v; %s", verb, err, hint)
		}
	}
	return nil
}

// loaded is a configuration, and where it comes from: what the old files mean with a configuration beside them, or that alone.
type loaded struct {
	config   config.Config
	name     string           // of the first of the old files
	findings verdict.Findings // about their lines
	result   modjk.Result     // of mod_jk's
	problems config.Problems
	extra    *modjk.Source     // -c; nil: none
	dir      string            // relative names of extra are relative to it
	places   map[string]string // file:line of the keys of a configuration; nil with old files
	text     []byte            // of the configuration; nil with old files
}

// load reads everything. name is the configuration beside the files; "": there is none.
func (o *oldFiles) load(name string) (*loaded, error) {
	l := &loaded{}
	if name != "" {
		s, err := readOld(name)
		if err != nil {
			return nil, err
		}
		l.extra, l.dir = &s, filepath.Dir(name)
	}
	if o.lb != "" {
		return l, o.lbFile.load(l)
	}
	in, err := o.read()
	if err != nil {
		return nil, err
	}
	l.config, l.result, l.problems = asis.Load(in, l.extra, assembly.WordsIn(l.dir))
	l.name, l.findings = l.result.Input.Workers.Name, l.result.Findings
	return l, nil
}

// failed tells whether the files cannot be run.
func (l *loaded) failed() bool {
	errors, _ := l.problems.Count()
	return errors > 0 || l.findings.Count(verdict.Error) > 0
}

// tell writes what there is to say of the files in a few lines.
func (l *loaded) tell(w io.Writer) error {
	if err := l.findings.Brief(w); err != nil || len(l.problems) == 0 {
		return err
	}
	return l.problems.Render(w, nil)
}

// read reads the files that were named. Those that httpd's name in turn are read when they are needed.
func (o *oldFiles) read() (modjk.Input, error) {
	in := modjk.Input{Host: o.host, Listen: o.listen, Lookup: os.LookupEnv, Defined: map[string]string{}, Variables: assembly.Words().AJPVariables}
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
