package certs

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"twinhop/gateway/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a listener's files in the shelf.
func (s shelf) open(k *Keeper, t config.TLS) *tls.Config {
	s.t.Helper()
	c, err := k.Open(Listener{Name: ":443", TLS: t, File: s.file, Protos: []string{"http/1.1"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// meet lets a client and a server shake hands, and say a word to each other: with TLS 1.3 a client learns
// only then that it was refused. It returns what each saw.
func meet(t *testing.T, server, client *tls.Config) (atServer, atClient tls.ConnectionState, err error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer c.Close()
		s := tls.Server(c, server)
		if err = s.Handshake(); err == nil {
			atServer = s.ConnectionState()
			_, err = s.Write([]byte("hello"))
		}
		done <- err
	}()
	raw, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	c := tls.Client(raw, client)
	if err = c.Handshake(); err == nil {
		_, err = io.ReadFull(c, make([]byte, 5))
	}
	raw.Close()
	if serr := <-done; err == nil {
		err = serr
	}
	return atServer, c.ConnectionState(), err
}

func trusting(a *authority, name string) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &tls.Config{RootCAs: roots, ServerName: name, NextProtos: []string{"h2", "http/1.1"}}
}

// Who asks for a name gets its certificate, of a kind of key that it knows; everybody else the first.
func TestCertificateByName(t *testing.T) {
	s, root := newShelf(t), newAuthority(t, "root")
	s.pair("site", root, site("site.example", "www.site.example"))
	s.pair("shop", root, site("shop.example", "*.shop.example"))
	key := rsaKey(t)
	s.put("old.pem", certText(root.over(site("shop.example"), &key.PublicKey, nil)))
	s.put("old.key", keyText(t, key))
	server := s.open(&Keeper{}, config.TLS{Cert: "site.pem", Key: "site.key", More: []config.KeyPair{{Cert: "shop.pem", Key: "shop.key"}, {Cert: "old.pem", Key: "old.key"}}})
	for name, want := range map[string]string{"site.example": "site.example ECDSA", "www.site.example": "site.example ECDSA", "shop.example": "shop.example ECDSA",
		"EU.shop.example": "shop.example ECDSA", "unknown.example": "site.example ECDSA", "": "site.example ECDSA", "127.0.0.1": "site.example ECDSA"} {
		client := trusting(root, name)
		client.InsecureSkipVerify = true // which one is served is the question, not whether it fits
		_, at, err := meet(t, server, client)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if got := at.PeerCertificates[0].DNSNames[0] + " " + at.PeerCertificates[0].PublicKeyAlgorithm.String(); got != want {
			t.Errorf("%q got the certificate of %s, want %s", name, got, want)
		}
	}
	client := trusting(root, "shop.example")
	client.MaxVersion, client.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	_, at, err := meet(t, server, client)
	if err != nil || at.PeerCertificates[0].PublicKeyAlgorithm != x509.RSA {
		t.Errorf("a client without ECDSA: %v, %v", at.PeerCertificates, err)
	}
}

// What is spoken: TLS 1.2 and newer, HTTP/1.1 and not HTTP/2.
func TestVersionsAndProtocols(t *testing.T) {
	s, root := newShelf(t), newAuthority(t, "root")
	s.pair("site", root, site("site.example"))
	server := s.open(&Keeper{}, config.TLS{Cert: "site.pem", Key: "site.key"})
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		client := trusting(root, "site.example")
		client.MinVersion, client.MaxVersion = version, version
		_, at, err := meet(t, server, client)
		if (err == nil) != ok {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if ok && at.NegotiatedProtocol != "http/1.1" {
			t.Errorf("%s: protocol %q", tls.VersionName(version), at.NegotiatedProtocol)
		}
	}
	client := trusting(root, "site.example")
	client.NextProtos = []string{"h2"}
	if _, _, err := meet(t, server, client); err == nil {
		t.Error("a client that speaks only HTTP/2 was let in")
	}
}

// asking adds a client's certificate.
func asking(c *tls.Config, cert *x509.Certificate, key *ecdsa.PrivateKey) *tls.Config {
	c = c.Clone()
	own := tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil } // whoever the server says it trusts
	return c
}

func person(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
}

// Certificates of clients: not asked for, looked at when shown, or required. One that cannot be verified is
// refused in either case.
func TestClientCertificates(t *testing.T) {
	s, root, people, strangers := newShelf(t), newAuthority(t, "root"), newAuthority(t, "people"), newAuthority(t, "strangers")
	s.pair("site", root, site("site.example"))
	s.put("people.pem", certText(people.cert))
	none := trusting(root, "site.example")
	clients := map[string]*tls.Config{"nobody": none}
	for name, a := range map[string]*authority{"alice": people, "mallory": strangers} {
		cert, key := a.sign(person(name))
		clients[name] = asking(none, cert, key)
	}
	expired := person("expired")
	expired.NotBefore, expired.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	cert, key := people.sign(expired)
	clients["expired"] = asking(none, cert, key)
	wrongUse := person("server")
	wrongUse.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	cert, key = people.sign(wrongUse)
	clients["server"] = asking(none, cert, key)
	for mode, who := range map[string]map[string]string{
		"off":      {"nobody": "-", "alice": "-", "mallory": "-", "expired": "-", "server": "-"},
		"optional": {"nobody": "-", "alice": "alice", "mallory": "refused", "expired": "refused", "server": "refused"},
		"require":  {"nobody": "refused", "alice": "alice", "mallory": "refused", "expired": "refused", "server": "refused"},
	} {
		server := s.open(&Keeper{}, config.TLS{Cert: "site.pem", Key: "site.key", ClientCA: "people.pem", ClientAuth: mode})
		for name, want := range who {
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				client := clients[name].Clone()
				client.MaxVersion = version
				at, _, err := meet(t, server, client)
				got := "-"
				switch {
				case err != nil:
					got = "refused"
				case len(at.VerifiedChains) > 0:
					got = at.PeerCertificates[0].Subject.CommonName
				case len(at.PeerCertificates) > 0:
					got = "unverified"
				}
				if got != want {
					t.Errorf("%s, %s, %s: %s (%v), want %s", mode, name, tls.VersionName(version), got, err, want)
				}
			}
		}
	}
}

