package jkstatus

import (
	"strings"
)

// query is what the client asks for.
type query struct {
	values map[string]string
	broken bool // an escape could not be read; what stands behind it is lost
}

// parseQuery reads a raw query as mod_jk does: pairs without "=" or without a
// name are passed over, the last of a name counts, names are not decoded, "+"
// is a space. Bytes are checked where they are used, and escaped where they
// are printed.
func parseQuery(raw string) query {
	q := query{values: map[string]string{}}
	for part := range strings.SplitSeq(raw, "&") {
		key, value, ok := strings.Cut(part, "=")
		if !ok || key == "" {
			continue
		}
		text, ok := unescape(value)
		if !ok {
			q.broken = true
			return q
		}
		q.values[key] = text
	}
	return q
}

func unescape(s string) (string, bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%':
			if i+2 >= len(s) || unhex(s[i+1]) > 15 || unhex(s[i+2]) > 15 {
				return "", false
			}
			if c = unhex(s[i+1])<<4 | unhex(s[i+2]); c == 0 {
				return "", false
			}
			i += 2
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// number reads a value as C's atoi does: digits as far as they go, else 0.
func (q query) number(key string) int {
	s := strings.TrimLeft(q.values[key], " \t")
	minus := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	n := 0
	for i := 0; i < len(s) && s[i] >= '0' && s[i] <= '9' && n < 1<<30; i++ {
		n = n*10 + int(s[i]-'0')
	}
	if minus {
		return -n
	}
	return n
}

// The bits of the parameter opt.
const (
	hideMembers = 1 << iota
	hideMaps
	hideLegend
	hideBalancers
	hideAJP
	onlyRead
	hideBalancerConf
	hideSummary
	hideAJPConf
	allOptions = 1<<iota - 1
)

// command is the parameter cmd.
type command uint8

const (
	cmdUnknown command = iota
	cmdList
	cmdShow
	cmdEdit
	cmdUpdate
	cmdReset
	cmdVersion
	cmdRecover
	cmdDump
)

var commands = [...]string{"unknown", "list", "show", "edit", "update", "reset", "version", "recover", "dump"}

func (c command) String() string { return commands[c] }

func (q query) command() command {
	word, ok := q.values["cmd"]
	if !ok {
		return cmdList
	}
	for i, name := range commands {
		if i > 0 && name == word {
			return command(i)
		}
	}
	return cmdUnknown
}

// writes tells whether the command belongs to those that change something;
// the form counts: it is of no use to others.
func (c command) writes() bool {
	return c == cmdEdit || c == cmdUpdate || c == cmdReset || c == cmdRecover
}

// changes tells whether something is different after the command.
func (c command) changes() bool { return c.writes() && c != cmdEdit }

// ofWorker tells whether the command needs the parameter w.
func (c command) ofWorker() bool { return c != cmdList && c != cmdVersion && c != cmdDump }

// headed tells whether answers begin with time and software.
func (c command) headed() bool { return !c.writes() }

// form is the parameter mime.
type form uint8

const (
	formUnknown form = iota
	formHTML
	formXML
	formText
	formProperties
)

var forms = [...]string{"unknown", "html", "xml", "txt", "prop"}

func (q query) form() form {
	word, ok := q.values["mime"]
	if !ok {
		return formHTML
	}
	for i, name := range forms {
		if i > 0 && name == word {
			return form(i)
		}
	}
	return formUnknown
}

// contentType is what the answer calls itself. An unknown form is answered as
// properties.
func (f form) contentType() string {
	switch f {
	case formHTML:
		return "text/html; charset=utf-8"
	case formXML:
		return "text/xml"
	}
	return "text/plain"
}
