package httpd

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// section is what counts within one, outer sections included.
type section struct {
	name         string // in small letters
	host         *Host
	location     string
	within       string
	off, depends string
}

func (r *reading) top() section { return r.sections[len(r.sections)-1] }

// places are sections that say where something counts; others leave that as it is.
var places = strings.Fields("virtualhost location locationmatch directory directorymatch files filesmatch proxy proxymatch")

// open begins a section.
func (r *reading) open(name, rest string, at Place) {
	tag := "<" + strings.TrimSpace(name+" "+rest) + ">"
	if len(r.sections) > maxSections {
		r.stop(at, "<"+name, fmt.Sprintf("more than %d sections within each other", maxSections))
		return
	}
	s, args := r.top(), arguments(rest)
	s.name = strings.ToLower(name)
	if s.name == "macro" && s.off == "" && s.depends == "" {
		r.define(tag, args, at)
		return
	}
	if slices.Contains(places, s.name) {
		s.location, s.within = "", tag
	}
	switch {
	case s.name == "location" && len(args) == 1 && strings.HasPrefix(args[0], "/"):
		s.location, s.within = args[0], ""
	case s.name == "virtualhost":
		s.within = ""
		s.host = &Host{Name: strings.Join(args, " ")}
		if len(r.Hosts) == maxHosts {
			r.stop(at, "<"+name, fmt.Sprintf("more than %d hosts", maxHosts))
			return
		}
		r.Hosts = append(r.Hosts, s.host)
	case slices.Contains([]string{"if", "elseif", "else"}, s.name):
		s.depends = tag
	case s.off == "" && !r.holds(s.name, args, at):
		s.off = tag
	}
	r.sections = append(r.sections, s)
}

// close ends a section of this file, and those within it that nobody closed. One that is not open is passed over.
func (r *reading) close(name string) {
	n := len(r.sections) - 1
	for n >= r.base && r.sections[n].name != name {
		n--
	}
	if n >= r.base {
		r.sections = r.sections[:n]
	}
}

// holds tells whether what is in a section is in force: whether its condition, if it is one, is true.
func (r *reading) holds(section string, args []string, at Place) bool {
	if len(args) == 0 {
		return true
	}
	word, not := strings.CutPrefix(args[0], "!")
	switch section {
	case "ifmodule":
		return r.loaded(word) != not
	case "ifdefine":
		_, defined := r.defined[word]
		return defined != not
	case "iffile":
		if r.in.Files == nil {
			return !not
		}
		_, err := fs.Stat(r.in.Files, inFS(r.absolute(word)))
		return (err == nil) != not
	case "ifversion":
		return r.version(args, at)
	}
	return true
}

// static are modules that are part of every httpd.
var static = strings.Fields("core core_module core.c http_module http_core.c so_module mod_so.c unixd_module mod_unixd.c log_config_module mod_log_config.c logio_module mod_logio.c version_module mod_version.c watchdog_module mod_watchdog.c")

// load remembers a module by its identifier and by the name of its source.
func (r *reading) load(args []string) {
	r.loads = true
	r.modules[args[0]] = true
	if len(args) > 1 {
		source := strings.TrimSuffix(path.Base(args[1]), ".so") + ".c"
		r.modules[source] = true
		r.modules[strings.TrimPrefix(source, "mod_mpm_")] = true
	}
}

// loaded tells whether a module is there. Where nothing is loaded the file that does it was not given, and every module is.
func (r *reading) loaded(module string) bool {
	return !r.loads || r.modules[module] || slices.Contains(static, module)
}

// release is the httpd whose <IfVersion> is answered.
var release = [3]int{2, 4, 66}

// version answers <IfVersion [!]OPERATOR VERSION>.
func (r *reading) version(args []string, at Place) bool {
	op, want := "=", args[0]
	if len(args) > 1 {
		op, want = args[0], args[1]
	}
	op, not := strings.CutPrefix(op, "!")
	expr, isExpr := strings.CutPrefix(want, "/")
	if isExpr || op == "~" {
		re, err := regexp.Compile(strings.TrimSuffix(expr, "/"))
		if err != nil {
			r.problem(at, "<IfVersion", "the expression cannot be read: "+err.Error(), "")
			return true
		}
		return re.MatchString(fmt.Sprintf("%d.%d.%d", release[0], release[1], release[2])) != not
	}
	var parts [3]int
	for i, p := range strings.SplitN(want, ".", 3) {
		n, err := strconv.Atoi(p)
		if err != nil {
			r.problem(at, "<IfVersion", strconv.QuoteToASCII(want)+" is no version", "")
			return true
		}
		parts[i] = n
	}
	c := slices.Compare(release[:], parts[:])
	holds := map[string]bool{"=": c == 0, "==": c == 0, ">": c > 0, ">=": c >= 0, "<": c < 0, "<=": c <= 0}
	is, known := holds[op]
	if !known {
		r.problem(at, "<IfVersion", strconv.QuoteToASCII(op)+" is no comparison", "")
		return true
	}
	return is != not
}
