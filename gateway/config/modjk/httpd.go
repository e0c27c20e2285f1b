package modjk

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/httpd"
	"twinhop/gateway/config/modjk/directive"
	"twinhop/gateway/config/verdict"
)

// host is a virtual host of httpd, or the main server.
type host struct {
	*httpd.Host
	rules   []rule
	copies  bool             // JkMountCopy On
	mounted map[string]int   // a pattern's index in rules
	mapFile *httpd.Directive // JkMountFile
	reload  *httpd.Directive // JkMountFileReload

	attributes []httpd.Directive          // JkEnvVar
	env        map[string]httpd.Directive // SetEnv
	options    map[string]said            // JkOptions, by name
}

// said is an option that was switched on or off.
type said struct {
	on bool
	at place
}

// front is what the files of httpd say to mod_jk.
type front struct {
	*verdict.Ledger
	conf    *httpd.Conf
	hosts   []*host           // the main server first
	workers []httpd.Directive // JkWorkerProperty
	file    *httpd.Directive  // JkWorkersFile
	copyAll bool
}

const maxName = 60 // of a worker, route, domain, cookie

const maxCopied = 100_000 // rules that hosts have from the main server

// readHTTPD reads the lines that concern mod_jk. What other modules say is passed over.
func readHTTPD(in *Input, l *verdict.Ledger) *front {
	r := httpd.Reader{Files: in.Files, Root: in.Root, Defined: in.Defined, Lookup: in.Lookup, Modules: []string{"jk_module", "mod_jk.c"}, Wants: wanted, Show: in.Show}
	var sources []httpd.Source
	for _, s := range in.HTTPD {
		sources = append(sources, httpd.Source(s))
	}
	if in.conf == nil {
		in.conf = r.Read(sources...)
	}
	h := &front{Ledger: l, conf: in.conf}
	l.Files = append(l.Files, h.conf.Files...)
	of := map[*httpd.Host]*host{}
	for _, v := range h.conf.Hosts {
		of[v] = &host{Host: v}
		h.hosts = append(h.hosts, of[v])
	}
	for _, p := range h.conf.Problems {
		l.Mark(place(p.Place), Finding{Directive: p.Directive, Verdict: Error, Note: p.Note, Hint: p.Hint})
	}
	for _, d := range h.conf.Included {
		known := findHTTPD(d.Name)
		l.Mark(place(d.Place), Finding{Directive: known.Name, Verdict: known.Verdict, Note: known.Note})
	}
	for _, d := range h.conf.Directives {
		h.directive(d, of[d.Host])
	}
	return h
}

func (h *front) directive(d httpd.Directive, on *host) {
	known := findHTTPD(d.Name)
	f := Finding{Directive: d.Name}
	if known != nil {
		f = Finding{Directive: known.Name, Verdict: known.Verdict, Note: known.Note}
	}
	switch {
	case d.Off != "":
		f.Verdict, f.Note = Ignored, "stands in "+d.Off+", which does not hold"
	case d.Depends != "":
		f.Verdict, f.Note = Unsupported, "stands in "+d.Depends+", which is not followed"
	case known == nil:
		f.Verdict, f.Note, f.Hint = Error, "mod_jk has no such directive", h.Near(d.Name, words("httpd"))
	case d.Unset != "" && known.Verdict == Used:
		f.Verdict, f.Note, f.Hint = Error, "there is no variable "+form.Quote(d.Unset), "set it for this command: httpd's start script does, such as /etc/apache2/envvars"
	case strings.HasPrefix(known.Name, "Jk"):
		h.jk(f, d, on)
		return
	default:
		h.environment(f, d, on)
		return
	}
	if known == nil || known.Name != "SetEnv" || indicates(d.Args[0]) {
		h.Mark(place(d.Place), f)
	}
}

