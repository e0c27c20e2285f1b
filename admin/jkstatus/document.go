package jkstatus

import (
	"strconv"
	"strings"
	"time"

	"twinhop/admin/jkstatus/shape"
	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/cluster"
)

// document builds the records of one answer.
type document struct {
	state  *workers.State
	worker *Worker
	form   form
	hide   int // bits of the parameter opt
	now    time.Time
}

// The forms of a moment.
const (
	momentLayout = "20060102150405"
	zoneLayout   = "-0700"
)

// head says who answers; with time and software unless short.
func (d *document) head(v *visit) []*shape.Record {
	server := &shape.Record{Element: "server", Title: "Server:"}
	server.Put(shape.Field{Key: "name", Value: v.server, Property: "server_name"})
	server.Put(shape.Field{Key: "port", Value: strconv.Itoa(v.port), Property: "server_port"})
	if !v.command.headed() {
		return []*shape.Record{server}
	}
	clock := &shape.Record{Element: "time", Title: "Time:"}
	clock.Put(shape.Field{Key: "datetime", Value: d.now.Format(momentLayout), Property: "time_datetime"})
	clock.Put(shape.Field{Key: "tz", Value: d.now.Format(zoneLayout), Property: "time_tz"})
	clock.Put(shape.Field{Key: "unix", Value: strconv.FormatInt(d.now.Unix(), 10), Property: "time_unix"})
	software := &shape.Record{Element: "software", Title: "Software:"}
	software.Put(shape.Field{Key: "web_server", Value: d.worker.Software, Property: "web_server", Quoted: true})
	software.Put(shape.Field{Key: "jk_version", Value: Spoken, Property: "jk_version"})
	return []*shape.Record{server, clock, software}
}

// list is every worker.
func (d *document) list() []*shape.Record {
	var all []*shape.Record
	if len(d.state.Balancers) > 0 && d.hide&hideBalancers == 0 {
		r := &shape.Record{Element: "balancers", Title: "Balancer Workers:", Open: true}
		r.Put(shape.Field{Key: "count", Value: strconv.Itoa(len(d.state.Balancers)), Property: "lb_count"})
		for i := range d.state.Balancers {
			r.Add(d.balancer(&d.state.Balancers[i], nil))
		}
		all = append(all, r)
	}
	if len(d.state.AJP) > 0 && d.hide&hideAJP == 0 {
		r := &shape.Record{Element: "ajp_workers", Title: "AJP Workers:", Open: true}
		r.Put(shape.Field{Key: "count", Value: strconv.Itoa(len(d.state.AJP)), Property: "ajp_count"})
		for i := range d.state.AJP {
			r.Children = append(r.Children, d.single(&d.state.AJP[i])...)
		}
		all = append(all, r)
	}
	return all
}

// balancer is a balancer with its members, or only one of them, and its rules.
func (d *document) balancer(b *workers.Balancer, only *workers.Member) *shape.Record {
	r := &shape.Record{Element: "balancer", Title: "Balancer Worker:", Scope: b.Name, Indent: 2, Open: true}
	r.Put(shape.Field{Key: "name", Value: b.Name, Property: "list"})
	r.Text("type", "lb")
	r.Text("sticky_session", word(b.Sticky))
	r.Text("sticky_session_force", word(b.Force))
	shape.Counts(r, "retries recover_time error_escalation_time max_reply_timeouts", b.Retries, b.RecoverTime, b.Escalation, b.MaxReplyTimeouts)
	r.Text("method", b.Method)
	r.Text("lock", lockWord)
	good, degraded, bad := d.worker.rate(b)
	least, most := b.Maintenance()
	shape.Counts(r, "member_count good degraded bad busy max_busy", len(b.Members), good, degraded, bad, b.Busy, b.MaxBusy)
	shape.Counts(r, "map_count time_to_maintenance_min time_to_maintenance_max", len(b.Maps), least, most)
	shape.Counts(r, "last_reset_at last_reset_ago", int(b.Reset.Unix()), workers.Since(d.now, b.Reset))
	if d.hide&hideMembers == 0 {
		for i := range b.Members {
			if only == nil || only == &b.Members[i] {
				r.Add(d.member(b, &b.Members[i]))
			}
		}
	}
	r.Children = append(r.Children, d.maps(b.Name, b.Maps)...)
	return r
}

