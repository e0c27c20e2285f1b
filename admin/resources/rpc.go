package resources

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"twinhop/gateway/cluster"
)

// Desk carries out commands. A nil function is one that cannot be had here.
type Desk struct {
	View     func() *cluster.View
	Activate func(ctx context.Context, pool, node string, a cluster.Activation) error
	Resize   func(ctx context.Context, pool, node, resource string, size int) error
	Reload   func(ctx context.Context) error
	// May tells whether who asks may read, change nodes, or read the
	// configuration again.
	May func(Power) bool
}

// Power is what a command needs of who gives it.
type Power uint8

// The powers.
const (
	Read Power = iota
	Operate
	Configure
)

// Done is what a command changed, for the log.
type Done struct{ What, Pool, Node, Text string }

// Reply is an answer of JSON-RPC 2.0.
type Reply struct {
	Version string          `json:"jsonrpc"`
	Result  any             `json:"result,omitempty"`
	Error   *Fault          `json:"error,omitempty"`
	ID      json.RawMessage `json:"id"`
}

// Fault is an error of JSON-RPC 2.0, with the codes that OpenSIPS uses.
type Fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error implements error.
func (f *Fault) Error() string { return f.Message }

// The faults.
var (
	errParse       = &Fault{-32700, "Parse error"}
	errRequest     = &Fault{-32600, "Invalid Request"}
	errMethod      = &Fault{-32601, "Method not found"}
	errParams      = &Fault{-32602, "Invalid params"}
	errDestination = &Fault{404, "Destination ID not found"}
	errResource    = &Fault{404, "Destination has no such resource"}
	errForbidden   = &Fault{403, "Forbidden"}
	errFailed      = &Fault{500, "Internal error"}
	errReload      = &Fault{500, "Failed to reload"}
)

// commands are the new names; the old ones begin with "lb_".
var commands = map[string]struct {
	power  Power
	params []string
	run    func(*Desk, context.Context, params) (any, *Done, error)
}{
	"reload": {Configure, nil, (*Desk).reload},
	"resize": {Operate, []string{"destination_id", "res_name", "new_capacity"}, (*Desk).resize},
	"status": {Read, []string{"destination_id", "new_status"}, (*Desk).status},
	"list":   {Read, nil, (*Desk).list},
}

