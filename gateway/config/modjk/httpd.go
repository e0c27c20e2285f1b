package modjk

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config/form"
)

// mainServer is the name of what stands outside every virtual host.
const mainServer = "main server"

// host is a virtual host of httpd, or the main server.
type host struct {
	name    string
	aliases []string
	rules   []rule
	copies  bool       // JkMountCopy On
	mapFile *directive // JkMountFile
}

// directive is a line of an httpd.conf.
type directive struct {
	at   place
	name string
	args []string
}

// httpd is what an httpd.conf says to mod_jk.
type httpd struct {
	*ledger
	hosts    []*host // the main server first
	workers  []line  // JkWorkerProperty
	file     *directive
	root     string // ServerRoot
	copyAll  bool
	location []string // path of the sections around, "" of one without
	sections []string
	now      *host
}

const (
	maxCopied   = 100_000 // rules that hosts have from the main server
	maxSections = 64
	maxLogical  = 64 << 10 // of a line with its continuations
)

// readHTTPD reads the lines that concern mod_jk. What other modules say is passed over.
func readHTTPD(s *Source, l *ledger) *httpd {
	h := &httpd{ledger: l, hosts: []*host{{name: mainServer}}}
	h.now = h.hosts[0]
	if len(s.Text) > maxBytes {
		l.mark(place{s.Name, 1, 1}, Finding{Verdict: Error, Note: fmt.Sprintf("the file has more than %d bytes", maxBytes)})
		return h
	}
	physical := bytes.Split(s.Text, []byte("\n"))
	for i := 0; i < len(physical); i++ {
		text, at := string(bytes.TrimRight(physical[i], "\r")), place{s.Name, i + 1, 1}
		for strings.HasSuffix(text, `\`) && i+1 < len(physical) && len(text) < maxLogical {
			i++
			text = text[:len(text)-1] + string(bytes.TrimRight(physical[i], "\r"))
		}
		trimmed := strings.Trim(text, blanks)
		at.col += len(text) - len(strings.TrimLeft(text, blanks))
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case len(text) >= maxLogical:
			l.mark(at, Finding{Verdict: Error, Note: "the line is too long"})
			return h
		case !h.line(trimmed, at):
			return h
		}
	}
	return h
}

// line takes one line; false: nothing behind it can be understood.
func (h *httpd) line(text string, at place) bool {
	if end, ok := strings.CutPrefix(text, "</"); ok {
		h.close(strings.ToLower(strings.Trim(end, blanks+">")))
		return true
	}
	if text[0] == '<' {
		args := arguments(strings.TrimRight(strings.TrimRight(text[1:], blanks), ">"))
		if len(args) == 0 {
			return true
		}
		if len(h.sections) == maxSections {
			h.mark(at, Finding{Directive: "<" + args[0], Verdict: Error, Note: fmt.Sprintf("more than %d sections within each other", maxSections)})
			return false
		}
		h.open(strings.ToLower(args[0]), args[1:])
		return true
	}
	if args := arguments(text); len(args) > 0 {
		h.directive(directive{at, args[0], args[1:]})
	}
	return true
}

// close ends a section, and those within it that nobody closed. One that is not open is passed over.
func (h *httpd) close(section string) {
	n := len(h.sections) - 1
	for n >= 0 && h.sections[n] != section {
		n--
	}
	if n < 0 {
		return
	}
	if slices.Contains(h.sections[n:], "virtualhost") {
		h.now = h.hosts[0]
	}
	h.sections, h.location = h.sections[:n], h.location[:n]
}

// places are sections that say where something counts; others, such as IfModule, leave that as it is.
var places = strings.Fields("virtualhost location locationmatch directory directorymatch files filesmatch proxy proxymatch")

func (h *httpd) open(section string, args []string) {
	path := ""
	switch n := len(h.location); {
	case section == "location" && len(args) == 1 && strings.HasPrefix(args[0], "/"):
		path = args[0]
	case n > 0 && !slices.Contains(places, section):
		path = h.location[n-1]
	}
	h.sections, h.location = append(h.sections, section), append(h.location, path)
	if section == "virtualhost" {
		h.now = &host{name: strings.Join(args, " ")}
		h.hosts = append(h.hosts, h.now)
	}
}

// arguments splits a line as httpd does: words, or text in quotation marks.
func arguments(s string) []string {
	var all []string
	for s = strings.TrimLeft(s, blanks); s != ""; s = strings.TrimLeft(s, blanks) {
		if q := s[0]; q == '"' || q == '\'' {
			var b strings.Builder
			i := 1
			for ; i < len(s) && s[i] != q; i++ {
				if s[i] == '\\' && i+1 < len(s) && (s[i+1] == q || s[i+1] == '\\') {
					i++
				}
				b.WriteByte(s[i])
			}
			all, s = append(all, b.String()), s[min(i+1, len(s)):]
			continue
		}
		i := strings.IndexAny(s, blanks)
		if i < 0 {
			i = len(s)
		}
		all, s = append(all, s[:i]), s[i:]
	}
	return all
}

func (h *httpd) directive(d directive) {
	switch strings.ToLower(d.name) {
	case "servername":
		if len(d.args) == 1 && h.now.name != mainServer {
			h.now.aliases = append(h.now.aliases, h.now.name)
			h.now.name = d.args[0]
		}
		return
	case "serveralias":
		h.now.aliases = append(h.now.aliases, d.args...)
		return
	case "serverroot":
		if len(d.args) == 1 {
			h.root = d.args[0]
		}
		return
	}
	known := findHTTPD(d.name)
	switch {
	case known == nil && len(d.name) > 2 && strings.EqualFold(d.name[:2], "jk"):
		h.mark(d.at, Finding{Directive: d.name, Verdict: Error, Note: "mod_jk has no such directive", Hint: h.near(d.name, words("httpd"))})
		return
	case known == nil:
		return
	case slices.ContainsFunc(d.args, func(a string) bool { return strings.Contains(a, "${") }) && known.Verdict == Used:
		h.mark(d.at, Finding{Directive: known.Name, Verdict: Error, Note: "variables of httpd are not known here", Hint: "write the value in the place of ${...}"})
		return
	}
	h.jk(known, d)
}

// jk takes a directive of mod_jk.
func (h *httpd) jk(known *Directive, d directive) {
	want := 1
	switch known.Name {
	case "JkMount", "JkUnMount":
		h.mount(known.Name, d)
		return
	case "JkWorkersFile", "JkMountFile", "JkMountCopy", "JkWorkerProperty":
		if len(d.args) != want {
			h.mark(d.at, Finding{Directive: known.Name, Verdict: Error, Note: fmt.Sprintf("takes one argument, not %d", len(d.args))})
			return
		}
	default:
		h.mark(d.at, Finding{Directive: known.Name, Verdict: known.Verdict, Note: known.Note})
		return
	}
	switch known.Name {
	case "JkWorkersFile":
		h.file = &d
	case "JkMountFile":
		h.now.mapFile = &d
	case "JkMountCopy":
		on := strings.EqualFold(d.args[0], "on")
		h.copyAll = h.copyAll || strings.EqualFold(d.args[0], "all")
		h.now.copies = h.now.copies || on
		h.mark(d.at, Finding{Directive: known.Name, Verdict: Used, Note: known.Note})
	case "JkWorkerProperty":
		h.workers = append(h.workers, line{strings.Trim(d.args[0], blanks), d.at})
	}
}

// mount takes JkMount and JkUnMount, "PATTERN WORKER" or, within a Location, "WORKER".
func (h *httpd) mount(name string, d directive) {
	around := ""
	if n := len(h.location); n > 0 {
		around = h.location[n-1]
	}
	args := d.args
	if len(args) == 1 && around != "" {
		args = []string{around, args[0]}
	}
	if len(args) != 2 {
		h.mark(d.at, Finding{Directive: name, Verdict: Error, Note: fmt.Sprintf("takes a pattern and a worker, not %d arguments", len(d.args)), Hint: "within <Location /path> the worker alone"})
		return
	}
	pattern := args[0]
	if name == "JkUnMount" {
		if rest, off := strings.CutPrefix(pattern, "-"); off {
			pattern = "-!" + rest
		} else {
			pattern = "!" + pattern
		}
	}
	if r, ok := newRule(d.at, pattern, args[1], h.ledger); ok {
		h.now.rules = append(h.now.rules, r)
	}
}

// chosen returns the rules of one host. Without a name it is the one that has rules; if several have others, that is an error.
func (h *httpd) chosen(name string) (rules []rule, file *directive) {
	var candidates []*host
	var names []string
	top, copied := place{h.files[0], 1, 1}, 0 // httpd.conf is read first
	for _, v := range h.hosts {
		names = append(names, v.name)
		names = append(names, v.aliases...)
		if v != h.hosts[0] && (v.copies || h.copyAll) {
			if copied += len(h.hosts[0].rules); copied > maxCopied {
				h.mark(top, Finding{Directive: "--httpd", Verdict: Error, Note: fmt.Sprintf("JkMountCopy makes more than %d rules", maxCopied)})
				return nil, nil
			}
			v.rules = slices.Concat(v.rules, h.hosts[0].rules)
			if v.mapFile == nil {
				v.mapFile = h.hosts[0].mapFile
			}
		}
		is := func(n string) bool { return strings.EqualFold(n, name) }
		if name == "" && (len(v.rules) > 0 || v.mapFile != nil) || name != "" && (is(v.name) || slices.ContainsFunc(v.aliases, is)) {
			candidates = append(candidates, v)
		}
	}
	switch {
	case len(candidates) == 0 && name != "":
		h.mark(top, Finding{Directive: "--host", Verdict: Error, Note: "there is no virtual host " + form.Quote(name), Hint: h.near(name, names)})
		return nil, nil
	case len(candidates) == 0:
		return nil, nil
	}
	if first := candidates[0]; first == h.hosts[0] && len(candidates) > 1 && name == "" && h.onlyCopied(candidates[1:]) {
		candidates = candidates[1:] // they have what the main server has
	}
	pick := candidates[0]
	for _, other := range candidates[1:] {
		if !same(pick, other) {
			names = names[:0]
			for _, c := range candidates {
				names = append(names, c.name)
			}
			h.mark(top, Finding{Directive: "--host", Verdict: Error, Note: "the rules of virtual hosts differ: " + strings.Join(names[:min(len(names), 20)], ", "), Hint: "choose one with --host NAME, one file for each"})
			return nil, nil
		}
	}
	h.passOver(pick)
	return pick.rules, pick.mapFile
}

// onlyCopied tells whether all hosts have the main server's rules, among others.
func (h *httpd) onlyCopied(hosts []*host) bool {
	return !slices.ContainsFunc(hosts, func(v *host) bool { return !v.copies && !h.copyAll })
}

func same(a, b *host) bool {
	return slices.EqualFunc(a.rules, b.rules, func(x, y rule) bool { return x.text == y.text && x.not == y.not }) &&
		(a.mapFile == nil) == (b.mapFile == nil) && (a.mapFile == nil || a.mapFile.args[0] == b.mapFile.args[0])
}

// passOver gives the verdict about the rules of the hosts that were not chosen.
func (h *httpd) passOver(pick *host) {
	own := map[place]bool{}
	for _, r := range pick.rules {
		own[r.at] = true
	}
	for _, v := range h.hosts {
		if v == pick {
			continue
		}
		f := Finding{Verdict: Ignored, Note: "belongs to " + v.name + "; converted is " + pick.name}
		if same(v, pick) {
			f = Finding{Verdict: Used, Note: "the same as in " + pick.name}
		}
		for _, r := range v.rules {
			if own[r.at] {
				continue
			}
			f.Directive = r.text
			h.mark(r.at, f)
		}
		if v.mapFile != nil && v.mapFile != pick.mapFile {
			f.Directive = "JkMountFile"
			h.mark(v.mapFile.at, f)
		}
	}
}
