package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Ten thousand requests of two hundred clients use no more connections than there are clients:
// each is kept and used again.
func TestAJPKeptConnections(t *testing.T) {
	s, taps := byAJP, &[2]*tap{}
	s.Taps, s.Load = taps, true
	w := set(t, s)
	crowd(t, func(int) (node string, err error) {
		c := browser(t)
		for n := range requests {
			p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
			if err := stays(p, err, &node, n+1); err != nil {
				return node, err
			}
		}
		return node, nil
	})
	one, two := taps[0].carrying.Load(), taps[1].carrying.Load()
	t.Logf("%d requests on %d and %d connections; %d asked for a sign of life", clients*requests, one, two, taps[0].asking.Load()+taps[1].asking.Load())
	if one == 0 || two == 0 || one+two > clients {
		t.Errorf("%d and %d connections for %d clients", one, two, clients)
	}
	for i := range 200 { // one after another: one connection to each node will do
		if _, err := fetch(directly, "GET", fmt.Sprintf("%s/app/plain.jsp?%d", w.http, i), nil); err != nil {
			t.Fatal(err)
		}
	}
	if more := taps[0].carrying.Load() + taps[1].carrying.Load() - one - two; more > 0 {
		t.Errorf("%d connections were opened beside the unused ones", more)
	}
}

// The servlet sees of TLS what the client sees: version, cipher, key size, and who the client
// is; and of the operator's attributes those that its connector lets in.
func TestAJPTellsOfTLS(t *testing.T) {
	root, people := newAuthority(t, "root"), newAuthority(t, "people")
	s := secured(root, byAJP)
	for i := range s.AJP {
		s.AJP[i] = strings.TrimSuffix(s.AJP[i], "}") + ", attributes: {STAGE: \"production, east\", SSL_CLIENT_S_DN: nobody}, variables: [SSL_CLIENT_VERIFY, SSL_CLIENT_S_DN]}"
	}
	s.HTTPS[0] = "{cert: site.pem, key: site.key, clientCA: people.pem, clientAuth: optional}"
	before := s.Files
	s.Files = func(w *world) {
		before(w)
		put(t, filepath.Join(w.dir, "people.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: people.cert.Raw}))
		people.write(w.dir, "alice", &x509.Certificate{Subject: pkix.Name{CommonName: "alice", Organization: []string{"Acme"}},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	}
	w := set(t, s)
	alice, err := tls.LoadX509KeyPair(filepath.Join(w.dir, "alice.pem"), filepath.Join(w.dir, "alice.key"))
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]string{"AES_128": "128", "AES_256": "256", "CHACHA20": "256"}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, shown := range []bool{false, true} {
			c := root.trusted()
			c.MinVersion, c.MaxVersion = version, version
			if shown {
				c.Certificates = []tls.Certificate{alice}
			}
			tr := &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}
			resp, err := (&http.Client{Transport: tr, Timeout: 20 * time.Second}).Do(request(t, "GET", w.https[0]+"/app/told.jsp", nil, "STAGE: lie", "SSL_CLIENT_VERIFY: SUCCESS", "SSL_CLIENT_S_DN: CN=mallory"))
			if err != nil {
				t.Fatal(err)
			}
			cipher := tls.CipherSuiteName(resp.TLS.CipherSuite)
			lines := linesOf(resp)
			size := ""
			for part, bits := range sizes {
				if strings.Contains(cipher, part) {
					size = bits
				}
			}
			want := map[string]string{"secure": "https true", "cipher": cipher + " " + size, "tls": map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}[version],
				"person": "null", "own": "production, east NONE nobody"}
			if shown {
				want["person"], want["own"] = "CN=alice,O=Acme", "production, east SUCCESS CN=alice,O=Acme"
			}
			for name, value := range want {
				if got := lines[name]; got != value && !(name == "tls" && strings.Contains(got, value)) {
					t.Errorf("version %x, certificate %v: %s is %q, want %q", version, shown, name, got, value)
				}
			}
		}
	}
	if _, lines := asTold(t, w, request(t, "GET", w.http+"/app/told.jsp", nil, "SSL_CLIENT_VERIFY: SUCCESS")); lines["own"] != "production, east null nobody" || lines["cipher"] != "null null" || !strings.Contains(lines["tls"], "null") {
		t.Errorf("without TLS: %q, %q, %q", lines["own"], lines["cipher"], lines["tls"])
	}
}

// An attribute that the connector does not let in is refused with the request; the operator is
// told why, the client that the way is broken.
func TestAJPAttributeNotLetIn(t *testing.T) {
	s := byAJP
	s.AJP[0] = "{secret: s3cret, attributes: {UNHEARD_OF: x}}"
	s.Config = "pools: {default: {nodes: [node1]}}\n"
	w := set(t, s)
	if p, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil); err == nil || p.status != 502 {
		t.Errorf("%+v %v", p, err)
	}
	if text, _ := os.ReadFile(w.proc.log); !strings.Contains(string(text), "or it does not allow our attributes") {
		t.Errorf("the log says\n%s", text)
	}
}

// A Tomcat is killed while it is posted to by AJP13: as by HTTP, nothing is delivered twice.
func TestAJPPostIsNeverDeliveredTwice(t *testing.T) {
	s := byAJP
	s.Load = true
	neverTwice(t, s)
}

