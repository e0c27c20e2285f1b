package cluster

import "time"

// Sent notes that a request that will be answered was sent to a service.
func (r *Registry) Sent(n *Node, s Service) {
	c := n.Check(s)
	if c == nil {
		return
	}
	v := r.View()
	rules := v.schedule(n, s).Passive
	if why := c.traffic.Sent(&rules); why != "" {
		r.fell(v, n, s, why)
	}
}

// Heard notes a final answer of a service.
func (r *Registry) Heard(n *Node, s Service, code int) {
	r.Saw(n)
	c := n.Check(s)
	if c == nil {
		return
	}
	v := r.View()
	rules := v.schedule(n, s).Passive
	if why := c.traffic.Heard(&rules, code); why != "" {
		r.fell(v, n, s, why)
	}
}

// Saw notes that a message of a node came. It costs one load.
func (r *Registry) Saw(n *Node) {
	if n.Announced && !n.load.heard.Load() {
		n.load.heard.Store(true)
	}
}

// Seen is when a node that told of itself was last heard of by its traffic:
// as exactly as this is asked often, for it is the time of the first asking
// since. Zero: never, or the node is configured.
func (n *Node) Seen() time.Time {
	if n.load.heard.Load() && n.load.heard.Swap(false) {
		n.load.seen.Store(time.Now().UnixNano())
	}
	return instant(&n.load.seen)
}

// fell makes a service down for what its traffic told.
func (r *Registry) fell(v *View, n *Node, s Service, why string) {
	c := n.Check(s)
	c.mu.Lock()
	ch := change{was: c.Health(), is: Down}
	if ch.was != Down {
		ch = c.become(Down, why)
	}
	c.traffic.Fell()
	c.mu.Unlock()
	if ch.was != ch.is && v.checks(c, n.Name, s) {
		r.healthChanged(n.Name, s, ch)
		c.kick()
	}
}
