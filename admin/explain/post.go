package explain

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/caller"
	"twinhop/admin/problem"
	"twinhop/admin/show"
	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

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
	Tried  []string    `json:"tried"`
	HTTP   *httpBody   `json:"http"`
	SIP    *sipBody    `json:"sip"`
	Assume *assumeBody `json:"assume"`
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

// Post answers where the message of the body would go: one that the front of
// its protocol reads, or its keys.
func (d Desk) Post(c *gin.Context) (any, error) {
	var body explainBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	return d.answer(c.Request.Context(), &body, caller.Of(c).Role)
}

func (d Desk) answer(ctx context.Context, body *explainBody, role access.Role) (any, error) {
	v := d.View()
	assumed, err := body.Assume.read(v)
	if err != nil {
		return nil, err
	}
	if assumed.Affinity != nil && role < access.RoleOperator { // it is planned as if it were to count, which is not for everybody to ask for
		return nil, problem.New(http.StatusForbidden, "forbidden", "To suppose another affinity needs the role %s.", access.RoleOperator)
	}
	if body.HTTP != nil || body.SIP != nil {
		return d.message(ctx, body, assumed, role)
	}
	if assumed.Affinity != nil {
		return nil, problem.Invalid("#/assume/affinity", "this needs a whole message, in http or sip")
	}
	if len(assumed.Activation)+len(assumed.Health) > 0 {
		v = v.Suppose(assumed.Activation, assumed.Health)
	}
	a, err := readAsk(body, v)
	if err != nil {
		return nil, err
	}
	return d.why(ctx, a, role), nil
}

func readAsk(body *explainBody, v *cluster.View) (*gateway.Ask, error) {
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
