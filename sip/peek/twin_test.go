package peek

import (
	"strconv"
	"strings"
)

// The twin reads a message the slow and obvious way: lines, unfolded texts, splits. It is what Scan is compared with.
type twin struct {
	ok                                 bool
	method, status, uri                string
	vias, routes, records, contacts    []string
	callID, from, to, fromTag, toTag   string
	fromUser, toUser, fromHost, toHost string
	cseq                               string
	forwards, length                   int
	viaHost, viaPort, branch, received string
	rport                              bool
	body                               string
	agent                              string
	retry                              int
}

var twinLong = map[string]string{"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}

func slowScan(msg string) (t twin) {
	t.forwards, t.length, t.retry = -1, -1, -1
	if len(msg) > MaxMessage {
		return t
	}
	for strings.HasPrefix(msg, "\r\n") {
		msg = msg[2:]
	}
	head, body, found := strings.Cut(msg, "\r\n\r\n")
	if !found || strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\r") || strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\n") {
		return t
	}
	lines := strings.Split(head, "\r\n")
	if !t.start(lines[0]) {
		return t
	}
	var headers []string
	for _, l := range lines[1:] {
		if l != "" && (l[0] == ' ' || l[0] == '\t') && len(headers) > 0 {
			headers[len(headers)-1] += "\r\n" + l
			continue
		}
		headers = append(headers, l)
	}
	if len(headers) > MaxHeaders {
		return t
	}
	one := map[string]string{}
	for _, h := range headers {
		if len(h)+2 > MaxLine || !t.header(h, one) {
			return t
		}
	}
	t.body = body
	t.ok = t.finish(one)
	return t
}

func (t *twin) start(l string) bool {
	words := strings.Split(l, " ")
	if len(words[0]) > 4 && strings.EqualFold(words[0][:4], "sip/") {
		if !strings.EqualFold(words[0], "sip/2.0") || len(words) < 2 || len(words[1]) != 3 {
			return false
		}
		n, ok := twinNumber(words[1], 699)
		t.status = words[1]
		return ok && n >= 100
	}
	if len(words) != 3 || !twinToken(words[0]) || !strings.EqualFold(words[2], "sip/2.0") || words[1] == "" {
		return false
	}
	t.method, t.uri = words[0], words[1]
	if strings.ContainsFunc(t.uri, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>"`, r) }) || len(t.uri) > MaxURI {
		return false
	}
	scheme, _, _ := strings.Cut(strings.ToLower(t.uri), ":")
	_, _, ok := twinURI(t.uri)
	return scheme == "urn" && strings.Contains(t.uri, ":") || ok
}

func (t *twin) header(h string, one map[string]string) bool {
	name, value, found := strings.Cut(h, ":")
	name = strings.TrimRight(name, " \t")
	if !found || !twinToken(name) {
		return false
	}
	name, value = strings.ToLower(name), strings.Trim(value, " \t\r\n")
	if long := twinLong[name]; long != "" {
		name = long
	}
	switch name {
	case "via":
		t.vias = append(t.vias, twinList(value)...)
	case "route":
		t.routes = append(t.routes, twinList(value)...)
	case "record-route":
		t.records = append(t.records, twinList(value)...)
	case "contact":
		t.contacts = append(t.contacts, twinList(value)...)
	case "call-id", "from", "to", "cseq", "max-forwards", "content-length", "x-twinhop-session":
		if _, twice := one[name]; twice {
			return false
		}
		one[name] = value
	case "user-agent", "retry-after":
		if _, twice := one[name]; !twice {
			one[name] = value
		}
	}
	return true
}

