package jkstatus

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"twinhop/admin/jkstatus/shape"
	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/cluster"
)

// table writes what list and show have for people.
type table struct {
	v *visit
	d *document
	w io.Writer
}

func (t *table) everything() {
	s := t.v.state
	switch {
	case len(s.Balancers) == 0:
	case t.v.options&hideBalancers != 0:
		shape.Put(t.w, t.v.reveal(hideBalancers, "Load Balancing Workers"))
	default:
		fmt.Fprintf(t.w, "<hr><h2>Listing Load Balancing Workers (%d) %s</h2>\n", len(s.Balancers), t.v.hide(hideBalancers))
		for i := range s.Balancers {
			t.balancer(&s.Balancers[i], nil)
		}
	}
	switch {
	case len(s.AJP) == 0:
	case t.v.options&hideAJP != 0:
		shape.Put(t.w, t.v.reveal(hideAJP, "AJP Workers"))
	default:
		fmt.Fprintf(t.w, "<hr><h2>Listing AJP Workers (%d) %s</h2>\n", len(s.AJP), t.v.hide(hideAJP))
		for i := range s.AJP {
			t.single(&s.AJP[i])
		}
	}
}

func (t *table) one(x target) {
	switch {
	case x.balancer != nil && len(x.members) > 0:
		t.balancer(x.balancer, x.members[0])
	case x.balancer != nil:
		t.balancer(x.balancer, nil)
	case x.single != nil:
		t.single(x.single)
	}
}

// tools are the links in front of a worker or member.
func (t *table) tools(worker, member string, inError bool) string {
	s := "[" + t.v.to(cmdShow, worker, member).anchor("S")
	if t.v.options&onlyRead == 0 {
		s += "|" + t.v.to(cmdEdit, worker, member).anchor("E") + "|" + t.v.to(cmdReset, worker, member).anchor("R")
		if inError {
			s += "|" + t.v.to(cmdRecover, worker, member).anchor("T")
		}
	}
	return s + "]"
}

func (t *table) header(names ...string) {
	shape.Put(t.w, "<table>\n<tr>")
	for _, n := range names {
		shape.Put(t.w, "<th>", n, "</th>")
	}
	shape.Put(t.w, "</tr>\n")
}

// row writes cells; text is escaped, raw is not.
func (t *table) row(cells ...any) {
	shape.Put(t.w, "<tr>")
	for _, c := range cells {
		switch c := c.(type) {
		case raw:
			shape.Put(t.w, "<td>", string(c), "</td>")
		default:
			shape.Put(t.w, "<td>", shape.Escape(fmt.Sprint(c)), "</td>")
		}
	}
	shape.Put(t.w, "</tr>\n")
}

// raw is text that is HTML already.
type raw string

func (t *table) end() { shape.Put(t.w, "</table>\n") }

func (t *table) balancer(b *workers.Balancer, only *workers.Member) {
	hidden := t.v.options
	shape.Put(t.w, "<hr><h3>", t.tools(b.Name, "", false), " Worker Status for ", shape.Escape(b.Name), "</h3>\n")
	if hidden&hideBalancerConf != 0 {
		shape.Put(t.w, t.v.reveal(hideBalancerConf, "LB Configuration"))
	} else {
		t.header("Type", "Sticky Sessions", "Force Sticky Sessions", "Retries", "LB Method", "Locking", "Recover Wait Time", "Error Escalation Time",
			"Max Reply Timeouts", t.v.hide(hideBalancerConf))
		t.row("lb", word(b.Sticky), word(b.Force), b.Retries, b.Method, lockWord, b.RecoverTime, b.Escalation, b.MaxReplyTimeouts, "")
		t.end()
	}
	if hidden&hideSummary != 0 {
		shape.Put(t.w, t.v.reveal(hideSummary, "LB Summary"))
	} else {
		good, degraded, bad := t.v.worker.rate(b)
		least, most := b.Maintenance()
		t.header("Good", "Degraded", "Bad/Stopped", "Busy", "Max Busy", "Next Maintenance", "Last Reset", t.v.hide(hideSummary))
		t.row(good, degraded, bad, b.Busy, b.MaxBusy, fmt.Sprintf("%d/%d", least, most), workers.Since(t.d.now, b.Reset), "")
		t.end()
	}
	if hidden&hideMembers != 0 {
		shape.Put(t.w, t.v.reveal(hideMembers, "Balancer Members"))
	} else {
		t.members(b, only)
	}
	t.maps(b.Name, b.Maps)
}

var confNames = []string{"Type", "Hostname", "Address:Port", "Source", "Connection Pool Timeout", "Connect Timeout", "Prepost Timeout", "Reply Timeout",
	"Retries", "Recovery Options", "Busy Limit", "Max Packet Size"}

func conf(n *workers.Node) []any {
	return []any{n.Type, n.Host, n.Address, n.Source, n.PoolTimeout, n.ConnectPing, n.PrepostPing, n.ReplyTimeout, n.Retries, n.Recovery, n.BusyLimit, n.PacketSize}
}

