package lbprops

import (
	"crypto/tls"
	"slices"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// tls reads keystores, and what is said of TLS besides. What no port needs means nothing.
func (c *converter) tls() {
	ports := compact(append(slices.Clone(c.sips), c.wss, c.https))
	c.unused(len(ports) == 0, "no port with TLS needs it", "javax.net.ssl.keyStore", "javax.net.ssl.keyStorePassword", "gov.nist.javax.sip.TLS_CLIENT_PROTOCOLS", "gov.nist.javax.sip.ENABLED_CIPHER_SUITES")
	c.unused(len(c.sips) == 0, "no port with SIP over TLS needs it", "javax.net.ssl.trustStore", "javax.net.ssl.trustStorePassword", "gov.nist.javax.sip.TLS_CLIENT_AUTH_TYPE")
	c.ends(ports)
	if len(ports) == 0 {
		return
	}
	c.versions()
	c.suites()
	if len(c.sips) == 0 && c.wss == nil {
		return
	}
	if _, from := c.keystore(append(c.sips, c.wss)[0]); len(from) == 2 {
		c.store("listen.sip.tls.keystore", from[0], from[1])
		if len(c.sips) > 0 {
			c.store("sip.tls.keystore", from[0], from[1])
		}
	}
	if len(c.sips) > 0 {
		c.verified()
	}
}

// unused says of keys that they mean nothing, if they do not.
func (c *converter) unused(so bool, why string, names ...string) {
	for _, n := range names {
		if e := c.get(n); so && e != nil && c.Said(e.at) == nil {
			c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: why})
		}
	}
}

// ends tells of what nodes are spoken with by, where clients have TLS.
func (c *converter) ends(ports []*entry) {
	e := c.get("terminateTLSTraffic")
	on := c.truth(e)
	switch {
	case e != nil && c.bad(e):
	case len(ports) == 0:
		c.unused(true, "no port with TLS needs it", "terminateTLSTraffic")
	case e != nil && on:
		c.say(e, verdict.Finding{Verdict: verdict.Approximated, Note: "TLS of clients ends here; nodes are sent to by their first address, whichever transport a client has, and by HTTP"})
	case e == nil && strings.EqualFold(c.word("internalTransport"), "tls") && c.https == nil:
	default:
		note := "TLS ends here all the same: nodes are sent to by their first address and by HTTP; internalTransport=TLS takes theirs of SIP over TLS"
		if e == nil {
			e = ports[0]
			note = e.key.Note + "; " + note
		}
		if c.Said(e.at) == nil {
			c.say(e, verdict.Finding{Verdict: verdict.Approximated, Note: note})
		}
	}
}

// bad tells whether an entry keeps the gateway from starting.
func (c *converter) bad(e *entry) bool {
	f := c.Said(e.at)
	return f != nil && f.Verdict == verdict.Error
}

// word is the value of a key, empty if it has none.
func (c *converter) word(name string) string {
	if e := c.get(name); e != nil {
		return e.value
	}
	return ""
}

// keystore is what a port shows: as a mapping, and the entries of file and password.
func (c *converter) keystore(port *entry) (text string, from []*entry) {
	file, password := c.get("javax.net.ssl.keyStore"), c.get("javax.net.ssl.keyStorePassword")
	switch {
	case c.bad(port):
	case file == nil:
		c.wrong(port, "a port with TLS needs a certificate, and there is no javax.net.ssl.keyStore: with the old balancer nobody could connect to it, either", "name the keystore and its javax.net.ssl.keyStorePassword, or take the port out")
	case password == nil && !c.bad(file):
		c.wrong(file, "nobody can read its key without javax.net.ssl.keyStorePassword: the old balancer does not start so, either", "give the password")
	case password != nil:
		c.secrets = true
		return "{file: " + sheet.Quote(file.value) + ", password: " + sheet.Quote(password.value) + "}", []*entry{file, password}
	}
	return "{}", nil
}

// store writes a keystore. A password that is not said is none.
func (c *converter) store(path string, file, password *entry) {
	c.set(path+".file", sheet.Quote(file.value), file)
	if password != nil {
		c.secrets = true
		c.set(path+".password", sheet.Quote(password.value), password)
	}
}

