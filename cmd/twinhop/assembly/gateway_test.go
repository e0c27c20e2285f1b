package assembly

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/config"
)

// settings is a gateway in front of one HTTP node, on ports of the system's
// choice.
func settings(t *testing.T, node string) config.Config {
	c := config.Default()
	c.Listen.HTTP = []config.HTTPListener{{Addr: "127.0.0.1:0"}}
	c.Listen.SIP.External = []string{"udp://127.0.0.1:0"}
	c.Listen.SIP.Internal = []string{"udp://127.0.0.1:0"}
	c.Nodes = []config.Node{{Name: "node1", Route: "node1", HTTP: node, Weight: 1, Activation: "active"}}
	c.Admin.Listen = "127.0.0.1:0"
	c.State.Dir = t.TempDir()
	c.Shutdown = config.Shutdown{Grace: time.Second}
	return c
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// One process may start and stop a gateway again and again: nothing of the one
// before holds a socket or a file.
func TestStartAndStopTwice(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "from the node") }))
	defer node.Close()
	c := settings(t, node.URL)
	for range 3 {
		g, err := Build(Options{Config: c, Version: "1.2.3", OnSetup: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		stop := run(t, g)
		<-g.Ready()
		a := g.Addrs()
		if code, body := get(t, "http://"+a.HTTP[0]+"/"); code != 200 || body != "from the node" {
			t.Errorf("%d %q", code, body)
		}
		c.Listen.HTTP[0].Addr, c.Admin.Listen = a.HTTP[0], a.Admin // the same ones again
		c.Listen.SIP.External, c.Listen.SIP.Internal = a.External, a.Internal
		stop()
	}
}

func TestGatewayFromBuildToEnd(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "from the node") }))
	defer node.Close()
	links := make(chan string, 1)
	g, err := Build(Options{Config: settings(t, node.URL), Version: "1.2.3", OnSetup: func(u string) { links <- u }})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, g)
	select {
	case <-g.Ready():
	case <-time.After(10 * time.Second):
		t.Fatal("never ready")
	}
	a := g.Addrs()
	if code, body := get(t, "http://"+a.HTTP[0]+"/"); code != 200 || body != "from the node" {
		t.Errorf("%d %q", code, body)
	}
	if code, body := get(t, "http://"+a.Admin+"/readyz"); code != 200 || !strings.Contains(body, `"ready":true`) {
		t.Errorf("%d %s", code, body)
	}
	_, page := get(t, "http://"+a.Admin+"/metrics")
	for _, name := range []string{`twinhop_build_info{goversion="go`, `version="1.2.3"`, "twinhop_http_requests_total", "twinhop_node_health",
		"twinhop_calls", "twinhop_sessions", "twinhop_trace_bytes", "twinhop_route_decisions_total", "go_goroutines", "process_open_fds"} {
		if !strings.Contains(page, name) {
			t.Errorf("no %s in /metrics", name)
		}
	}
	if link := <-links; !strings.HasPrefix(link, "http://"+a.Admin+"/#setup=") {
		t.Errorf("set-up link %q", link)
	}
	if len(a.External) != 1 || len(a.Internal) != 1 || strings.HasSuffix(a.External[0], ":0") {
		t.Errorf("%+v", a)
	}
	stop()
	if _, err := net.DialTimeout("tcp", a.HTTP[0], time.Second); err == nil {
		t.Error("a socket is open after the end")
	}
	if _, err := os.Stat(a.Socket); err == nil {
		t.Error("the command line's socket is left behind")
	}
}

// What cannot be built leaves nothing open.
func TestBuildCleansUp(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	first, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := first.Addr().String()
	first.Close()

	c := settings(t, "http://127.0.0.1:1")
	c.Listen.HTTP = []config.HTTPListener{{Addr: free}, {Addr: taken.Addr().String()}}
	if _, err := Build(Options{Config: c}); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("a taken port: %v", err)
	}
	again, err := net.Listen("tcp4", free)
	if err != nil {
		t.Fatalf("the first socket is still open: %v", err)
	}
	again.Close()

	c = settings(t, "http://127.0.0.1:1")
	c.HTTP.Unavailable.Page = "gone.html"
	if _, err := Build(Options{Config: c, Dir: t.TempDir()}); err == nil {
		t.Error("a page that is not there")
	}
	g, err := Build(Options{Config: settings(t, "http://127.0.0.1:1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// A socket that breaks ends the whole gateway, with an error: half a gateway
// would keep sessions from the one that takes over.
func TestABrokenPartEndsTheGateway(t *testing.T) {
	g, err := Build(Options{Config: settings(t, "http://127.0.0.1:1")})
	if err != nil {
		t.Fatal(err)
	}
	g.sockets.Internal[0].Conn.Close()
	done := make(chan error, 1)
	go func() { done <- g.Run(t.Context()) }()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "sip: ") {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("goes on without its socket")
	}
}
