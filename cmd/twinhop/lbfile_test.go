package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"twinhop/gateway/config"
)

// Nodes may come from the networks of the addresses that are bound, and from nowhere else.
func TestAround(t *testing.T) {
	var networks []netip.Prefix
	for _, s := range []string{"127.0.0.1/8", "::1/128", "10.0.0.254/24", "192.0.2.7/28", "fe80::1/64", "2001:db8::254/64", "10.9.9.9/32"} {
		networks = append(networks, netip.MustParsePrefix(s))
	}
	for _, c := range []struct{ hosts, want string }{
		{"127.0.0.1", ""},
		{"10.0.0.254", "10.0.0.0/24"},
		{"10.0.0.253", ""},
		{"10.0.0.254 192.0.2.7 10.0.0.254", "10.0.0.0/24 192.0.2.0/28"},
		{"0.0.0.0", "10.0.0.0/24 192.0.2.0/28 10.9.9.9/32"},
		{"::", "10.0.0.0/24 192.0.2.0/28 2001:db8::/64 10.9.9.9/32"},
		{"2001:db8::254", "2001:db8::/64"},
		{"::ffff:10.0.0.254", "10.0.0.0/24"},
		{"lb.example.com localhost", ""},
	} {
		if got := strings.Trim(fmt.Sprint(around(strings.Fields(c.hosts), networks)), "[]"); got != c.want {
			t.Errorf("%s: %s, want %s", c.hosts, got, c.want)
		}
	}
}

// A host may be a name.
func TestAddresses(t *testing.T) {
	if got := addresses("10.0.0.254"); len(got) != 1 || got[0] != "10.0.0.254" {
		t.Errorf("%v", got)
	}
	if got := addresses("localhost"); len(got) == 0 {
		t.Error("localhost has no address")
	}
	if got := addresses("nobody.invalid"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// What stood behind "java" may stay as it is; nothing else is touched.
func TestJavaStyle(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"run -DlogConfigFile=l.xml -DlogLevel=DEBUG -jar sip-balancer.jar -mobicents-balancer-config=lb.properties", "run -DlogConfigFile=l.xml -DlogLevel=DEBUG --lb=lb.properties"},
		{"run -jar sip-balancer-jar-with-dependencies.jar lb-configuration.properties -c more.yaml", "run --lb=lb-configuration.properties -c more.yaml"},
		{"run -jar x.jar -c more.yaml --lb lb.properties", "run -c more.yaml --lb lb.properties"},
		{"run -server -Xms1g -Xmx1g -XX:+UseG1GC -javaagent:a.jar=b -jar x.jar -mobicents-balancer-config=lb.properties", "run --lb=lb.properties"},
		{"run -cp a.jar:b.jar -DlogLevel=WARN org.mobicents.tools.sip.balancer.BalancerRunner -mobicents-balancer-config=x.xml", "run -DlogLevel=WARN --lb=x.xml"},
		{"run -Xmx1g --lb lb.properties", "run -Xmx1g --lb lb.properties"},
		{"run twinhop.yaml", "run twinhop.yaml"},
		{"check logLevel=WARN --lb x", "check -DlogLevel=WARN --lb x"},
		{"convert LogLevel=WARN -jar", "convert -DLogLevel=WARN -jar"},
		{"nodes -jar x", "nodes -jar x"},
		{"", ""},
	} {
		if got := strings.Join(javaStyle(strings.Fields(c.args)), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.args, got, c.want)
		}
	}
}

// "run --lb FILE" means what "convert --lb FILE" and "run -c" with its result mean, for every file that the importer is
// tested with.
func TestRunMeansWhatConvertWrites(t *testing.T) {
	files, err := filepath.Glob("../../gateway/config/lbprops/testdata/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	same := 0
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		old, yaml := filepath.Join(dir, a.Files[0].Name), filepath.Join(dir, "twinhop.yaml")
		if err := os.WriteFile(old, a.Files[0].Data, 0o600); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		code := execute([]string{"convert", "--lb", old, "-o", yaml, "--allow", "10.0.0.0/8"}, &said, &said)
		direct, _, err := (&source{old: oldFiles{lbFile: lbFile{lb: old, allow: []string{"10.0.0.0/8"}}}}).read()
		if err != nil {
			t.Fatal(err)
		}
		if failed := direct.failed(); failed != (code != 0) {
			t.Errorf("%s: convert exits %d, run fails: %v\n%s", name, code, failed, said.String())
			continue
		}
		if code != 0 {
			continue
		}
		same++
		converted, _, err := (&source{name: yaml}).read()
		if err != nil {
			t.Fatal(err)
		}
		if changes := config.Changes(&direct.config, &converted.config); len(changes) > 0 {
			t.Errorf("%s: %v", name, changes)
		}
		if d := cmp.Diff(len(direct.problems), len(converted.problems)); d != "" {
			t.Errorf("%s: problems: %s", name, d)
		}
	}
	if same < 7 {
		t.Errorf("only %d files can be run", same)
	}
}