// verified writes who has to show a certificate, and who is believed.
func (c *converter) verified() {
	e, trust := c.get("gov.nist.javax.sip.TLS_CLIENT_AUTH_TYPE"), c.get("javax.net.ssl.trustStore")
	password := c.get("javax.net.ssl.trustStorePassword", "javax.net.ssl.keyStorePassword")
	word := "Enabled"
	if e != nil {
		word = e.value
	}
	auth, ok := map[string]string{"Enabled": "require", "Want": "optional", "Disabled": "off", "DisabledAll": "off"}[word]
	switch {
	case !ok:
		c.wrong(e, form.Quote(word)+" is no such type", near(word, "Enabled", "Want", "Disabled", "DisabledAll"))
		return
	case auth != "off" && trust == nil:
		who, note := c.sips[0], "clients are asked for a certificate, because TLS_CLIENT_AUTH_TYPE does not say otherwise, and no javax.net.ssl.trustStore says whose"
		if e != nil {
			who, note = e, "clients are asked for a certificate, and no javax.net.ssl.trustStore says whose"
		}
		c.wrong(who, note, "gov.nist.javax.sip.TLS_CLIENT_AUTH_TYPE=Disabled asks nobody")
		return
	case e != nil:
		c.set("listen.sip.tls.clientAuth", auth, e)
	default:
		c.setAs("listen.sip.tls.clientAuth", auth, byDefault)
	}
	if auth != "off" {
		c.store("listen.sip.tls.truststore", trust, password)
		if c.wss != nil && c.Said(c.wss.at) == nil {
			c.say(c.wss, verdict.Finding{Verdict: verdict.Approximated, Note: "clients are asked for a certificate, as those of TLS are; the old balancer asked none here"})
		}
	}
	if word == "DisabledAll" {
		c.set("sip.tls.verify", "none", e)
		c.unused(true, "DisabledAll believes everybody", "javax.net.ssl.trustStore", "javax.net.ssl.trustStorePassword")
		return
	}
	c.setAs("sip.tls.verify", "chain", asItWas+", which did not look at names")
	if trust != nil {
		c.store("sip.tls.truststore", trust, password)
	}
	c.unused(trust == nil, "there is no javax.net.ssl.trustStore", "javax.net.ssl.trustStorePassword")
}

// words takes a list apart as the SIP stack does.
func words(e *entry) []string {
	return strings.FieldsFunc(e.value, func(r rune) bool { return strings.ContainsRune("\" ,", r) })
}

// versions says which versions of TLS are left of those that are wanted.
func (c *converter) versions() {
	e := c.get("gov.nist.javax.sip.TLS_CLIENT_PROTOCOLS")
	if e == nil || c.Said(e.at) != nil {
		return
	}
	f := verdict.Finding{Verdict: verdict.Approximated, Note: e.key.Note}
	old := slices.DeleteFunc(words(e), func(w string) bool { return w == "TLSv1.2" || w == "TLSv1.3" || w == "SSLv2Hello" })
	if len(old) > 0 {
		f.Note += "; who knows nothing newer than " + strings.Join(old, ", ") + " stays out (RFC 8996)"
	}
	c.say(e, f)
}

// suites says which ciphers are left of those that are wanted.
func (c *converter) suites() {
	e := c.get("gov.nist.javax.sip.ENABLED_CIPHER_SUITES")
	if e == nil || c.Said(e.at) != nil {
		return
	}
	spoken := func(name string) bool {
		return slices.ContainsFunc(tls.CipherSuites(), func(s *tls.CipherSuite) bool { return s.Name == name })
	}
	f := verdict.Finding{Verdict: verdict.Approximated, Note: e.key.Note}
	none := slices.DeleteFunc(words(e), spoken)
	if len(none) > 0 {
		f.Note += "; not spoken: " + strings.Join(none[:min(len(none), 4)], ", ")
	}
	if len(none) > 4 {
		f.Note += " and others"
	}
	c.say(e, f)
}
