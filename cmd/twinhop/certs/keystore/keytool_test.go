package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const secret = "changeit"

// java skips a test where there is no Java, unless everything that is needed was promised to be there. Short runs are without: two dozen
// JVMs take their time, and what they write is the same under the race detector.
func java(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts many JVMs")
	}
	if _, err := exec.LookPath("keytool"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no keytool")
	}
}

// keytool runs the tool of Java on a keystore.
func keytool(t *testing.T, file string, words ...string) {
	t.Helper()
	words = append(words, "-keystore", file, "-storepass", secret, "-noprompt", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC") // it begins faster
	if out, err := exec.Command("keytool", words...).CombinedOutput(); err != nil {
		t.Fatalf("keytool %q: %v\n%s", words, err, out)
	}
}

// pair makes a key with a certificate that it signed itself.
func pair(t *testing.T, file, alias string, words ...string) {
	t.Helper()
	keytool(t, file, append([]string{"-genkeypair", "-alias", alias, "-dname", "CN=" + alias, "-validity", "30", "-keyalg", "EC", "-groupname", "secp256r1"}, words...)...)
}

// read reads a file that can be read.
func read(t *testing.T, file, password, alias string) []Entry {
	t.Helper()
	all, err := Read(bytesOf(t, file), password, alias)
	if err != nil {
		t.Fatalf("%s: %v; %v", filepath.Base(file), err, err.(*Error).Hint)
	}
	return all
}

func bytesOf(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// refused wants an error that says something.
func refused(t *testing.T, data []byte, password, alias, says string) {
	t.Helper()
	all, err := Read(data, password, alias)
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Message, says) || e.Hint == "" {
		t.Errorf("want %q, have %v and %d entries", says, err, len(all))
	}
}

func aliases(all []Entry) (names []string) {
	for _, e := range all {
		names = append(names, e.Alias)
	}
	return names
}

// What keytool writes is read, whatever it encrypts with, and keys fit their certificates.
func TestWhatKeytoolWrites(t *testing.T) {
	t.Parallel()
	java(t)
	legacy := []string{"-J-Dkeystore.pkcs12.legacy=true"}
	for name, words := range map[string][]string{
		"jks":               {"-storetype", "JKS", "-keypass", secret},
		"pkcs12":            {"-storetype", "PKCS12"},
		"pkcs12, RC2, SHA1": append([]string{"-storetype", "PKCS12"}, legacy...),
		"pkcs12, SHA512":    {"-storetype", "PKCS12", "-J-Dkeystore.pkcs12.keyProtectionAlgorithm=PBEWithHmacSHA512AndAES_128", "-J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512"},
		"pkcs12, RC2-128":   {"-storetype", "PKCS12", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=PBEWithSHA1AndRC2_128"},
		"pkcs12, open":      {"-storetype", "PKCS12", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE", "-J-Dkeystore.pkcs12.macAlgorithm=NONE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "store")
			pair(t, file, "Curve", words...)
			names := []string{"curve"}
			if name == "jks" { // kinds of keys: the file is the same
				keytool(t, file, append([]string{"-genkeypair", "-alias", "old", "-dname", "CN=old", "-keyalg", "RSA", "-keysize", "2048"}, words...)...)
				keytool(t, file, append([]string{"-genkeypair", "-alias", "ed", "-dname", "CN=ed", "-keyalg", "Ed25519"}, words...)...)
				keytool(t, file, append([]string{"-genkeypair", "-alias", "dsa", "-dname", "CN=dsa", "-keyalg", "DSA"}, words...)...)
				names = []string{"curve", "ed", "old"}
			}
			all := Keys(read(t, file, secret, ""))
			if got := aliases(all); !slices.Equal(sorted(got), names) {
				t.Fatalf("%q", got)
			}
			for _, e := range all {
				if want := strings.ToLower(strings.TrimPrefix(e.Chain[0].Subject.String(), "CN=")); want != e.Alias || len(e.Chain) != 1 {
					t.Errorf("%s has %s", e.Alias, want)
				}
				if !e.Key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(e.Chain[0].PublicKey) {
					t.Errorf("%s: another key", e.Alias)
				}
				switch e.Key.(type) {
				case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
				default:
					t.Errorf("%s: %T", e.Alias, e.Key)
				}
			}
			if got := aliases(Keys(read(t, file, secret, "CURVE"))); !slices.Equal(got, []string{"curve"}) {
				t.Errorf("one alone: %q", got)
			}
			if got := aliases(Keys(read(t, file, secret, "nobody"))); len(got) > 0 {
				t.Errorf("nobody: %q", got)
			}
			refused(t, bytesOf(t, file), "something else", "", "password is wrong")
			refused(t, bytesOf(t, file), "", "", "needs a password")
		})
	}
}

func sorted(s []string) []string { slices.Sort(s); return s }

