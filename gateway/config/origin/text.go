package origin

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/verdict"
)

// version and listen may stand in both files.
var (
	versionLine = regexp.MustCompile(`(?m)^["']?version["']?[ \t]*:.*$`)
	listenLine  = regexp.MustCompile(`(?m)^["']?listen["']?[ \t]*:`)
	firstLine   = regexp.MustCompile(`set twice, first on line \d+$`)
	otherLine   = regexp.MustCompile(`\(line \d+\)`)
	listenLines = regexp.MustCompile(`(?m)^listen:\n(?: .*\n)*`)
)

// Text is a made configuration with another one behind it.
type Text struct {
	Made    []byte   // its lines end with " # FILE:LINE ..."
	Files   []string // that its lines come from; places that are not known are the top of the first
	Whose   string   // what these files are called when a key is set in them and behind them
	Listens string   // who said where to listen, such as "--listen": no other file may. "": nobody
	Over    bool     // the file behind may say more of what these say, and then counts
	Apart   bool     // a line whose comment has no place comes from none: else it belongs to what stands above
	Beside  string   // name of the file behind it; "": there is none
	More    []byte   // what it says
}

// Whole returns the text that counts. The listeners of the file behind take the place of the usual one.
func (t *Text) Whole() ([]byte, decode.Problems) {
	if t.Beside == "" {
		return t.Made, nil
	}
	yaml, more := t.Made, versionLine.ReplaceAll(t.More, nil)
	if t.Over {
		return append(bytes.Clone(yaml), more...), nil
	}
	var clash decode.Problems
	if at := listenLine.FindIndex(more); at != nil && t.Listens == "" {
		yaml = listenLines.ReplaceAllFunc(yaml, func(b []byte) []byte { return bytes.Repeat([]byte("\n"), bytes.Count(b, []byte("\n"))) })
	} else if at != nil {
		clash = decode.Problems{{File: t.Beside, Line: 1 + bytes.Count(more[:at[0]], []byte("\n")), Col: 1, Severity: decode.Error, Path: "listen", Message: "set twice, also by " + t.Listens, Hint: "keep one of them"}}
		more = listenLine.ReplaceAll(more, []byte("#"))
	}
	return append(bytes.Clone(yaml), more...), clash
}

// Line is where the file behind begins in the whole, 0: there is none.
func (t *Text) Line() int {
	if t.Beside == "" {
		return 0
	}
	return 1 + bytes.Count(t.Made, []byte("\n"))
}

// Locate gives problems of the whole the places that the values come from.
func (t *Text) Locate(ps decode.Problems) {
	lines := strings.Split(string(t.Made), "\n")
	for i := range ps {
		t.place(&ps[i], lines)
	}
}

// place moves a problem to the line that the value came from.
func (t *Text) place(p *decode.Problem, lines []string) {
	line := p.Line
	if p.File, p.Line = t.find(line, lines); line < len(lines) {
		p.Col = 1 // of the YAML
	} else {
		p.Message = firstLine.ReplaceAllStringFunc(p.Message, func(s string) string {
			n, _ := strconv.Atoi(s[strings.LastIndexByte(s, ' ')+1:])
			if _, at := t.find(n, lines); n >= len(lines) {
				return fmt.Sprintf("set twice, first on line %d", at)
			}
			return "set twice, also by " + t.Whose
		})
	}
	p.Message = otherLine.ReplaceAllStringFunc(p.Message, func(s string) string {
		n, _ := strconv.Atoi(strings.Trim(s, "(line )"))
		file, at := t.find(n, lines)
		return fmt.Sprintf("(%s:%d)", file, at)
	})
}

// find returns where a line comes from.
func (t *Text) find(line int, lines []string) (file string, at int) {
	if t.Beside != "" && line >= len(lines) {
		return t.Beside, line - len(lines) + 1
	}
	for i := min(line, len(lines)) - 1; i >= 0; i-- { // what has no place belongs to what stands above
		_, comment, commented := strings.Cut(lines[i], " # ")
		for _, name := range t.Files {
			rest, ok := strings.CutPrefix(comment, verdict.Clean(name)+":")
			if !ok {
				continue
			}
			digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
			if n, err := strconv.Atoi(digits); err == nil {
				return name, n
			}
		}
		if commented && t.Apart {
			break
		}
	}
	return t.Files[0], 1
}