func (t *twin) finish(one map[string]string) bool {
	for _, n := range []string{"call-id", "from", "to", "cseq"} {
		if _, ok := one[n]; !ok {
			return false
		}
	}
	if len(t.vias) == 0 || len(t.vias) > MaxVias || len(t.routes) > MaxRoutes || len(t.records) > MaxRoutes {
		return false
	}
	for _, v := range t.vias[:min(len(t.vias), maxStored)] {
		if !twinToken(v[:1]) {
			return false
		}
	}
	t.callID, t.agent = one["call-id"], one["user-agent"]
	t.retry = twinSeconds(one["retry-after"])
	if t.callID == "" || strings.ContainsFunc(t.callID, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return false
	}
	var ok bool
	if v, has := one["max-forwards"]; has {
		if t.forwards, ok = twinNumber(v, 255); !ok {
			return false
		}
	}
	if v, has := one["content-length"]; has {
		if t.length, ok = twinNumber(v, 1<<31-1); !ok || t.length > len(t.body) {
			return false
		}
		t.body = t.body[:t.length]
	}
	digits, method := one["cseq"], ""
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits, method = digits[:i], digits[i:]
	}
	if _, ok = twinNumber(digits, 1<<31-1); !ok || method == strings.TrimLeft(method, " \t\r\n") || !twinToken(strings.TrimLeft(method, " \t\r\n")) {
		return false
	}
	method = strings.TrimLeft(method, " \t\r\n")
	t.cseq = strings.TrimLeft(digits, "0") + " " + method
	if t.method != "" && method != t.method {
		return false
	}
	t.from, t.to = one["from"], one["to"]
	var a, b bool
	t.fromUser, t.fromHost, t.fromTag, a = twinAddr(t.from)
	t.toUser, t.toHost, t.toTag, b = twinAddr(t.to)
	return a && b && t.via(t.vias[0])
}

func (t *twin) via(v string) bool {
	rest := v
	for _, word := range []string{"sip", "2.0"} {
		w, tail, found := strings.Cut(rest, "/")
		if !found || !strings.EqualFold(strings.TrimRight(w, " \t\r\n"), word) {
			return false
		}
		rest = strings.TrimLeft(tail, " \t\r\n")
	}
	transport := rest
	if i := strings.IndexAny(rest, " \t\r\n"); i >= 0 {
		transport, rest = rest[:i], strings.TrimLeft(rest[i:], " \t\r\n")
	} else {
		rest = ""
	}
	if !twinToken(transport) {
		return false
	}
	by, params := rest, ""
	if i := strings.IndexByte(rest, ';'); i >= 0 {
		by, params = rest[:i], rest[i:]
	}
	var ok bool
	if t.viaHost, t.viaPort, ok = twinHostPort(strings.TrimRight(by, " \t\r\n")); !ok {
		return false
	}
	list, ok := twinParams(params)
	for _, p := range list {
		switch p.name {
		case "branch":
			ok = ok && t.branch == "" && len(p.value) <= MaxToken
			t.branch = p.value
		case "received":
			ok = ok && t.received == "" && p.value != ""
			t.received = p.value
		case "rport":
			ok = ok && !t.rport
			t.rport = true
		}
	}
	return ok
}

// twinURI gives user and host of a sip, sips or tel URI.
func twinURI(u string) (user, host string, ok bool) {
	scheme, rest, found := strings.Cut(u, ":")
	if !found {
		return "", "", false
	}
	switch strings.ToLower(scheme) {
	case "tel":
		user, _, _ = strings.Cut(rest, ";")
		return user, "", user != ""
	case "sip", "sips":
	default:
		return "", "", false
	}
	if parts := strings.Split(rest, "@"); len(parts) > 2 {
		return "", "", false
	} else if len(parts) == 2 {
		user, _, _ = strings.Cut(parts[0], ":")
		rest = parts[1]
	}
	by := rest
	if i := strings.IndexAny(rest, ";?"); i >= 0 {
		by = rest[:i]
	}
	host, _, ok = twinHostPort(by)
	return user, host, ok
}

func twinHostPort(s string) (host, port string, ok bool) {
	const blanks = " \t\r\n"
	host = s
	if strings.HasPrefix(s, "[") {
		i := strings.IndexByte(s, ']')
		if i < 2 || strings.Trim(s[1:i], "0123456789abcdefABCDEF:.") != "" {
			return "", "", false
		}
		host, s = s[:i+1], s[i+1:]
	} else {
		if i := strings.IndexAny(s, ":"+blanks); i >= 0 {
			host, s = s[:i], s[i:]
		} else {
			s = ""
		}
		if host == "" || strings.Trim(host, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._") != "" {
			return "", "", false
		}
	}
	if s == "" {
		return host, "", true
	}
	s = strings.TrimLeft(s, blanks)
	if !strings.HasPrefix(s, ":") {
		return "", "", false
	}
	port = strings.TrimLeft(s[1:], blanks)
	n, ok := twinNumber(port, 65535)
	return host, port, ok && n > 0
}

