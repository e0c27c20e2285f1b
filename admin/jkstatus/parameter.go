package jkstatus

import (
	"fmt"
	"strconv"
	"strings"

	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/cluster"
)

type kind uint8

const (
	aNumber kind = iota
	aFlag
	aMethod
	aLock
	anActivation
	aRoute // a route, or with a least of 0 nothing
	aHost
)

// lockWord is the only way of locking there is.
const lockWord = "Optimistic"

// parameter is one that update takes.
type parameter struct {
	name, old   string // old: its name before mod_jk 1.2.27
	attribute   workers.Attribute
	label       string
	kind        kind
	least, most int
}

// Bounds of numbers: those of the configuration.
const (
	million    = 1_000_000
	day        = 86_400 // s
	minute     = 60_000 // ms
	tenMinutes = 10 * minute
)

// The parameters, in the order of mod_jk's forms.
var (
	ofBalancer = []parameter{
		{"vlr", "lr", workers.Retries, "Retries", aNumber, 1, 100},
		{"vlri", "", workers.RetryInterval, "Retry Interval", aNumber, 1, minute},
		{"vlt", "lt", workers.RecoverTime, "Recover Wait Time", aNumber, 1, day},
		{"vlee", "", workers.Escalation, "Error Escalation Time", aNumber, 0, day},
		{"vlx", "lx", workers.MaxReplyTimeouts, "Max Reply Timeouts", aNumber, 0, million},
		{"vls", "ls", workers.Sticky, "Sticky Sessions", aFlag, 0, 1},
		{"vlf", "lf", workers.Force, "Force Sticky Sessions", aFlag, 0, 1},
		{"vlm", "lm", workers.Method, "LB Method", aMethod, 0, 0},
		{"vll", "ll", workers.Lock, "Locking", aLock, 0, 0},
	}
	ofMember = []parameter{
		{"vwa", "wa", workers.Activation, "Activation", anActivation, 0, 0},
		{"vwf", "wf", workers.Factor, "LB Factor", aNumber, 1, million},
		{"vwn", "wn", workers.Route, "Route", aRoute, 1, 0},
		{"vwr", "wr", workers.Redirect, "Redirect Route", aRoute, 0, 0},
		{"vwc", "wc", workers.Domain, "Cluster Domain", aRoute, 0, 0},
		{"vwd", "wd", workers.Distance, "Distance", aNumber, 0, million},
	}
	ofNode = []parameter{
		{"vahst", "", workers.Host, "Hostname", aHost, 0, 0},
		{"vaprt", "", workers.Port, "Port", aNumber, 1, 65535},
		{"vacpt", "", workers.PoolTimeout, "Connection Pool Timeout", aNumber, 0, day},
		{"vapng", "", workers.PingTimeout, "Ping Timeout", aNumber, 1, tenMinutes},
		{"vact", "", workers.ConnectPing, "Connect Timeout", aNumber, 0, tenMinutes},
		{"vapt", "", workers.PrepostPing, "Prepost Timeout", aNumber, 0, tenMinutes},
		{"vart", "", workers.ReplyTimeout, "Reply Timeout", aNumber, 0, day * 1000},
		{"var", "", workers.Retries, "Retries", aNumber, 1, 100},
		{"vari", "", workers.RetryInterval, "Retry Interval", aNumber, 0, minute},
		{"vacpi", "", workers.PingInterval, "Connection Ping Interval", aNumber, 0, day},
		{"varo", "", workers.Recovery, "Recovery Options", aNumber, 0, 31},
		{"vabl", "", workers.BusyLimit, "Busy Limit", aNumber, 0, million},
		{"vamps", "", workers.PacketSize, "Max Packet Size", aNumber, 8192, 65536},
	}
)

// value is what an attribute is or is to be.
type value struct {
	number int
	text   string
}

// given returns the parameter's value, by its new or its old name.
func (q query) given(p *parameter) (string, bool) {
	text, ok := q.values[p.name]
	if !ok && p.old != "" {
		text, ok = q.values[p.old]
	}
	return text, ok
}

