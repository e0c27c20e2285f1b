package certs

import (
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"twinhop/gateway/config"
)

// What is wrong with a file is told at the key that names it, with a remedy, and never with what is in a key.
func TestExamine(t *testing.T) {
	s, root, now := newShelf(t), newAuthority(t, "root"), time.Now()
	middle, other := root.below("middle"), newAuthority(t, "other")
	leaf, key := middle.sign(site("site.example"))
	s.put("chain.pem", certText(leaf, middle.cert))
	s.put("chain.key", keyText(t, key))
	s.put("reversed.pem", certText(middle.cert, leaf))
	s.put("gap.pem", certText(leaf, other.cert))
	s.pair("good", root, site("site.example", "www.site.example"))
	old, at := site("site.example"), func(h time.Duration) time.Time { return now.Add(h).Truncate(time.Minute) }
	old.NotBefore, old.NotAfter = at(-100*time.Hour), at(-2*time.Hour)
	s.pair("old", root, old)
	early := site("site.example")
	early.NotBefore = at(50 * time.Hour)
	s.pair("early", root, early)
	ending := site("site.example")
	ending.NotAfter = at(100 * time.Hour)
	s.pair("ending", root, ending)
	s.pair("nameless", root, site())
	s.put("der.pem", leaf.Raw)
	s.put("torn.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw[:200]}))
	s.put("torn.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("not a key")}))
	s.put("locked.key", pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}))
	s.put("locked-old.key", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: []byte("x")}))
	s.put("rsa.key", keyText(t, rsaKey(t)))
	s.put("empty", nil)
	if err := syscall.Mkfifo(s.file("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.put("huge", make([]byte, maxFile+1))
	s.put("root.pem", certText(root.cert))
	for name, mode := range map[string]os.FileMode{"open.key": 0o644, "group.key": 0o640} {
		text, _ := os.ReadFile(s.file("good.key"))
		s.put(name, text)
		if err := os.Chmod(s.file(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	for tls, want := range map[string]string{
		"cert: good.pem, key: good.key":                                             "",
		"cert: good.pem, key: group.key":                                            "",
		"cert: chain.pem, key: chain.key":                                           "",
		"cert: absent.pem, key: good.key":                                           "3:33 error cert: there is no file DIR/absent.pem | relative names are relative to the directory of this file",
		"cert: absent.pem, key: absent.key":                                         "3:33 error cert: there is no file DIR/absent.pem | relative names are relative to the directory of this file\n3:50 error key: there is no file DIR/absent.key | relative names are relative to the directory of this file",
		"cert: good.pem, key: absent.key":                                           "3:48 error key: there is no file DIR/absent.key | relative names are relative to the directory of this file",
		"cert: ., key: good.key":                                                    "3:33 error cert: DIR is no regular file | name a PEM file",
		"cert: pipe, key: good.key":                                                 "3:33 error cert: DIR/pipe is no regular file | name a PEM file",
		"cert: huge, key: good.key":                                                 "3:33 error cert: DIR/huge is larger than 1048576 bytes | name a PEM file",
		"cert: empty, key: good.key":                                                "3:33 error cert: DIR/empty holds no certificate in PEM | it begins with \"-----BEGIN CERTIFICATE-----\"; openssl x509 -inform der -in FILE converts DER",
		"cert: der.pem, key: good.key":                                              "3:33 error cert: DIR/der.pem holds no certificate in PEM | it begins with \"-----BEGIN CERTIFICATE-----\"; openssl x509 -inform der -in FILE converts DER",
		"cert: torn.pem, key: good.key":                                             "3:33 error cert: certificate 1 of DIR/torn.pem cannot be read: x509: malformed certificate | copy it again, or have it made again",
		"cert: good.key, key: good.pem":                                             "3:33 error cert: DIR/good.key holds a private key and no certificate | are cert and key the wrong way round?",
		"cert: good.pem, key: good.pem":                                             "3:48 error key: DIR/good.pem holds a certificate and no private key | are cert and key the wrong way round?",
		"cert: good.pem, key: empty":                                                "3:48 error key: DIR/empty holds no private key in PEM | it begins with \"-----BEGIN PRIVATE KEY-----\" or similar",
		"cert: good.pem, key: torn.key":                                             "3:48 error key: the key in DIR/torn.key cannot be used | failed to parse private key",
		"cert: good.pem, key: locked.key":                                           "3:48 error key: the key in DIR/locked.key needs a passphrase, which nobody can type at a restart | openssl pkey -in FILE -out NEWFILE takes it away; chmod 600 the new file",
		"cert: good.pem, key: locked-old.key":                                       "3:48 error key: the key in DIR/locked-old.key needs a passphrase, which nobody can type at a restart | openssl pkey -in FILE -out NEWFILE takes it away; chmod 600 the new file",
		"cert: good.pem, key: chain.key":                                            "3:48 error key: DIR/chain.key is not the key of the certificate | openssl x509 -noout -pubkey -in CERT and openssl pkey -pubout -in KEY must print the same",
		"cert: good.pem, key: rsa.key":                                              "3:48 error key: DIR/rsa.key is not the key of the certificate | openssl x509 -noout -pubkey -in CERT and openssl pkey -pubout -in KEY must print the same",
		"cert: reversed.pem, key: chain.key":                                        "3:33 error cert: DIR/reversed.pem has the server's certificate at place 2 | put it first, and those that lead to a root behind it",
		"cert: gap.pem, key: chain.key":                                             "3:33 warn cert: certificate 2 of DIR/gap.pem has not signed the one before it | each is followed by the one that signed it",
		"cert: old.pem, key: old.key":                                               fmt.Sprintf("3:33 warn cert: DIR/old.pem has expired on %s | clients refuse it; renew it", day(at(-2*time.Hour))),
		"cert: early.pem, key: early.key":                                           fmt.Sprintf("3:33 warn cert: DIR/early.pem is not valid before %s | clients refuse it until then; is the clock right?", day(at(50*time.Hour))),
		"cert: ending.pem, key: ending.key":                                         fmt.Sprintf("3:33 warn cert: DIR/ending.pem expires on %s | renew it; a new file is noticed within a minute", day(at(100*time.Hour))),
		"cert: nameless.pem, key: nameless.key":                                     "3:33 warn cert: DIR/nameless.pem names no host (subject alternative name) | clients do not look at the common name; have it made with DNS:name",
		"cert: good.pem, key: open.key":                                             "3:48 warn key: others can use DIR/open.key (mode 0644) | chmod 600 it, or 640 with a group of its own",
		"cert: good.pem, key: good.key, more: [{cert: chain.pem, key: absent.key}]": "3:88 error more[0].key: there is no file DIR/absent.key | relative names are relative to the directory of this file",
		"cert: good.pem, key: good.key, clientAuth: require, clientCA: root.pem":    "",
		"cert: good.pem, key: good.key, clientAuth: require, clientCA: absent.pem":  "3:89 error clientCA: there is no file DIR/absent.pem | relative names are relative to the directory of this file",
		"cert: good.pem, key: good.key, clientAuth: require, clientCA: good.pem":    "3:89 warn clientCA: certificate 1 of DIR/good.pem signs no others (it is no CA) | name the certificate of who signs those of clients",
	} {
		text := "listen:\n  http:\n  - {addr: \":8443\", tls: {" + tls + "}}\nnodes: [{name: node1, http: \"http://10.0.0.1:8080\"}]\n"
		words := config.Words{Balance: []string{"requests", "round-robin"}, HTTPSources: []string{"query", "cookie"}, SIPSources: []string{"call-id"},
			Files: func(c *config.TLS) config.Problems { return Examine(c, s.file, now) }}
		_, ps := config.Parse("f", []byte(text), words)
		var got []string
		for _, p := range ps {
			line := fmt.Sprintf("%d:%d %s %s: %s", p.Line, p.Col, p.Severity, strings.TrimPrefix(p.Path, "listen.http[0].tls."), p.Message)
			if p.Hint != "" {
				line += " | " + p.Hint
			}
			got = append(got, strings.ReplaceAll(line, s.dir, "DIR"))
		}
		if g := strings.Join(got, "\n"); g != want {
			t.Errorf("%s:\n got %s\nwant %s", tls, g, want)
		}
	}
}

// An address that is named is a name, too; and a certificate that signs itself is fine.
func TestExamineTakesAddresses(t *testing.T) {
	s := newShelf(t)
	c := site()
	c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)}
	c.Subject = pkix.Name{CommonName: "self"}
	s.pair("self", &authority{t: t}, c)
	if ps := Examine(&config.TLS{Cert: "self.pem", Key: "self.key"}, s.file, time.Now()); len(ps) > 0 {
		t.Error(ps)
	}
}