// Both Tomcats are restarted under load, one as by a power cut, one in good order. No GET fails
// and none loses its session; of the POSTs only such as were under way at the time. Connections
// are asked for a sign of life, as with mod_jk's ping_mode=CP: a Tomcat that ends in good order
// stops taking requests a while before it closes its sockets.
func TestAJPRestartUnderLoad(t *testing.T) {
	s := byAJP
	for i := range s.AJP {
		s.AJP[i] = strings.TrimSuffix(s.AJP[i], "}") + ", ping: {connect: true, request: true, timeout: 2s}}"
	}
	s.Load, s.Config = true, "health: {ajp: {interval: 300ms}}\n"
	w := set(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex // guards what follows
	type span struct{ began, ended time.Time }
	var lost []span
	var down []span // from the moment a Tomcat is told to end until it has
	gets, posts := 0, 0
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			c := browser(t)
			for hits := 1; ctx.Err() == nil; hits++ {
				p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
				mu.Lock()
				if gets++; err != nil || p.hits < hits {
					t.Errorf("GET, hit %d: %+v %v", hits, p, err)
				}
				mu.Unlock()
				hits = max(hits, p.hits)
				time.Sleep(5 * time.Millisecond)
			}
		})
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				began := time.Now()
				_, err := post(directly, w.http, fmt.Sprintf("load-%d-%d", i, n), n%3)
				mu.Lock()
				if posts++; err != nil {
					lost = append(lost, span{began, time.Now()})
				}
				mu.Unlock()
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	for i, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		time.Sleep(time.Second)
		n := w.tomcats.nodes[i]
		began := time.Now()
		_ = syscall.Kill(n.proc.cmd.Process.Pid, signal)
		_ = n.proc.wait(20 * time.Second) // it says with which signal
		mu.Lock()
		down = append(down, span{began, time.Now()})
		mu.Unlock()
		tomcats(t)
		w.health(n.Name, "http", "up")
	}
	time.Sleep(time.Second)
	cancel()
	wg.Wait()
	t.Logf("%d GETs, %d POSTs, of these lost %d while a Tomcat ended (%v and %v)", gets, posts, len(lost),
		down[0].ended.Sub(down[0].began).Round(time.Millisecond), down[1].ended.Sub(down[1].began).Round(time.Millisecond))
	for _, l := range lost {
		during := false
		for _, d := range down {
			during = during || l.began.Before(d.ended) && l.ended.After(d.began)
		}
		if !during {
			t.Errorf("a POST begun at %v was lost by %v, while no Tomcat ended: %v", l.began, l.ended, down)
		}
	}
	if len(lost) > 40 {
		t.Errorf("%d POSTs were lost, at most 20 were under way each time", len(lost))
	}
}

// What is excluded stays hidden by AJP13 too, where the path travels apart from the rest.
func TestAJPExcludedPathsStayHidden(t *testing.T) { stayHidden(t, byAJP) }

// A rule may say another thing of a member than the pool does: the container is told what
// counts for this request.
func TestAJPActivationOfARule(t *testing.T) {
	s := byAJP
	s.Config = "mounts:\n  - {path: \"/app/*\", pool: default}\n  - {path: \"/behind/*\", pool: default, disabled: [node1]}\n"
	w := set(t, s)
	for path, want := range map[string]string{"/app/told.jsp": "ACT", "/behind/told.jsp": "DIS"} {
		if _, lines := asTold(t, w, request(t, "GET", w.http+path, nil, "Cookie: JSESSIONID=x.node1")); lines["node"] != "node1" || lines["activation"] != want {
			t.Errorf("%s: %s is told %s, want %s", path, lines["node"], lines["activation"], want)
		}
	}
	for range 4 { // nobody begins there
		if _, lines := asTold(t, w, request(t, "GET", w.http+"/behind/told.jsp", nil)); lines["node"] != "node2" || lines["activation"] != "ACT" {
			t.Errorf("a newcomer came to %s, which is told %s", lines["node"], lines["activation"])
		}
	}
}

// The status worker is asked for a name whatever its path is spelled like, and a path that only
// looks like its own leads nowhere; mod_jk's answers to all of these.
func TestStatusWorkerAroundItsMapping(t *testing.T) {
	s := byAJP
	s.Config = "mounts:\n  - {path: /jkstatus, status: jk}\n  - {path: \"/app/*\", pool: default}\nstatus: {jk: {readOnly: false, users: [operator]}}\n"
	w := set(t, s)
	addr := strings.TrimPrefix(w.http, "http://")
	for path, want := range map[string]string{
		"/jkstatus": "401", "/jkstatus;x=1": "401", "/jkstatus;": "401", "/%6akstatus": "401", "/;/jkstatus": "401", "//jkstatus": "401", "/./jkstatus": "401",
		"/a/../jkstatus": "400", "/app/../jkstatus": "400", "/app/..;/jkstatus": "400", "/jkstatus/": "404", "/jkstatus/x": "404", "/JKSTATUS": "404",
		"/jkstatus%2f": "400", "/jkstatus%00": "400", "/app/jkstatus": "404", "/jkstatus/../app/plain.jsp": "400",
	} {
		for _, query := range []string{"", "?cmd=list&mime=xml", "?cmd=update&w=default&sw=node1&vwa=2"} {
			answer := exchange(t, addr, "GET "+path+query+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
			if !strings.HasPrefix(answer, "HTTP/1.1 "+want+" ") || strings.Contains(answer, "node1") {
				t.Errorf("%s%s: %.300q, want %s", path, query, answer, want)
			}
		}
	}
	if _, lines := asTold(t, w, request(t, "GET", w.http+"/app/told.jsp", nil, "Cookie: JSESSIONID=x.node1")); lines["node"] != "node1" || lines["activation"] != "ACT" {
		t.Errorf("afterwards %s is told %s", lines["node"], lines["activation"])
	}
}
