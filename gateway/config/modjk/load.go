package modjk

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/verdict"
)

// Load says what the files mean to a gateway that runs them as they are: Convert, and what its YAML means. extra is a
// configuration with what mod_jk's files do not say, such as admin or state; nil: none. The places of Problems are those
// of the old files. The Config is of use only when neither a Finding nor a Problem is an Error.
func Load(in Input, extra *Source, words config.Words) (config.Config, Result, config.Problems) {
	in.Variables = words.AJPVariables
	r := Convert(in)
	if r.YAML == nil {
		return config.Config{}, r, nil
	}
	text, clash := r.YAML, config.Problems(nil)
	if extra != nil {
		text, clash = join(r.YAML, len(in.Listen) > 0, extra)
	}
	c, problems := config.Parse("twinhop.yaml", text, words)
	o := origins{files: r.Files, lines: strings.Split(string(r.YAML), "\n"), extra: extra}
	for i := range problems {
		o.place(&problems[i])
	}
	return c, r, append(clash, problems...)
}

// version and listen may stand in both files.
var (
	versionLine = regexp.MustCompile(`(?m)^["']?version["']?[ \t]*:.*$`)
	listenLine  = regexp.MustCompile(`(?m)^["']?listen["']?[ \t]*:`)
	firstLine   = regexp.MustCompile(`set twice, first on line \d+$`)
	otherLine   = regexp.MustCompile(`\(line \d+\)`)
	listenLines = regexp.MustCompile(`(?m)^listen:\n(?: .*\n)*`)
)

// join writes extra behind what was converted. The listeners of extra take the place of the usual one.
func join(yaml []byte, listens bool, extra *Source) ([]byte, config.Problems) {
	more := versionLine.ReplaceAll(extra.Text, nil)
	var clash config.Problems
	if at := listenLine.FindIndex(more); at != nil && !listens {
		yaml = listenLines.ReplaceAllFunc(yaml, func(b []byte) []byte { return bytes.Repeat([]byte("\n"), bytes.Count(b, []byte("\n"))) })
	} else if at != nil {
		clash = config.Problems{{File: extra.Name, Line: 1 + bytes.Count(more[:at[0]], []byte("\n")), Col: 1, Severity: decode.Error, Path: "listen", Message: "set twice, also by --listen", Hint: "keep one of them"}}
		more = listenLine.ReplaceAll(more, []byte("#"))
	}
	return append(bytes.Clone(yaml), more...), clash
}

// origins know where the lines of a converted file come from.
type origins struct {
	files []string
	lines []string
	extra *Source
}

// place moves a problem to the line that the value came from.
func (o *origins) place(p *decode.Problem) {
	line := p.Line
	if p.File, p.Line = o.find(line); line < len(o.lines) {
		p.Col = 1 // of the YAML
	} else {
		p.Message = firstLine.ReplaceAllString(p.Message, "set twice, also by mod_jk's files")
	}
	p.Message = otherLine.ReplaceAllStringFunc(p.Message, func(s string) string {
		n, _ := strconv.Atoi(strings.Trim(s, "(line )"))
		file, at := o.find(n)
		return fmt.Sprintf("(%s:%d)", file, at)
	})
}

// find returns where a line comes from.
func (o *origins) find(line int) (file string, at int) {
	if o.extra != nil && line >= len(o.lines) {
		return o.extra.Name, line - len(o.lines) + 1
	}
	for i := min(line, len(o.lines)) - 1; i >= 0; i-- { // what has no place belongs to what stands above
		_, comment, _ := strings.Cut(o.lines[i], " # ")
		for _, name := range o.files {
			rest, ok := strings.CutPrefix(comment, verdict.Clean(name)+":")
			if !ok {
				continue
			}
			digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
			if n, err := strconv.Atoi(digits); err == nil {
				return name, n
			}
		}
	}
	return o.files[0], 1
}

// Rules are what a changed map makes of the files, bad lines left out.
type Rules struct {
	Mounts  []config.Mount
	Pools   []config.Pool // a rule that sets cookies makes their path count
	Skipped []Finding     // why each bad line was left out
}

// Reload reads the map of in anew; in is the Input of an earlier Result, so that all other files count as they were then. A line of the map that cannot be used is skipped, as mod_jk
// does; an error means that there is nothing to put in the place of the rules that are in force.
func Reload(in Input, extra *Source, words config.Words) (Rules, error) {
	var r Rules
	if in.URIMap == nil {
		return r, fmt.Errorf("no map was read")
	}
	text := bytes.Split(bytes.Clone(in.URIMap.Text), []byte("\n"))
	for range 3 { // without a line others may turn out to be bad
		in.URIMap = &Source{Name: in.URIMap.Name, Text: bytes.Join(text, []byte("\n"))}
		c, result, problems := Load(in, extra, words)
		bad := result.Findings
		for _, p := range problems {
			if p.Severity == decode.Error {
				bad = append(bad, Finding{File: p.File, Line: p.Line, Col: p.Col, Verdict: Error, Note: p.Message, Hint: p.Hint})
			}
		}
		skipped := 0
		var why *Finding
		for i, f := range bad {
			switch {
			case f.Verdict != Error:
			case f.File == in.URIMap.Name && f.Line <= len(text) && !strings.HasPrefix(f.Directive, "--") && len(text[f.Line-1]) > 0:
				text[f.Line-1] = nil
				r.Skipped = append(r.Skipped, f)
				skipped++
			default:
				why = &bad[i]
			}
		}
		switch {
		case skipped > 0:
		case why != nil:
			return r, fmt.Errorf("%s:%d: %s", why.File, why.Line, why.Note)
		default:
			r.Mounts, r.Pools = c.Mounts, c.Pools
			return r, nil
		}
	}
	return r, fmt.Errorf("%s: too many lines are bad", in.URIMap.Name)
}
