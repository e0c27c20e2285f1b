package show

import (
	"strings"

	"twinhop/admin/access"
	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/appsession"
	"twinhop/gateway/trace"
)

// Session is an application session as the API shows it.
type Session struct {
	ID        string      `json:"id"`
	Node      string      `json:"node"`
	Split     bool        `json:"split"` // some key leads to another node
	Anonymous bool        `json:"anonymous"`
	Moved     bool        `json:"moved"`
	Left      []string    `json:"left,omitempty"` // nodes it was moved away from, newest first
	Rev       uint32      `json:"rev"`
	Legs      Legs        `json:"legs"`
	Keys      []Key       `json:"keys"`
	Born      *stamp.Time `json:"born"`
	Seen      *stamp.Time `json:"seen"`
	Expires   *stamp.Time `json:"expires,omitempty"`
	Rule      string      `json:"rule,omitempty"` // of the last decision that is remembered; in lists
}

// Legs counts the aliases by protocol.
type Legs struct {
	HTTP int `json:"http"`
	SIP  int `json:"sip"`
}

// Key is one name of a session.
type Key struct {
	Space string `json:"space"`
	Value string `json:"value"` // shortened where it is a secret, or for viewers
	Node  string `json:"node,omitempty"`
	Moved bool   `json:"moved,omitempty"`
	Route string `json:"route,omitempty"` // http: the route in the id as its node set it
	SetBy string `json:"setBy,omitempty"` // http: that node
	Realm uint16 `json:"realm,omitempty"`
}

// LastRule is the rule of the last decision of a timeline; "" when none is
// remembered.
func LastRule(list []trace.Event) string {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Type == trace.Decision {
			return list[i].Rule.String()
		}
	}
	return ""
}

// SessionOf shows a session to somebody with this role.
func SessionOf(x *appsession.Session, role access.Role) Session {
	v := Session{ID: x.ID.String(), Node: x.Owner, Anonymous: x.Anonymous, Rev: x.Rev, Left: x.Left.Nodes(),
		Born: stamp.Of(x.Born), Seen: stamp.Of(x.Seen), Expires: stamp.Of(x.Expires), Keys: make([]Key, 0, len(x.Keys))}
	v.Moved = len(v.Left) > 0
	for i := range x.Keys {
		a := &x.Keys[i]
		k := KeyOf(a.Key, role)
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

// KeyOf shows a key. HTTP session ids are bearer secrets and never whole;
// names and Call-IDs are whole for those who operate.
func KeyOf(k appsession.Key, role access.Role) Key {
	v := Key{Space: k.Space.String(), Realm: k.Realm}
	if k.Space == appsession.HTTP || role < access.RoleOperator {
		v.Value = nodes.Clean(trace.Mask(k))
	} else {
		v.Value = nodes.Clean(k.Value)
	}
	return v
}
