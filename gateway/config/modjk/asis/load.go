package asis

import (
	"bytes"
	"fmt"
	"strings"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/modjk"
	"twinhop/gateway/config/origin"
)

// Load says what the files mean to a gateway that runs them as they are: Convert, and what its YAML means. extra is a
// configuration with what mod_jk's files do not say, such as admin or state; nil: none. The places of Problems are those
// of the old files. The Config is of use only when neither a Finding nor a Problem is an Error.
func Load(in modjk.Input, extra *modjk.Source, words config.Words) (config.Config, modjk.Result, config.Problems) {
	in.Variables = words.AJPVariables
	r := modjk.Convert(in)
	if r.YAML == nil {
		return config.Config{}, r, nil
	}
	o := origin.Text{Made: r.YAML, Files: r.Files, Whose: "mod_jk's files"}
	if len(in.Listen) > 0 {
		o.Listens = "--listen"
	}
	if extra != nil {
		o.Beside, o.More = extra.Name, extra.Text
	}
	text, clash := o.Whole()
	c, problems := config.Parse("twinhop.yaml", text, words)
	o.Locate(problems)
	return c, r, append(clash, problems...)
}

// Rules are what a changed map makes of the files, bad lines left out.
type Rules struct {
	Mounts  []config.Mount
	Pools   []config.Pool   // a rule that sets cookies makes their path count
	Skipped []modjk.Finding // why each bad line was left out
	Differ  []modjk.Finding // what is not used as it stands
}

// Reload reads the map of in anew; in is the Input of an earlier Result, so that all other files count as they were then. A line of the map that cannot be used is skipped, as mod_jk
// does; an error means that there is nothing to put in the place of the rules that are in force.
func Reload(in modjk.Input, extra *modjk.Source, words config.Words) (Rules, error) {
	var r Rules
	if in.URIMap == nil {
		return r, fmt.Errorf("no map was read")
	}
	text := bytes.Split(bytes.Clone(in.URIMap.Text), []byte("\n"))
	for range 3 { // without a line others may turn out to be bad
		in.URIMap = &modjk.Source{Name: in.URIMap.Name, Text: bytes.Join(text, []byte("\n"))}
		c, result, problems := Load(in, extra, words)
		bad := result.Findings
		for _, p := range problems {
			if p.Severity == decode.Error {
				bad = append(bad, modjk.Finding{File: p.File, Line: p.Line, Col: p.Col, Verdict: modjk.Error, Note: p.Message, Hint: p.Hint})
			}
		}
		skipped := 0
		var why *modjk.Finding
		for i, f := range bad {
			switch {
			case f.Verdict != modjk.Error:
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
			for _, f := range result.Findings {
				if f.File == in.URIMap.Name && (f.Verdict == modjk.Approximated || f.Verdict == modjk.Unsupported) {
					r.Differ = append(r.Differ, f)
				}
			}
			return r, nil
		}
	}
	return r, fmt.Errorf("%s: too many lines are bad", in.URIMap.Name)
}
