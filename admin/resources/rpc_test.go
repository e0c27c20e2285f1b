package resources

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"twinhop/gateway/cluster"
)

// boxes is OpenSIPS' tutorial, with the load it was seen with.
func boxes(t testing.TB) (*cluster.Registry, *Desk) {
	t.Helper()
	r := &cluster.Registry{}
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "other", Members: []cluster.MemberSpec{{Node: "plain"}}}, {Name: "default", Members: []cluster.MemberSpec{{Node: "plain"}, {Node: "box1"}, {Node: "box2"}}}}}
	for i, c := range []map[string]int{nil, {"transc": 30, "pstn": 32}, {"vm": 10, "pstn": 32}} {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)}), 26084)
		a := cluster.Address{Scheme: "udp", Addr: at}
		if i == 2 {
			a.Scheme = "tcp"
		}
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: []string{"plain", "box1", "box2"}[i], SIP: []cluster.Address{a}, Capacity: c})
	}
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	for range 16 {
		r.View().Pool("default").Member("box2").Load.Hold([]string{"pstn"})
	}
	d := &Desk{View: r.View, May: func(Power) bool { return true },
		Resize: func(_ context.Context, pool, node, resource string, size int) error {
			return r.Resize(pool, node, resource, size)
		},
		Activate: func(_ context.Context, pool, node string, a cluster.Activation) error {
			return r.Adjust(pool, node, cluster.MemberWords{Activation: &a})
		},
		Reload: func(context.Context) error { return nil }}
	return r, d
}

const (
	noDestination = `{"jsonrpc":"2.0","error":{"code":404,"message":"Destination ID not found"},"id":1}`
	noParams      = `{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params"},"id":1}`
	done          = `{"jsonrpc":"2.0","result":"OK","id":1}`
	both          = `{"jsonrpc":"2.0","result":{"Destinations":[` +
		`{"uri":"sip:127.0.0.2:26084","id":1,"group":2,"enabled":"yes","auto-reenable":"on","Resources":[{"name":"pstn","max":32,"load":0},{"name":"transc","max":30,"load":0}],"attrs":"box1"},` +
		`{"uri":"sip:127.0.0.3:26084;transport=tcp","id":2,"group":2,"enabled":"yes","auto-reenable":"on","Resources":[{"name":"pstn","max":32,"load":16},{"name":"vm","max":10,"load":0}],"attrs":"box2"}]},"id":1}`
)

