package certs

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/config"
)

// toward opens what is said of those whom we connect to.
func (s shelf) toward(k *Keeper, t config.Toward) func() *tls.Config {
	s.t.Helper()
	f, err := k.Toward(Toward{Name: "sip.tls", TLS: t, File: s.file})
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

// serving is a server with a certificate for a name, signed by a.
func serving(a *authority, name string) *tls.Config {
	cert, key := a.sign(site(name))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
}

// to is f's answer for a host.
func to(f func() *tls.Config, host string) *tls.Config {
	c := f().Clone()
	c.ServerName = host
	return c
}

// Who is believed is what verify says: the name and who signed it, who signed it, or anybody.
func TestTowardBelieves(t *testing.T) {
	s, root, other := newShelf(t), newAuthority(t, "root"), newAuthority(t, "other")
	s.put("root.pem", certText(root.cert))
	for _, c := range []struct {
		verify string
		by     *authority
		named  string
		ok     bool
	}{
		{"full", root, "node1", true}, {"full", root, "node2", false}, {"full", other, "node1", false},
		{"chain", root, "node1", true}, {"chain", root, "node2", true}, {"chain", other, "node1", false},
		{"none", other, "node2", true},
	} {
		f := s.toward(&Keeper{}, config.Toward{CA: "root.pem", Verify: c.verify})
		if _, _, err := meet(t, serving(c.by, c.named), to(f, "node1")); (err == nil) != c.ok {
			t.Errorf("verify: %s, a certificate of %s for %s: %v", c.verify, c.by.cert.Subject.CommonName, c.named, err)
		}
	}
	// Who was signed by somebody that root signed shows both.
	mid := root.below("mid")
	cert, key := mid.sign(site("other"))
	server := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw, mid.cert.Raw}, PrivateKey: key}}}
	if _, _, err := meet(t, server, to(s.toward(&Keeper{}, config.Toward{CA: "root.pem", Verify: "chain"}), "node1")); err != nil {
		t.Errorf("with one in between: %v", err)
	}
	if _, _, err := meet(t, serving(root, "node1"), to(s.toward(&Keeper{}, config.Toward{Verify: "full"}), "node1")); err == nil {
		t.Error("the system does not trust who signed this")
	}
	if _, _, err := meet(t, serving(root, "node1"), to(s.toward(&Keeper{}, config.Toward{Verify: "chain"}), "node1")); err == nil {
		t.Error("verify: chain without ca believes everybody")
	}
}

// Files that are replaced count from the next connection on, also for a server whose session could be resumed.
func TestTowardIsRead(t *testing.T) {
	s, root, other := newShelf(t), newAuthority(t, "root"), newAuthority(t, "other")
	s.put("ca.pem", certText(root.cert))
	us := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	}
	s.pair("us", root, us("before"))
	k := &Keeper{}
	f := s.toward(k, config.Toward{CA: "ca.pem", Cert: "us.pem", Key: "us.key", Verify: "full"})
	server := serving(root, "node1")
	server.ClientAuth = tls.RequireAnyClientCert
	at, _, err := meet(t, server, to(f, "node1"))
	if err != nil || at.PeerCertificates[0].Subject.CommonName != "before" {
		t.Fatalf("%v %v", at.PeerCertificates, err)
	}
	s.pair("us", root, us("after"))
	k.Look()
	if at, _, err = meet(t, server, to(f, "node1")); err != nil || at.PeerCertificates[0].Subject.CommonName != "after" {
		t.Errorf("a new certificate of ours: %v %v", at.PeerCertificates, err)
	}
	s.put("ca.pem", certText(other.cert))
	k.Look()
	if _, _, err = meet(t, server, to(f, "node1")); err == nil {
		t.Error("who is not trusted any more is believed")
	}
	s.put("ca.pem", []byte("nonsense"))
	k.Look()
	if _, _, err = meet(t, serving(other, "node1"), to(f, "node1")); err != nil {
		t.Errorf("what cannot be read changed something: %v", err)
	}
}

// What is wrong with the files is told before anything is built.
func TestExamineToward(t *testing.T) {
	s, root := newShelf(t), newAuthority(t, "root")
	s.put("root.pem", certText(root.cert))
	s.pair("us", root, &x509.Certificate{Subject: pkix.Name{CommonName: "us"}})
	leaf := s.pair("node", root, site("node1"))
	old := site("node1")
	old.NotBefore, old.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
	s.pair("old", root, old)
	for _, c := range []struct {
		config.Toward
		want string
	}{
		{config.Toward{}, ""},
		{config.Toward{CA: "root.pem", Cert: "us.pem", Key: "us.key"}, ""}, // a client's certificate need name no host
		{config.Toward{CA: "node.pem"}, ""},                                // one server is trusted by itself
		{config.Toward{CA: "old.pem"}, "ca: certificate 1"},
		{config.Toward{CA: "absent.pem"}, "ca: there is no file"},
		{config.Toward{Cert: "us.pem", Key: "node.key"}, "key: "},
		{config.Toward{Cert: "old.pem", Key: "old.key"}, "has expired"},
	} {
		var got []string
		for _, p := range ExamineToward(&c.Toward, s.file, time.Now()) {
			got = append(got, p.Path+": "+p.Message)
		}
		if all := strings.Join(got, "\n"); c.want == "" && all != "" || !strings.Contains(all, c.want) {
			t.Errorf("%+v: %s, want %q", c.Toward, all, c.want)
		}
	}
	if leaf.IsCA {
		t.Fatal("the test means somebody who signs nobody")
	}
	if _, err := (&Keeper{}).Toward(Toward{Name: "sip.tls", TLS: config.Toward{CA: "absent.pem"}, File: s.file}); err == nil {
		t.Error("a file that is not there")
	}
}
