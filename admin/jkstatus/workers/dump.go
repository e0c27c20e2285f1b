package workers

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config"
)

// Dump is the configuration in the words of workers.properties, for what mod_jk
// has words. It holds no secret.
func Dump(c *config.Config) []Property {
	d := &dump{}
	var list []string
	for i := range c.Pools {
		list = append(list, c.Pools[i].Name)
	}
	for i := range c.Status {
		list = append(list, c.Status[i].Name)
	}
	d.add("list", strings.Join(list, ","))
	if len(c.Pools) > 0 {
		d.add("maintain", fmt.Sprint(seconds(c.Pools[0].Maintain)))
	}
	told := map[string]bool{}
	for i := range c.Pools {
		p := &c.Pools[i]
		members := c.Members(*p)
		if len(members) == 1 && members[0].Node == p.Name {
			d.node(c, &members[0], told)
			continue
		}
		d.pool(p, members)
		for j := range members {
			d.node(c, &members[j], told)
		}
	}
	for i := range c.Status {
		d.status(&c.Status[i])
	}
	return d.list
}

type dump struct{ list []Property }

func (d *dump) add(key string, value any) {
	d.list = append(d.list, Property{"worker." + key, fmt.Sprint(value)})
}

func (d *dump) pool(p *config.Pool, members []config.Member) {
	at := p.Name + "."
	var names []string
	for i := range members {
		names = append(names, members[i].Node)
	}
	d.add(at+"type", "lb")
	d.add(at+"balance_workers", strings.Join(names, ","))
	d.add(at+"method", p.Balance)
	d.add(at+"sticky_session", digit(p.Sticky))
	d.add(at+"sticky_session_force", digit(p.StickyForce))
	if r := p.Recovery; r != nil {
		d.add(at+"recover_time", seconds(r.Time))
		d.add(at+"error_escalation_time", seconds(r.Escalation))
		d.add(at+"max_reply_timeouts", r.MaxReplyTimeouts)
	}
	if r := p.Retries; r != nil {
		d.add(at+"retries", r.Rounds)
		d.add(at+"lb_retries", r.Nodes)
		d.add(at+"retry_interval", millis(r.Interval))
	}
	if p.Session.Cookie != "" {
		d.add(at+"session_cookie", p.Session.Cookie)
	}
	if p.Session.Path != "" {
		d.add(at+"session_path", p.Session.Path)
	}
	if p.Session.Set {
		d.add(at+"set_session_cookie", 1)
		d.add(at+"session_cookie_path", p.Session.SetPath)
	}
}

// node tells of a node once.
func (d *dump) node(c *config.Config, m *config.Member, told map[string]bool) {
	i := slices.IndexFunc(c.Nodes, func(n config.Node) bool { return n.Name == m.Node })
	if i < 0 || told[m.Node] {
		return
	}
	told[m.Node] = true
	n, at := &c.Nodes[i], m.Node+"."
	scheme, host, _ := strings.Cut(n.HTTP, "://")
	if scheme == "ajp" {
		scheme = "ajp13"
	}
	if scheme == "" {
		scheme = "sip"
		if len(n.SIP) > 0 {
			_, host, _ = strings.Cut(n.SIP[0], "://")
		}
	}
	d.add(at+"type", scheme)
	d.add(at+"host", host)
	if m.Route != "" {
		d.add(at+"route", m.Route)
	}
	d.add(at+"lbfactor", m.Weight)
	d.add(at+"activation", m.Activation)
	for _, x := range []Property{{"domain", m.Domain}, {"redirect", m.Redirect}} {
		if x.Value != "" {
			d.add(at+x.Key, x.Value)
		}
	}
	d.add(at+"distance", m.Distance)
	d.add(at+"busy_limit", m.BusyLimit)
	d.add(at+"retries", m.Retries.Attempts)
	d.add(at+"retry_interval", millis(m.Retries.Interval))
	if len(m.FailOnStatus) > 0 {
		d.add(at+"fail_on_status", joined(m.FailOnStatus))
	}
	if n.SpeaksAJP() {
		d.connector(at, &n.AJP)
	}
}

func (d *dump) connector(at string, a *config.AJP) {
	d.add(at+"socket_connect_timeout", millis(a.ConnectTimeout))
	d.add(at+"reply_timeout", millis(a.ReplyTimeout))
	d.add(at+"connection_pool_timeout", seconds(a.IdleTimeout))
	d.add(at+"max_packet_size", int(a.PacketSize))
	mode := ""
	for letter, on := range map[string]bool{"C": a.Ping.Connect, "P": a.Ping.Request, "I": a.Ping.Interval > 0} {
		if on {
			mode += letter
		}
	}
	if mode != "" {
		d.add(at+"ping_mode", strings.Join(slices.Sorted(strings.SplitSeq(mode, "")), ""))
		d.add(at+"ping_timeout", millis(a.Ping.Timeout))
		if a.Ping.Connect && a.Ping.ConnectTimeout > 0 {
			d.add(at+"connect_timeout", millis(a.Ping.ConnectTimeout))
		}
		if a.Ping.Request && a.Ping.RequestTimeout > 0 {
			d.add(at+"prepost_timeout", millis(a.Ping.RequestTimeout))
		}
	}
	if a.Ping.Interval > 0 {
		d.add(at+"connection_ping_interval", seconds(a.Ping.Interval))
	}
}

func (d *dump) status(s *config.Status) {
	at := s.Name + "."
	d.add(at+"type", "status")
	d.add(at+"read_only", digit(s.ReadOnly))
	if len(s.Users) > 0 {
		d.add(at+"user", strings.Join(s.Users, ","))
	}
	d.add(at+"good", strings.Join(s.Good, ","))
	d.add(at+"bad", strings.Join(s.Bad, ","))
	for _, x := range []Property{{"css", s.CSS}, {"prefix", s.Prefix}, {"ns", s.NS}, {"xmlns", s.XMLNS}, {"doctype", s.Doctype}} {
		if x.Value != "" {
			d.add(at+x.Key, x.Value)
		}
	}
}

func digit(b bool) int {
	if b {
		return 1
	}
	return 0
}
