package config

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"twinhop/gateway/config/decode"
)

var update = flag.Bool("update", false, "write what is found into the golden files")

var testWords = Words{
	Balance:       []string{"active-standby", "custom", "hash", "least-load", "pure-hash", "random", "requests", "round-robin", "sessions"},
	Deterministic: []string{"hash", "pure-hash"},
	Homes:         []string{"active-standby", "pure-hash"},
	Takes:         map[string][]string{"failback": {"active-standby"}, "reportAge": {"least-load"}, "rampUp": {"requests", "sessions"}},
	OldClasses:    []string{"CallIDAffinityBalancerAlgorithm"},
	OldClass:      oldClass,
	Configure: func(algorithm string, p Placement) error {
		if zone := p.OwnWords()["zone"]; zone == "mars" && algorithm == "custom" {
			return fmt.Errorf("there is no zone %q", zone)
		}
		return nil
	},
	HTTPSources:  []string{"cookie", "header", "query"},
	SIPSources:   []string{"call-id", "from.aor", "from.user", "header:", "to.aor", "to.user"},
	AJPVariables: []string{"SSL_CLIENT_S_DN", "SSL_CLIENT_VERIFY"},
	Files:        lookByName,
}

func oldClass(word string) (Class, bool) {
	c, ok := map[string]Class{"CallIDAffinityBalancerAlgorithm": {Name: "round-robin"}, "UserBasedAlgorithm": {Name: "round-robin"},
		"PersistentConsistentHashBalancerAlgorithm": {Name: "hash"}, "ClusterSubdomainAffinityAlgorithm": {Name: "round-robin", Group: true},
		"WorstCaseUdpTestAffinityAlgorithm": {Refused: "it is a test"}}[word[strings.LastIndexByte(word, '.')+1:]]
	return c, ok
}

// lookByName has something to say of files by their names, so that what is said can be seen to stand at the right place.
func lookByName(t *TLS) (ps Problems) {
	for i, p := range t.Pairs() {
		at := ""
		if i > 0 {
			at = fmt.Sprintf("more[%d].", i-1)
		}
		if p.Cert == "old.pem" {
			ps = append(ps, decode.Problem{Path: at + "cert", Severity: decode.Warn, Message: "has expired", Hint: "renew it"})
		}
		if p.Key == "other.key" {
			ps = append(ps, decode.Problem{Path: at + "key", Severity: decode.Error, Message: "does not belong to 100 % of the certificate", Hint: "give the right one"})
		}
	}
	if t.ClientCA == "absent.pem" {
		ps = append(ps, decode.Problem{Path: "clientCA", Severity: decode.Error, Message: "there is no such file"})
	}
	return ps
}

// Each golden file holds a configuration, the keys that came out other than
// their defaults, and every complaint as it is printed.
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
			in := section(a, "twinhop.yaml")
			c, ps := Parse("twinhop.yaml", in, testWords)
			var out bytes.Buffer
			if err := ps.Render(&out, in); err != nil {
				t.Fatal(err)
			}
			errs, warnings := ps.Count()
			if errs+warnings == 0 {
				out.Reset()
			}
			conf := ""
			if errs == 0 {
				conf = differences(c)
			}
			if *update {
				a.Files = []txtar.File{{Name: "twinhop.yaml", Data: in}, {Name: "config", Data: []byte(conf)}, {Name: "problems", Data: out.Bytes()}}
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(section(a, "config")), conf); d != "" {
				t.Errorf("config (-want +got):\n%s", d)
			}
			if d := cmp.Diff(string(section(a, "problems")), out.String()); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

func section(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// differences lists the values of c that are not those of an empty file, one
// "path = value" per line.
func differences(c Config) string {
	was, now := map[string]string{}, map[string]string{}
	empty := Default()
	empty.Pools = nil // shown whole: a pool of the file replaces the default one
	flatten("", reflect.ValueOf(empty), was)
	flatten("", reflect.ValueOf(c), now)
	var lines []string
	for k, v := range now {
		if was[k] != v {
			lines = append(lines, k+" = "+v)
		}
	}
	for k, v := range was {
		if _, ok := now[k]; !ok {
			lines = append(lines, k+" is gone, was "+v)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

func flatten(path string, v reflect.Value, out map[string]string) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[AJP]() && v.IsZero() {
			return // of a node that does not speak it
		}
		for f := range v.Type().Fields() {
			key := f.Tag.Get("yaml")
			if key == "-" {
				continue
			}
			flatten(decode.Join(path, key), v.FieldByIndex(f.Index), out)
		}
	case reflect.Slice:
		if v.Len() == 0 && !v.IsNil() && path != "" {
			out[path] = "[]" // none, which is not the same as nothing said
		}
		for i := range v.Len() {
			name := fmt.Sprintf("%s[%d]", path, i)
			switch of := v.Index(i).Interface().(type) {
			case Pool:
				name = decode.Join(path, of.Name)
			case Resource:
				name = decode.Join(path, of.Name)
			case Status:
				name = decode.Join(path, of.Name)
			}
			flatten(name, v.Index(i), out)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if flatten(path, v.Elem(), out); out[path] == "" && v.Elem().Kind() != reflect.Struct && v.Elem().Kind() != reflect.Slice {
			out[path] = fmt.Sprint(v.Elem().Interface()) // what is said counts, 0 as well
		}
	default:
		s := fmt.Sprint(v.Interface())
		if s == "" || v.Kind() == reflect.Int && s == "0" {
			return // what is empty or 0 by default too; a key set to 0 shows as gone
		}
		if d, ok := v.Interface().(time.Duration); ok && d == 0 {
			return
		}
		out[path] = s
	}
}