// A file that was replaced counts for the handshakes that follow; one that cannot be used leaves what was there
// and is told of once.
func TestReload(t *testing.T) {
	s, root := newShelf(t), newAuthority(t, "root")
	first := s.pair("site", root, site("site.example"))
	var log bytes.Buffer
	k := &Keeper{Log: slog.New(slog.NewTextHandler(&log, nil))}
	server := s.open(k, config.TLS{Cert: "site.pem", Key: "site.key"})
	serves := func(step string, want *x509.Certificate, told string) {
		t.Helper()
		log.Reset()
		k.Look()
		k.Look() // the second look finds nothing new
		_, at, err := meet(t, server, trusting(root, "site.example"))
		if err != nil || !at.PeerCertificates[0].Equal(want) {
			t.Errorf("%s: another certificate is served, or none (%v)", step, err)
		}
		if got := log.String(); strings.Count(got, "\n") != min(len(told), 1) || !strings.Contains(got, told) || strings.Contains(got, "PRIVATE") {
			t.Errorf("%s: the log says %q, want a line with %q", step, got, told)
		}
	}
	serves("unchanged", first, "")
	second := s.pair("site", root, site("site.example"))
	serves("replaced", second, "certificate read again")
	third, key := root.sign(site("site.example"))
	s.put("site.pem", certText(third))
	serves("only the certificate is there yet", second, "is not the key")
	s.put("site.key", keyText(t, key))
	serves("and the key", third, "certificate read again")
	s.put("site.pem", []byte("-----BEGIN CERTIFICATE-----\nhalf a"))
	serves("broken", third, "holds no certificate")
	if err := os.Remove(s.file("site.pem")); err != nil {
		t.Fatal(err)
	}
	serves("gone", third, "there is no file")
	s.put("site.pem", certText(third))
	serves("back", third, "certificate read again")
	was, _ := os.Stat(s.file("site.pem"))
	fourth := s.pair("site", root, site("site.example"))
	for now, _ := os.Stat(s.file("site.pem")); now.Size() != was.Size(); now, _ = os.Stat(s.file("site.pem")) {
		fourth = s.pair("site", root, site("site.example")) // signatures are not all of one length
	}
	if err := os.Chtimes(s.file("site.pem"), was.ModTime(), was.ModTime()); err != nil {
		t.Fatal(err)
	}
	serves("another file with time and size of the old one", fourth, "certificate read again")
}

