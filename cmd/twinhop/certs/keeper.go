package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/gateway/config"
	"twinhop/gateway/config/secure"
)

// Every is how often the files are looked at.
const Every = time.Minute

// Keeper holds the certificates of all listeners. Those of a file that was
// replaced by one that cannot be used stay in use.
type Keeper struct {
	Log *slog.Logger // nil: silent

	mu        sync.Mutex // guards what follows
	listeners []*listener
	warned    time.Time // when it was last told what expires soon
}

// listener is what one listener uses of its files, or who connects to others.
type listener struct {
	name   string
	toward *config.Toward // nil: it listens
	auth   tls.ClientAuthType
	pairs  []*pair
	ca     *pool // nil: clients show no certificate
	in     atomic.Pointer[tls.Config]
	protos []string
}

type pair struct {
	cert, key string
	store     *secure.Keystore // nil: they are PEM; else cert is the keystore, and key the file of its password, or ""
	seen      stamp
	now       []tls.Certificate // one, or the keys of a keystore
	chain     []*x509.Certificate
	broken    bool // what is in the files now cannot be used
}

type pool struct {
	file     string
	password string             // of a keystore, if a file has it
	store    *secure.Truststore // nil: file is PEM
	seen     stamp
	now      *x509.CertPool
	chain    []*x509.Certificate
	broken   bool
}

// Listener says what a listener is to use.
type Listener struct {
	Name   string                   // as metrics and the log call it
	TLS    config.TLS               // without problems
	File   func(name string) string // where a file of the configuration is
	Protos []string                 // that a client may choose from (ALPN)
}

// Open reads the files of a listener. What it returns goes on to be right
// when files change and are looked at.
func (k *Keeper) Open(o Listener) (*tls.Config, error) {
	l := &listener{name: o.Name, protos: o.Protos}
	if p := pairOf(&o.TLS.Keystore, o.File); p != nil {
		l.pairs = append(l.pairs, p)
	}
	for _, p := range o.TLS.Pairs() {
		l.pairs = append(l.pairs, &pair{cert: o.File(p.Cert), key: o.File(p.Key)})
	}
	switch o.TLS.ClientAuth {
	case "optional":
		l.auth = tls.VerifyClientCertIfGiven
	case "require":
		l.auth = tls.RequireAndVerifyClientCert
	}
	if l.auth != tls.NoClientCert {
		l.ca = poolOf(o.TLS.ClientCA, &o.TLS.Truststore, o.File)
	}
	if err := k.add(l); err != nil {
		return nil, err
	}
	outer := l.base()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return l.in.Load(), nil }
	return outer, nil
}

// add reads the files of l, and looks after them from now on.
func (k *Keeper) add(l *listener) error {
	for _, p := range l.pairs {
		if _, f := p.look(); f != nil {
			return f
		}
	}
	if l.ca != nil {
		if _, f := l.ca.look(); f != nil {
			return f
		}
	}
	l.renew()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.listeners = append(k.listeners, l)
	k.warned = time.Now() // who examined the files has told
	return nil
}

// base is what does not change: Go's choice of ciphers and curves, and nothing older than TLS 1.2 (RFC 8996).
func (l *listener) base() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: l.protos}
}

// renew puts what was read into use, for handshakes from now on.
func (l *listener) renew() {
	if l.toward != nil {
		l.in.Store(l.client())
		return
	}
	c := l.base()
	for _, p := range l.pairs { // crypto/tls takes the first that has the client's name and a kind of key that it knows, else the first of all
		c.Certificates = append(c.Certificates, p.now...)
	}
	c.ClientAuth = l.auth
	if l.ca != nil {
		c.ClientCAs = l.ca.now
	}
	l.in.Store(c)
}

// look reads the pair when its files changed, and tells whether there is
// something new.
func (p *pair) look() (changed bool, f *fault) {
	s := stampOf(p.cert, p.key) // before it is read: a change in between is seen the next time
	if p.seen != nil && s.same(p.seen) {
		return false, nil
	}
	p.seen = s
	read, f := p.read()
	if p.broken = f != nil; p.broken {
		return false, f
	}
	p.now, p.chain = read, nil
	for i := range read {
		p.chain = append(p.chain, chainOf(&read[i])...)
	}
	return true, nil
}

func (p *pair) read() ([]tls.Certificate, *fault) {
	if p.store != nil {
		return fromStore(p)
	}
	one, f := readPair(p.cert, p.key)
	return []tls.Certificate{one}, f
}

// chainOf parses what was read already.
func chainOf(one *tls.Certificate) (chain []*x509.Certificate) {
	for _, der := range one.Certificate {
		if c, err := x509.ParseCertificate(der); err == nil {
			chain = append(chain, c)
		}
	}
	return chain
}

func (p *pool) look() (changed bool, f *fault) {
	s := stampOf(p.file, p.password)
	if p.seen != nil && s.same(p.seen) {
		return false, nil
	}
	p.seen = s
	chain, f := p.signers()
	if p.broken = f != nil; p.broken {
		return false, f
	}
	p.now, p.chain = x509.NewCertPool(), chain
	for _, c := range chain {
		p.now.AddCert(c)
	}
	return true, nil
}

// Host is a name that the certificate of a listener is for, by the listener's
// name: the first that stands for one host. "": there is none.
func (k *Keeper) Host(name string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.listeners {
		if l.name != name || l.toward != nil || len(l.pairs) == 0 || len(l.pairs[0].chain) == 0 {
			continue
		}
		for _, host := range l.pairs[0].chain[0].DNSNames {
			if !strings.Contains(host, "*") {
				return host
			}
		}
	}
	return ""
}

// Look reads the files that changed since they were looked at.
func (k *Keeper) Look() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.listeners {
		renew := false
		note := func(file string, changed bool, f *fault, chain []*x509.Certificate) {
			renew = renew || changed
			switch {
			case f != nil:
				k.log().Error("a changed certificate cannot be used: the one before stays", "listener", l.name, "file", file, "err", f.message, "help", f.hint)
			case changed:
				k.log().Info("certificate read again", "listener", l.name, "file", file, "expires", day(ends(chain)))
			}
		}
		for _, p := range l.pairs {
			changed, f := p.look()
			note(p.cert, changed, f, p.chain)
		}
		if l.ca != nil {
			changed, f := l.ca.look()
			note(l.ca.file, changed, f, l.ca.chain)
		}
		if renew {
			l.renew()
		}
	}
	if now := time.Now(); now.Sub(k.warned) >= 24*time.Hour {
		k.warned = now
		k.warn(now)
	}
}

// warn tells once a day of what expires soon or has expired: nobody looks into a file that is not changed.
func (k *Keeper) warn(now time.Time) {
	for _, l := range k.listeners {
		for _, p := range l.pairs {
			if end := ends(p.chain); end.Sub(now) < soon {
				k.log().Warn("a certificate expires soon or has expired", "listener", l.name, "file", p.cert, "expires", day(end))
			}
		}
	}
}

func (k *Keeper) log() *slog.Logger {
	if k.Log != nil {
		return k.Log
	}
	return slog.New(slog.DiscardHandler)
}

// ends is when the first certificate of a chain expires.
func ends(chain []*x509.Certificate) time.Time {
	return slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter
}

// Run looks at the files once a minute until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			k.Look()
		}
	}
}
