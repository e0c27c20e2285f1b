package rmi

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"twinhop/gateway/heartbeat"
	"twinhop/gateway/heartbeat/rmi/jser"
)

const sipNode = "org.mobicents.tools.sip.balancer.SIPNode"

// knownOfNodes are the classes that the arguments of any call may hold.
func knownOfNodes(class string) bool {
	switch class {
	case sipNode, "java.util.ArrayList", "java.util.HashMap", // heartbeats
		"java.lang.Number", "java.lang.Boolean", "java.lang.Byte", "java.lang.Short", "java.lang.Integer", "java.lang.Long",
		"java.util.concurrent.atomic.AtomicInteger", "java.util.concurrent.atomic.AtomicLong",
		"java.rmi.server.ObjID", "java.rmi.server.UID", "java.rmi.dgc.Lease", "java.rmi.dgc.VMID": // garbage collection
		return true
	}
	return false
}

// maxNodes bounds the addresses of one process.
const maxNodes = 256

// readNodes reads the list in a heartbeat, one entry for each local address of
// the node. Old and recent nodes differ in the fields of SIPNode; those that
// matter are found by name. An entry that cannot be used is an error of its own.
func readNodes(v any) ([]heartbeat.Announcement, error) {
	list, ok := jser.List(v)
	if !ok {
		return nil, errors.New("no list of nodes")
	}
	if len(list) > maxNodes {
		return nil, fmt.Errorf("%d nodes, more than %d", len(list), maxNodes)
	}
	var all []heartbeat.Announcement
	var bad error
	for _, item := range list {
		o, ok := item.(*jser.Object)
		if !ok || o.Class.Name != sipNode {
			return nil, errors.New("something else than a node in the list")
		}
		a, err := heartbeat.ReadProperties(properties(o))
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("node %.64q: %w", o.Text("ip"), err))
			continue
		}
		a.By = "rmi"
		all = append(all, a)
	}
	return all, bad
}

// properties are those of a node, its own fields among them. A value that is
// neither text nor number is none.
func properties(o *jser.Object) map[string]string {
	props := map[string]string{}
	pairs, _ := jser.Map(o.Field("properties"))
	for _, p := range pairs {
		name, ok := p.Key.(string)
		if !ok {
			continue
		}
		switch v := jser.Unbox(p.Value).(type) {
		case string:
			props[name] = v
		case int64:
			props[name] = strconv.FormatInt(v, 10)
		case bool:
			props[name] = strconv.FormatBool(v)
		}
	}
	delete(props, "hostname") // what SIPNode says itself is what counts
	props["hostName"] = o.Text("hostName")
	props["ip"] = withoutZone(o.Text("ip"))
	return props
}

// withoutZone takes "%eth0" off an address: Java puts it on any IPv6 address of
// an interface. A link-local address is of no use without and stays.
func withoutZone(ip string) string {
	if a, err := netip.ParseAddr(ip); err == nil && !a.IsLinkLocalUnicast() {
		return a.WithZone("").String()
	}
	return ip
}
