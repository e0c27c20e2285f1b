package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// asIs puts a gateway before the two Tomcats that runs the files of httpd and mod_jk as they are. The map is looked at
// every second.
func asIs(t *testing.T) *world {
	w := &world{t: t, dir: scratch(t), tomcats: tomcats(t)}
	binary := built(t, true)
	conf := filepath.Join(w.dir, "httpd")
	for _, d := range []string{"httpd/conf", "httpd/sites", "state"} {
		if err := os.MkdirAll(filepath.Join(w.dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	workers, err := os.ReadFile("testdata/modjk/workers.properties")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(conf, "conf/workers.properties"), workers)
	put(t, w.uriMap(), []byte("/app|/*=shop\n!/app/private/*=shop\n"))
	put(t, filepath.Join(conf, "httpd.conf"), fmt.Appendf(nil, `ServerRoot "%s"
Define ports %d %d
LoadModule jk_module modules/mod_jk.so
JkWorkersFile conf/workers.properties
JkWorkerProperty FIRST_AJP=%[2]d
JkWorkerProperty SECOND_AJP=%[3]d
<IfModule ssl_module>
    JkMount /tls/* shop
</IfModule>
IncludeOptional sites/*.conf
`, conf, w.tomcats.nodes[0].AJP, w.tomcats.nodes[1].AJP))
	put(t, filepath.Join(conf, "sites/shop.conf"), []byte(`<VirtualHost *:80>
    ServerName shop.example.com
    JkMountFile conf/uriworkermap.properties
    JkMountFileReload 1
    JkUnMount /app/status.jsp shop
    <Location /behind/plain.jsp>
        JkMount shop
    </Location>
</VirtualHost>
`))
	w.http = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	w.admin = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	put(t, filepath.Join(w.dir, "more.yaml"), fmt.Appendf(nil, "state: {dir: state}\nadmin: {listen: %q}\nshutdown: {announce: 0s, grace: 1s}\n", strings.TrimPrefix(w.admin, "http://")))
	if w.proc, err = launch(w.dir, "twinhop", binary, "run", "--httpd", "httpd/httpd.conf", "--listen", strings.TrimPrefix(w.http, "http://"), "-c", "more.yaml"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.strike)
	w.socket = overSocket(filepath.Join(w.dir, "state", "admin.sock"))
	eventually(t, 20*time.Second, "the gateway is ready", func() error {
		if !w.proc.running() {
			text, _ := os.ReadFile(w.proc.log)
			t.Fatalf("the gateway ended at once: %v\n%s", w.proc.err, text)
		}
		return w.ready()
	})
	return w
}

func (w *world) uriMap() string {
	return filepath.Join(w.dir, "httpd/conf/uriworkermap.properties")
}

// status is what the gateway answers to a GET.
func (w *world) status(path string) int {
	w.t.Helper()
	resp, err := directly.Get(w.http + path)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// becomes waits until paths are answered as they should be.
func (w *world) becomes(what string, want map[string]int) {
	w.t.Helper()
	eventually(w.t, 15*time.Second, what, func() error {
		for path, status := range want {
			if got := w.status(path); got != status {
				return fmt.Errorf("%s: %d, want %d", path, got, status)
			}
		}
		return nil
	})
}

// clients keep asking until they are stopped; no request of theirs may fail, and their sessions stay where they are.
func (w *world) clients(n int) (stop func() (requests int64)) {
	var all sync.WaitGroup
	var done atomic.Bool
	var count atomic.Int64
	for range n {
		all.Go(func() {
			c, node := browser(w.t), ""
			for hits := 1; !done.Load(); hits++ {
				p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
				if err := stays(p, err, &node, hits); err != nil {
					w.t.Errorf("request %d of a client: %v", hits, err)
					return
				}
				count.Add(1)
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	return func() int64 {
		done.Store(true)
		all.Wait()
		return count.Load()
	}
}

// The files of httpd and mod_jk are run as they are. A changed map counts without a restart, under traffic and without a
// failed request; bad lines are skipped and told; a map that vanishes changes nothing.
func TestOldFilesAsTheyAre(t *testing.T) {
	w := asIs(t)
	contains(t, w.proc.log, "httpd/httpd.conf:8:5", "stands in <IfModule ssl_module>, which does not hold", "httpd/conf/workers.properties")
	w.becomes("the rules of the files", map[string]int{"/app/plain.jsp": 200, "/app/private/page.jsp": 404, "/app/status.jsp": 404, "/behind/plain.jsp": 200, "/behind/told.jsp": 404, "/tls/x": 404, "/": 404})

	stop := w.clients(8)
	put(t, w.uriMap(), []byte("/app|/*=shop\n/behind|/*=shop\n"))
	w.becomes("a rule that is new", map[string]int{"/behind/told.jsp": 200, "/app/plain.jsp": 200, "/app/status.jsp": 404})
	contains(t, w.proc.log, "the map was read again")

	put(t, w.uriMap(), []byte("/app|/*=shop\n/behind|/*=shop;sticky_ignore=1\n"))
	eventually(t, 15*time.Second, "a rule that ignores session ids", func() error {
		seen := map[string]bool{}
		for range 6 {
			_, lines := asTold(t, w, request(t, "GET", w.http+"/behind/told.jsp", nil, "Cookie: JSESSIONID=x.node1"))
			seen[lines["node"]] = true
		}
		if !seen["node1"] || !seen["node2"] {
			return fmt.Errorf("one id was served by %v", seen)
		}
		return nil
	})

	put(t, w.uriMap(), []byte("/app|/*=shop\nnonsense\n/x=nobody\n!/behind/plain.jsp=shop\n/behind/told.jsp=shop\n"))
	w.becomes("what can be used of a bad map", map[string]int{"/behind/told.jsp": 200, "/behind/plain.jsp": 404, "/app/plain.jsp": 200, "/x": 404})
	eventually(t, 10*time.Second, "the log tells what cannot be used", func() error { // it counts before it is told
		text, err := os.ReadFile(w.proc.log)
		if err == nil && !(strings.Contains(string(text), "uriworkermap.properties:3") && strings.Contains(string(text), "worker.list has no worker")) {
			err = fmt.Errorf("%s", text)
		}
		return err
	})

	next := filepath.Join(w.dir, "next")
	put(t, next, []byte("# taken in one step\n/app|/*=shop\n!/app/plain.jsp=shop\n"))
	if err := os.Rename(next, w.uriMap()); err != nil {
		t.Fatal(err)
	}
	rules := map[string]int{"/app/plain.jsp": 404, "/behind/told.jsp": 404, "/behind/plain.jsp": 200}
	w.becomes("a map that another one took the place of", rules)

	if err := os.Remove(w.uriMap()); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, "it is told that the map has gone", func() error {
		text, err := os.ReadFile(w.proc.log)
		if err == nil && !strings.Contains(string(text), "the rules stay as they are") {
			err = fmt.Errorf("not a word")
		}
		return err
	})
	put(t, w.uriMap(), nil)
	time.Sleep(3 * time.Second) // three looks
	w.becomes("without a map all is as before", rules)
	put(t, w.uriMap(), []byte("/app|/*=shop\n"))
	w.becomes("the map is back", map[string]int{"/app/plain.jsp": 200})
	// All files again: what httpd does at "graceful".
	site := filepath.Join(w.dir, "httpd/sites/shop.conf")
	put(t, site, []byte("<VirtualHost *:80>\nServerName shop.example.com\nJkMountFile conf/uriworkermap.properties\nJkMountFileReload 1\nJkUnMount /app/plain.jsp shop\n</VirtualHost>\n"))
	hangUp := func() {
		if err := w.proc.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	w.becomes("the files of httpd", map[string]int{"/app/plain.jsp": 404, "/behind/plain.jsp": 404, "/app/hits.jsp": 200})
	put(t, w.uriMap(), []byte("/app|/*=shop\n/behind|/*=shop\n"))
	w.becomes("the map is followed with the new files", map[string]int{"/app/plain.jsp": 404, "/behind/told.jsp": 200})
	put(t, site, []byte("JkMoutn /x shop\n"))
	hangUp()
	eventually(t, 15*time.Second, "it is told what is wrong", func() error {
		text, err := os.ReadFile(w.proc.log)
		if err == nil && !strings.Contains(string(text), "the configuration in force stays") {
			err = fmt.Errorf("not a word")
		}
		return err
	})
	w.becomes("bad files change nothing", map[string]int{"/app/plain.jsp": 404, "/behind/told.jsp": 200})

	if n := stop(); n < 500 {
		t.Errorf("only %d requests", n)
	}
	text, err := os.ReadFile(w.proc.log)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "the rules stay as they are"); n != 2 {
		t.Errorf("that the map cannot be read was told %d times", n)
	}
	if strings.Contains(string(text), "s3cret") {
		t.Error("the log has the secret")
	}
}