func TestCommands(t *testing.T) {
	for _, tt := range []struct{ name, method, params, want string }{
		{"list", "load_balancer:list", "", both},
		{"list by its old name", "lb_list", "null", both},
		{"status", "load_balancer:status", `{"destination_id":2}`, `{"jsonrpc":"2.0","result":{"enable":"yes","attrs":"box2"},"id":1}`},
		{"status by place", "lb_status", `["2"]`, `{"jsonrpc":"2.0","result":{"enable":"yes","attrs":"box2"},"id":1}`},
		{"status by name", "lb_status", `["default/box2"]`, `{"jsonrpc":"2.0","result":{"enable":"yes","attrs":"box2"},"id":1}`},
		{"status of nobody", "lb_status", `[9]`, noDestination},
		{"a node without resources is none", "lb_status", `["plain"]`, noDestination},
		{"disable", "lb_status", `[2,0]`, done},
		{"a status that is none", "lb_status", `[2,2]`, noParams},
		{"resize", "load_balancer:resize", `{"destination_id":1,"res_name":"pstn","new_capacity":5}`, done},
		{"resize as a shell gives it", "lb_resize", `["1","pstn","5"]`, done},
		{"resize nobody", "lb_resize", `[7,"pstn",5]`, noDestination},
		{"resize what is not there", "lb_resize", `[1,"vm",5]`, `{"jsonrpc":"2.0","error":{"code":404,"message":"Destination has no such resource"},"id":1}`},
		{"resize to less than nothing", "lb_resize", `[1,"pstn",-5]`, noParams},
		{"resize to too much", "lb_resize", `[1,"pstn",99999999999]`, noParams},
		{"resize without a size", "lb_resize", `[1,"pstn"]`, noParams},
		{"a parameter too many", "lb_list", `[1]`, noParams},
		{"an unknown parameter", "lb_status", `{"id":1}`, noParams},
		{"a parameter that is no value", "lb_status", `[{}]`, noParams},
		{"parameters that are none", "lb_status", `7`, noParams},
		{"reload", "load_balancer:reload", "[]", done},
		{"another module", "dispatcher:list", "", `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"no command", "lb_count", "", `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, d := boxes(t)
			text := `{"jsonrpc":"2.0","method":"` + tt.method + `","id":1`
			if tt.params != "" {
				text += `,"params":` + tt.params
			}
			reply, _ := d.Call(t.Context(), []byte(text+"}"))
			if got, _ := json.Marshal(reply); string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":    `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}`,
		"{":   `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}`,
		"[]":  `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`,
		"{}":  `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`,
		`"x"`: `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`,
		`{"jsonrpc":"1.0","method":"lb_list","id":1}`:         `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`,
		`{"jsonrpc":"2.0","method":"lb_list","id":{}}`:        `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`,
		`{"jsonrpc":"2.0","method":"x","id":"a\"b"}`:          `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"a\"b"}`,
		`{"jsonrpc":"2.0","method":"lb_status","params":[1]}`: "null",
	} {
		_, d := boxes(t)
		reply, changed := d.Call(t.Context(), []byte(text))
		if got, _ := json.Marshal(reply); string(got) != want || changed != nil {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestWhatCommandsDo(t *testing.T) {
	r, d := boxes(t)
	call := func(text string) (*Reply, *Done) { return d.Call(t.Context(), []byte(text)) }
	if _, x := call(`{"jsonrpc":"2.0","method":"lb_resize","params":[2,"pstn",16],"id":1}`); x == nil || *x != (Done{"node.resized", "default", "box2", "pstn=16"}) {
		t.Errorf("%+v", x)
	}
	if _, x := call(`{"jsonrpc":"2.0","method":"lb_status","params":[2,0]}`); x == nil || *x != (Done{"node.set", "default", "box2", "disabled"}) {
		t.Errorf("%+v", x)
	}
	reply, x := call(`{"jsonrpc":"2.0","method":"lb_list","id":1}`)
	got := reply.Result.(struct {
		Destinations []listed `json:"Destinations"`
	}).Destinations[1]
	if x != nil || got.Enabled != "no" || got.Auto != "off" || got.Resources[0] != (resource{"pstn", 16, 16}) {
		t.Errorf("%+v %+v", got, x)
	}
	list := List(r.View())
	if len(list) != 2 || list[1].Enabled || list[1].Why != "disabled" || list[1].ID != 2 || list[1].Resources[0] != (Use{"pstn", 16, 16, 0, true}) || list[0].Resources[0].Full {
		t.Errorf("%+v", list)
	}
	call(`{"jsonrpc":"2.0","method":"lb_status","params":[2,1],"id":1}`)
	if x := List(r.View())[1]; !x.Enabled || x.Why != "" {
		t.Error("not enabled again")
	}
	box := r.View().Pool(list[1].Pool).Member("box2").Node
	box.Rest(cluster.SIP, time.Now().Add(time.Hour))
	if x := List(r.View())[1]; x.Enabled || x.Why != "benched" {
		t.Errorf("%+v", x)
	}
	for range 3 {
		r.Report(box, cluster.SIP, cluster.Refused)
	}
	if x := List(r.View())[1]; x.Enabled || x.Why != "down" {
		t.Errorf("%+v", x)
	}
}

func TestWhoMay(t *testing.T) {
	for power, allowed := range map[Power][]string{Read: {"list", "status"}, Operate: {"list", "status", "set", "resize"}, Configure: {"list", "status", "set", "resize", "reload"}} {
		_, d := boxes(t)
		d.May = func(p Power) bool { return p <= power }
		got := 0
		for name, text := range map[string]string{"list": `"lb_list"`, "status": `"lb_status","params":[1]`, "set": `"lb_status","params":[1,0]`, "resize": `"lb_resize","params":[1,"pstn",1]`, "reload": `"lb_reload"`} {
			reply, changed := d.Call(t.Context(), []byte(`{"jsonrpc":"2.0","id":1,"method":`+text+`}`))
			if reply.Error == nil {
				got++
			} else if reply.Error != errForbidden || changed != nil {
				t.Errorf("%s: %v", name, reply.Error)
			}
		}
		if got != len(allowed) {
			t.Errorf("power %d: %d commands, want %v", power, got, allowed)
		}
	}
}

func TestReloadThatFails(t *testing.T) {
	_, d := boxes(t)
	for _, f := range []func(context.Context) error{nil, func(context.Context) error { return errors.New("secret") }} {
		d.Reload = f
		if reply, x := d.Call(t.Context(), []byte(`{"jsonrpc":"2.0","id":1,"method":"lb_reload"}`)); reply.Error != errReload || x != nil {
			t.Errorf("%+v", reply)
		}
	}
}

func FuzzCall(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","method":"lb_resize","params":[1,"pstn","5"],"id":1}`))
	f.Add([]byte(`{"jsonrpc":"2.0","method":"load_balancer:status","params":{"destination_id":"box1"},"id":null}`))
	_, d := boxes(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if reply, _ := d.Call(t.Context(), text); reply != nil {
			if _, err := json.Marshal(reply); err != nil || (reply.Result == nil) == (reply.Error == nil) {
				t.Errorf("%+v: %v", reply, err)
			}
		}
	})
}
