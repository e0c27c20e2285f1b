package assembly

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twinhop/admin/loglevel"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// sign starts a node that signs its answers.
func sign(t *testing.T, name string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) }))
	t.Cleanup(s.Close)
	return s.URL
}

// run runs a gateway, until stop is called, which returns when it has ended.
func run(t *testing.T, g *Gateway) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// atWork builds and runs a gateway until the test ends.
func atWork(t *testing.T, c config.Config) *Gateway {
	t.Helper()
	g, err := Build(Options{Config: c, LogLevel: &loglevel.Dial{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run(t, g))
	<-g.Ready()
	return g
}

func web(name, url string) config.Node {
	n := config.Node{}
	n.SetDefaults()
	n.Name, n.Route, n.HTTP = name, name, url
	return n
}

func pool(name string, nodes ...string) config.Pool {
	p := config.Pool{}
	p.SetDefaults()
	p.Name, p.Nodes = name, nil
	for _, n := range nodes {
		p.Nodes = append(p.Nodes, config.PoolNode{Name: n})
	}
	return p
}

func TestReload(t *testing.T) {
	c := settings(t, "http://127.0.0.1:1")
	one, two := sign(t, "one"), sign(t, "two")
	c.Nodes = []config.Node{web("n1", one), web("n2", two)}
	c.Pools = []config.Pool{pool("a", "n1"), pool("b", "n2")}
	c.Mounts = []config.Mount{{Path: "/a/*", Pool: "a"}, {Path: "/b/*", Pool: "b"}}
	c.SIP.Pool = "a"
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	expect := func(path string, code int, body string) {
		t.Helper()
		if got, text := get(t, at+path); got != code || body != "" && text != body {
			t.Errorf("%s: %d %q", path, got, text)
		}
	}
	expect("/a/", 200, "one")
	expect("/b/", 200, "two")
	if err := g.Registry.SetActivation("", "n1", cluster.Disabled); err != nil {
		t.Fatal(err)
	}
	elected := g.Registry.View().Pool("a").Member("n1").Load.Elected.Load()

	next := c
	next.Nodes = []config.Node{web("n1", one), web("n3", sign(t, "three"))}
	next.Pools = []config.Pool{pool("a", "n3", "n1"), pool("new", "n3")}
	next.Mounts = []config.Mount{{Path: "/a/*", Pool: "a"}, {Path: "/new/*", Pool: "new"}}
	next.Limits.HTTP.HeaderTimeout *= 2
	next.FollowSIP.MaxCorrections++
	r, err := g.Reload(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	want := Reloaded{Now: []string{"followSip.maxCorrections", "mounts", "nodes", "pools"}, Restart: []string{"limits.http.headerTimeout"}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("told %+v", r)
	}
	expect("/a/", 200, "three") // n1 is still disabled
	expect("/new/", 200, "three")
	expect("/b/", 404, "")
	v := g.Registry.View()
	if m := v.Pool("a").Member("n1"); m.Activation != cluster.Disabled || m.Load.Elected.Load() != elected || v.Named("n2") != nil {
		t.Errorf("%+v", m)
	}
	if v.Pool("b") == nil || len(v.Pool("b").Members) != 0 {
		t.Error("pool b went before its last requests could")
	}
	g.bury(time.Now().Add(lastRequests))
	if g.Registry.View().Pool("b") != nil {
		t.Error("pool b is still there")
	}
	if r, err = g.Reload(t.Context(), next); err != nil || len(r.Now) > 0 || !slices.Equal(r.Restart, want.Restart) {
		t.Errorf("again: %+v, %v", r, err)
	}
}

// What cannot be put into force changes nothing.
func TestReloadOfWhatDoesNotWork(t *testing.T) {
	c := settings(t, sign(t, "one"))
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	for name, change := range map[string]func(*config.Config){
		"a host without address":   func(c *config.Config) { c.Nodes = append(c.Nodes, web("n2", "http://nowhere.invalid")) },
		"a page that is not there": func(c *config.Config) { c.HTTP.Unavailable.Page = "absent.html" },
		"the same route twice": func(c *config.Config) {
			n := web("n2", "http://127.0.0.1:2")
			n.Route = "node1"
			c.Nodes = append(slices.Clone(c.Nodes), n)
		},
	} {
		next := c
		change(&next)
		next.Mounts = []config.Mount{{Path: "/elsewhere", Pool: "default"}}
		if r, err := g.Reload(t.Context(), next); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
		if code, body := get(t, at+"/"); code != 200 || body != "one" || len(g.Registry.View().Nodes) != 1 {
			t.Errorf("%s: afterwards %d %q", name, code, body)
		}
	}
}

// Requests of busy clients see the old or the new configuration, and never
// anything else.
func TestReloadUnderLoad(t *testing.T) {
	c := settings(t, "http://127.0.0.1:1")
	one, two := sign(t, "one"), sign(t, "two")
	c.Nodes, c.SIP.Pool = []config.Node{web("n1", one), web("n2", two)}, "a"
	c.Pools, c.Mounts = []config.Pool{pool("a", "n1"), pool("spare", "n1")}, []config.Mount{{Path: "/*", Pool: "a"}}
	other := c
	other.Pools, other.Mounts = []config.Pool{pool("a", "n1"), pool("b", "n2")}, []config.Mount{{Path: "/*", Pool: "b"}}
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0] + "/"
	var all sync.WaitGroup
	var stop atomic.Bool
	var seen [2]atomic.Int32
	for range 4 {
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		all.Go(func() {
			for !stop.Load() {
				r, err := client.Get(at)
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(r.Body)
				r.Body.Close()
				switch string(body) {
				case "one":
					seen[0].Add(1)
				case "two":
					seen[1].Add(1)
				default:
					t.Errorf("%d %q", r.StatusCode, body)
				}
			}
		})
	}
	for i := range 40 {
		before := seen[i%2].Load()
		if _, err := g.Reload(t.Context(), []config.Config{c, other}[i%2]); err != nil {
			t.Error(err)
			break
		}
		for seen[i%2].Load() < before+5 && !t.Failed() { // it counts now
			get(t, at)
		}
	}
	stop.Store(true)
	all.Wait()
}

// Every key that is said to need a restart is a key.
func TestFixedKeys(t *testing.T) {
	var all []string
	var walk func(string, reflect.Type)
	walk = func(path string, s reflect.Type) {
		for i := range s.NumField() {
			f := s.Field(i)
			key := strings.TrimPrefix(path+"."+f.Tag.Get("yaml"), ".")
			all = append(all, key)
			if f.Type.Kind() == reflect.Struct {
				walk(key, f.Type)
			}
		}
	}
	walk("", reflect.TypeFor[config.Config]())
	for _, key := range fixed {
		if !slices.Contains(all, key) {
			t.Errorf("there is no key %s", key)
		}
	}
}