func (d *document) member(b *workers.Balancer, m *workers.Member) *shape.Record {
	r := &shape.Record{Element: "member", Title: "Member:", Scope: m.Name, Indent: 6}
	r.Put(shape.Field{Key: "name", Value: m.Name, Property: b.Name + ".balance_workers"})
	d.reach(r, &m.Node)
	r.Text("activation", activationWord(m.Activation))
	shape.Count(r, "lbfactor", m.Factor)
	r.Quote("route", m.Route)
	r.Quote("redirect", m.Redirect)
	r.Quote("domain", m.Domain)
	shape.Count(r, "distance", m.Distance)
	r.Text("state", m.State.String())
	shape.Counts(r, "lbmult lbvalue elected sessions errors", m.Mult, m.Value, m.Elected, m.Sessions, m.Errors)
	traffic(r, &m.Node)
	least, most := b.Recovers(m)
	shape.Counts(r, "time_to_recover_min time_to_recover_max", least, most)
	d.moments(r, &m.Node, b.Name)
	return r
}

// single is a worker and its rules, side by side as mod_jk has them.
func (d *document) single(s *workers.Single) []*shape.Record {
	r := &shape.Record{Element: "ajp", Title: "AJP Worker:", Scope: s.Name, Indent: 2}
	r.Put(shape.Field{Key: "name", Value: s.Name, Property: s.Name + ".list"})
	d.reach(r, &s.Node)
	shape.Counts(r, "used errors", s.Elected, s.Errors)
	traffic(r, &s.Node)
	shape.Count(r, "map_count", len(s.Maps))
	d.moments(r, &s.Node, s.Name)
	return append([]*shape.Record{r}, d.maps(s.Name, s.Maps)...)
}

// reach is how a node is reached. XML has two of it the other way round.
func (d *document) reach(r *shape.Record, n *workers.Node) {
	source := n.Source
	if source == "" {
		source = "undefined"
	}
	r.Text("type", n.Type)
	r.Text("host", n.Host)
	shape.Count(r, "port", n.Port)
	r.Text("address", n.Address)
	r.Text("source", source)
	shape.Counts(r, "connection_pool_timeout ping_timeout connect_timeout prepost_timeout reply_timeout",
		n.PoolTimeout, n.PingTimeout, n.ConnectPing, n.PrepostPing, n.ReplyTimeout)
	if d.form == formXML {
		shape.Counts(r, "connection_ping_interval retries", n.PingInterval, n.Retries)
	} else {
		shape.Counts(r, "retries connection_ping_interval", n.Retries, n.PingInterval)
	}
	shape.Counts(r, "recovery_options busy_limit max_packet_size", n.Recovery, n.BusyLimit, n.PacketSize)
}

func traffic(r *shape.Record, n *workers.Node) {
	shape.Counts(r, "client_errors reply_timeouts transferred read busy max_busy connected max_connected",
		n.ClientErrors, n.ReplyTimeouts, n.Transferred, n.Read, n.Busy, n.MaxBusy, n.Connected, n.MaxConnected)
}

// moments ends a node. As properties the moments carry the name of the worker
// that was asked for, not of the member, and two of them a space: as mod_jk
// writes them.
func (d *document) moments(r *shape.Record, n *workers.Node, worker string) {
	list := []shape.Field{
		{Key: "last_reset_at", Value: strconv.FormatInt(n.Reset.Unix(), 10)},
		{Key: "last_reset_ago", Value: strconv.Itoa(workers.Since(d.now, n.Reset))},
	}
	if !n.ErrorAt.IsZero() {
		at := n.ErrorAt.In(d.now.Location())
		list = append(list, shape.Field{Key: "error_time_datetime", Value: at.Format(momentLayout)},
			shape.Field{Key: "error_time_tz", Value: at.Format(zoneLayout)},
			shape.Field{Key: "error_time_unix_seconds", Value: strconv.FormatInt(at.Unix(), 10), Property: "error_time_unix seconds"},
			shape.Field{Key: "error_time_ago", Value: strconv.Itoa(workers.Since(d.now, at)), Property: "error_time_ago seconds"})
	}
	for _, f := range list {
		if f.Property == "" {
			f.Property = f.Key
		}
		f.Property = worker + "." + f.Property
		r.Put(f)
	}
	if n.Bound >= 0 {
		shape.Count(r, "bound_sessions", n.Bound)
	}
}

