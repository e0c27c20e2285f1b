//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Debian's programs, which are not in the path of ordinary users.
const (
	httpd   = "/usr/sbin/apache2"
	modjk   = "/usr/lib/apache2/modules/mod_jk.so"
	haproxy = "/usr/sbin/haproxy"
	nginx   = "/usr/sbin/nginx"
)

// webPair is two nodes that speak HTTP and AJP13, and sessions on them, the first half on node1.
type webPair struct {
	name     string
	web, ajp [2]int
	sessions []string
	procs    func() []*process
}

func (n *webPair) kill() {
	for _, p := range n.procs() {
		p.kill()
	}
}

// webTomcats starts two Tomcats that keep their sessions to themselves.
func webTomcats(b *testing.B) *webPair {
	dir := scratch(b)
	nodes := &webPair{name: "tomcat"}
	var all []*process
	nodes.procs = func() []*process { return all }
	for i := range 2 {
		n := &tomcat{Name: fmt.Sprintf("node%d", i+1), ID: i + 1, HTTP: freePort(b), AJP: freePort(b), base: filepath.Join(dir, fmt.Sprintf("node%d", i+1)), parent: dir}
		n.start(b)
		b.Cleanup(n.proc.kill)
		n.answers(b)
		nodes.web[i], nodes.ajp[i], all = n.HTTP, n.AJP, append(all, n.proc)
		for range visitors / 2 {
			p, err := fetch(directly, "GET", n.url()+"/app/hits.jsp", nil)
			if err != nil {
				b.Fatal(err)
			}
			nodes.sessions = append(nodes.sessions, p.session)
		}
	}
	return nodes
}

// webOrigins starts two of the servers that do nothing.
func webOrigins(b *testing.B) *webPair {
	dir := scratch(b)
	source, err := filepath.Abs(filepath.Join("testdata", "origin", "origin.c"))
	if err != nil {
		b.Fatal(err)
	}
	program := filepath.Join(dir, "origin")
	if text, err := exec.Command("gcc", "-O2", "-pthread", "-o", program, source).CombinedOutput(); err != nil {
		b.Fatalf("gcc: %v\n%s", err, text)
	}
	nodes := &webPair{name: "light"}
	var all []*process
	nodes.procs = func() []*process { return all }
	for i := range 2 {
		name := fmt.Sprintf("node%d", i+1)
		nodes.web[i], nodes.ajp[i] = freePort(b), freePort(b)
		p, err := launch(dir, name, program, name, strconv.Itoa(nodes.web[i]), strconv.Itoa(nodes.ajp[i]))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(p.kill)
		all = append(all, p)
		for j := range visitors / 2 {
			nodes.sessions = append(nodes.sessions, fmt.Sprintf("0123456789ABCDEF0123456789AB%04X.%s", i*visitors+j, name))
		}
	}
	return nodes
}

// webFront is something that stands before the same two nodes as the others.
type webFront struct {
	*process
	label string
	port  int
}

func (f *webFront) addr() string { return fmt.Sprintf("127.0.0.1:%d", f.port) }

