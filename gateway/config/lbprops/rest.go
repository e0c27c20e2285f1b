package lbprops

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// levels are those of log4j.
var levels = map[string]string{"ALL": "debug", "TRACE": "debug", "DEBUG": "debug", "INFO": "info", "WARN": "warn", "ERROR": "error", "FATAL": "error", "OFF": "error"}

// inOurWords is a level of log4j. Case does not matter.
func inOurWords(word string) (level string, ok bool) {
	level, ok = levels[strings.ToUpper(word)]
	return level, ok
}

// rest reads what is said of the process.
func (c *converter) rest() {
	if e := c.get("statisticPort", "apiPort"); e != nil {
		if port, ok := c.number(e, 1, 65535); ok {
			c.set("admin.listen", sheet.Quote("127.0.0.1:"+strconv.Itoa(port)), e)
			c.setAs("admin.monitors", `["127.0.0.0/8", "::1/128"]`, asItWas+", for who asks from this machine")
		}
	}
	c.shutdown()
	c.level()
	for _, name := range []string{"securityRequired", "isSend5xxResponse", "usePrettyEncoding", "isUseWithNexmo", "earlyDialogWorstCase"} {
		c.truth(c.get(name))
	}
	if c.get("externalIpLoadBalancerAddress", "internalIpLoadBalancerAddress") != nil {
		return
	}
	for _, e := range c.order {
		if strings.HasPrefix(e.key.Name, "sip/routingRules") {
			c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "there is no IP load balancer"})
		}
	}
}

// shutdown reads how long everything goes on after the stop was announced. Then nobody waits for calls: their hints lead
// them on, whoever takes over.
func (c *converter) shutdown() {
	e := c.get("shutdownTimeout")
	announce, ok := c.span(e, time.Millisecond, 0, 10*time.Minute)
	if ok {
		c.set("shutdown.announce", form.Short(announce), e)
	} else {
		announce = 5 * time.Second // which is ours
	}
	c.setAs("shutdown.grace", form.Short(announce+5*time.Second), asItWas+", which waited for no call")
}

// level reads how much is logged. The command line counts.
func (c *converter) level() {
	e := c.get("logLevel")
	level, ok := "", false
	if e != nil {
		if level, ok = inOurWords(e.value); !ok {
			c.wrong(e, form.Quote(e.value)+" is no level", near(e.value, "DEBUG", "INFO", "WARN", "ERROR"))
			return
		}
	}
	if said := c.options(); said != "" {
		if c.setAs("telemetry.log.level", said, "-DlogLevel"); e != nil {
			c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "-DlogLevel says it"})
		}
	} else if e != nil {
		c.set("telemetry.log.level", level, e)
	}
}

// options reads what stood before the name of the file on the old command line, and returns the level of -DlogLevel.
func (c *converter) options() (level string) {
	for _, o := range c.in.Java {
		name, value, _ := strings.Cut(o, "=")
		f := verdict.Finding{Directive: "-D" + name, Verdict: verdict.Ignored, Note: "a setting of Java"}
		switch strings.ToLower(name) {
		case "loglevel":
			f.Verdict, f.Note = verdict.Used, "telemetry.log.level"
			word, ok := inOurWords(value)
			if level = word; !ok {
				f.Verdict, f.Note, f.Hint = verdict.Error, form.Quote(value)+" is no level", near(value, "DEBUG", "INFO", "WARN", "ERROR")
			}
		case "logconfigfile":
			f.Note = "files of log4j are not read: logs go to standard error"
		}
		c.Mark(verdict.Top(c.in.File.Name), f)
	}
	return level
}

// write makes the file.
func (c *converter) write() []byte {
	p := sheet.Plain{
		Head:   []string{"Converted from " + c.in.File.Name + ".", "The comment of a line says where its value comes from."},
		Values: c.out,
	}
	for _, f := range c.Sorted() {
		if f.Verdict != verdict.Approximated && f.Verdict != verdict.Unsupported {
			continue
		}
		if len(p.Foot) == 0 {
			p.Foot = []string{"What the old balancer was told and this file says otherwise, or not at all:"}
		}
		p.Foot = append(p.Foot, fmt.Sprintf("  %s:%d %s: %s: %s", f.File, f.Line, f.Directive, f.Verdict, f.Note))
	}
	return p.Bytes()
}
