package modjk

import (
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/sheet"
)

// methods of mod_jk by their first characters.
var methods = map[byte]string{
	'r': "requests", '0': "requests", 't': "traffic", '1': "traffic", 'b': "busyness", '2': "busyness",
	's': "sessions", '3': "sessions", 'n': "next", '4': "next",
}

// lbWords reads what an lb says besides its members.
func (c *converter) lbWords(w *worker, p *pool) {
	if text, ok := c.get(w, "method"); ok {
		method, known := methods[strings.ToLower(text)[0]]
		if !known {
			method = "requests"
			c.say(w.says["method"], Finding{Verdict: Approximated, Note: form.Quote(text) + " is no method: mod_jk takes Request, and so it is taken", Hint: "Request, Session, Next, Traffic or Busyness"})
		}
		p.add("balance", method, c.of(w, "method"))
	}
	sticky := c.boolean(w, "sticky_session", true)
	if !sticky {
		p.add("sticky", "false", c.of(w, "sticky_session"))
	}
	if sticky && c.boolean(w, "sticky_session_force", false) {
		p.add("stickyForce", "true", c.of(w, "sticky_session_force"))
	}
	c.idle(w, "sticky_session_force", "without sticky_session it has no effect")
	if m := c.maintenance(); m != nil {
		p.words = append(p.words, *m)
	}
	c.recovery(w, p)
	v, from := c.tries(w, "retries", maxTries)
	p.add("retries.rounds", strconv.Itoa(v), from)
	v, from = c.tries(w, "lb_retries", maxPools)
	p.add("retries.nodes", strconv.Itoa(v), from)
	if v, ok := c.duration(w, "retry_interval", time.Millisecond, maxPause); ok {
		p.add("retries.interval", short(v), c.of(w, "retry_interval"))
	}
	c.session(w, p)
	c.idle(w, "max_packet_size", "what may be repeated is kept in the gateway's own measure")
}

func (p *pool) add(key, text, from string) {
	p.words = append(p.words, pair{Key: key, Text: text, From: from})
}

// maintenance reads worker.maintain, which is one for all.
func (c *converter) maintenance() *pair {
	e := c.props.Get("worker.maintain")
	if e == nil {
		return nil
	}
	n, clean := properties.Measure(e.Value)
	f := Finding{Verdict: Used, Note: find("maintain").Note}
	every := time.Duration(n) * time.Second
	switch {
	case n <= 0:
		every, f = day, Finding{Verdict: Approximated, Note: "once a day: with mod_jk never"}
	case every > day:
		every, f = day, Finding{Verdict: Approximated, Note: "once a day, which is the longest"}
	case !clean:
		f = Finding{Verdict: Approximated, Note: "mod_jk reads " + form.Quote(e.Value) + " as " + strconv.Itoa(n) + ", and so it is taken"}
	}
	c.say(e, f)
	return &pair{Key: "maintain", Text: short(every), From: e.At[0].String() + " worker.maintain"}
}

// recovery reads when a member is in error, and for how long: mod_jk's ways are written out, for the gateway has others.
func (c *converter) recovery(w *worker, p *pool) {
	wait, from := time.Minute, fromDefault
	if v, ok := c.duration(w, "recover_time", time.Second, day); ok {
		wait, from = max(v, time.Second), c.of(w, "recover_time")
	}
	p.add("recovery.time", short(wait), from)
	escalation, from := (wait / 2).Truncate(time.Second), "mod_jk's default: half of it"
	if v, ok := c.duration(w, "error_escalation_time", time.Second, day); ok {
		escalation, from = v, c.of(w, "error_escalation_time")
	}
	p.add("recovery.escalation", short(escalation), from)
	timeouts, from := 0, fromDefault
	if v, ok := c.integer(w, "max_reply_timeouts", -largest, 1_000_000); ok {
		timeouts, from = max(v, 0), c.of(w, "max_reply_timeouts")
	}
	p.add("recovery.maxReplyTimeouts", strconv.Itoa(timeouts), from)
}

// session reads what the session id is called, and whether a cookie is set.
func (c *converter) session(w *worker, p *pool) {
	if name, ok := c.get(w, "session_cookie"); ok {
		if e := w.says["session_cookie"]; !form.IsToken(name) || len(name) > maxName {
			c.wrong(e, Finding{Note: form.Quote(name) + " is no name of a cookie"})
		} else if name != usualCookie {
			p.add("session.cookie", sheet.Quote(name), c.of(w, "session_cookie"))
		}
	}
	if text, ok := c.get(w, "session_path"); ok {
		path, f := parameter(text)
		if c.say(w.says["session_path"], f); path != "" && path != ";jsessionid" {
			p.add("session.path", sheet.Quote(path), c.of(w, "session_path"))
		}
	}
	if p.sets = c.boolean(w, "set_session_cookie", false); p.sets {
		p.add("session.set", "true", c.of(w, "set_session_cookie"))
	}
}

// usualCookie is mod_jk's default.
const usualCookie = "JSESSIONID"

// parameter reads session_path: a name with its semicolon, "" with an error if it is none.
func parameter(text string) (path string, f Finding) {
	path, f = text, Finding{Verdict: Used, Note: "session.path"}
	if !strings.HasPrefix(text, ";") {
		path, f = ";"+text, Finding{Verdict: Approximated, Note: "looked for as " + form.Quote(";"+text) + ", a path parameter"}
	}
	if hint, err := form.Check("sessionPath", path); err != nil {
		return "", Finding{Verdict: Error, Note: err.Error(), Hint: hint}
	}
	return path, f
}

// cookiePaths reads the path of the cookies of pools that set some, when all rules are known.
func (c *converter) cookiePaths() {
	for _, p := range c.pools {
		if p.w.kind != "lb" {
			continue
		}
		if !p.sets {
			c.idle(p.w, "session_cookie_path", "no cookie is set")
			continue
		}
		text, ok := c.get(p.w, "session_cookie_path")
		if !ok {
			continue
		}
		if hint, err := form.Check("cookiePath", text); err != nil {
			c.wrong(p.w.says["session_cookie_path"], Finding{Note: err.Error(), Hint: hint})
			continue
		}
		p.add("session.setPath", sheet.Quote(text), c.of(p.w, "session_cookie_path"))
	}
}
