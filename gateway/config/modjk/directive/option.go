package directive

import (
	"slices"
	"strings"

	"twinhop/gateway/config/verdict"
)

// option is a word of JkOptions and what becomes of it when it is on.
type option struct {
	name    string
	verdict verdict.Verdict
	note    string
}

const (
	asSent    = "targets are forwarded as they came, unsafe ones are refused"
	canonical = "rules are compared with the path as a container sees it"
)

var options = []option{
	{"ForwardURIProxy", verdict.Approximated, asSent},
	{"ForwardURICompat", verdict.Approximated, asSent},
	{"ForwardURICompatUnparsed", verdict.Approximated, asSent},
	{"ForwardURIEscaped", verdict.Approximated, asSent},
	{"CollapseSlashesAll", verdict.Used, canonical},
	{"CollapseSlashesNone", verdict.Approximated, canonical},
	{"CollapseSlashesUnmount", verdict.Approximated, canonical},
	{"RejectUnsafeURI", verdict.Used, "unsafe targets are always refused"},
	{"ForwardDirectories", verdict.Used, "what is mapped is forwarded, directories as well"},
	{"ForwardPhysicalAddress", verdict.Used, "the address of the connection is sent; behind a trusted proxy X-Forwarded-For has the client"},
	{"ForwardLocalAddress", verdict.Unsupported, "the client is who it is"},
	{"FlushPackets", verdict.Used, "answers are passed on as they come"},
	{"FlushHeader", verdict.Used, "answers are passed on as they come"},
	{"DisableReuse", verdict.Used, "ajp.maxIdle: 0"},
	{"ForwardSSLCertChain", verdict.Used, "ajp.certChain: true"},
	{"ForwardKeySize", verdict.Used, "TLS data is always sent"},
}

// The options that nodes are configured by.
const (
	NoReuse   = "DisableReuse"        // no connection is used twice
	CertChain = "ForwardSSLCertChain" // certificates besides the client's own are sent
)

// Judged is what becomes of the words of one JkOptions line.
type Judged struct {
	Verdict verdict.Verdict // the one that has most to say
	Note    string
	On      map[string]bool // what was said of an option, by its name
	Illegal string          // the first word that mod_jk refuses; then nothing else counts
}

// Judge reads words of JkOptions, "+" or "-" in front.
func Judge(words []string) Judged {
	j := Judged{Verdict: verdict.Used, On: map[string]bool{}}
	var notes []string
	for _, word := range words {
		off, name := strings.HasPrefix(word, "-"), strings.TrimLeft(word, "+-")
		i := slices.IndexFunc(options, func(o option) bool { return strings.EqualFold(o.name, name) })
		if i < 0 || len(word)-len(name) > 1 || off && strings.HasPrefix(options[i].name, "ForwardURI") {
			return Judged{Illegal: word}
		}
		o := options[i]
		j.On[o.name] = !off
		switch {
		case !off:
		case o.verdict != verdict.Used || o.name == NoReuse || o.name == CertChain:
			o.verdict, o.note = verdict.Used, name+" is off"
		default:
			o.verdict, o.note = verdict.Approximated, o.note+" all the same"
		}
		if o.verdict == verdict.Unsupported || j.Verdict == verdict.Used {
			j.Verdict = o.verdict
		}
		if !slices.Contains(notes, o.note) {
			notes = append(notes, o.note)
		}
	}
	j.Note = strings.Join(notes, "; ")
	return j
}

// Options are the names of those that there are.
func Options() []string {
	var names []string
	for _, o := range options {
		names = append(names, o.name)
	}
	return names
}
