package explain

import (
	"context"
	"slices"
	"strings"

	"twinhop/admin/access"
	"twinhop/admin/nodes"
	"twinhop/admin/show"
	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
)

// Desk answers what is asked. All fields are needed.
type Desk struct {
	View  func() *cluster.View
	Store appsession.Store
	Trace *trace.Log
	// Decide decides without consequence (gateway.Router.Explain).
	Decide func(context.Context, *gateway.Ask) []gateway.Step
	Play   Play // nil: only keys can be asked about
}

// stepView is one step of a decision.
type stepView struct {
	Rule   string    `json:"rule"`
	Result string    `json:"result"` // as gateway.Step has it
	Detail string    `json:"detail,omitempty"`
	Node   string    `json:"node,omitempty"`
	Key    *show.Key `json:"key,omitempty"`
}

// Why says where a message would go now, and why.
type Why struct {
	Title string     `json:"title,omitempty"`
	Proto string     `json:"proto"`
	Kind  string     `json:"kind"`
	Node  string     `json:"node,omitempty"`
	Rule  string     `json:"rule"`
	Keys  []askedKey `json:"keys"`
	Steps []stepView `json:"steps"`
}

// askedKey is a key as it was asked with, and what is known of it.
type askedKey struct {
	show.Key
	Source  string `json:"source"`
	Known   bool   `json:"known"`
	Session string `json:"session,omitempty"`
}

// why asks the router, without consequence.
func (d Desk) why(ctx context.Context, a *gateway.Ask, role access.Role) Why {
	return d.shape(ctx, a, d.Decide(ctx, a), role)
}

// shape shows what was asked and decided.
func (d Desk) shape(ctx context.Context, a *gateway.Ask, steps []gateway.Step, role access.Role) Why {
	v := Why{Proto: a.Wants.String(), Kind: show.Kinds[a.Kind], Keys: []askedKey{}, Steps: []stepView{}}
	for _, e := range a.Evidence {
		k := askedKey{Key: show.KeyOf(e.Key, role), Source: e.Source.String()}
		if b, err := d.Store.Find(ctx, []appsession.Key{e.Key}); err == nil {
			k.Known, k.Session, k.Node = true, b.ID.String(), b.Node
		}
		v.Keys = append(v.Keys, k)
	}
	for _, x := range steps {
		step := stepView{Rule: x.Rule.String(), Result: x.Result, Detail: nodes.Clean(x.Detail), Node: x.Node}
		if x.Key.Space != appsession.NoSpace {
			k := show.KeyOf(x.Key, role)
			step.Key = &k
		}
		v.Steps = append(v.Steps, step)
		v.Rule, v.Node = step.Rule, step.Node
	}
	return v
}

// ask makes the question a front would put for a message of the given keys.
func ask(v *cluster.View, p *cluster.Pool, k gateway.Kind, s cluster.Service) *gateway.Ask {
	return &gateway.Ask{Kind: k, Wants: s, View: v, Pool: p}
}

// maxWhy bounds the messages of one session that are explained.
const maxWhy = 8

// Session explains, for a session, where the next message of each kind would go.
func (d Desk) Session(ctx context.Context, x *appsession.Session, role access.Role) []Why {
	v := d.View()
	var list []Why
	var identity *appsession.Alias
	for i := range x.Keys {
		if x.Keys[i].Space == appsession.App {
			identity = &x.Keys[i]
		}
	}
	sources := d.sources(x.ID)
	add := func(title string, a *gateway.Ask) {
		if a.Pool != nil && len(list) < maxWhy {
			w := d.why(ctx, a, role)
			w.Title = title
			list = append(list, w)
		}
	}
	for i := range x.Keys {
		k := &x.Keys[i]
		switch k.Space {
		case appsession.HTTP:
			a := ask(v, poolOf(v, k.Realm, cluster.HTTP), gateway.Open, cluster.HTTP)
			if identity != nil && sources[appsession.App].http != gateway.NoSource {
				a.Add(identity.Key, sources[appsession.App].http)
			}
			a.Add(k.Key, gateway.SourceCookie)
			if k.Sent != nil {
				_, a.Hint.Route, _ = strings.Cut(k.Sent.ID, ".")
				a.Hint.Source = gateway.SourceCookie
			}
			add("The next HTTP request with this session id", a)
		case appsession.Call:
			a := ask(v, poolOf(v, k.Realm, cluster.SIP), gateway.Within, cluster.SIP)
			a.Add(k.Key, gateway.SourceCallID)
			add("The next SIP message of this call", a)
		}
	}
	if identity != nil {
		a := ask(v, poolOf(v, identity.Realm, cluster.SIP), gateway.Open, cluster.SIP)
		source := sources[appsession.App].sip
		if source == gateway.NoSource {
			source = gateway.SourceAppKey
		}
		a.Add(identity.Key, source)
		add("A new SIP call of this identity", a)
		if sources[appsession.App].http != gateway.NoSource {
			a := ask(v, poolOf(v, identity.Realm, cluster.HTTP), gateway.Open, cluster.HTTP)
			a.Add(identity.Key, sources[appsession.App].http)
			add("A new HTTP request of this identity", a)
		}
	}
	return list
}

type doors struct{ http, sip gateway.Source }

// sources tells where keys of each space were seen last.
func (d Desk) sources(id appsession.ID) map[appsession.Space]doors {
	m := map[appsession.Space]doors{}
	for _, e := range d.Trace.Timeline(id) {
		for _, k := range e.Keys {
			d := m[k.Space]
			if e.Proto == "http" {
				d.http = k.Source
			} else {
				d.sip = k.Source
			}
			m[k.Space] = d
		}
	}
	return m
}

// poolOf returns the first pool of a realm that has a member with the service.
func poolOf(v *cluster.View, realm uint16, s cluster.Service) *cluster.Pool {
	for _, p := range v.Pools {
		if p.Realm == realm && slices.ContainsFunc(p.Members, func(m *cluster.Member) bool { return m.Has(s) }) {
			return p
		}
	}
	return nil
}