// A chain that a CA signed comes in its order, and what is trusted are the certificates that Java trusts: without those
// that only lead to a root.
func TestChainsAndTrust(t *testing.T) {
	t.Parallel()
	java(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	ca, site, trust := at("ca"), at("site"), at("trust")
	jks := []string{"-storetype", "JKS"}
	pair(t, ca, "root", "-storetype", "JKS", "-keypass", secret, "-ext", "bc:c")
	keytool(t, ca, "-exportcert", "-rfc", "-alias", "root", "-file", at("root.pem"))
	pair(t, site, "site", "-storetype", "JKS", "-keypass", secret)
	keytool(t, site, "-certreq", "-alias", "site", "-file", at("csr"))
	keytool(t, ca, "-gencert", "-rfc", "-alias", "root", "-infile", at("csr"), "-outfile", at("site.pem"), "-ext", "san=dns:site.example")
	for _, c := range [][]string{{site, "root", "root.pem"}, {site, "site", "site.pem"}, {trust, "a", "root.pem"}} {
		keytool(t, c[0], append([]string{"-importcert", "-alias", c[1], "-file", at(c[2])}, jks...)...)
	}
	for _, name := range []string{site, trust} {
		keytool(t, name+".p12", "-importkeystore", "-srckeystore", name, "-srcstorepass", secret, "-deststorepass", secret, "-deststoretype", "PKCS12", "-destkeystore", name+".p12")
	}
	for _, ending := range []string{"", ".p12"} {
		all := read(t, site+ending, secret, "")
		keys := Keys(all)
		if len(keys) != 1 || len(keys[0].Chain) != 2 || keys[0].Chain[0].Subject.CommonName != "site" || keys[0].Chain[1].Subject.CommonName != "root" {
			t.Fatalf("%+v", keys)
		}
		var names []string
		for _, c := range Trusted(all) {
			names = append(names, c.Subject.CommonName)
		}
		if !slices.Equal(sorted(names), []string{"root", "site"}) {
			t.Errorf("%q", names)
		}
		all = read(t, trust+ending, secret, "")
		if c := Trusted(all); len(c) != 1 || c[0].Subject.CommonName != "root" || len(Keys(all)) > 0 {
			t.Errorf("%+v", all)
		}
	}
	if c := Trusted(read(t, trust, "", "")); len(c) != 1 { // whoever does not know the password can read certificates alone
		t.Errorf("%+v", c)
	}
	refused(t, bytesOf(t, trust+".p12"), "", "", "needs a password")
}

// A key with a password of its own is told of; the others can be had by their names.
func TestKeyWithItsOwnPassword(t *testing.T) {
	t.Parallel()
	java(t)
	file := filepath.Join(t.TempDir(), "store")
	pair(t, file, "one", "-storetype", "JKS", "-keypass", secret)
	pair(t, file, "two", "-storetype", "JKS", "-keypass", "quite another")
	refused(t, bytesOf(t, file), secret, "", `the key "two" has another password`)
	refused(t, bytesOf(t, file), secret, "two", `the key "two" has another password`)
	if got := aliases(Keys(read(t, file, secret, "one"))); !slices.Equal(got, []string{"one"}) {
		t.Errorf("%q", got)
	}
}

// manager is a program that prints which keys Java's default key manager has, in the order in which it takes them.
const manager = `
import java.io.*; import java.security.*; import javax.net.ssl.*;
public class Manager {
	public static void main(String[] a) throws Exception {
		char[] secret = "changeit".toCharArray();
		for (String s : a) {
			KeyStore ks = KeyStore.getInstance("JKS");
			ks.load(new FileInputStream(s), secret);
			KeyManagerFactory f = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
			f.init(ks, secret);
			X509ExtendedKeyManager m = (X509ExtendedKeyManager) f.getKeyManagers()[0];
			System.out.println(m.chooseServerAlias("EC", null, null) + " " + String.join(" ", m.getServerAliases("EC", null)));
		}
	}
}`

// Of several keys, those come in the order in which Java's default key manager takes them, so that the one that an old
// balancer showed its clients is shown.
func TestWhichKeyJavaTakes(t *testing.T) {
	t.Parallel()
	java(t)
	dir := t.TempDir()
	source := filepath.Join(dir, "Manager.java")
	if err := os.WriteFile(source, []byte(manager), 0o600); err != nil {
		t.Fatal(err)
	}
	files := []string{filepath.Join(dir, "jks"), filepath.Join(dir, "p12")}
	names := []string{"zeta", "Alpha", "mid", "smpp", "b1", "b2", "b3", "lb-2016", "restcomm"}
	pair(t, files[0], names[0], "-storetype", "JKS", "-keypass", secret)
	for _, n := range names[1:] {
		pair(t, files[0], n, "-keypass", secret)
	}
	keytool(t, files[1], "-importkeystore", "-srckeystore", files[0], "-srcstorepass", secret, "-deststorepass", secret, "-deststoretype", "PKCS12", "-destkeystore", files[1])
	out, err := exec.Command("java", append([]string{source}, files...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		want := strings.Fields(line)
		got := aliases(Keys(read(t, files[i], secret, "")))
		if len(want) != len(names)+1 || !slices.Equal(got, want[1:]) || got[0] != want[0] {
			t.Errorf("%s:\nJava: %q\nhave: %q", filepath.Base(files[i]), want, got)
		}
	}
}