var webFronts = []struct {
	name  string
	start func(b *testing.B, dir string, nodes *webPair) *webFront
}{
	{"twinhop-ajp", func(b *testing.B, dir string, n *webPair) *webFront { return webGateway(b, dir, n, "ajp") }},
	{"httpd", webHttpd},
	{"twinhop-http", func(b *testing.B, dir string, n *webPair) *webFront { return webGateway(b, dir, n, "http") }},
	{"haproxy", func(b *testing.B, dir string, n *webPair) *webFront {
		f, dir := newWebFront(b, dir, "haproxy", n, map[string]string{"haproxy.cfg": "haproxy.cfg"})
		f.start(b, dir, n, haproxy, "-db", "-f", filepath.Join(dir, "haproxy.cfg"))
		return f
	}},
	{"nginx", func(b *testing.B, dir string, n *webPair) *webFront {
		f, dir := newWebFront(b, dir, "nginx", n, map[string]string{"nginx.conf": "nginx.conf"})
		f.start(b, dir, n, nginx, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf"))
		return f
	}},
}

// webGateway starts the shipped build with everything that is on by default, speaking to the nodes
// in the given way.
func webGateway(b *testing.B, dir string, nodes *webPair, scheme string) *webFront {
	f, dir := newWebFront(b, dir, "twinhop-"+scheme, nodes, nil)
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		b.Fatal(err)
	}
	ports, words := nodes.web, ""
	if scheme == "ajp" {
		ports, words = nodes.ajp, ", ajp: {secret: s3cret}"
	}
	config := filepath.Join(dir, "twinhop.yaml")
	write(b, config, fmt.Sprintf(`version: 1
listen: {http: [{addr: "%s"}]}
nodes:
  - {name: node1, route: node1, http: "%s://127.0.0.1:%d"%s}
  - {name: node2, route: node2, http: "%[2]s://127.0.0.1:%[5]d"%[4]s}
mounts: [{path: "/app/*", pool: default}]
health: {http: {path: /app/plain.jsp}}
admin: {listen: "127.0.0.1:%[6]d"}
state: {dir: %[7]q}
secrets: {file: %[8]q}
%[9]s
`, f.addr(), scheme, ports[0], words, ports[1], freePort(b), filepath.Join(dir, "state"), filepath.Join(dir, "secrets"), os.Getenv("BENCH_CONFIG")))
	binary := os.Getenv("BENCH_BINARY")
	if binary == "" {
		binary = built(b, false)
	}
	f.start(b, dir, nodes, binary, "run", "-c", config)
	return f
}

// webHttpd starts Debian's Apache httpd with mod_jk.
func webHttpd(b *testing.B, dir string, n *webPair) *webFront {
	f, dir := newWebFront(b, dir, "httpd", n, map[string]string{"httpd.conf": "httpd.conf", "workers.properties": "workers.properties"})
	f.start(b, dir, n, httpd, "-f", filepath.Join(dir, "httpd.conf"), "-DFOREGROUND")
	return f
}

// newWebFront makes a front's folder with its configuration, from files of testdata/peers.
func newWebFront(b *testing.B, dir, label string, n *webPair, files map[string]string) (f *webFront, own string) {
	f, own = &webFront{label: label, port: freePort(b)}, filepath.Join(dir, label)
	if err := os.MkdirAll(own, 0o755); err != nil {
		b.Fatal(err)
	}
	user := "" // whom its workers run as
	if os.Geteuid() == 0 {
		if user = "User nobody\nGroup nogroup"; label == "nginx" {
			user = "user nobody nogroup;"
		}
		for _, d := range []string{dir, own} {
			if err := os.Chmod(d, 0o755); err != nil {
				b.Fatal(err)
			}
		}
	}
	number := strconv.Itoa
	fill := strings.NewReplacer("@DIR@", own, "@PORT@", number(f.port), "@MODULES@", filepath.Dir(modjk), "@USER@", user, "@HEALTH@", "/app/plain.jsp",
		"@HTTP1@", number(n.web[0]), "@HTTP2@", number(n.web[1]), "@AJP1@", number(n.ajp[0]), "@AJP2@", number(n.ajp[1]))
	for from, to := range files {
		text, err := os.ReadFile(filepath.Join("testdata", "peers", from))
		if err != nil {
			b.Fatal(err)
		}
		write(b, filepath.Join(own, to), fill.Replace(string(text)))
	}
	return f, own
}

// start launches a front and waits until a session of each node is served by it.
func (f *webFront) start(b *testing.B, dir string, n *webPair, argv ...string) {
	b.Helper()
	var err error
	if f.process, err = launch(dir, "front", argv...); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(f.kill)
	eventually(b, 20*time.Second, f.label+" serves", func() error {
		if !f.running() {
			text, _ := os.ReadFile(f.log)
			b.Fatalf("%s ended at once: %v\n%s", f.label, f.err, text)
		}
		for _, session := range []string{n.sessions[0], n.sessions[len(n.sessions)-1]} {
			p, err := fetch(directly, "GET", "http://"+f.addr()+"/app/hits.jsp", map[string][]string{"Cookie": {"JSESSIONID=" + session}})
			if err != nil {
				return err
			}
			if !slices.Contains([]string{"node1", "node2"}, p.node) || p.node != route(session) {
				return fmt.Errorf("session %s is served by %q", session, p.node)
			}
		}
		return nil
	})
}
