package modjk

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/httpd"
	"twinhop/gateway/config/modjk/directive"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/verdict"
)

// Source is a file that is converted.
type Source struct {
	Name string
	Text []byte
}

// What is said of a line, where it stands, and what is known of its directive.
type (
	Directive = directive.Directive
	Finding   = verdict.Finding
	Findings  = verdict.Findings
	Verdict   = verdict.Verdict
	place     = verdict.Place
)

// The verdicts.
const (
	Used         = verdict.Used
	Approximated = verdict.Approximated
	Unsupported  = verdict.Unsupported
	Ignored      = verdict.Ignored
	Error        = verdict.Error
)

// Directives returns every word of mod_jk that is known.
func Directives() []Directive { return directive.All() }

var (
	find      = directive.Find
	findHTTPD = directive.FindHTTPD
	words     = directive.Names
	joint     = directive.Joint
	splitKey  = directive.SplitKey
)

// Input is what is converted. Without a map and without files of httpd only the mount lines of workers map anything.
type Input struct {
	Workers Source   // without a name: the file that JkWorkersFile names
	URIMap  *Source  // nil: the file that JkMountFile names
	HTTPD   []Source // read one after the other

	Files   fs.FS                       // the root of the file system, for what the files of httpd name; nil: nothing is read
	Root    string                      // ServerRoot until a line says another one
	Show    func(name string) string    // how a file that was found there is called; nil: by its absolute name
	Defined map[string]string           // as by "httpd -D"
	Host    string                      // virtual host whose rules count; empty: the only one that has some
	Listen  []string                    // addresses to be served; none: ":8080"
	Lookup  func(string) (string, bool) // variables of the environment; nil: none

	Variables []string // that nodes can be sent as attributes

	conf *httpd.Conf // what the files of httpd said when they were read
}

// Result is what came out.
type Result struct {
	YAML     []byte // nil when a finding is an Error
	Secrets  bool   // YAML holds a secret: nobody else should read it
	Findings Findings
	Files    []string            // all that were read
	Workers  []*properties.Entry // what they say of workers, in their order; secrets among it
	Input    Input               // with all that was read, to read a changed map beside it
	MapFile  string              // where the rules were read, "": no such file
	Reload   time.Duration       // how often mod_jk looks whether they changed, 0: never
}

// usualReload is mod_jk's default of JkMountFileReload.
const usualReload = time.Minute

// source is what is known of the files besides their lines.
type source struct {
	mapFile string
	reload  time.Duration
	sent    []pair // to every node: attributes, variables
}

// names are the files in the order of the command line; those that httpd includes are too many.
func (in *Input) names() []string {
	names := []string{in.Workers.Name}
	if in.URIMap != nil {
		names = append(names, in.URIMap.Name)
	}
	for _, s := range in.HTTPD {
		if s.Name != names[0] {
			names = append(names, s.Name)
		}
	}
	return names
}

// reads remembers the order of the files.
func (c *converter) reads(name string) {
	if !slices.Contains(c.Ledger.Files, name) {
		c.Ledger.Files = append(c.Ledger.Files, name)
	}
}

// read reads all files, and returns the rules that do not stand in the lines of workers.
func (c *converter) read(in *Input) []rule {
	var h *front
	if len(in.HTTPD) > 0 {
		h = readHTTPD(in, &c.Ledger)
	}
	c.props = &properties.Keys{Ledger: &c.Ledger, Joint: joint, Lookup: c.lookup(in.Lookup, h)}
	if h != nil {
		for _, d := range h.workers {
			c.props.Add(properties.Line{Text: d.Args[0], At: place(d.Place)})
		}
		c.workersFile(in, h)
	}
	c.reads(in.Workers.Name)
	for _, ln := range properties.Lines(in.Workers.Name, in.Workers.Text, &c.Ledger) {
		c.props.Add(ln)
	}
	c.reload = usualReload
	var own []rule
	if h != nil {
		own = c.ofHost(in, h)
	} else if in.Host != "" {
		c.Mark(verdict.Top(in.Workers.Name), Finding{Directive: "--host", Verdict: Error, Note: "virtual hosts are in an httpd.conf", Hint: "give it with --httpd"})
	}
	if in.URIMap == nil {
		return own
	}
	c.reads(in.URIMap.Name)
	c.mapFile = in.URIMap.Name
	return append(readMap(in.URIMap, &c.Ledger), own...)
}