func twinAddr(s string) (user, host, tag string, ok bool) {
	bare, open := "", -1
	for i := 0; i < len(s) && open < 0 && s[i] != ';'; i++ {
		switch s[i] {
		case '"':
			n := twinQuote(s[i:])
			if n < 0 {
				return "", "", "", false
			}
			i += n - 1
		case '<':
			open = i
		}
	}
	params := ""
	if open >= 0 {
		var found bool
		if bare, params, found = strings.Cut(s[open+1:], ">"); !found {
			return "", "", "", false
		}
	} else {
		bare = s
		if i := strings.IndexByte(s, ';'); i >= 0 {
			bare, params = s[:i], s[i:]
		}
		bare = strings.Trim(bare, " \t\r\n")
	}
	if bare == "" || len(bare) > MaxURI {
		return "", "", "", false
	}
	if u, h, good := twinURI(bare); good {
		user, host = u, h
	}
	list, ok := twinParams(params)
	seen := false
	for _, p := range list {
		if p.name == "tag" {
			ok = ok && !seen && len(p.value) <= MaxToken
			tag, seen = p.value, true
		}
	}
	return user, host, tag, ok
}

type twinParam struct{ name, value string }

func twinParams(s string) (list []twinParam, ok bool) {
	const blanks = " \t\r\n"
	for {
		if s = strings.TrimLeft(s, blanks); s == "" {
			return list, true
		}
		if s[0] != ';' {
			return list, false
		}
		if s = strings.TrimLeft(s[1:], blanks); s == "" || s[0] == ';' {
			continue
		}
		i := strings.IndexAny(s, ";=\""+blanks)
		if i < 0 {
			i = len(s)
		}
		if i == 0 {
			return list, false
		}
		p := twinParam{name: strings.ToLower(s[:i])}
		s = strings.TrimLeft(s[i:], blanks)
		if strings.HasPrefix(s, "=") {
			s = strings.TrimLeft(s[1:], blanks)
			if strings.HasPrefix(s, `"`) {
				if i = twinQuote(s); i < 0 {
					return list, false
				}
			} else if i = strings.IndexAny(s, ";"+blanks); i < 0 {
				i = len(s)
			}
			p.value, s = s[:i], s[i:]
		}
		list = append(list, p)
	}
}

// twinQuote gives the length of the quoted string s begins with, -1 when it does not close.
func twinQuote(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if s[i] == '"' {
			return i + 1
		}
	}
	return -1
}

func twinList(s string) (list []string) {
	from := 0
	add := func(v string) {
		if v = strings.Trim(v, " \t\r\n"); v != "" {
			list = append(list, v)
		}
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			n := twinQuote(s[i:])
			if n < 0 {
				n = len(s) - i
			}
			i += n - 1
		case '<':
			if n := strings.IndexByte(s[i:], '>'); n >= 0 {
				i += n
			} else {
				i = len(s)
			}
		case ',':
			add(s[from:i])
			from = i + 1
		}
	}
	add(s[from:])
	return list
}

func twinSeconds(s string) int {
	rest := strings.TrimLeft(s, "0123456789")
	digits := strings.TrimLeft(s[:len(s)-len(rest)], "0")
	if s == "" || rest == s || rest != "" && !strings.Contains(" \t\r\n;(", rest[:1]) {
		return -1
	}
	if len(digits) > 10 {
		return 1<<31 - 1
	}
	n, _ := strconv.Atoi("0" + digits)
	return min(n, 1<<31-1)
}

func twinToken(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~") == ""
}

func twinNumber(s string, limit int) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	s = strings.TrimLeft(s, "0")
	if s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= limit
}
