package httpd

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
)

// reading is one call of Read.
type reading struct {
	in *Reader
	Conf
	defined  map[string]string
	modules  map[string]bool
	loads    bool // a LoadModule was seen: what is not loaded is not there
	sections []section
	base     int // sections that the file being read did not open
	stack    []string
	total    int // bytes
	looked   int // names in directories
	stopped  bool

	macros   map[string]*macro // by name in small letters
	written  []*macro          // all of them
	defining *macro            // whose lines are being read
	within   int               // macros that are being used
	expanded int               // lines that came from macros
}

const blanks = " \t\r\n\v\f"

// Read reads files one after the other, as if the first included the others. What can be understood is returned, whatever
// the Problems are.
func (r *Reader) Read(sources ...Source) *Conf {
	main := &Host{Name: MainServer}
	x := &reading{in: r, Conf: Conf{Root: r.Root, Hosts: []*Host{main}}, defined: map[string]string{}, modules: map[string]bool{}}
	maps.Copy(x.defined, r.Defined)
	for _, m := range r.Modules {
		x.modules[m] = true
	}
	x.sections = []section{{host: main}}
	for _, s := range sources {
		x.file(s)
	}
	x.unused()
	return &x.Conf
}

func (r *reading) problem(at Place, directive, note, hint string) {
	if len(r.Problems) < maxLines {
		r.Problems = append(r.Problems, Problem{at, directive, note, hint})
	}
}

// stop says that nothing behind can be understood.
func (r *reading) stop(at Place, directive, note string) {
	r.problem(at, directive, note, "")
	r.stopped = true
}

// file reads the lines of one file. Sections that it leaves open end with it.
func (r *reading) file(s Source) {
	if r.stopped {
		return
	}
	r.Files = append(r.Files, s.Name)
	top := Place{s.Name, 1, 1}
	if len(s.Text) > MaxBytes {
		r.problem(top, "", fmt.Sprintf("the file has more than %d bytes", MaxBytes), "")
		return
	}
	if r.total += len(s.Text); r.total > maxTotal {
		r.stop(top, "", fmt.Sprintf("the files have more than %d bytes", maxTotal))
		return
	}
	before := r.base
	r.base = len(r.sections)
	physical := bytes.Split(s.Text, []byte("\n"))
	for i := 0; i < len(physical) && !r.stopped; i++ {
		text, at := string(bytes.TrimRight(physical[i], "\r")), Place{s.Name, i + 1, 1}
		for strings.HasSuffix(text, `\`) && i+1 < len(physical) && len(text) < maxLogical {
			i++
			text = text[:len(text)-1] + string(bytes.TrimRight(physical[i], "\r"))
		}
		trimmed := strings.Trim(text, blanks)
		at.Col += len(text) - len(strings.TrimLeft(text, blanks))
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case len(text) >= maxLogical:
			r.stop(at, "", "the line is too long")
		default:
			r.line(trimmed, at)
		}
	}
	r.sections, r.defining = r.sections[:r.base], nil
	r.base = before
}

// line takes one line.
func (r *reading) line(text string, at Place) {
	if r.defining != nil {
		r.collect(text, at)
		return
	}
	if end, ok := strings.CutPrefix(text, "</"); ok {
		r.close(strings.ToLower(strings.Trim(end, blanks+">")))
		return
	}
	isSection := text[0] == '<'
	if isSection {
		text = strings.TrimRight(strings.TrimRight(text[1:], blanks), ">")
	}
	name, rest := text, ""
	if i := strings.IndexAny(text, blanks); i >= 0 {
		name, rest = text[:i], text[i:]
	}
	rest, unset, ok := r.resolve(rest)
	switch {
	case !ok:
		r.stop(at, name, "with its variables the line is too long")
	case isSection:
		r.open(name, strings.Trim(rest, blanks), at)
	default:
		s := r.top()
		r.directive(Directive{Place: at, Name: name, Args: arguments(rest), Host: s.host, Location: s.location, Within: s.within, Off: s.off, Depends: s.depends, Unset: unset})
	}
}

// directive does what concerns reading itself, and keeps what was asked for.
func (r *reading) directive(d Directive) {
	switch lower := strings.ToLower(d.Name); {
	case r.in.Wants != nil && r.in.Wants(d.Name, d.Args):
		if len(r.Directives) == maxLines {
			r.stop(d.Place, d.Name, fmt.Sprintf("more than %d lines", maxLines))
			return
		}
		r.Directives = append(r.Directives, d)
	case d.Off != "" || d.Depends != "" || len(d.Args) == 0:
	case lower == "servername" && d.Host.Name != MainServer:
		d.Host.Aliases = append(d.Host.Aliases, d.Host.Name)
		d.Host.Name = d.Args[0]
	case lower == "serveralias":
		d.Host.Aliases = append(d.Host.Aliases, d.Args...)
	case lower == "serverroot":
		r.Root = r.absolute(d.Args[0])
	case lower == "define":
		r.defined[d.Args[0]] = strings.Join(d.Args[1:min(len(d.Args), 2)], "")
	case lower == "undefine":
		delete(r.defined, d.Args[0])
	case lower == "use":
		r.use(d)
	case lower == "loadmodule":
		r.load(d.Args)
	case lower == "include", lower == "includeoptional":
		r.include(d, lower == "include")
	}
}

// resolve puts the values of ${name} in. What nobody sets stays, and is named.
func (r *reading) resolve(s string) (text, unset string, ok bool) {
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			break
		}
		n := strings.IndexByte(s[i:], '}')
		if n < 0 {
			break
		}
		b.WriteString(s[:i])
		name := s[i+2 : i+n]
		value, known := r.defined[name]
		if !known && r.in.Lookup != nil {
			value, known = r.in.Lookup(name)
		}
		if !known {
			value = s[i : i+n+1]
			if unset == "" && !strings.Contains(name, ":") { // that would be a map of mod_rewrite
				unset = name
			}
		}
		b.WriteString(value)
		s = s[i+n+1:]
		if b.Len()+len(s) > maxLogical {
			return "", "", false
		}
	}
	b.WriteString(s)
	return b.String(), unset, true
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
