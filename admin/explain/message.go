package explain

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"twinhop/admin/problem"
	"twinhop/gateway/cluster"
)

// httpBody is a request as somebody has it at hand.
type httpBody struct {
	Raw     string      `json:"raw"` // a command line of curl, a URL, or a request head, with or without its body
	URL     string      `json:"url"`
	Method  string      `json:"method"`
	Headers [][2]string `json:"headers"`
	From    string      `json:"from"`
}

type sipBody struct {
	Raw       string `json:"raw"`
	Transport string `json:"transport"`
	Side      string `json:"side"`
	From      string `json:"from"`
}

type assumeBody struct {
	Nodes    map[string]string `json:"nodes"`
	Affinity json.RawMessage   `json:"affinity"`
}

// maxHeaders bounds the headers of a request that is put together here.
const maxHeaders = 200

func (b *httpBody) message() (m *Message, err error) {
	m = &Message{Wants: cluster.HTTP}
	if m.From, err = from(b.From, "#/http/from"); err != nil {
		return nil, err
	}
	text := strings.TrimLeft(b.Raw, " \t\r\n")
	first, rest, _ := strings.Cut(text, "\n")
	switch first = strings.TrimSpace(first); {
	case text == "" && b.URL == "":
		return nil, problem.Invalid("#/http", "needs raw, or url")
	case text != "" && b.URL != "":
		return nil, problem.Invalid("#/http", "raw and url both say what is asked for: give one of them")
	case len(b.Headers) > maxHeaders:
		return nil, problem.Invalid("#/http/headers", "at most %d", maxHeaders)
	case text == "":
		m.Raw, err = (&one{method: b.Method, url: b.URL, fields: b.Headers}).wire()
	case strings.HasPrefix(first, "curl "):
		var r *one
		if r, err = readCurl(text); err == nil {
			m.Raw, err = r.wire()
		}
	case !strings.ContainsAny(first, " \t"): // a URL, and perhaps header lines below it
		r := &one{url: first}
		for line := range strings.SplitSeq(rest, "\n") {
			if name, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				r.fields = append(r.fields, [2]string{strings.TrimSpace(name), strings.TrimSpace(v)})
			}
		}
		m.Raw, err = r.wire()
	default:
		m.Raw = wire(text)
	}
	return m, err
}

var transports = []string{"udp", "tcp", "tls", "ws", "wss"}

func (b *sipBody) message() (m *Message, err error) {
	m = &Message{Wants: cluster.SIP, Transport: b.Transport, Inside: b.Side == "node"}
	if m.From, err = from(b.From, "#/sip/from"); err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(b.Raw) == "":
		return nil, problem.Invalid("#/sip/raw", "the message is missing")
	case b.Side != "" && b.Side != "client" && b.Side != "node":
		return nil, problem.Invalid("#/sip/side", "client or node")
	case b.Transport == "":
		m.Transport = "udp"
		if via := viaTransport.FindStringSubmatch(b.Raw); via != nil { // as the message itself says
			m.Transport = strings.ToLower(via[1])
		}
	case !slices.Contains(transports, b.Transport):
		return nil, problem.Invalid("#/sip/transport", "one of %s", strings.Join(transports, ", "))
	}
	m.Raw = wire(strings.TrimLeft(b.Raw, "\r\n\t "))
	return m, nil
}

var viaTransport = regexp.MustCompile(`(?mi)^(?:Via|v)\s*:\s*SIP\s*/\s*2\.0\s*/\s*(UDP|TCP|TLS|WSS|WS)\b`)

func from(text, pointer string) (a netip.AddrPort, err error) {
	if text == "" {
		return a, nil
	}
	if a, err = netip.ParseAddrPort(text); err != nil || a.Port() == 0 {
		return a, problem.Invalid(pointer, "not an address and a port, as 192.0.2.7:5060")
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

var length = regexp.MustCompile(`(?mi)^(?:Content-Length|l)[ \t]*:[ \t]*(\d{1,7})[ \t]*\r?$`)

// wire is a pasted message as it was on the wire: lines end in CRLF, a blank
// one ends the head, and a body that lost its end gets it back.
func wire(text string) []byte {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	head, body, found := strings.Cut(text, "\r\n\r\n")
	if !found {
		head = strings.TrimRight(text, "\r\n")
	}
	raw := append([]byte(head), "\r\n\r\n"...)
	raw = append(raw, body...)
	if n := length.FindStringSubmatch(head); n != nil {
		if want, _ := strconv.Atoi(n[1]); want > len(body) && want <= problem.MaxBody {
			raw = append(raw, bytes.Repeat([]byte(" "), want-len(body))...)
		}
	}
	return raw
}

// read is what is supposed, of the nodes of a View.
func (b *assumeBody) read(v *cluster.View) (a Assumed, err error) {
	if b == nil {
		return a, nil
	}
	a = Assumed{Activation: map[string]cluster.Activation{}, Health: map[string]cluster.Health{}, Affinity: b.Affinity}
	for name, word := range b.Nodes {
		if v.Named(name) == nil {
			return a, problem.Invalid("#/assume/nodes", "there is no node %.60q", name)
		}
		switch word {
		case "down":
			a.Health[name] = cluster.Down
		case "disabled":
			a.Activation[name] = cluster.Disabled
		case "stopped":
			a.Activation[name] = cluster.Stopped
		case "ok":
			a.Health[name], a.Activation[name] = cluster.Up, cluster.Active
		default:
			return a, problem.Invalid("#/assume/nodes/"+name, "down, disabled, stopped or ok")
		}
	}
	return a, nil
}
