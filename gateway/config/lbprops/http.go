package lbprops

import (
	"regexp"
	"strconv"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// http reads what is said of HTTP.
func (c *converter) http() {
	e := c.get("httpPort")
	if e != nil && e.value == "" {
		c.say(e, verdict.Finding{Verdict: verdict.Used, Note: "no HTTP"})
	} else if port, ok := c.number(e, 1, 65535); ok {
		c.set("listen.http", "[{addr: "+sheet.Quote(":"+strconv.Itoa(port))+"}]", e)
	} else if e == nil {
		c.setAs("listen.http", `[{addr: ":2080"}]`, byDefault)
	}
	if e := c.get("httpsPort"); e != nil {
		if port := c.port(e); port > 0 {
			c.wrong(e, e.key.Note, "take the line out, and write listen.http with https and tls, and the keystore as PEM, into the file of -c (docs/restcomm.md)")
		} else if c.Said(e.at) == nil {
			c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "not opened"})
		}
	}
	if e := c.get("unavailableHost"); e != nil {
		if _, err := form.Check("publicHost", e.value); err != nil {
			c.wrong(e, err.Error(), "the name or address of the host that has the page, at port 80")
		} else {
			c.set("http.unavailable.proxy", sheet.Quote("http://"+bracketed(e.value)+":80"), e)
		}
	}
	c.checked()
	c.route()
}

// bracketed is a host as a URL has it.
func bracketed(host string) string {
	if a := host; literal(a) && regexp.MustCompile(":").MatchString(a) {
		return "[" + a + "]"
	}
	return host
}

// checked reads which requests are looked at for errors.
func (c *converter) checked() {
	e := c.get("http/requestCheckPattern")
	if e == nil {
		return
	}
	if hint, err := form.Check("pattern", e.value); err != nil {
		c.wrong(e, err.Error(), hint)
		return
	}
	c.set("health.http.errors.match", sheet.Quote(e.value), e)
	c.set("health.http.errors.limit", "1", e)
	c.set("health.http.errors.codes", "[400-599]", e)
}

// route writes how session ids are read.
func (c *converter) route() {
	c.setAs("affinity.route.delimiter", "last", asItWas)
	c.setAs("affinity.route.query", "jsessionid", asItWas)
	c.setAs("affinity.route.anyCase", "true", asItWas)
	c.setAs("affinity.instance", "true", asItWas)
}
