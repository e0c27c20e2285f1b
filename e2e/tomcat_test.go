package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"
)

const tomcatHome = "/usr/share/tomcat10"

// tomcat is one real Tomcat of the two-node cluster: Debian's program, our own configuration
// and web application, sessions replicated to the other.
type tomcat struct {
	Name       string
	ID, PeerID int
	HTTP, AJP  int
	Tribes     int // port of the replication channel
	PeerTribes int
	base       string
	proc       *process
	parent     string
}

// cluster is the pair. It takes seconds to start, so scenarios share one and leave it whole.
type cluster struct {
	nodes [2]*tomcat
}

var shared struct {
	sync.Mutex
	*cluster
	dir string
}

// tomcats returns the running pair, starting whatever is not running.
func tomcats(t testing.TB) *cluster {
	t.Helper()
	need(t, "java", tomcatHome+"/lib/catalina-ha.jar")
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		dir, err := os.MkdirTemp("", "e2e-tomcat")
		if err != nil {
			t.Fatal(err)
		}
		c := &cluster{}
		for i := range c.nodes {
			c.nodes[i] = &tomcat{Name: fmt.Sprintf("node%d", i+1), ID: i + 1, PeerID: 2 - i, HTTP: freePort(t), AJP: freePort(t),
				Tribes: freePort(t), base: filepath.Join(dir, fmt.Sprintf("node%d", i+1)), parent: dir}
		}
		c.nodes[0].PeerTribes, c.nodes[1].PeerTribes = c.nodes[1].Tribes, c.nodes[0].Tribes
		shared.cluster, shared.dir = c, dir
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, n := range shared.nodes {
				copyLog(t, filepath.Join(n.parent, n.Name+".log"), n.Name+".log")
			}
		}
	})
	for _, n := range shared.nodes { // one by one: two starting together wait for each other's sessions
		n.start(t)
		n.answers(t)
	}
	shared.settle(t)
	return shared.cluster
}

// endTomcats is called once, when all scenarios are over.
func endTomcats() {
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		return
	}
	for _, n := range shared.nodes {
		if n.up() {
			n.proc.kill()
		}
	}
	os.RemoveAll(shared.dir)
}

func (n *tomcat) up() bool    { return n.proc != nil && n.proc.running() }
func (n *tomcat) url() string { return fmt.Sprintf("http://127.0.0.1:%d", n.HTTP) }

// start starts the node unless it runs. It does not wait.
func (n *tomcat) start(t testing.TB) {
	t.Helper()
	if n.up() {
		return
	}
	if err := n.prepare(); err != nil {
		t.Fatal(err)
	}
	p, err := launch(n.parent, n.Name, "java", "-Xms96m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dnode="+n.Name, "-Dcatalina.home="+tomcatHome, "-Dcatalina.base="+n.base, "-Djava.io.tmpdir="+n.base+"/temp",
		"-Djava.util.logging.config.file="+n.base+"/conf/logging.properties",
		"-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager",
		"-cp", tomcatHome+"/bin/bootstrap.jar:"+tomcatHome+"/bin/tomcat-juli.jar",
		"org.apache.catalina.startup.Bootstrap", "start")
	if err != nil {
		t.Fatal(err)
	}
	n.proc = p
}

// contexts are the web applications: one and the same, plain and as it is configured behind a
// gateway whose X-Forwarded-* it is to believe.
var contexts = map[string]string{
	"app":    "<Context/>",
	"behind": `<Context><Valve className="org.apache.catalina.valves.RemoteIpValve" protocolHeader="x-forwarded-proto" portHeader="x-forwarded-port"/></Context>`,
}

func (n *tomcat) prepare() error {
	for _, d := range []string{"conf", "logs", "temp", "work", "webapps"} {
		if err := os.MkdirAll(filepath.Join(n.base, d), 0o755); err != nil {
			return err
		}
	}
	for name, context := range contexts {
		app := filepath.Join(n.base, "webapps", name)
		if _, err := os.Stat(app); err == nil {
			continue
		}
		if err := os.CopyFS(app, os.DirFS("testdata/webapp")); err != nil {
			return err
		}
		if err := os.Mkdir(filepath.Join(app, "META-INF"), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(app, "META-INF", "context.xml"), []byte(context), 0o644); err != nil {
			return err
		}
	}
	for _, name := range []string{"server.xml", "web.xml", "logging.properties"} {
		tmpl, err := template.ParseFiles("testdata/tomcat/" + name)
		if err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(n.base, "conf", name))
		if err != nil {
			return err
		}
		if err := tmpl.Execute(f, n); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// answers waits until the node serves; the first request for a page compiles it.
func (n *tomcat) answers(t testing.TB) {
	t.Helper()
	for _, page := range []string{"plain", "hits"} {
		eventually(t, 90*time.Second, n.Name+" answers "+page, func() error {
			if !n.up() {
				return fmt.Errorf("ended: %v", n.proc.err)
			}
			_, err := fetch(directly, "GET", n.url()+"/app/"+page+".jsp", nil)
			return err
		})
	}
}

// settle waits until a session made on one node is known to the other.
func (c *cluster) settle(t testing.TB) {
	t.Helper()
	a, b := c.nodes[0], c.nodes[1]
	for range 2 { // both directions
		eventually(t, 30*time.Second, "replication from "+a.Name+" to "+b.Name, func() error {
			first, err := fetch(directly, "GET", a.url()+"/app/hits.jsp", nil)
			if err != nil {
				return err
			}
			second, err := fetch(directly, "GET", b.url()+"/app/hits.jsp", http.Header{"Cookie": {"JSESSIONID=" + first.session}})
			if err != nil {
				return err
			}
			if second.hits != 2 {
				return fmt.Errorf("%s does not know %s's session: hit %d, want 2", b.Name, a.Name, second.hits)
			}
			return nil
		})
		a, b = b, a
	}
}

func copyLog(t testing.TB, from, name string) {
	text, err := os.ReadFile(from)
	if err != nil {
		return
	}
	keep := filepath.Join("logs", t.Name())
	if os.MkdirAll(keep, 0o755) == nil {
		_ = os.WriteFile(filepath.Join(keep, name), text, 0o644)
	}
}

// route is what stands after the first dot of a session id.
func route(session string) string {
	_, r, _ := strings.Cut(session, ".")
	return r
}