// jk takes a directive of mod_jk.
func (h *front) jk(f Finding, d httpd.Directive, on *host) {
	switch f.Directive {
	case "JkMount", "JkUnMount":
		h.mount(f.Directive, d, on)
		return
	case "JkOptions":
		j := directive.Judge(d.Args)
		if on.options == nil {
			on.options = map[string]said{}
		}
		for name, is := range j.On {
			on.options[name] = said{is, place(d.Place)}
		}
		if f.Verdict, f.Note = j.Verdict, j.Note; j.Illegal != "" || len(d.Args) == 0 {
			f.Verdict, f.Note, f.Hint = Error, form.Quote(j.Illegal)+" is no option", h.Near(strings.TrimLeft(j.Illegal, "+-"), directive.Options())
		}
	case "JkEnvVar":
		if n := len(d.Args); n < 1 || n > 2 || d.Args[0] == "" {
			h.Mark(place(d.Place), Finding{Directive: f.Directive, Verdict: Error, Note: fmt.Sprintf("takes a name and perhaps a default, not %d arguments", n)})
			return
		}
		on.attributes = append(on.attributes, d)
		return
	case "JkWorkersFile", "JkMountFile", "JkMountFileReload", "JkMountCopy", "JkWorkerProperty":
		if len(d.Args) != 1 {
			h.Mark(place(d.Place), Finding{Directive: f.Directive, Verdict: Error, Note: fmt.Sprintf("takes one argument, not %d", len(d.Args))})
			return
		}
	}
	switch f.Directive {
	case "JkWorkersFile":
		if h.file != nil {
			h.Mark(place(d.Place), Finding{Directive: f.Directive, Verdict: Error, Note: "allowed only once, and " + place(h.file.Place).String() + " has it"})
			return
		}
		h.file = &d
		return
	case "JkMountFile":
		on.mapFile = &d
		return
	case "JkWorkerProperty":
		h.workers = append(h.workers, d)
		return
	case "JkMountFileReload":
		on.reload = &d
	case "JkMountCopy":
		switch strings.ToLower(d.Args[0]) {
		case "on":
			on.copies = true
		case "off":
			on.copies = false
		case "all":
			h.copyAll = true
		default:
			f.Verdict, f.Note, f.Hint = Error, form.Quote(d.Args[0])+" is neither On nor Off nor All", ""
		}
	}
	h.Mark(place(d.Place), f)
}

// mount takes JkMount and JkUnMount, "PATTERN WORKER" or, within a Location, "WORKER". Of one pattern the last worker counts.
func (h *front) mount(name string, d httpd.Directive, on *host) {
	args, where := d.Args, place(d.Place)
	if len(args) == 1 && d.Location != "" {
		args = []string{d.Location, args[0]}
	}
	f := Finding{Directive: name, Verdict: Error}
	switch {
	case len(args) != 2:
		f.Note, f.Hint = fmt.Sprintf("takes a pattern and a worker, not %d arguments", len(d.Args)), "within <Location /path> the worker alone"
	case len(d.Args) == 2 && d.Location != "":
		f.Note, f.Hint = "takes the worker alone within <Location "+d.Location+">", "httpd refuses a pattern there, too"
	case !strings.HasPrefix(args[0], "/"):
		f.Note, f.Hint = form.Quote(args[0])+" is no pattern: it begins with \"/\"", "httpd would not start either"
	}
	if f.Note != "" {
		h.Mark(where, f)
		return
	}
	pattern := args[0]
	if name == "JkUnMount" {
		pattern = "!" + pattern
	}
	r, ok := newRule(where, pattern, args[1], h.Ledger)
	if !ok {
		return
	}
	if i, again := on.mounted[pattern]; again {
		h.Mark(on.rules[i].at, Finding{Directive: on.rules[i].text, Verdict: Ignored, Note: where.String() + " has the same pattern: the last one counts"})
		on.rules[i] = r
		return
	}
	if on.mounted == nil {
		on.mounted = map[string]int{}
	}
	on.mounted[pattern] = len(on.rules)
	on.rules = append(on.rules, r)
}

