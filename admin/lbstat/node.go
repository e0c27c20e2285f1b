package lbstat

import (
	"maps"
	"strconv"
	"time"

	"twinhop/admin/nodes"
	"twinhop/gateway/cluster"
)

// nodesInfo are the members of /lbinfo. SMPP is not spoken.
type nodesInfo struct {
	IPv4 []node `json:"nodesIPv4"`
	IPv6 []node `json:"nodesIPv6"`
	SMPP []node `json:"smppRemoteServers"`
}

// node is a node with the members and types of the old record. Times are in
// milliseconds since 1970.
type node struct {
	HostName   string            `json:"hostName"`
	IP         string            `json:"ip"`
	TimeStamp  int64             `json:"timeStamp"` // of the last heartbeat; of a configured node: of the last probe
	Properties map[string]string `json:"properties"`
	Graceful   bool              `json:"gracefulShutdown"`
	Bad        bool              `json:"bad"`
	Failed     int64             `json:"failCounter"`
	Weight     int               `json:"weightIndex"`
	Unanswered int               `json:"requestNumberWithoutResponse"`
	Answered   int64             `json:"lastTimeResponse"`
	Erred      int64             `json:"lastTimeError"`
}

func (p *Pages) info() any {
	all := nodesInfo{IPv4: []node{}, IPv6: []node{}, SMPP: []node{}}
	var said map[string]*nodes.Announced
	if p.Announced != nil {
		said = p.Announced()
	}
	v := p.View()
	for _, n := range v.Nodes {
		x, six := record(v, n, said[n.Name])
		if six {
			all.IPv6 = append(all.IPv6, x)
		} else {
			all.IPv4 = append(all.IPv4, x)
		}
	}
	return map[string]nodesInfo{"Nodes info": all}
}

// record is a node as the old balancer kept it, and whether its address is
// one of IPv6.
func record(v *cluster.View, n *cluster.Node, said *nodes.Announced) (x node, six bool) {
	x = node{HostName: n.Name, Bad: n.Down(), Weight: 1, Properties: map[string]string{"jvmRoute": n.Route, "version": strconv.Itoa(n.Version)}}
	ports := map[string]string{"http": "httpPort", "ajp": "httpPort", "udp": "udpPort", "tcp": "tcpPort"}
	for _, svc := range cluster.Services() {
		for _, a := range n.Addrs(svc) {
			x.IP, six = a.Addr.Addr().String(), a.Addr.Addr().Is6()
			x.Properties[ports[a.Scheme]] = strconv.Itoa(int(a.Addr.Port()))
		}
		if c := n.Check(svc); c != nil {
			x.times(c.Record())
		}
	}
	active := 0
	for _, pool := range v.Pools {
		if m := pool.Member(n.Name); m != nil {
			x.Weight = m.Weight
			if m.Activation == cluster.Active {
				active++
			}
		}
	}
	x.Graceful = active == 0
	if l := n.Load(); l != nil {
		x.Failed = l.Failed.Load()
	}
	if said != nil {
		if said.Last != nil {
			x.TimeStamp = milli(time.Time(*said.Last))
		}
		x.Graceful = x.Graceful || said.Draining
		if said.HostName != "" {
			x.HostName = said.HostName
		}
		for name, port := range said.Ports {
			x.Properties[name+"Port"] = strconv.Itoa(port)
		}
	}
	maps.DeleteFunc(x.Properties, func(k, v string) bool { return k == "" || v == "" })
	return x, six
}

// times takes over what is known by probes.
func (x *node) times(r cluster.Record) {
	at := milli(r.At)
	x.TimeStamp = max(x.TimeStamp, at)
	if r.Last.OK {
		x.Answered = max(x.Answered, at)
	}
	if r.State == cluster.Down {
		x.Erred = max(x.Erred, milli(r.Since))
	}
}

// milli is a time as Java writes it.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
