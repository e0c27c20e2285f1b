package assembly

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/http/ajp"
)

// Each node is asked by the protocol that it speaks.
func TestHTTPProber(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/alive" {
			w.WriteHeader(500)
		}
	}))
	defer web.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // a connector that answers CPing, and 404 to every request
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answer := "AB\x00\x07\x04\x01\x94\xff\xff\x00\x00AB\x00\x02\x05\x01"
			var b [5]byte
			if io.ReadFull(c, b[:]); b[4] == 10 {
				answer = "AB\x00\x01\x09"
			}
			io.WriteString(c, answer)
			io.Copy(io.Discard, c) // until the prober closes
			c.Close()
		}
	}()
	registry := &cluster.Registry{}
	at := func(scheme, addr string) []cluster.Address {
		return []cluster.Address{{Scheme: scheme, Addr: netip.MustParseAddrPort(addr)}}
	}
	if err := registry.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "web", HTTP: at("http", web.Listener.Addr().String())}, {Name: "ajp", HTTP: at("ajp", l.Addr().String())}}}); err != nil {
		t.Fatal(err)
	}
	ask := func(p *httpProber, node string) bool {
		r := p.Probe(t.Context(), registry.View().Named(node))
		t.Logf("%s: %+v", node, r)
		return r.OK
	}
	client := &ajp.Client{}
	for _, p := range []*httpProber{prober(client, "/alive", true), prober(client, "/alive", false)} {
		if !ask(p, "web") || !ask(p, "ajp") {
			t.Error("not alive")
		}
	}
	if ask(prober(client, "/other", false), "web") {
		t.Error("500 is alive")
	}
	l.Close()
	if ask(prober(client, "/alive", true), "ajp") {
		t.Error("nobody is alive")
	}
}

func prober(client *ajp.Client, path string, cping bool) *httpProber {
	p := &httpProber{ajp: client}
	p.apply(config.Health{HTTP: config.HTTPProbe{Path: path}, AJP: config.AJPProbe{CPing: cping}})
	return p
}