// Call carries out one request. The Reply is nil for one that wants none, done
// when nothing changed.
func (d *Desk) Call(ctx context.Context, request []byte) (reply *Reply, done *Done) {
	var r struct {
		Version string          `json:"jsonrpc"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
		ID      json.RawMessage `json:"id"`
	}
	reply = &Reply{Version: "2.0", ID: json.RawMessage("null")}
	if !json.Valid(request) {
		reply.Error = errParse
		return reply, nil
	}
	if json.Unmarshal(request, &r) != nil || r.Version != "2.0" || r.Method == "" || !simple(r.ID) {
		reply.Error = errRequest // a batch, too
		return reply, nil
	}
	if r.ID != nil {
		reply.ID = r.ID
	}
	result, done, err := d.run(ctx, r.Method, r.Params)
	if err != nil {
		if !errors.As(err, &reply.Error) {
			reply.Error = errFailed
		}
		done = nil
	} else {
		reply.Result = result
	}
	if r.ID == nil {
		return nil, done
	}
	return reply, done
}

// simple tells whether an id is absent, null, text or a number.
func simple(id json.RawMessage) bool {
	return len(id) == 0 || id[0] != '{' && id[0] != '[' && len(id) <= 256
}

func (d *Desk) run(ctx context.Context, method string, given json.RawMessage) (any, *Done, error) {
	name, ok := strings.CutPrefix(method, "load_balancer:")
	if !ok {
		name, ok = strings.CutPrefix(method, "lb_")
	}
	c, known := commands[name]
	if !ok || !known {
		return nil, nil, errMethod
	}
	p, err := read(given, c.params)
	if err != nil {
		return nil, nil, err
	}
	if !d.May(c.power) {
		return nil, nil, errForbidden
	}
	return c.run(d, ctx, p)
}

// params are the parameters of a command as text.
type params map[string]string

// read takes parameters by name or by place; numbers may stand as text.
func read(given json.RawMessage, names []string) (params, error) {
	p := params{}
	given = bytes.TrimSpace(given)
	if len(given) == 0 || string(given) == "null" {
		return p, nil
	}
	put := func(name string, v json.RawMessage) bool {
		var text string
		var number json.Number
		switch {
		case json.Unmarshal(v, &text) == nil:
		case json.Unmarshal(v, &number) == nil:
			text = number.String()
		default:
			return false
		}
		for _, known := range names {
			if known == name {
				p[name] = text
				return true
			}
		}
		return false
	}
	var byName map[string]json.RawMessage
	var byPlace []json.RawMessage
	switch {
	case json.Unmarshal(given, &byName) == nil:
		for name, v := range byName {
			if !put(name, v) {
				return nil, errParams
			}
		}
	case json.Unmarshal(given, &byPlace) == nil && len(byPlace) <= len(names):
		for i, v := range byPlace {
			if !put(names[i], v) {
				return nil, errParams
			}
		}
	default:
		return nil, errParams
	}
	return p, nil
}

// destination finds who is meant: by number, by the name of the node, or by
// pool and node ("default/box1").
func (d *Desk) destination(p params) (*destination, error) {
	id, said := p["destination_id"]
	if !said {
		return nil, errParams
	}
	all := destinations(d.View())
	for i := range all {
		if x := &all[i]; id == strconv.Itoa(x.id) || id == x.Name || id == x.Pool.Name+"/"+x.Name {
			return x, nil
		}
	}
	return nil, errDestination
}

const ok = "OK"

func (d *Desk) reload(ctx context.Context, _ params) (any, *Done, error) {
	if d.Reload == nil || d.Reload(ctx) != nil {
		return nil, nil, errReload
	}
	return ok, &Done{What: "config.reloaded"}, nil
}

func (d *Desk) resize(ctx context.Context, p params) (any, *Done, error) {
	size, err := strconv.Atoi(p["new_capacity"])
	if _, said := p["res_name"]; !said || err != nil || size < 0 {
		return nil, nil, errParams
	}
	x, err := d.destination(p)
	if err != nil {
		return nil, nil, err
	}
	switch err := d.Resize(ctx, x.Pool.Name, x.Name, p["res_name"], size); {
	case errors.Is(err, cluster.ErrUnknownResource):
		return nil, nil, errResource
	case errors.Is(err, cluster.ErrUnknownNode), errors.Is(err, cluster.ErrUnknownPool):
		return nil, nil, errDestination // it has just gone
	case err != nil:
		return nil, nil, errParams
	}
	return ok, &Done{"node.resized", x.Pool.Name, x.Name, p["res_name"] + "=" + p["new_capacity"]}, nil
}

func (d *Desk) status(ctx context.Context, p params) (any, *Done, error) {
	x, err := d.destination(p)
	if err != nil {
		return nil, nil, err
	}
	now, said := p["new_status"]
	if !said {
		return struct {
			Enable string `json:"enable"`
			Attrs  string `json:"attrs"`
		}{yes(x.enabled()), x.Name}, nil, nil
	}
	a := cluster.Active
	switch {
	case now == "0":
		a = cluster.Disabled
	case now != "1":
		return nil, nil, errParams
	}
	if !d.May(Operate) {
		return nil, nil, errForbidden
	}
	if err := d.Activate(ctx, x.Pool.Name, x.Name, a); err != nil {
		return nil, nil, err
	}
	return ok, &Done{"node.set", x.Pool.Name, x.Name, a.String()}, nil
}

type resource struct {
	Name string `json:"name"`
	Max  int64  `json:"max"`
	Load int64  `json:"load"`
}

type listed struct {
	URI       string     `json:"uri"`
	ID        int        `json:"id"`
	Group     int        `json:"group"`
	Enabled   string     `json:"enabled"`
	Auto      string     `json:"auto-reenable"`
	Resources []resource `json:"Resources"`
	Attrs     string     `json:"attrs"`
}

func (d *Desk) list(context.Context, params) (any, *Done, error) {
	all := []listed{}
	for _, x := range destinations(d.View()) {
		l := listed{URI: uri(x.Addr(cluster.SIP)), ID: x.id, Group: x.group, Enabled: yes(x.enabled()), Auto: "on", Attrs: x.Name}
		if x.Activation != cluster.Active || x.Unprobed() {
			l.Auto = "off" // only the operator brings it back
		}
		for _, s := range x.Capacity {
			l.Resources = append(l.Resources, resource{s.Name, s.Max, x.Load.Used(s.Name)})
		}
		all = append(all, l)
	}
	return struct {
		Destinations []listed `json:"Destinations"`
	}{all}, nil, nil
}

func uri(a cluster.Address) string {
	text := "sip:" + a.Addr.String()
	if a.Scheme != "udp" {
		text += ";transport=" + a.Scheme
	}
	return text
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