func (c *converter) lookup(env func(string) (string, bool), h *front) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if env != nil {
			if v, ok := env(name); ok {
				return v, true
			}
		}
		if name == "ServerRoot" && h != nil && h.conf.Root != "" {
			return h.conf.Root, true
		}
		return "", false
	}
}

// workersFile finds the file of workers when none was given. JkWorkerProperty may do without.
func (c *converter) workersFile(in *Input, h *front) {
	switch {
	case in.Workers.Name != "":
		c.given(h.file, "JkWorkersFile", in.Workers.Name)
	case h.file != nil:
		if s, ok := c.named(in, h, h.file, "--workers"); ok {
			in.Workers = s
			return
		}
		in.Workers.Name = h.file.File
	default:
		in.Workers.Name = in.HTTPD[0].Name
		if len(h.workers) == 0 && !c.Failed() {
			c.Mark(verdict.Top(in.Workers.Name), Finding{Directive: "--workers", Verdict: Error, Note: "there is no JkWorkersFile and no JkWorkerProperty", Hint: "give workers.properties with --workers"})
		}
	}
}

// ofHost returns the rules of the host that was chosen, and finds its map when none was given.
func (c *converter) ofHost(in *Input, h *front) []rule {
	v := h.chosen(in.Host)
	if v == nil { // only the main server's words count
		c.attributes(in.Variables, h.hosts[0], h.hosts[0])
		return nil
	}
	c.attributes(in.Variables, h.hosts[0], v)
	switch {
	case v.mapFile != nil && in.URIMap == nil:
		if s, ok := c.named(in, h, v.mapFile, "--urimap"); ok {
			in.URIMap = &s
		}
	case in.URIMap != nil && v.mapFile == nil && slices.ContainsFunc(h.hosts, func(v *host) bool { return v.mapFile != nil }) && !c.Failed():
		c.Mark(verdict.Top(in.URIMap.Name), Finding{Directive: "--urimap", Verdict: Error, Note: "the host that is converted has no JkMountFile: the map is that of another", Hint: "leave --urimap out"})
	case in.URIMap != nil:
		c.given(v.mapFile, "JkMountFile", in.URIMap.Name)
	}
	if d := v.reload; d != nil {
		n, _ := properties.Number(d.Args[0])
		c.reload = time.Duration(max(n, 0)) * time.Second
	}
	return v.rules
}

// named reads a file that a directive names. option would have given it.
func (c *converter) named(in *Input, h *front, d *httpd.Directive, option string) (Source, bool) {
	f := Finding{Directive: findHTTPD(d.Name).Name, Verdict: Error, Note: form.Quote(d.Args[0]) + " was not read", Hint: "give it with " + option}
	if in.Files == nil {
		c.Mark(place(d.Place), f)
		return Source{}, false
	}
	name := httpd.Absolute(h.conf.Root, d.Args[0])
	text, err := httpd.ReadFile(in.Files, name)
	if err != nil {
		f.Note = form.Quote(name) + " cannot be read: " + httpd.Cause(err)
		c.Mark(place(d.Place), f)
		return Source{}, false
	}
	if in.Show != nil {
		name = in.Show(name)
	}
	c.Mark(place(d.Place), Finding{Directive: f.Directive, Verdict: Used, Note: "read as " + form.Quote(name)})
	return Source{Name: name, Text: text}, true
}

// given holds a file that httpd.conf names against the one that was given.
func (c *converter) given(d *httpd.Directive, name, file string) {
	switch {
	case d == nil:
	case path.Base(d.Args[0]) != path.Base(file):
		c.Mark(place(d.Place), Finding{Directive: name, Verdict: Approximated, Note: fmt.Sprintf("%s was read in the place of %s", form.Quote(file), form.Quote(d.Args[0]))})
	default:
		c.Mark(place(d.Place), Finding{Directive: name, Verdict: Used, Note: "read as " + form.Quote(file)})
	}
}