// read understands a value. Where mod_jk passes over what is out of range or
// takes it for something else, it is an error here.
func (p *parameter) read(s string) (value, error) {
	switch p.kind {
	case aNumber:
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < p.least || n > p.most {
			return value{}, p.bad(s, fmt.Sprintf("a number from %d to %d", p.least, p.most))
		}
		if p.attribute == workers.PacketSize {
			n = (n + 1023) / 1024 * 1024
		}
		return value{number: n}, nil
	case aFlag:
		return p.flag(s)
	case aMethod:
		return p.letter(s, "rtbsn", "Request, Traffic, Busyness, Sessions or Next")
	case aLock:
		v, err := p.letter(s, "op", "Optimistic or Pessimistic")
		if err == nil && v.number != 0 {
			return v, fmt.Errorf("%s (%s): there is no other locking than %s here", p.name, p.attribute, lockWord)
		}
		return v, err
	case anActivation:
		return p.letter(s, "ads", "active, disabled or stopped")
	case aHost:
		if !isHost(s) {
			return value{}, p.bad(s, "a host name or an IP address of at most 60 characters")
		}
	default:
		if s == "" && p.least == 0 {
			break
		}
		if !cluster.ValidRoute(s) {
			return value{}, p.bad(s, "1 to 60 letters, digits, dots, - or _")
		}
	}
	return value{text: s}, nil
}

// letter reads a word by its first letter, or its number.
func (p *parameter) letter(s, letters, want string) (value, error) {
	if s != "" {
		if i := strings.IndexByte(letters, s[0]|0x20); i >= 0 {
			return value{number: i}, nil
		}
		if n := int(s[0]) - '0'; len(s) == 1 && n >= 0 && n < len(letters) {
			return value{number: n}, nil
		}
	}
	return value{}, p.bad(s, want)
}

// flag reads a flag as mod_jk does: on and off, 0 and 1, else the first letter.
func (p *parameter) flag(s string) (value, error) {
	low := strings.ToLower(s)
	switch {
	case low == "off" || s == "0" || s != "" && strings.IndexByte("fn", low[0]) >= 0:
		return value{number: 0}, nil
	case low == "on" || s == "1" || s != "" && strings.IndexByte("ty", low[0]) >= 0:
		return value{number: 1}, nil
	}
	return value{}, p.bad(s, "on or off")
}

func (p *parameter) bad(s, want string) error {
	if len(s) > 60 {
		s = s[:60] + "..."
	}
	return fmt.Errorf("%s (%s): %q is not %s", p.name, p.attribute, s, want)
}

// isHost tells whether s may be the name of a host, or an address.
func isHost(s string) bool {
	if s == "" || len(s) > 60 || s[0] == '-' || s[0] == '.' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && !strings.ContainsRune(".-_:", rune(c)) {
				return false
			}
		}
	}
	return true
}

// balancerNow returns what the balancer's attribute is.
func balancerNow(b *workers.Balancer, a workers.Attribute) value {
	switch a {
	case workers.Retries:
		return value{number: b.Retries}
	case workers.RetryInterval:
		return value{number: b.RetryInterval}
	case workers.RecoverTime:
		return value{number: b.RecoverTime}
	case workers.Escalation:
		return value{number: b.Escalation}
	case workers.MaxReplyTimeouts:
		return value{number: b.MaxReplyTimeouts}
	case workers.Sticky:
		return value{number: digit(b.Sticky)}
	case workers.Force:
		return value{number: digit(b.Force)}
	case workers.Method:
		for i, word := range workers.Methods {
			if word == b.Method {
				return value{number: i}
			}
		}
		return value{number: -1} // one that mod_jk does not have
	}
	return value{}
}

// memberNow returns what the member's attribute is.
func memberNow(m *workers.Member, a workers.Attribute) value {
	switch a {
	case workers.Activation:
		return value{number: int(m.Activation)}
	case workers.Factor:
		return value{number: m.Factor}
	case workers.Route:
		return value{text: m.Route}
	case workers.Redirect:
		return value{text: m.Redirect}
	case workers.Domain:
		return value{text: m.Domain}
	case workers.Distance:
		return value{number: m.Distance}
	}
	return nodeNow(&m.Node, a)
}

// nodeNow returns what the node's attribute is.
func nodeNow(n *workers.Node, a workers.Attribute) value {
	switch a {
	case workers.Host:
		return value{text: n.Host}
	}
	return value{number: map[workers.Attribute]int{
		workers.Port: n.Port, workers.PoolTimeout: n.PoolTimeout, workers.PingTimeout: n.PingTimeout, workers.ConnectPing: n.ConnectPing, workers.PrepostPing: n.PrepostPing,
		workers.ReplyTimeout: n.ReplyTimeout, workers.Retries: n.Retries, workers.RetryInterval: n.RetryDelay, workers.PingInterval: n.PingInterval,
		workers.Recovery: n.Recovery, workers.BusyLimit: n.BusyLimit, workers.PacketSize: n.PacketSize,
	}[a]}
}