func (t *table) members(b *workers.Balancer, only *workers.Member) {
	shape.Put(t.w, "<h4>Balancer Members ", t.v.hide(hideMembers))
	if only != nil {
		shape.Put(t.w, " [", t.v.to(cmdShow, b.Name, "").anchor("Show All Members"), "]")
	}
	shape.Put(t.w, "</h4>\n")
	if t.v.options&hideAJPConf != 0 {
		shape.Put(t.w, t.v.reveal(hideAJPConf, "AJP Configuration"))
	} else {
		t.header(append(append([]string{"Name"}, confNames...), t.v.hide(hideAJPConf))...)
		for i := range b.Members {
			if m := &b.Members[i]; only == nil || only == m {
				t.row(append(append([]any{m.Name}, conf(&m.Node)...), "")...)
			}
		}
		t.end()
	}
	t.header("&nbsp;", "Name", "Act", "State", "D", "F", "M", "V", "Acc", "Sess", "Err", "CE", "RE", "Wr", "Rd", "Busy", "Con", "Route", "RR", "Cd", "Rs",
		"LR", "LE", "Bound")
	for i := range b.Members {
		if m := &b.Members[i]; only == nil || only == m {
			t.member(b, m)
		}
	}
	t.end()
	if t.v.options&onlyRead == 0 {
		t.forAll(b)
	}
}

func (t *table) member(b *workers.Balancer, m *workers.Member) {
	least, most := b.Recovers(m)
	age := workers.Since(t.d.now, m.Reset)
	bound := "-"
	if m.Bound >= 0 {
		bound = strconv.Itoa(m.Bound)
	}
	t.row(raw(t.tools(b.Name, m.Name, m.State == cluster.StateError)), m.Name, activationWord(m.Activation), m.State, m.Distance, m.Factor, m.Mult, m.Value,
		rateOver(m.Elected, age), rateOver(m.Sessions, age), m.Errors, m.ClientErrors, m.ReplyTimeouts, size(m.Transferred), size(m.Read),
		twin(m.Busy, m.MaxBusy), twin(m.Connected, m.MaxConnected), m.Route, m.Redirect, m.Domain, fmt.Sprintf("%d/%d", least, most),
		age, moment(t.d.now, m.ErrorAt), bound)
}

// forAll is the form that leads to one attribute of all members.
func (t *table) forAll(b *workers.Balancer) {
	shape.Put(t.w, `<form method="get">`, t.v.to(cmdEdit, b.Name, "").hidden(), "<b>E</b>dit this attribute for all members: <select name=\"att\">\n")
	for i := range both {
		if p := &both[i]; p.kind != aHost && p.attribute != workers.Port {
			shape.Put(t.w, `<option value="`, p.name, `">`, p.label, "</option>\n")
		}
	}
	shape.Put(t.w, `</select> <input type="submit" value="Go"></form>`, "\n")
}

func (t *table) single(s *workers.Single) {
	shape.Put(t.w, "<hr><h3>", t.tools(s.Name, "", false), " Worker Status for ", shape.Escape(s.Name), "</h3>\n")
	if t.v.options&hideAJPConf != 0 {
		shape.Put(t.w, t.v.reveal(hideAJPConf, "AJP Configuration"))
	} else {
		t.header(append(confNames[:len(confNames):len(confNames)], t.v.hide(hideAJPConf))...)
		t.row(append(conf(&s.Node), "")...)
		t.end()
	}
	age := workers.Since(t.d.now, s.Reset)
	t.header("Acc", "Err", "CE", "RE", "Wr", "Rd", "Busy", "Con", "LR", "LE")
	t.row(rateOver(s.Elected, age), s.Errors, s.ClientErrors, s.ReplyTimeouts, size(s.Transferred), size(s.Read), twin(s.Busy, s.MaxBusy),
		twin(s.Connected, s.MaxConnected), age, moment(t.d.now, s.ErrorAt))
	t.end()
	t.maps(s.Name, s.Maps)
}

func (t *table) maps(worker string, maps []workers.Map) {
	switch {
	case len(maps) == 0:
		shape.Put(t.w, "<h3>Warning: No URI Mappings defined for ", shape.Escape(worker), " !</h3>\n")
		return
	case t.v.options&hideMaps != 0:
		shape.Put(t.w, t.v.reveal(hideMaps, "URI Mappings"))
		return
	}
	fmt.Fprintf(t.w, "<h3>URI Mappings for %s (%d maps) %s</h3>\n", shape.Escape(worker), len(maps), t.v.hide(hideMaps))
	t.header("Server", "URI", "Match Type", "Source", "Reply Timeout", "Sticky Ignore", "Stateless", "Fail on Status", "Active", "Disabled", "Stopped",
		"Use Server Errors")
	for i := range maps {
		m := &maps[i]
		t.row(m.Server, m.URI, m.Type(), m.Source, m.ReplyTimeout, digit(m.StickyIgnore), digit(m.Stateless), dash(m.FailOnStatus), dash(m.Active),
			dash(m.DisabledNodes), dash(m.StoppedNodes), m.ServerErrors)
	}
	t.end()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func twin(now, most int64) string { return fmt.Sprintf("%d (%d)", now, most) }

// rateOver is a count and how many it is per second.
func rateOver(n int64, seconds int) string {
	if seconds <= 0 {
		return fmt.Sprintf("%d (-/s)", n)
	}
	return fmt.Sprintf("%d (%d/s)", n, n/int64(seconds))
}

func moment(now, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(now.Location()).Format("2006-01-02 15:04:05 -0700")
}

// size is a number of bytes in four characters or so.
func size(n int64) string {
	if n < 973 {
		return strconv.FormatInt(n, 10)
	}
	x, unit := float64(n)/1024, 0
	for x >= 973 && unit < 5 {
		x /= 1024
		unit++
	}
	if x < 9.95 {
		return fmt.Sprintf("%.1f%c", x, "KMGTPE"[unit])
	}
	return fmt.Sprintf("%.0f%c", x, "KMGTPE"[unit])
}
