//go:build linux

package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startHTTPD runs httpd with mod_jk in a folder until the test ends. It reads
// workers.properties and uriworkermap.properties there; lines are further ones
// of its configuration. One process serves, so that what mod_jk counts is one
// count.
func startHTTPD(t testing.TB, dir string, port int, lines ...string) *process {
	t.Helper()
	need(t, httpd, modjk)
	var b strings.Builder
	fmt.Fprintf(&b, "ServerRoot %q\nServerName localhost\nListen 127.0.0.1:%d\nPidFile httpd.pid\nDefaultRuntimeDir %[1]q\nErrorLog error.log\nLogLevel warn\n", dir, port)
	for _, name := range []string{"mpm_event", "authz_core", "unixd"} {
		module := filepath.Join(filepath.Dir(modjk), "mod_"+name+".so")
		if _, err := os.Stat(module); err == nil { // some are built in
			fmt.Fprintf(&b, "LoadModule %s_module %s\n", name, module)
		}
	}
	fmt.Fprintf(&b, "LoadModule jk_module %s\n", modjk)
	if os.Getuid() == 0 {
		b.WriteString("User nobody\nGroup nogroup\n")
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString("ServerLimit 1\nStartServers 1\nThreadsPerChild 32\nMaxRequestWorkers 32\nMinSpareThreads 1\nMaxSpareThreads 64\nTimeout 20\n")
	b.WriteString("JkWorkersFile workers.properties\nJkMountFile uriworkermap.properties\nJkMountFileReload 0\nJkShmFile jk.shm\nJkLogFile mod_jk.log\nJkLogLevel info\n")
	b.WriteString(strings.Join(lines, "\n") + "\n")
	put(t, filepath.Join(dir, "httpd.conf"), []byte(b.String()))
	p, err := launch(dir, "httpd", httpd, "-f", filepath.Join(dir, "httpd.conf"), "-DFOREGROUND")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Signal(syscall.SIGTERM)
		if err := p.wait(10 * time.Second); err != nil {
			t.Logf("httpd: %v", err)
		}
	})
	eventually(t, 20*time.Second, "httpd listens", func() error {
		if !p.running() {
			said, _ := os.ReadFile(p.log)
			errors, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Fatalf("httpd ended at once: %v\n%s\n%s", p.err, said, errors)
		}
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
		}
		return err
	})
	return p
}
