package certs

import (
	"fmt"
	"time"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
)

// A report is what is wrong with files, as it grows.
type report struct {
	config.Problems
	now time.Time
}

func (r *report) say(path string, s decode.Severity, f fault) {
	r.Problems = append(r.Problems, decode.Problem{Path: path, Severity: s, Message: f.message, Hint: f.hint})
}

// Examine says what is wrong with the files of a listener, for
// config.Words.Files. file finds what the configuration names.
func Examine(t *config.TLS, file func(name string) string, now time.Time) config.Problems {
	r := &report{now: now}
	for i, p := range t.Pairs() {
		at := ""
		if i > 0 {
			at = fmt.Sprintf("more[%d].", i-1)
		}
		one := &pair{cert: file(p.Cert), key: file(p.Key)}
		if r.pair(at, one) {
			for _, f := range nameless(one.cert, one.chain[0]) {
				r.say(at+"cert", decode.Warn, f)
			}
		}
	}
	if t.ClientCA != "" {
		r.pool("clientCA", &pool{file: file(t.ClientCA)}, "name the certificate of who signs those of clients")
	}
	return r.Problems
}

// ExamineToward says what is wrong with the files of who connects to others,
// for config.Words.TowardFiles.
func ExamineToward(t *config.Toward, file func(name string) string, now time.Time) config.Problems {
	r := &report{now: now}
	if t.Cert != "" {
		r.pair("", &pair{cert: file(t.Cert), key: file(t.Key)})
	}
	if t.CA != "" {
		r.pool("ca", &pool{file: file(t.CA)}, "")
	}
	return r.Problems
}

// pair tells whether there is anything to be used.
func (r *report) pair(at string, p *pair) bool {
	if _, f := p.look(); f != nil {
		path := at + "cert"
		if f.inKey {
			path = at + "key"
		}
		r.say(path, decode.Error, *f)
		if _, k := readFile(p.key); k != nil && !f.inKey { // both are told of at once
			r.say(at+"key", decode.Error, *k)
		}
		return false
	}
	for _, f := range doubts(p.cert, p.chain, r.now) {
		r.say(at+"cert", decode.Warn, f)
	}
	if mode, open := openToAll(p.key); open {
		r.say(at+"key", decode.Warn, fault{message: fmt.Sprintf("others can use %s (mode %04o)", p.key, mode), hint: "chmod 600 it, or 640 with a group of its own"})
	}
	return true
}

// pool looks at those who sign. signers is the hint where a certificate that
// signs nothing is no use; empty: one may be trusted by itself.
func (r *report) pool(path string, ca *pool, signers string) {
	if _, f := ca.look(); f != nil {
		r.say(path, decode.Error, *f)
		return
	}
	for i, c := range ca.chain {
		switch {
		case !c.IsCA && signers != "":
			r.say(path, decode.Warn, fault{message: fmt.Sprintf("certificate %d of %s signs no others (it is no CA)", i+1, ca.file), hint: signers})
		case r.now.After(c.NotAfter):
			r.say(path, decode.Warn, fault{message: fmt.Sprintf("certificate %d of %s has expired on %s", i+1, ca.file, day(c.NotAfter)), hint: "what it has signed is refused"})
		}
	}
}
