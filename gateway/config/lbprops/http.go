package lbprops

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// http reads what is said of HTTP.
func (c *converter) http() {
	c.listenHTTP()
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

// listenHTTP writes the listeners. With HTTPS the clients of the plain one are sent there.
func (c *converter) listenHTTP() {
	plain, secure := c.get("httpPort"), c.get("httpsPort")
	from, says := []*entry{plain}, ""
	switch port, ok := c.number(unless(plain, ""), 1, 65535); {
	case plain == nil:
		says = `addr: ":2080"`
	case plain.value == "":
		c.say(plain, verdict.Finding{Verdict: verdict.Used, Note: "no HTTP"})
	case ok:
		says = "addr: " + sheet.Quote(":"+strconv.Itoa(port))
	}
	port := c.port(secure)
	c.shut(secure)
	var all []string
	if port > 0 {
		c.https = secure
		if says != "" {
			all = append(all, fmt.Sprintf("{%s, https: %d}", says, port))
		}
		own, entries := c.keystore(secure)
		all = append(all, fmt.Sprintf("{addr: %s, tls: {keystore: %s}}", sheet.Quote(":"+strconv.Itoa(port)), own))
		from = append(append(from, secure), entries...)
	} else if says != "" {
		all = append(all, "{"+says+"}")
	}
	if text := "[" + strings.Join(all, ", ") + "]"; len(all) > 0 && len(compact(from)) > 0 {
		c.set("listen.http", text, from...)
	} else if len(all) > 0 {
		c.setAs("listen.http", text, byDefault)
	}
}

// unless is an entry that does not say this.
func unless(e *entry, value string) *entry {
	if e != nil && e.value == value {
		return nil
	}
	return e
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
