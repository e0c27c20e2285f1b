package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// head is a message taken apart by what its lines look like, and by no code of the gateway's.
type head struct {
	start string
	lines []headLine
	rest  string // the blank line and the body
}

// headLine is a header with its folds and line ends; name is the long one, in lower case.
type headLine struct{ name, text string }

var longNames = map[string]string{"v": "via", "f": "from", "t": "to", "i": "call-id", "l": "content-length", "m": "contact"}

func readHead(b []byte) (h head) {
	s := strings.TrimLeft(string(b), "\r\n")
	h.start, s, _ = strings.Cut(s, "\r\n")
	h.start += "\r\n"
	for s != "" && !strings.HasPrefix(s, "\r\n") {
		at := 0
		for {
			n := strings.Index(s[at:], "\r\n")
			if n < 0 {
				at = len(s)
				break
			}
			if at += n + 2; at >= len(s) || s[at] != ' ' && s[at] != '\t' {
				break
			}
		}
		name, _, _ := strings.Cut(s[:at], ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if long := longNames[name]; long != "" {
			name = long
		}
		h.lines = append(h.lines, headLine{name, s[:at]})
		s = s[at:]
	}
	h.rest = s
	return h
}

func (h *head) String() string {
	s := h.start
	for _, l := range h.lines {
		s += l.text
	}
	return s + h.rest
}

// find is the place of the first line with a name, or -1.
func (h *head) find(name string) int {
	for i, l := range h.lines {
		if l.name == name {
			return i
		}
	}
	return -1
}

func (h *head) cut(i, n int) { h.lines = append(h.lines[:i], h.lines[i+n:]...) }

func (h *head) tagged() bool {
	i := h.find("to")
	return i >= 0 && hasTag.MatchString(h.lines[i].text)
}

var (
	hasTag   = regexp.MustCompile(`(?i);\s*tag\s*=`)
	ownTagOf = regexp.MustCompile(`;tag=th[0-9a-f]{16}`)
	hopsOf   = regexp.MustCompile(`(?i)^max-forwards\s*:\s*([0-9]+)`)
	lengthOf = regexp.MustCompile(`(?i)^(?:content-length|l)\s*:\s*([0-9]+)`)
	hostOf   = regexp.MustCompile(`(?i)^(?:via|v)\s*:\s*sip\s*/\s*[0-9.]+\s*/\s*[a-z]+\s+(\[[^\]]*\]|[^\s:;,]+)`)
	rportOf  = regexp.MustCompile(`(?i);\s*rport(=[0-9]+)?`)
	cameFrom = regexp.MustCompile(`(?i);\s*received\s*=\s*([^;,\s]+)`)
)

// unchanged takes a proxy's edits back out of what the node got and compares it with what the client sent, byte for byte. Every edit must
// be there, where it belongs and once.
func (s *site) unchanged(got, sent []byte) error {
	g, o := readHead(got), readHead(sent)
	if i := o.find("content-length"); i >= 0 {
		if p := lengthOf.FindStringSubmatch(o.lines[i].text); p != nil {
			n, _ := strconv.Atoi(p[1])
			o.rest = o.rest[:min(len(o.rest), 2+n)] // what follows belongs to no message
		}
	}
	for _, undo := range []func(g, o *head) error{s.undoTarget, s.undoRecordRoutes, s.undoVias, s.undoHops, s.undoLength} {
		if err := undo(&g, &o); err != nil {
			return fmt.Errorf("%w:\n%q\nwas sent as\n%q", err, got, sent)
		}
	}
	if g.String() != o.String() {
		return fmt.Errorf("changed: the node got\n%q\nwhich is, without our edits,\n%q\nwas sent as\n%q", got, g.String(), o.String())
	}
	return nil
}

func (s *site) undoVias(g, o *head) error {
	at := g.find("via")
	if at < 0 || at+2 >= len(g.lines) || at != o.find("via") {
		return fmt.Errorf("our Vias are not above the first one")
	}
	for i, own := range []struct {
		network string
		at      netip.AddrPort
	}{{s.way.out, s.inner}, {s.way.in, s.outer}} {
		l := g.lines[at+i].text
		if !strings.HasPrefix(l, "Via: SIP/2.0/"+strings.ToUpper(own.network)+" "+own.at.String()+";branch=z9hG4bK") || strings.Count(l, ";") != 1 || !strings.HasSuffix(l, "\r\n") {
			return fmt.Errorf("%q is not our Via %d", l, i)
		}
	}
	g.cut(at, 2)
	var err error
	g.lines[at].text, err = s.undoVia(g.lines[at].text, o.lines[at].text)
	return err
}

// undoVia takes out of the client's Via what says where it came from.
func (s *site) undoVia(got, sent string) (string, error) {
	first, _, _ := strings.Cut(sent, ",")
	ip := s.client.at.Addr().String()
	p := hostOf.FindStringSubmatch(sent)
	host := ""
	if p != nil {
		host = strings.Trim(p[1], "[]")
	}
	asked, said := rportOf.FindString(first), cameFrom.FindStringSubmatch(first)
	if asked != "" {
		now := strings.TrimSuffix(asked, rportOf.FindStringSubmatch(first)[1]) + "=" + strconv.Itoa(int(s.client.at.Port()))
		if strings.Count(got, now) != 1 {
			return "", fmt.Errorf("rport is not filled in %q", got)
		}
		got = strings.Replace(got, now, asked, 1)
	}
	switch {
	case said != nil:
		now := strings.TrimSuffix(said[0], said[1]) + ip
		if !strings.Contains(got, now) {
			return "", fmt.Errorf("received does not say where the message came from in %q", got)
		}
		got = strings.Replace(got, now, said[0], 1)
	case asked != "" || host != ip:
		if strings.Count(got, ";received="+ip) != 1 {
			return "", fmt.Errorf("received does not say where the message came from in %q", got)
		}
		got = strings.Replace(got, ";received="+ip, "", 1)
	}
	return got, nil
}

func (s *site) undoRecordRoutes(g, o *head) error {
	method, _, _ := strings.Cut(o.start, " ")
	if o.tagged() || method != "INVITE" && method != "SUBSCRIBE" && method != "REFER" {
		return nil
	}
	at := g.find("record-route")
	for i, own := range []netip.AddrPort{s.inner, s.outer} {
		if at < 0 || at+i >= len(g.lines) || !strings.HasPrefix(g.lines[at+i].text, "Record-Route: <sip:"+own.String()+";") || !strings.HasSuffix(g.lines[at+i].text, ">\r\n") ||
			!strings.Contains(g.lines[at+i].text, ";lr") {
			return fmt.Errorf("no Record-Route of ours for %s", own)
		}
	}
	g.cut(at, 2)
	return nil
}

// undoTarget takes out what leads to the node: a Route, or its address in a Request-URI that was the gateway's.
func (s *site) undoTarget(g, o *head) error {
	if strings.Contains(o.start, s.outer.String()) {
		g.start = strings.Replace(g.start, s.node.at.String(), s.outer.String(), 1)
		return nil
	}
	at := g.find("route")
	if at < 0 || !strings.HasPrefix(g.lines[at].text, "Route: <sip:"+s.node.at.String()) || !strings.HasSuffix(g.lines[at].text, ";lr>\r\n") {
		return fmt.Errorf("no Route to the node on top")
	}
	g.cut(at, 1)
	return nil
}

func (s *site) undoHops(g, o *head) error {
	at := g.find("max-forwards")
	if at < 0 {
		return fmt.Errorf("no Max-Forwards")
	}
	was := o.find("max-forwards")
	if was < 0 {
		if g.lines[at].text != "Max-Forwards: 70\r\n" {
			return fmt.Errorf("Max-Forwards was absent, and is %q", g.lines[at].text)
		}
		g.cut(at, 1)
		return nil
	}
	now, old := hopsOf.FindStringSubmatch(g.lines[at].text), hopsOf.FindStringSubmatch(o.lines[was].text)
	if now == nil || old == nil {
		return fmt.Errorf("Max-Forwards is %q", g.lines[at].text)
	}
	a, _ := strconv.Atoi(old[1])
	b, _ := strconv.Atoi(now[1])
	if b != a-1 {
		return fmt.Errorf("Max-Forwards goes from %d to %d", a, b)
	}
	g.lines[at].text = strings.Replace(g.lines[at].text, now[1], old[1], 1)
	return nil
}

// undoLength takes out the Content-Length that a stream must have.
func (s *site) undoLength(g, o *head) error {
	if o.find("content-length") >= 0 || s.way.out == "udp" {
		return nil
	}
	at := g.find("content-length")
	if at < 0 || g.lines[at].text != fmt.Sprintf("Content-Length: %d\r\n", len(g.rest)-2) {
		return fmt.Errorf("no Content-Length on a stream")
	}
	g.cut(at, 1)
	return nil
}

// echoes tells whether an answer of the gateway's repeats what it must (RFC 3261 section 8.2.6.2), and has no more than it needs.
func (s *site) echoes(got, sent []byte, with []string) error {
	g, o := readHead(got), readHead(sent)
	if g.rest != "\r\n" {
		return fmt.Errorf("the answer does not end with its head:\n%q", got)
	}
	want := []string{"Content-Length: 0\r\n"}
	for _, l := range with {
		want = append(want, l+"\r\n")
	}
	seen := map[string]bool{}
	for _, l := range o.lines {
		if l.name == "via" || !seen[l.name] && (l.name == "from" || l.name == "to" || l.name == "call-id" || l.name == "cseq") {
			want = append(want, l.text)
			seen[l.name] = true
		}
	}
	tagged, first := o.tagged(), true
	for _, l := range g.lines {
		text := l.text
		switch l.name {
		case "via":
			if first {
				first = false
				var err error
				if text, err = s.undoVia(text, o.lines[o.find("via")].text); err != nil {
					return err
				}
			}
		case "to":
			if !tagged {
				if len(ownTagOf.FindAllString(text, -1)) != 1 {
					return fmt.Errorf("no To tag in the answer:\n%q", got)
				}
				text = ownTagOf.ReplaceAllString(text, "")
			}
		case "retry-after":
			continue
		}
		at := -1
		for i, w := range want {
			if at < 0 && w == text {
				at = i
			}
		}
		if at < 0 {
			return fmt.Errorf("the answer has %q, which is not in the request, or too often:\n%q\nrequest:\n%q", text, got, sent)
		}
		want = append(want[:at], want[at+1:]...)
	}
	if len(want) > 0 {
		return fmt.Errorf("the answer lacks %q:\n%q", want, got)
	}
	return nil
}

// reply is a node's answer to a request it got.
func reply(request []byte, status string) []byte {
	h := readHead(request)
	b := []byte("SIP/2.0 " + status + "\r\n")
	for _, l := range h.lines {
		switch l.name {
		case "via", "record-route", "from", "call-id", "cseq":
			b = append(b, l.text...)
		case "to":
			b = append(b, strings.TrimSuffix(l.text, "\r\n")...)
			if !h.tagged() {
				b = append(b, ";tag=atnode"...)
			}
			b = append(b, "\r\n"...)
		}
	}
	return append(b, "Content-Length: 0\r\n\r\n"...)
}

// ackOf is what a client sends after the refusal of its INVITE (RFC 3261 section 17.1.1.3); nil after anything else.
func ackOf(invite, refusal []byte) []byte {
	o, r := readHead(invite), readHead(refusal)
	via, to := o.find("via"), r.find("to")
	if !strings.HasPrefix(o.start, "INVITE ") || via < 0 || to < 0 || !r.tagged() {
		return nil
	}
	b := []byte("ACK" + strings.TrimPrefix(o.start, "INVITE"))
	b = append(b, o.lines[via].text...)
	for _, l := range o.lines {
		if l.name == "from" || l.name == "call-id" {
			b = append(b, l.text...)
		}
	}
	b = append(append(b, r.lines[to].text...), "CSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"...)
	return bytes.Clone(b)
}
