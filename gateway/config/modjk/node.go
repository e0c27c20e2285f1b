package modjk

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
)

// pair is a key of the configuration with its value as YAML, and where that comes from.
type pair = sheet.Value

// node is an ajp13 worker as it is written.
type node struct {
	w          *worker
	member     bool // of an lb: words of members count
	route      string
	domain     string
	redirect   string
	activation string
	own        []pair // weight, domain ...
	tries      []pair // what becomes of its requests
	http       pair
	ajp        []pair
	secret     string
}

const (
	day     = 24 * time.Hour
	maxPing = 10 * time.Minute
	largest = 1<<31 - 1
)

// node returns what a worker of type ajp13 becomes.
func (c *converter) node(w *worker) *node {
	if n := c.nodes[w.name]; n != nil {
		return n
	}
	n := &node{w: w, route: w.name, activation: "active"}
	c.nodes[w.name], c.order = n, append(c.order, n)
	c.address(n)
	c.secretOf(n, w)
	c.timeouts(n)
	c.requests(n)
	c.pings(n)
	if c.boolean(w, "prefer_ipv6", false) {
		n.own = append(n.own, pair{Key: "preferIPv6", Text: "true", From: c.of(w, "prefer_ipv6")})
	}
	if text, ok := c.get(w, "source"); ok {
		if hint, err := form.Check("ip", text); err != nil {
			c.say(w.says["source"], Finding{Verdict: Unsupported, Note: err.Error() + ": the system chooses the local address", Hint: hint})
		} else {
			n.ajp = append(n.ajp, pair{Key: "source", Text: sheet.Quote(text), From: c.of(w, "source")})
		}
	}
	n.ajp = append(n.ajp, c.sent...)
	if v, ok := c.integer(w, "max_packet_size", 0, largest); ok {
		size := min(max((v+1023)/1024*1024, 8<<10), 64<<10)
		if size != v {
			c.say(w.says["max_packet_size"], Finding{Verdict: Used, Note: fmt.Sprintf("ajp.packetSize: %d, as mod_jk rounds it", size)})
		}
		n.ajp = append(n.ajp, pair{Key: "packetSize", Text: strconv.Itoa(size), From: c.of(w, "max_packet_size")})
	}
	return n
}

