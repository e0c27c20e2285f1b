package workers

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// InCluster tells whether a change is the cluster's to make (MemberWords,
// PoolWords); the others are made in the configuration.
func (c *Change) InCluster() bool {
	switch c.Attribute {
	case Activation, Factor, Route, Redirect, Domain, Distance, BusyLimit, RecoverTime, Escalation, MaxReplyTimeouts, Sticky, Force:
		return true
	}
	return false
}

// MemberWords adds what a change says of a member.
func (c *Change) MemberWords(w *cluster.MemberWords) {
	switch c.Attribute {
	case Activation:
		w.Activation = new(cluster.Activation(c.Number))
	case Factor:
		w.Weight = &c.Number
	case Distance:
		w.Distance = &c.Number
	case BusyLimit:
		w.BusyLimit = &c.Number
	case Route:
		w.Route = &c.Text
	case Redirect:
		w.Redirect = &c.Text
	case Domain:
		w.Domain = &c.Text
	}
}

// PoolWords adds what a change says of a pool.
func (c *Change) PoolWords(w *cluster.PoolWords, p *cluster.Pool) error {
	on := c.Number != 0
	switch c.Attribute {
	case Sticky:
		w.Sticky = &on
		return nil
	case Force:
		w.Force = &on
		return nil
	}
	if p.Recovery == nil {
		return Refuse("%s: in %s the health of nodes alone decides; give the pool recovery in the configuration", c.Attribute, p.Name)
	}
	if w.Recovery == nil {
		w.Recovery = new(*p.Recovery)
	}
	switch c.Attribute {
	case RecoverTime:
		w.Recovery.Time = time.Duration(c.Number) * time.Second
	case Escalation:
		w.Recovery.Escalation = time.Duration(c.Number) * time.Second
	case MaxReplyTimeouts:
		w.Recovery.MaxReplyTimeouts = c.Number
	}
	return nil
}

// Copy returns a configuration whose nodes and pools may be changed.
func Copy(c *config.Config) *config.Config {
	own := *c
	own.Nodes, own.Pools = slices.Clone(c.Nodes), slices.Clone(c.Pools)
	for i := range own.Pools {
		own.Pools[i].Nodes = slices.Clone(own.Pools[i].Nodes)
	}
	return &own
}

// Configure makes a change in a configuration that is a Copy. A *Refused tells
// why it cannot.
func (c *Change) Configure(in *config.Config) error {
	i := slices.IndexFunc(in.Pools, func(p config.Pool) bool { return p.Name == c.Worker })
	if i < 0 {
		return Refuse("there is no worker %s", c.Worker)
	}
	p, name := &in.Pools[i], c.Member
	if name == "" {
		members := in.Members(*p)
		if len(members) != 1 || members[0].Node != p.Name {
			return c.pool(p)
		}
		name = p.Name
	}
	j := slices.IndexFunc(in.Nodes, func(n config.Node) bool { return n.Name == name })
	if j < 0 {
		return Refuse("%s is not configured here", name)
	}
	return c.node(in, p, &in.Nodes[j])
}

func (c *Change) pool(p *config.Pool) error {
	switch c.Attribute {
	case Method:
		p.Balance = Algorithm(c.Number)
		return nil
	case Retries, RetryInterval:
		r := config.PoolRetries{Rounds: 1, Nodes: 3}
		if p.Retries != nil {
			r = *p.Retries
		}
		if c.Attribute == Retries {
			r.Rounds = c.Number
		} else {
			r.Interval = time.Duration(c.Number) * time.Millisecond
		}
		p.Retries = &r
		return nil
	}
	return Refuse("%s of a balancer cannot be changed while the gateway runs", c.Attribute)
}

func (c *Change) node(in *config.Config, p *config.Pool, n *config.Node) error {
	own := &config.PoolNode{}
	if i := slices.IndexFunc(p.Nodes, func(x config.PoolNode) bool { return x.Name == n.Name }); i >= 0 {
		own = &p.Nodes[i]
	}
	interval := time.Duration(c.Number) * time.Millisecond
	switch c.Attribute {
	case Retries:
		if own.Retries.Attempts != nil {
			own.Retries.Attempts = &c.Number
		}
		n.Retries.Attempts = c.Number
	case RetryInterval:
		if own.Retries.Interval != nil {
			own.Retries.Interval = &interval
		}
		n.Retries.Interval = interval
	case Recovery:
		own.Repeat, n.Repeat = nil, Repeated(c.Number)
	case Host, Port:
		return c.move(n)
	default:
		return c.connector(in, p, n)
	}
	return nil
}

// move gives a node another address.
func (c *Change) move(n *config.Node) error {
	scheme, _, ok := strings.Cut(n.HTTP, "://")
	if !ok {
		return Refuse("%s: %s serves no HTTP", c.Attribute, n.Name)
	}
	a, err := cluster.ParseAddress(n.HTTP)
	if err != nil {
		return Refuse("%s: %s has no address to change", c.Attribute, n.Name)
	}
	host, port := a.Host, strconv.Itoa(int(a.Addr.Port()))
	if c.Attribute == Host {
		host = strings.Trim(c.Text, "[]")
	} else {
		port = strconv.Itoa(c.Number)
	}
	at := scheme + "://" + net.JoinHostPort(host, port)
	if _, err := cluster.ParseAddress(at); err != nil {
		return Refuse("%s: %q is no host", c.Attribute, c.Text)
	}
	n.HTTP = at
	return nil
}

// connector changes what is agreed with the AJP connector of a node. Nodes at
// one address have one connector.
func (c *Change) connector(in *config.Config, p *config.Pool, n *config.Node) error {
	if !n.SpeaksAJP() {
		return Refuse("%s: %s does not speak AJP", c.Attribute, n.Name)
	}
	if c.Attribute == ReplyTimeout && p.ReplyTimeout != nil {
		return Refuse("%s: the pool %s says it for all its nodes", c.Attribute, p.Name)
	}
	for i := range in.Nodes {
		if x := &in.Nodes[i]; x.HTTP == n.HTTP {
			if err := c.agree(&x.AJP); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Change) agree(a *config.AJP) error {
	s, ms := time.Duration(c.Number)*time.Second, time.Duration(c.Number)*time.Millisecond
	switch c.Attribute {
	case PoolTimeout:
		a.IdleTimeout = s
	case ReplyTimeout:
		a.ReplyTimeout, a.BodyTimeout = ms, ms
	case PacketSize:
		a.PacketSize = config.Size(c.Number)
	case PingTimeout:
		a.Ping.ConnectTimeout, a.Ping.RequestTimeout = a.Ping.Answers() // theirs are not meant
		a.Ping.Timeout = ms
	case PingInterval:
		a.Ping.Interval = s
	case ConnectPing:
		c.ping(&a.Ping.Connect, &a.Ping.ConnectTimeout)
	case PrepostPing:
		c.ping(&a.Ping.Request, &a.Ping.RequestTimeout)
	default:
		return Refuse("%s cannot be changed while the gateway runs", c.Attribute)
	}
	return nil
}

// ping switches one kind of ping on or off.
func (c *Change) ping(on *bool, timeout *time.Duration) {
	ms := time.Duration(c.Number) * time.Millisecond
	*on, *timeout = ms > 0, ms
}
