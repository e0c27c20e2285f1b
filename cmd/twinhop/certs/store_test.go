package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/config"
	"twinhop/gateway/config/secure"
)

// keytool runs the tool of Java on a keystore of the shelf. Without Java the test is skipped, unless it was promised.
func (s shelf) keytool(store string, words ...string) {
	s.t.Helper()
	if _, err := exec.LookPath("keytool"); err != nil {
		if os.Getenv("CI") == "true" {
			s.t.Fatal(err)
		}
		s.t.Skip("no keytool")
	}
	words = append(words, "-keystore", s.file(store), "-storepass", "s3cret!", "-noprompt", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC") // it begins faster
	if out, err := exec.Command("keytool", words...).CombinedOutput(); err != nil {
		s.t.Fatalf("keytool %q: %v\n%s", words, err, out)
	}
}

// keys makes a keystore with a key for a host.
func (s shelf) keys(store, kind, host string, words ...string) {
	s.t.Helper()
	s.keytool(store, append([]string{"-genkeypair", "-alias", "lb", "-dname", "CN=" + host, "-ext", "san=dns:" + host, "-validity", "30", "-keyalg", "EC", "-groupname", "secp256r1", "-storetype", kind, "-keypass", "s3cret!"}, words...)...)
}

// leaf is what a keystore of one key shows.
func (s shelf) leaf(store string) *x509.Certificate {
	s.t.Helper()
	some, f := fromStore(&pair{cert: s.file(store), store: &secure.Keystore{Password: "s3cret!"}})
	if f != nil {
		s.t.Fatal(f)
	}
	return some[0].Leaf
}

func (s shelf) bytes(name string) []byte {
	s.t.Helper()
	b, err := os.ReadFile(s.file(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// A listener shows what is in its keystore, of either kind, asks for certificates that the truststore believes, and
// notices that a keystore or its password is another one; one that cannot be used leaves the one before.
func TestKeystores(t *testing.T) {
	t.Parallel()
	s, people := newShelf(t), newAuthority(t, "people")
	s.keys("a.jks", "JKS", "a.example")
	s.keys("b.p12", "PKCS12", "b.example")
	s.put("people.pem", certText(people.cert))
	s.keytool("people.jks", "-importcert", "-alias", "people", "-file", s.file("people.pem"), "-storetype", "JKS")
	s.put("site", s.bytes("a.jks"))
	s.put("password", []byte("s3cret!\r\nand a remark\n"))

	k := &Keeper{}
	server, err := k.Open(Listener{Name: "sip", File: s.file, TLS: config.TLS{Keystore: secure.Keystore{File: "site", PasswordFile: "password"},
		Truststore: secure.Truststore{File: "people.jks"}, ClientAuth: "require"}})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.leaf("a.jks"))
	roots.AddCert(s.leaf("b.p12"))
	cert, key := people.sign(&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	client := func(host string, shows bool) *tls.Config {
		c := &tls.Config{RootCAs: roots, ServerName: host}
		if shows {
			c.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
		}
		return c
	}
	try := func(host string, shows, ok bool) {
		t.Helper()
		if _, _, err := meet(t, server, client(host, shows)); (err == nil) != ok {
			t.Errorf("%s, a certificate of the client %t: %v", host, shows, err)
		}
	}
	try("a.example", true, true)
	try("a.example", false, false)
	try("b.example", true, false)
	s.put("site", s.bytes("b.p12"))
	k.Look()
	try("b.example", true, true)
	try("a.example", true, false)
	s.put("password", []byte("something else"))
	k.Look()
	try("b.example", true, true)
	if !k.listeners[0].pairs[0].broken {
		t.Error("nobody is told")
	}
}

// Toward others the keystore is shown to who asks for it, and the truststore says who is believed; the own certificates of
// its keys are, too, as Java does.
func TestTowardByKeystores(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keys("own.jks", "JKS", "gateway.example")
	node, key := (&authority{t: t}).sign(site("node1"))
	s.put("node.pem", certText(node))
	s.put("all.jks", s.bytes("own.jks"))
	s.keytool("all.jks", "-importcert", "-alias", "node", "-file", s.file("node.pem"))
	server := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{node.Raw}, PrivateKey: key}}, ClientAuth: tls.RequireAnyClientCert}
	f := s.toward(&Keeper{}, config.Toward{Verify: "chain", Keystore: secure.Keystore{File: "own.jks", Password: "s3cret!"}, Truststore: secure.Truststore{File: "all.jks", Password: "s3cret!"}})
	at, _, err := meet(t, server, to(f, "whatever"))
	if err != nil || !at.PeerCertificates[0].Equal(s.leaf("own.jks")) {
		t.Errorf("%v", err)
	}
	other, otherKey := (&authority{t: t}).sign(site("node1"))
	server.Certificates[0] = tls.Certificate{Certificate: [][]byte{other.Raw}, PrivateKey: otherKey}
	if _, _, err := meet(t, server, to(f, "node1")); err == nil {
		t.Error("a node that nobody knows is believed")
	}
	own, f2 := fromStore(&pair{cert: s.file("own.jks"), store: &secure.Keystore{Password: "s3cret!"}})
	if f2 != nil {
		t.Fatal(f2)
	}
	server.Certificates = own
	if _, _, err := meet(t, server, to(f, "node1")); err != nil {
		t.Errorf("Java believes the keys of a truststore: %v", err)
	}
}

// What is wrong with a keystore is told at the key that names it, with a remedy.
func TestExamineKeystores(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keys("good.p12", "PKCS12", "lb.example")
	s.keytool("nameless.jks", "-genkeypair", "-alias", "LB", "-dname", "CN=lb", "-keyalg", "EC", "-validity", "3", "-storetype", "JKS", "-keypass", "s3cret!")
	s.keytool("two.jks", "-genkeypair", "-alias", "one", "-dname", "CN=one", "-keyalg", "EC", "-storetype", "JKS", "-keypass", "another")
	s.put("lb.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.leaf("good.p12").Raw}))
	s.keytool("trust.jks", "-importcert", "-alias", "lb", "-file", s.file("lb.pem"), "-storetype", "JKS")
	s.put("cut.p12", s.bytes("good.p12")[:300])
	s.put("huge", make([]byte, maxFile+1))
	s.put("password", []byte("s3cret!"))
	s.put("empty", nil)
	s.put("open", []byte("s3cret!\n"))
	if err := os.Chmod(s.file("open"), 0o644); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, c := range []struct {
		k    secure.Keystore
		want string
	}{
		{secure.Keystore{File: "good.p12", Password: "s3cret!"}, ""},
		{secure.Keystore{File: "good.p12", Password: "s3cret!", Alias: "LB"}, ""},
		{secure.Keystore{File: "good.p12", PasswordFile: "password"}, ""},
		{secure.Keystore{File: "good.p12", PasswordFile: "open"}, "warn keystore.passwordFile: others can use DIR/open (mode 0644) | chmod 600 it, or 640 with a group of its own"},
		{secure.Keystore{File: "good.p12", PasswordFile: "empty"}, "error keystore.passwordFile: the first line of DIR/empty is empty | it is the password"},
		{secure.Keystore{File: "good.p12", PasswordFile: "absent"}, "error keystore.passwordFile: there is no file DIR/absent | relative names are relative to the directory of this file"},
		{secure.Keystore{File: "absent", Password: "s3cret!"}, "error keystore.file: there is no file DIR/absent | relative names are relative to the directory of this file"},
		{secure.Keystore{File: "huge", Password: "s3cret!"}, "error keystore.file: DIR/huge is larger than 1048576 bytes | name a keystore, JKS or PKCS12"},
		{secure.Keystore{File: "good.p12", Password: "changeit"}, "error keystore.file: DIR/good.p12: the password is wrong, or the file is damaged | keytool -list -keystore FILE asks for the same password"},
		{secure.Keystore{File: "good.p12", Password: "s3cret!", Alias: "tomcat"}, `error keystore.file: DIR/good.p12 has no key "tomcat" with a certificate, or none that TLS has a use for | keytool -list -keystore FILE shows the names; RSA, EC and Ed25519 are of use`},
		{secure.Keystore{File: "lb.pem", Password: "s3cret!"}, "error keystore.file: DIR/lb.pem: is PEM, no keystore | name it as cert and key, or as clientCA"},
		{secure.Keystore{File: "cut.p12", Password: "s3cret!"}, "error keystore.file: DIR/cut.p12: is no PKCS12 in DER, or cut or damaged |"},
		{secure.Keystore{File: "trust.jks", Password: "s3cret!"}, "error keystore.file: DIR/trust.jks holds no key with a certificate, or none that TLS has a use for |"},
		{secure.Keystore{File: "two.jks", Password: "s3cret!"}, `error keystore.file: DIR/two.jks: the key "one" has another password than the keystore | keytool -keypasswd`},
		{secure.Keystore{File: "nameless.jks", Password: "s3cret!"}, "warn keystore.file: DIR/nameless.jks expires on " + day(s.leaf("nameless.jks").NotAfter) + " | renew it; a new file is noticed within a minute\n" +
			"warn keystore.file: DIR/nameless.jks names no host (subject alternative name) | clients do not look at the common name; have it made with DNS:name"},
	} {
		if got := s.told(Examine(&config.TLS{Keystore: c.k}, s.file, now)); got != c.want && (!strings.HasPrefix(got, c.want) || !strings.Contains(c.want, "|")) {
			t.Errorf("%+v:\n got %s\nwant %s", c.k, got, c.want)
		}
	}
	for _, c := range []struct {
		t    secure.Truststore
		want string
	}{
		{secure.Truststore{File: "trust.jks"}, ""},
		{secure.Truststore{File: "trust.jks", Password: "changeit"}, "error truststore.file: DIR/trust.jks: the password is wrong"},
		{secure.Truststore{File: "good.p12"}, "error truststore.file: DIR/good.p12: needs a password | say it: password, or passwordFile"},
		{secure.Truststore{File: "trust.jks", PasswordFile: "absent"}, "error truststore.passwordFile: there is no file DIR/absent"},
	} {
		if got := s.told(ExamineToward(&config.Toward{Truststore: c.t}, s.file, now)); got != c.want && (!strings.HasPrefix(got, c.want) || c.want == "") {
			t.Errorf("%+v:\n got %s\nwant %s", c.t, got, c.want)
		}
	}
}

// told are problems, one a line.
func (s shelf) told(ps config.Problems) string {
	var all []string
	for _, p := range ps {
		all = append(all, strings.ReplaceAll(string(p.Severity)+" "+p.Path+": "+p.Message+" | "+p.Hint, s.dir, "DIR"))
	}
	return strings.Join(all, "\n")
}