// chosen returns one host with its rules. Without a name it is the one that has rules; if several have others, that is an error.
func (h *front) chosen(name string) *host {
	var candidates []*host
	var names []string
	top, copied := verdict.Top(h.Files[0]), 0 // the files of httpd are read first
	for _, v := range h.hosts {
		names = append(names, v.Name)
		names = append(names, v.Aliases...)
		if v != h.hosts[0] && (v.copies || h.copyAll) {
			if copied += len(h.hosts[0].rules); copied > maxCopied {
				h.Mark(top, Finding{Directive: "--httpd", Verdict: Error, Note: fmt.Sprintf("JkMountCopy makes more than %d rules", maxCopied)})
				return nil
			}
			v.rules = slices.Concat(v.rules, h.hosts[0].rules)
			if v.mapFile == nil {
				v.mapFile = h.hosts[0].mapFile
			}
		}
		is := func(n string) bool { return strings.EqualFold(n, name) }
		if name == "" && (len(v.rules) > 0 || v.mapFile != nil) || name != "" && (is(v.Name) || slices.ContainsFunc(v.Aliases, is)) {
			candidates = append(candidates, v)
		}
	}
	switch {
	case len(candidates) == 0 && name != "":
		h.Mark(top, Finding{Directive: "--host", Verdict: Error, Note: "there is no virtual host " + form.Quote(name), Hint: h.Near(name, names)})
		return nil
	case len(candidates) == 0:
		return nil
	}
	if first := candidates[0]; first == h.hosts[0] && len(candidates) > 1 && name == "" && h.onlyCopied(candidates[1:]) {
		candidates = candidates[1:] // they have what the main server has
	}
	pick := candidates[0]
	for _, other := range candidates[1:] {
		if !same(pick, other) {
			names = names[:0]
			for _, c := range candidates {
				names = append(names, c.Name)
			}
			h.Mark(top, Finding{Directive: "--host", Verdict: Error, Note: "the rules of virtual hosts differ: " + strings.Join(names[:min(len(names), 20)], ", "), Hint: "choose one with --host NAME, one file for each"})
			return nil
		}
	}
	h.passOver(pick)
	if pick.reload == nil {
		pick.reload = h.hosts[0].reload
	}
	return pick
}

// onlyCopied tells whether all hosts have the main server's rules, among others.
func (h *front) onlyCopied(hosts []*host) bool {
	return !slices.ContainsFunc(hosts, func(v *host) bool { return !v.copies && !h.copyAll })
}

func same(a, b *host) bool {
	return slices.EqualFunc(a.rules, b.rules, func(x, y rule) bool { return x.text == y.text && x.not == y.not }) &&
		(a.mapFile == nil) == (b.mapFile == nil) && (a.mapFile == nil || a.mapFile.Args[0] == b.mapFile.Args[0])
}

// passOver gives the verdict about the rules of the hosts that were not chosen.
func (h *front) passOver(pick *host) {
	own := map[place]bool{}
	for _, r := range pick.rules {
		own[r.at] = true
	}
	for _, v := range h.hosts {
		if v == pick {
			continue
		}
		f := Finding{Verdict: Ignored, Note: "belongs to " + v.Name + "; converted is " + pick.Name}
		if same(v, pick) {
			f = Finding{Verdict: Used, Note: "the same as in " + pick.Name}
		}
		for _, r := range v.rules {
			if own[r.at] {
				continue
			}
			f.Directive = r.text
			h.Mark(r.at, f)
		}
		for _, d := range v.attributes {
			if v != h.hosts[0] { // what the main server says counts for all
				h.Mark(place(d.Place), Finding{Directive: "JkEnvVar", Verdict: Ignored, Note: "belongs to " + v.Name + "; converted is " + pick.Name})
			}
		}
		if v.mapFile != nil && v.mapFile != pick.mapFile {
			f.Directive = "JkMountFile"
			h.Mark(place(v.mapFile.Place), f)
		}
	}
}
