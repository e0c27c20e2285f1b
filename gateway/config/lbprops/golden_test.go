package lbprops

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"twinhop/gateway/config"
	"twinhop/gateway/config/verdict"
)

var update = flag.Bool("update", false, "write what is found into the golden files")

var testWords = config.Words{
	Balance:       []string{"active-standby", "hash", "pure-hash", "requests", "round-robin"},
	Deterministic: []string{"hash", "pure-hash"},
	HTTPSources:   []string{"cookie", "header", "query"},
	SIPSources:    []string{"call-id", "from.user", "to.user", "from.aor", "to.aor", "header:"},
	OldClasses:    []string{"ActiveStandbyAlgorithm", "CallIDAffinityBalancerAlgorithm", "ClusterSubdomainAffinityAlgorithm", "HeaderConsistentHashBalancerAlgorithm", "PersistentConsistentHashBalancerAlgorithm", "UserBasedAlgorithm", "WorstCaseUdpTestAffinityAlgorithm"},
	OldClass: func(word string) (config.Class, bool) {
		c, ok := map[string]config.Class{
			"CallIDAffinityBalancerAlgorithm":           {Name: "round-robin"},
			"UserBasedAlgorithm":                        {Name: "round-robin"},
			"ClusterSubdomainAffinityAlgorithm":         {Name: "round-robin", Group: true},
			"PersistentConsistentHashBalancerAlgorithm": {Name: "hash"},
			"HeaderConsistentHashBalancerAlgorithm":     {Name: "pure-hash"},
			"ActiveStandbyAlgorithm":                    {Name: "active-standby"},
			"WorstCaseUdpTestAffinityAlgorithm":         {Refused: "calls break on it"},
		}[word[strings.LastIndexByte(word, '.')+1:]]
		return c, ok
	},
}

// input makes one of a file. Nodes of the 10.0.0.0/8 of a test share a network of 24 bits with each address that they come to.
func input(name string, text []byte) Input {
	return Input{File: Source{name, text}, Class: testWords.OldClass, Classes: testWords.OldClasses,
		Networks: func(hosts []string) (all []netip.Prefix) {
			for _, h := range hosts {
				if a, err := netip.ParseAddr(h); err == nil && !a.IsLoopback() && a.Is4() {
					all = append(all, netip.PrefixFrom(a, 24).Masked())
				}
			}
			return all
		}}
}

// Each golden file holds a file of the old balancer, what it becomes, the verdict about every key, and what check says of
// the result: nothing, unless the archive has a section that says what. Lines "java NAME=VALUE" and "allow NETWORK" of its
// comment are options.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			in := input(a.Files[0].Name, a.Files[0].Data)
			for line := range strings.Lines(string(a.Comment)) {
				switch word, value, _ := strings.Cut(strings.TrimSpace(line), " "); word {
				case "java":
					in.Java = append(in.Java, value)
				case "allow":
					in.Allow = append(in.Allow, value)
				}
			}
			_, r, problems := Load(in, nil, testWords)
			var report, check bytes.Buffer
			if err := r.Findings.Render(&report); err != nil {
				t.Fatal(err)
			}
			if len(problems) > 0 {
				if err := problems.Render(&check, nil); err != nil {
					t.Fatal(err)
				}
			}
			got := &txtar.Archive{Comment: a.Comment, Files: a.Files[:1]}
			for _, f := range []txtar.File{{Name: "twinhop.yaml", Data: r.YAML}, {Name: "report", Data: report.Bytes()}, {Name: "check", Data: check.Bytes()}} {
				if f.Name == "report" || len(f.Data) > 0 {
					got.Files = append(got.Files, f)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(txtar.Format(a)), string(txtar.Format(got))); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if strings.Contains(report.String()+check.String(), "s3cret") {
				t.Error("a password is told")
			}
			if r.Secrets != bytes.Contains(r.YAML, []byte("password: ")) {
				t.Error("whether the file has a password is said wrong")
			}
			if slices.ContainsFunc(r.Findings, func(f verdict.Finding) bool { return f.Line < 1 || f.Col < 1 || f.Directive == "" && f.Note == "" }) {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
}
