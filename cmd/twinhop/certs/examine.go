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
	named := func(at string, one *pair) {
		if !r.pair(at, one) {
			return
		}
		for i := range one.now {
			for _, f := range nameless(one.cert, one.now[i].Leaf) {
				r.say(at+one.keys().cert, decode.Warn, f)
			}
		}
	}
	if p := pairOf(&t.Keystore, file); p != nil {
		named("", p)
	}
	for i, p := range t.Pairs() {
		at := ""
		if t.Cert == "" {
			at = fmt.Sprintf("more[%d].", i)
		} else if i > 0 {
			at = fmt.Sprintf("more[%d].", i-1)
		}
		named(at, &pair{cert: file(p.Cert), key: file(p.Key)})
	}
	if p := poolOf(t.ClientCA, &t.Truststore, file); p != nil {
		r.pool("clientCA", p, "name the certificate of who signs those of clients")
	}
	return r.Problems
}

// ExamineToward says what is wrong with the files of who connects to others,
// for config.Words.TowardFiles.
func ExamineToward(t *config.Toward, file func(name string) string, now time.Time) config.Problems {
	r := &report{now: now}
	if t.Cert != "" {
		r.pair("", &pair{cert: file(t.Cert), key: file(t.Key)})
	} else if p := pairOf(&t.Keystore, file); p != nil {
		r.pair("", p)
	}
	if p := poolOf(t.CA, &t.Truststore, file); p != nil {
		r.pool("ca", p, "")
	}
	return r.Problems
}

// paths are the keys of the configuration that a pair comes from.
type paths struct{ cert, key string }

func (p *pair) keys() paths {
	switch {
	case p.store == nil:
		return paths{"cert", "key"}
	case p.key != "":
		return paths{"keystore.file", "keystore.passwordFile"}
	}
	return paths{"keystore.file", "keystore.password"}
}

// pair tells whether there is anything to be used.
func (r *report) pair(at string, p *pair) bool {
	own := p.keys()
	if _, f := p.look(); f != nil {
		path := at + own.cert
		if f.inKey {
			path = at + own.key
		}
		r.say(path, decode.Error, *f)
		if p.key == "" || f.inKey {
			return false
		}
		if _, k := readFile(p.key); k != nil { // both are told of at once
			r.say(at+own.key, decode.Error, *k)
		}
		return false
	}
	for i := range p.now {
		for _, f := range doubts(p.cert, chainOf(&p.now[i]), r.now) {
			r.say(at+own.cert, decode.Warn, f)
		}
	}
	if mode, open := openToAll(p.key); open { // a keystore is encrypted
		r.say(at+own.key, decode.Warn, fault{message: fmt.Sprintf("others can use %s (mode %04o)", p.key, mode), hint: "chmod 600 it, or 640 with a group of its own"})
	}
	return true
}

// pool looks at those who sign. signers is the hint where a certificate that
// signs nothing is no use; empty: one may be trusted by itself.
func (r *report) pool(path string, ca *pool, signers string) {
	if ca.store != nil {
		path = "truststore.file"
	}
	if _, f := ca.look(); f != nil {
		if f.inKey {
			path = "truststore.passwordFile"
		}
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
