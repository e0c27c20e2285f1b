package lbprops

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/verdict"
)

// Whatever the file says, what comes out is a configuration without an error, or a complaint, each with its place.
func FuzzConvert(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(a.Files[0].Data))
	}
	f.Add("host=a b\npublic-ip=0.0.0.0\nexternalIpLoadBalancerAddress=x y,::\nexternalIpLoadBalancerPort=1\nmatchingHostnameForRoute=#\nhttpPort=5060\nexternalPort=5060")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		_, r, problems := Load(input("f", []byte(text)), nil, testWords)
		if (r.YAML == nil) != (r.Findings.Count(verdict.Error) > 0) {
			t.Fatalf("%d bytes of YAML with %d errors", len(r.YAML), r.Findings.Count(verdict.Error))
		}
		for _, f := range r.Findings {
			if f.Line < 1 || f.Line > strings.Count(text, "\n")+strings.Count(text, "\r")+1 || f.Col < 1 || f.File != "f" || f.Verdict == "" {
				t.Errorf("%+v", f)
			}
		}
		for _, p := range problems {
			if p.Line < 1 || p.File != "f" || p.Severity == decode.Error && mistaken(p.Message) {
				t.Errorf("%+v\n%s", p, r.YAML)
			}
		}
	})
}

// mistaken tells whether a problem of what was made of a file is one of the maker, not of addresses and names that the
// file has: those are checked as all are, and told in its places.
func mistaken(message string) bool {
	for _, known := range []string{"is no address and no host name", "is no address of one host", "is already taken by", "IPv6 address stands in brackets", "is no port", "is no IPv6 address"} {
		if strings.Contains(message, known) {
			return false
		}
	}
	return true
}