// Who may enter changes with the file too, also for clients that were here and resume their session.
func TestReloadOfClientCA(t *testing.T) {
	s, root, people, others := newShelf(t), newAuthority(t, "root"), newAuthority(t, "people"), newAuthority(t, "others")
	s.pair("site", root, site("site.example"))
	s.put("people.pem", certText(people.cert))
	k := &Keeper{}
	server := s.open(k, config.TLS{Cert: "site.pem", Key: "site.key", ClientCA: "people.pem", ClientAuth: "require"})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s.put("people.pem", certText(people.cert))
		k.Look()
		cert, key := people.sign(person("alice"))
		alice := asking(trusting(root, "site.example"), cert, key)
		alice.MaxVersion, alice.ClientSessionCache = version, tls.NewLRUClientSessionCache(8)
		for i := range 2 {
			if _, at, err := meet(t, server, alice); err != nil || at.DidResume != (i > 0) {
				t.Errorf("%s: visit %d: resumed %t, %v", tls.VersionName(version), i, at.DidResume, err)
			}
		}
		s.put("people.pem", certText(others.cert))
		k.Look()
		if _, at, err := meet(t, server, alice); err == nil {
			t.Errorf("%s: whose authority is gone still enters (resumed: %t)", tls.VersionName(version), at.DidResume)
		}
		s.put("people.pem", []byte("broken"))
		k.Look()
		cert, key = others.sign(person("bob"))
		if _, _, err := meet(t, server, asking(trusting(root, "site.example"), cert, key)); err != nil {
			t.Errorf("%s: a broken file has changed who enters: %v", tls.VersionName(version), err)
		}
	}
}