// address makes the URL. A member without a port waits, stopped, for one.
func (c *converter) address(n *node) {
	w, host, port := n.w, "localhost", 8009
	from := c.of(w, "host", "port")
	if text, ok := c.get(w, "host"); ok {
		host = text
		if h, p, err := form.SplitHostPort(text); err == nil && h != "" {
			host, port = h, p
			if own, twice := w.says["port"]; twice && own.Value != strconv.Itoa(p) {
				c.wrong(own, Finding{Note: fmt.Sprintf("host says port %d, port says %s", p, form.Quote(own.Value)), Hint: "keep one of them"})
			}
		}
	}
	if v, ok := c.integer(w, "port", 0, 65535); ok {
		port = v
	}
	if port == 0 {
		port, n.activation = 8009, "stopped"
		if e := w.says["port"]; e != nil {
			c.say(e, Finding{Verdict: Approximated, Note: "activation: stopped, at port 8009", Hint: "write the real port when there is one"})
		}
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	url := fmt.Sprintf("ajp://%s:%d", host, port)
	if _, err := form.Check("httpNode", url); err != nil && w.says["host"] != nil { // the port was looked at
		c.wrong(w.says["host"], Finding{Note: form.Quote(host) + " is no address and no host name", Hint: "such as 10.0.0.1 or tomcat1.example.com"})
	}
	if from == "" {
		from = "mod_jk's defaults"
	}
	n.http = pair{Key: "http", Text: sheet.Quote(url), From: from}
}

// secretOf takes the secret of the worker itself, or of the lb it is a member of.
func (c *converter) secretOf(n *node, w *worker) {
	secret, ok := c.get(w, "secret")
	if !ok {
		return
	}
	e := w.says["secret"]
	if _, err := form.Check("secret", secret); err != nil {
		c.wrong(e, Finding{Note: err.Error(), Hint: "1 to 255 visible ASCII characters, blanks within"})
		return
	}
	if n.secret != "" {
		if w != n.w && n.w.says["secret"] == nil && n.secret != secret {
			c.wrong(e, Finding{Note: fmt.Sprintf("another lb gives worker %s another secret", n.w.name), Hint: "give the worker its own"})
		}
		return
	}
	n.secret = secret
	n.ajp = append(n.ajp, pair{Key: "secret", Text: sheet.Quote(secret), From: c.of(w, "secret")})
}

// duration reads a number of units.
func (c *converter) duration(w *worker, word string, unit, most time.Duration) (time.Duration, bool) {
	v, ok := c.integer(w, word, -largest, int(min(most/unit, largest)))
	return time.Duration(max(v, 0)) * unit, ok
}

func (c *converter) timeouts(n *node) {
	w := n.w
	socket, hasSocket := c.duration(w, "socket_timeout", time.Second, day)
	reply, hasReply := c.duration(w, "reply_timeout", time.Millisecond, day)
	connect, hasConnect := c.duration(w, "socket_connect_timeout", time.Millisecond, maxPing)
	switch {
	case hasConnect:
		n.ajp = append(n.ajp, pair{Key: "connectTimeout", Text: short(connect), From: c.of(w, "socket_connect_timeout")})
	case hasSocket && socket <= maxPing:
		n.ajp = append(n.ajp, pair{Key: "connectTimeout", Text: short(socket), From: c.of(w, "socket_timeout")})
	}
	from, wait := c.of(w, "reply_timeout"), reply
	if !hasReply || reply == 0 {
		if from, wait = "mod_jk's default", 0; hasSocket && socket > 0 {
			from, wait = c.of(w, "socket_timeout"), socket
		}
	}
	n.ajp = append(n.ajp, pair{Key: "replyTimeout", Text: short(wait), From: from})
	if wait > 0 {
		n.ajp = append(n.ajp, pair{Key: "bodyTimeout", Text: short(wait), From: from})
	}
	if v, ok := c.duration(w, "connection_pool_timeout", time.Second, day); ok {
		n.ajp = append(n.ajp, pair{Key: "idleTimeout", Text: short(v), From: c.of(w, "connection_pool_timeout")})
		if v > 0 {
			c.leastIdle(n)
		}
	}
	c.idle(w, "connection_pool_minsize", "without connection_pool_timeout no connection is closed")
}

func (c *converter) leastIdle(n *node) {
	if slices.ContainsFunc(c.sent, func(p pair) bool { return p.Key == "maxIdle" }) {
		c.idle(n.w, "connection_pool_minsize", "JkOptions +DisableReuse keeps no connection")
		return
	}
	least, ok := c.integer(n.w, "connection_pool_minsize", 0, 65536)
	if !ok {
		return
	}
	n.ajp = append(n.ajp, pair{Key: "minIdle", Text: strconv.Itoa(least), From: c.of(n.w, "connection_pool_minsize")})
	if least > 256 { // the default of maxIdle
		n.ajp = append(n.ajp, pair{Key: "maxIdle", Text: strconv.Itoa(least), From: "not less than minIdle"})
	}
}

// pings says when connections are asked for a sign of life.
func (c *converter) pings(n *node) {
	w := n.w
	mode, _ := c.get(w, "ping_mode")
	for _, letter := range mode {
		if !strings.ContainsRune("CPIA", letter) {
			c.say(w.says["ping_mode"], Finding{Verdict: Approximated, Note: form.Quote(string(letter)) + " is no letter of ping_mode: mod_jk skips it, too", Hint: "C, P, I or A"})
		}
	}
	has := func(letter string) bool { return strings.ContainsAny(mode, letter+"A") }
	connect, _ := c.duration(w, "connect_timeout", time.Millisecond, maxPing)
	prepost, _ := c.duration(w, "prepost_timeout", time.Millisecond, maxPing)
	interval, _ := c.duration(w, "connection_ping_interval", time.Second, day)
	if connect+prepost+interval == 0 && !strings.ContainsAny(mode, "CPIA") {
		c.idle(w, "ping_timeout", "no connection is asked")
		return
	}
	timeout, _ := c.duration(w, "ping_timeout", time.Millisecond, maxPing)
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	if has("I") && interval == 0 {
		interval = max(timeout/time.Second*10*time.Second, time.Second)
	}
	var all []pair
	for _, p := range []struct {
		key, letter, word string
		own               time.Duration
	}{{"connect", "C", "connect_timeout", connect}, {"request", "P", "prepost_timeout", prepost}} {
		if p.own == 0 && !has(p.letter) {
			continue
		}
		all = append(all, pair{Key: p.key, Text: "true", From: c.of(w, "ping_mode", p.word)})
		if p.own > 0 && p.own != timeout {
			all = append(all, pair{Key: p.key + "Timeout", Text: short(p.own), From: c.of(w, p.word)})
		}
	}
	if interval > 0 {
		all = append(all, pair{Key: "interval", Text: short(interval), From: c.of(w, "ping_mode", "connection_ping_interval")})
	}
	from := c.of(w, "ping_timeout")
	if from == "" {
		from = "mod_jk's default"
	}
	for _, p := range append(all, pair{Key: "timeout", Text: short(timeout), From: from}) {
		n.ajp = append(n.ajp, pair{Key: "ping." + p.Key, Text: p.Text, From: p.From})
	}
}

func short(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	return form.Short(d)
}
