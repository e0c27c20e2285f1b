package certs

import (
	"fmt"
	"time"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
)

// Examine says what is wrong with the files of a listener, for
// config.Words.Files. file finds what the configuration names.
func Examine(t *config.TLS, file func(name string) string, now time.Time) (ps config.Problems) {
	say := func(path string, s decode.Severity, f fault) {
		ps = append(ps, decode.Problem{Path: path, Severity: s, Message: f.message, Hint: f.hint})
	}
	for i, p := range t.Pairs() {
		at := ""
		if i > 0 {
			at = fmt.Sprintf("more[%d].", i-1)
		}
		probe := pair{cert: file(p.Cert), key: file(p.Key)}
		if _, f := probe.look(); f != nil {
			path := at + "cert"
			if f.inKey {
				path = at + "key"
			}
			say(path, decode.Error, *f)
			if _, k := readFile(probe.key); k != nil && !f.inKey { // both are told of at once
				say(at+"key", decode.Error, *k)
			}
			continue
		}
		for _, f := range doubts(probe.cert, probe.chain, now) {
			say(at+"cert", decode.Warn, f)
		}
		if mode, open := openToAll(probe.key); open {
			say(at+"key", decode.Warn, fault{message: fmt.Sprintf("others can use %s (mode %04o)", probe.key, mode), hint: "chmod 600 it, or 640 with a group of its own"})
		}
	}
	if t.ClientCA == "" {
		return ps
	}
	ca := pool{file: file(t.ClientCA)}
	if _, f := ca.look(); f != nil {
		say("clientCA", decode.Error, *f)
		return ps
	}
	for i, c := range ca.chain {
		switch {
		case !c.IsCA:
			say("clientCA", decode.Warn, fault{message: fmt.Sprintf("certificate %d of %s signs no others (it is no CA)", i+1, ca.file), hint: "name the certificate of who signs those of clients"})
		case now.After(c.NotAfter):
			say("clientCA", decode.Warn, fault{message: fmt.Sprintf("certificate %d of %s has expired on %s", i+1, ca.file, day(c.NotAfter)), hint: "what it has signed is refused"})
		}
	}
	return ps
}