func (d *document) maps(worker string, maps []workers.Map) []*shape.Record {
	if d.hide&hideMaps != 0 {
		return nil
	}
	var all []*shape.Record
	for i := range maps {
		m := &maps[i]
		r := &shape.Record{Element: "map", Title: "Map:", Scope: worker + ".map." + strconv.Itoa(i+1), Indent: 6}
		r.Text("id", strconv.Itoa(i+1))
		r.Fields[0].Property = shape.NoProperty
		if m.Server != "" {
			r.Quote("server", m.Server)
		}
		r.Quote("uri", m.URI)
		r.Quote("type", m.Type())
		r.Quote("source", m.Source)
		r.Quote("reply_timeout", strconv.Itoa(m.ReplyTimeout))
		r.Quote("sticky_ignore", strconv.Itoa(digit(m.StickyIgnore)))
		r.Quote("stateless", strconv.Itoa(digit(m.Stateless)))
		r.Quote("fail_on_status", m.FailOnStatus)
		r.Quote("active", m.Active)
		r.Quote("disabled", m.DisabledNodes)
		r.Quote("stopped", m.StoppedNodes)
		r.Quote("use_server_errors", strconv.Itoa(m.ServerErrors))
		all = append(all, r)
	}
	return all
}

// dump is the configuration as it was read. What is or holds a secret is left
// out.
func (d *document) dump(list []workers.Property) *shape.Record {
	r := &shape.Record{Element: "configuration", Title: "Configuration:", Indent: 2}
	for _, p := range public(list) {
		r.Put(shape.Field{Key: p.Key, Value: p.Value})
	}
	return r
}

// public is the list without secrets: neither the lines that set one, nor
// those it was taken from.
func public(list []workers.Property) []workers.Property {
	hidden := map[string]bool{}
	for _, p := range list {
		if secretKey(p.Key) {
			hidden[strings.TrimSpace(p.Value)] = true
		}
	}
	delete(hidden, "")
	var all []workers.Property
	for _, p := range list {
		if !secretKey(p.Key) && !tells(p, hidden) {
			all = append(all, p)
		}
	}
	return all
}

// tells tells whether a line gives a secret away: it is one, or it is a
// variable that makes up one.
func tells(p workers.Property, secrets map[string]bool) bool {
	value := strings.TrimSpace(p.Value)
	if secrets[value] {
		return true
	}
	if strings.HasPrefix(p.Key, "worker.") || value == "" {
		return false
	}
	for s := range secrets {
		if strings.Contains(s, value) || strings.Contains(value, s) || strings.Contains(s, "$("+p.Key+")") {
			return true
		}
	}
	return false
}

// secretKey tells whether a line of that key is a secret.
func secretKey(key string) bool {
	last := key[strings.LastIndexByte(key, '.')+1:]
	return strings.EqualFold(last, "secret") || strings.EqualFold(last, "secretkey")
}

// outcome says what became of the request.
func outcome(message string, ok bool) *shape.Record {
	word := "ERROR"
	if ok {
		word, message = "OK", finished
	}
	r := &shape.Record{Element: "result", Title: "Result:", Scope: "result", Indent: 2}
	r.Text("type", word)
	r.Quote("message", message)
	return r
}

func word(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func digit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func activationWord(a cluster.Activation) string {
	switch a {
	case cluster.Active:
		return "ACT"
	case cluster.Disabled:
		return "DIS"
	}
	return "STP"
}
