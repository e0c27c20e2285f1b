package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// javaKeystore has the JDK make a keystore with a certificate, and returns who trusts it.
func javaKeystore(t testing.TB, file, kind, password string) *authority {
	t.Helper()
	need(t, "keytool", "java")
	const name = "balancer"
	made := file + ".cert"
	for _, args := range [][]string{
		{"-genkeypair", "-alias", name, "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=balancer", "-ext", "san=ip:127.0.0.1", "-validity", "90", "-storetype", kind, "-keypass", password},
		{"-exportcert", "-alias", name, "-rfc", "-file", made},
	} {
		if said, err := exec.Command("keytool", append(args, "-keystore", file, "-storepass", password)...).CombinedOutput(); err != nil {
			t.Fatalf("keytool %v: %v\n%s", args, err, said)
		}
	}
	text, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("no certificate in %s", text)
	}
	a := &authority{t: t}
	if a.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		t.Fatal(err)
	}
	return a
}

// An old file with TLS, WS and WSS ports and a Java keystore, no edits: who comes by any of them is served by both nodes, which
// speak UDP, and sessions stay.
func TestEdgeOldBalancer(t *testing.T) {
	t.Parallel() // it waits more than it works
	var root *authority
	w, nodes := oldBalancer(t, "edge.properties", "rmi", func(w *world) {
		root = javaKeystore(t, filepath.Join(w.dir, "keystore"), "JKS", "password")
	})
	w.sessions(t)
	for _, transport := range []string{"tls", "ws", "wss"} {
		p := w.mustEdge(t, root, transport, nil)
		for range 4 {
			if err := p.serve(w.external); err != nil {
				t.Errorf("%s: %v", transport, err)
			}
		}
	}
	for _, n := range nodes {
		if calls := len(n.agent.calls("BYE")); calls != 6 {
			t.Errorf("%s ended %d of 12 calls, want 6", n.name, calls)
		}
	}
}