// Metrics tell when what is served ends, whatever is in the file.
func TestMetrics(t *testing.T) {
	s, root := newShelf(t), newAuthority(t, "root")
	middle := &authority{t: t}
	end := time.Now().Add(20 * 24 * time.Hour).Truncate(time.Second)
	middle.cert, middle.key = root.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "middle"}, IsCA: true, BasicConstraintsValid: true, NotAfter: end})
	leaf, key := middle.sign(site("site.example"))
	s.put("site.pem", certText(leaf, middle.cert)) // the one that signed it ends first
	s.put("site.key", keyText(t, key))
	k := &Keeper{}
	s.open(k, config.TLS{Cert: "site.pem", Key: "site.key", ClientCA: "site.pem", ClientAuth: "optional"}) // one file in two places
	s.put("site.pem", nil)
	k.Look()
	r := prometheus.NewRegistry()
	r.MustRegister(k)
	want := fmt.Sprintf(`
# HELP twinhop_tls_certificate_expiry_timestamp_seconds When the first certificate of a file in use expires, in seconds since 1970.
# TYPE twinhop_tls_certificate_expiry_timestamp_seconds gauge
twinhop_tls_certificate_expiry_timestamp_seconds{file="%[1]s",listener=":443"} %[2]d
# HELP twinhop_tls_certificate_reload_failed 1 while what is in the file now cannot be used and the certificate before it stays in use.
# TYPE twinhop_tls_certificate_reload_failed gauge
twinhop_tls_certificate_reload_failed{file="%[1]s",listener=":443"} 1
`, s.file("site.pem"), end.Unix())
	if err := testutil.GatherAndCompare(r, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// Run looks once a minute and ends with its context.
func TestRunLooksOnceAMinute(t *testing.T) {
	s, root := newShelf(t), newAuthority(t, "root")
	s.pair("site", root, site("site.example"))
	var log bytes.Buffer
	k := &Keeper{Log: slog.New(slog.NewTextHandler(&log, nil))}
	s.open(k, config.TLS{Cert: "site.pem", Key: "site.key"})
	s.pair("site", root, site("site.example"))
	told := func() string { // it is told while the files are looked at
		k.mu.Lock()
		defer k.mu.Unlock()
		return log.String()
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- k.Run(ctx) }()
		time.Sleep(Every - time.Second)
		synctest.Wait()
		if told() != "" {
			t.Errorf("before a minute has passed: %s", told())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if strings.Count(told(), "read again") != 1 {
			t.Errorf("after a minute: %q", told())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Nobody has to look at metrics to learn that a certificate ends: from two weeks before on, the log says so once a day.
func TestExpiryIsToldDaily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, root := newShelf(t), newAuthority(t, "root")
		long, short := site("long.example"), site("short.example")
		short.NotAfter = time.Now().Add(soon + 36*time.Hour)
		s.pair("long", root, long)
		s.pair("short", root, short)
		var log bytes.Buffer
		k := &Keeper{Log: slog.New(slog.NewTextHandler(&log, nil))}
		s.open(k, config.TLS{Cert: "long.pem", Key: "long.key", More: []config.KeyPair{{Cert: "short.pem", Key: "short.key"}}})
		for day, want := range []int{0, 0, 1, 1, 1} {
			log.Reset()
			for range 24 * 60 {
				k.Look()
				time.Sleep(Every)
			}
			if n := strings.Count(log.String(), "expires soon"); n != want || strings.Contains(log.String(), "long.pem") {
				t.Errorf("day %d: %d lines, want %d\n%s", day, n, want, &log)
			}
		}
	})
}

// What cannot be opened is an error that names the file.
func TestOpenFails(t *testing.T) {
	s, root := newShelf(t), newAuthority(t, "root")
	s.pair("site", root, site("site.example"))
	for want, c := range map[string]config.TLS{
		"absent.key": {Cert: "site.pem", Key: "absent.key"},
		"absent.pem": {Cert: "site.pem", Key: "site.key", More: []config.KeyPair{{Cert: "absent.pem", Key: "site.key"}}},
		"absent.ca":  {Cert: "site.pem", Key: "site.key", ClientAuth: "require", ClientCA: "absent.ca"},
	} {
		k := &Keeper{}
		if _, err := k.Open(Listener{TLS: c, File: s.file}); err == nil || !strings.Contains(err.Error(), want) || len(k.listeners) > 0 {
			t.Errorf("%s: %v, %d listeners", want, err, len(k.listeners))
		}
	}
}

// A listener's certificate tells what links may call its host; names for many hosts are none.
func TestHost(t *testing.T) {
	s, root := newShelf(t), newAuthority(t, "root")
	k := &Keeper{}
	for name, hosts := range map[string][]string{"one": {"gw.example", "other.example"}, "wild": {"*.example", "gw.example"}, "many": {"*.example"}, "none": nil} {
		s.pair(name, root, site(hosts...))
		if _, err := k.Open(Listener{Name: name, TLS: config.TLS{Cert: name + ".pem", Key: name + ".key"}, File: s.file}); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"one": "gw.example", "wild": "gw.example", "many": "", "none": "", "nobody": ""} {
		if got := k.Host(name); got != want {
			t.Errorf("%s is called %q, want %q", name, got, want)
		}
	}
}
