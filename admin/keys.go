package admin

import (
	"strings"

	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/appsession"
	"twinhop/gateway/trace"
)

// sessionView is an application session as the API shows it.
type sessionView struct {
	ID        string      `json:"id"`
	Node      string      `json:"node"`
	Split     bool        `json:"split"` // some key leads to another node
	Anonymous bool        `json:"anonymous"`
	Moved     bool        `json:"moved"`
	Left      []string    `json:"left,omitempty"` // nodes it was moved away from, newest first
	Rev       uint32      `json:"rev"`
	Legs      legs        `json:"legs"`
	Keys      []keyView   `json:"keys"`
	Born      *stamp.Time `json:"born"`
	Seen      *stamp.Time `json:"seen"`
	Expires   *stamp.Time `json:"expires,omitempty"`
}

// legs counts the aliases by protocol.
type legs struct {
	HTTP int `json:"http"`
	SIP  int `json:"sip"`
}

// keyView is one name of a session.
type keyView struct {
	Space string `json:"space"`
	Value string `json:"value"` // shortened where it is a secret, or for viewers
	Node  string `json:"node,omitempty"`
	Moved bool   `json:"moved,omitempty"`
	Route string `json:"route,omitempty"` // http: the route in the id as its node set it
	SetBy string `json:"setBy,omitempty"` // http: that node
	Realm uint16 `json:"realm,omitempty"`
}

// viewSession shows a session to somebody with this role.
func viewSession(x *appsession.Session, role Role) sessionView {
	v := sessionView{ID: x.ID.String(), Node: x.Owner, Anonymous: x.Anonymous, Rev: x.Rev, Left: x.Left.Nodes(),
		Born: stamp.Of(x.Born), Seen: stamp.Of(x.Seen), Expires: stamp.Of(x.Expires), Keys: make([]keyView, 0, len(x.Keys))}
	v.Moved = len(v.Left) > 0
	for i := range x.Keys {
		a := &x.Keys[i]
		k := viewKey(a.Key, role)
		k.Node, k.Moved = a.Node, a.Moved
		if k.Node == "" {
			k.Node = x.Owner
		}
		if k.Node != x.Owner {
			v.Split = true
		}
		v.Moved = v.Moved || a.Moved
		if a.Sent != nil {
			_, k.Route, _ = strings.Cut(a.Sent.ID, ".")
			k.SetBy = a.Sent.Node
		}
		switch a.Space {
		case appsession.HTTP:
			v.Legs.HTTP++
		case appsession.Call:
			v.Legs.SIP++
		}
		v.Keys = append(v.Keys, k)
	}
	return v
}

// viewKey shows a key. HTTP session ids are bearer secrets and never whole;
// names and Call-IDs are whole for those who operate.
func viewKey(k appsession.Key, role Role) keyView {
	v := keyView{Space: k.Space.String(), Realm: k.Realm}
	if k.Space == appsession.HTTP || role < RoleOperator {
		v.Value = nodes.Clean(trace.Mask(k))
	} else {
		v.Value = nodes.Clean(k.Value)
	}
	return v
}
