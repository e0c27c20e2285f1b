package explain

import (
	"context"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/caller"
	"twinhop/admin/nodes"
	"twinhop/admin/problem"
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
	v := Why{Proto: a.Wants.String(), Kind: show.Kinds[a.Kind], Keys: []askedKey{}, Steps: []stepView{}}
	for _, e := range a.Evidence {
		k := askedKey{Key: show.KeyOf(e.Key, role), Source: e.Source.String()}
		if b, err := d.Store.Find(ctx, []appsession.Key{e.Key}); err == nil {
			k.Known, k.Session, k.Node = true, b.ID.String(), b.Node
		}
		v.Keys = append(v.Keys, k)
	}
	for _, x := range d.Decide(ctx, a) {
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

type explainBody struct {
	Proto string `json:"proto"`
	Kind  string `json:"kind"`
	Pool  string `json:"pool"`
	Keys  []struct {
		Source string `json:"source"`
		Value  string `json:"value"`
	} `json:"keys"`
	Hint struct {
		Route string `json:"route"`
		Node  string `json:"node"`
	} `json:"hint"`
	Tried []string `json:"tried"`
}

// keySources are the words of keys, with the space their values are of.
var keySources = map[string]struct {
	source gateway.Source
	space  appsession.Space
}{
	"cookie": {gateway.SourceCookie, appsession.HTTP}, "path": {gateway.SourcePath, appsession.HTTP},
	"query": {gateway.SourceQuery, appsession.App}, "header": {gateway.SourceHeader, appsession.App},
	"call-id":   {gateway.SourceCallID, appsession.Call},
	"from.user": {gateway.SourceFromUser, appsession.App}, "to.user": {gateway.SourceToUser, appsession.App},
	"from.aor": {gateway.SourceFromAOR, appsession.App}, "to.aor": {gateway.SourceToAOR, appsession.App},
	"application-session-key": {gateway.SourceAppKey, appsession.App},
}

const maxKeys = 12 // of one message

// Post answers where the message of the body would go.
func (d Desk) Post(c *gin.Context) (any, error) {
	var body explainBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	a, err := d.readAsk(&body)
	if err != nil {
		return nil, err
	}
	return d.why(c.Request.Context(), a, caller.Of(c).Role), nil
}

func (d Desk) readAsk(body *explainBody) (*gateway.Ask, error) {
	v := d.View()
	a := &gateway.Ask{View: v}
	switch body.Proto {
	case "http":
		a.Wants = cluster.HTTP
	case "sip":
		a.Wants = cluster.SIP
	default:
		return nil, problem.Invalid("#/proto", "http or sip")
	}
	kind := slices.Index(show.Kinds[:], body.Kind)
	if body.Kind == "" {
		kind = int(gateway.Open)
	}
	if kind < 0 {
		return nil, problem.Invalid("#/kind", "open, within or same")
	}
	a.Kind = gateway.Kind(kind)
	if body.Pool == "" {
		body.Pool = "default"
	}
	if a.Pool = v.Pool(body.Pool); a.Pool == nil {
		return nil, problem.Invalid("#/pool", "there is no pool of this name")
	}
	for _, name := range body.Tried {
		n := v.Named(name)
		if n == nil {
			return nil, problem.Invalid("#/tried", "there is no node of this name")
		}
		a.Tried = append(a.Tried, n)
	}
	return a, readKeys(a, body)
}

func readKeys(a *gateway.Ask, body *explainBody) error {
	if len(body.Keys) > maxKeys {
		return problem.Invalid("#/keys", "at most %d", maxKeys)
	}
	for _, k := range body.Keys {
		known, ok := keySources[k.Source]
		if !ok {
			return problem.Invalid("#/keys", "%.40q is no source of keys", k.Source)
		}
		key := appsession.Key{Space: known.space, Realm: a.Pool.Realm, Value: k.Value}
		if known.space == appsession.HTTP {
			id, route, _ := strings.Cut(k.Value, ".")
			key.Value = id
			if a.Hint.Route == "" {
				a.Hint = gateway.Hint{Route: route, Source: known.source}
			}
		}
		if key.Value != "" {
			a.Add(key, known.source)
		}
	}
	switch {
	case body.Hint.Node != "":
		a.Hint = gateway.Hint{Node: body.Hint.Node, Source: gateway.SourceRoute}
	case body.Hint.Route != "":
		a.Hint = gateway.Hint{Route: body.Hint.Route, Source: gateway.SourceCookie}
	}
	return nil
}
