package gateway_test

import (
	"fmt"
	"strings"
	"testing"
)

// goodCard is what the doc of a package in order looks like.
const goodCard = "// Knows: a.\n// Must not know: b.\n// Owns: c.\n// Entered by: d.\n"

// TestCheckerSeesFaults proves that each rule can fail, and that a tidy file passes.
func TestCheckerSeesFaults(t *testing.T) {
	long := func(n int) string { return strings.Repeat("\t_ = 0\n", n) }
	tests := []struct {
		name, path, text string
		want             string // part of the one complaint; "" = none
	}{
		{"tidy", "gateway/balance/ring.go", goodCard + "package balance\n\nimport (\n\t\"fmt\"\n\n\t\"github.com/cespare/xxhash/v2\"\n\n\t\"twinhop/appsession\"\n)\n\nvar _ = fmt.Sprint\n", ""},

		{"sideways import", "http/mounts.go", goodCard + "package http\n\nimport \"twinhop/sip/peek\"\n", "http must not import sip/peek"},
		{"upward import", "gateway/cluster/node.go", goodCard + "package cluster\n\nimport \"twinhop/gateway\"\n", "gateway/cluster must not import gateway"},
		{"config in a front", "sip/front.go", goodCard + "package sip\n\nimport \"twinhop/gateway/config\"\n", "sip must not import gateway/config"},
		{"ours in e2e", "e2e/run_test.go", "package e2e\n\nimport \"twinhop/jvmroute\"\n", "e2e must not import jvmroute"},
		{"unknown room", "rumpus/x.go", goodCard + "package rumpus\n", "has no row in the table of rooms"},
		{"test across", "sip/x_test.go", "package sip\n\nimport \"twinhop/http/head\"\n", "sip must not import http/head"},
		{"test of lower rank", "gateway/x_test.go", "package gateway_test\n\nimport \"twinhop/appsession/memstore\"\n", ""},
		{"suite in a test", "appsession/memstore/x_test.go", "package memstore\n\nimport \"twinhop/appsession/storetest\"\n", ""},
		{"jvmroute outside evidence", "sip/forward.go", goodCard + "package sip\n\nimport \"twinhop/jvmroute\"\n", "only evidence.go imports jvmroute"},
		{"jvmroute in evidence", "sip/evidence.go", goodCard + "package sip\n\nimport \"twinhop/jvmroute\"\n", ""},

		{"fence", "http/front.go", goodCard + "package http\n\nimport \"github.com/gin-gonic/gin\"\n", "gin-gonic/gin is fenced"},
		{"fence by file", "http/front.go", goodCard + "package http\n\nimport \"github.com/prometheus/client_golang/prometheus\"\n", "client_golang is fenced"},
		{"metrics in a test", "http/front_test.go", "package http\n\nimport \"github.com/prometheus/client_golang/prometheus\"\n", ""},
		{"metrics file", "http/metrics.go", goodCard + "package http\n\nimport \"github.com/prometheus/client_golang/prometheus\"\n", ""},
		{"module nobody allowed", "sip/front.go", goodCard + "package sip\n\nimport \"example.org/left/pad\"\n", "no row in the table of fences"},
		{"test tool in the program", "jvmroute/join.go", goodCard + "package jvmroute\n\nimport \"pgregory.net/rapid\"\n", "rapid is fenced"},
		{"logging core", "gateway/router.go", goodCard + "package gateway\n\nimport \"log/slog\"\n", "gateway must not import log/slog"},
		{"socket in the core", "gateway/router.go", goodCard + "package gateway\n\nimport \"net\"\n", "gateway must not import net"},
		{"goroutine in the core", "gateway/router.go", goodCard + "package gateway\n\nfunc f() { go f() }\n", "gateway starts no goroutine"},

		{"front without alias", "cmd/twinhop/assemble.go", goodCard + "package main\n\nimport \"twinhop/http\"\n", "import twinhop/http as httpfront"},
		{"front with alias", "cmd/twinhop/assemble.go", goodCard + "package main\n\nimport sipfront \"twinhop/sip\"\n", ""},
		{"library renamed", "admin/api.go", goodCard + "package admin\n\nimport nethttp \"net/http\"\n", "the name http belongs to net/http"},
		{"name taken", "http/front.go", goodCard + "package http\n\nimport http \"net/textproto\"\n", "the name http belongs to net/http"},
		{"sip name taken", "sip/front.go", goodCard + "package sip\n\nimport sip \"net/textproto\"\n", "the name sip belongs to"},
		{"dot import", "jvmroute/join.go", goodCard + "package jvmroute\n\nimport . \"strings\"\n", "dot import"},
		{"library name exported", "http/front.go", goodCard + "package http\n\ntype Server struct{}\n", "Server already means something"},

		{"groups in wrong order", "sip/front.go", goodCard + "package sip\n\nimport (\n\t\"twinhop/gateway\"\n\n\t\"fmt\"\n)\n", "imports go standard library"},
		{"groups not separated", "sip/front.go", goodCard + "package sip\n\nimport (\n\t\"fmt\"\n\t\"twinhop/gateway\"\n)\n", "one blank line between"},
		{"group split", "sip/front.go", goodCard + "package sip\n\nimport (\n\t\"fmt\"\n\n\t\"io\"\n)\n", "blank line inside an import group"},

		{"no package doc", "jvmroute/join.go", "package jvmroute\n", "no package doc"},
		{"doc without card", "jvmroute/join.go", "// Package jvmroute joins.\npackage jvmroute\n", "opens with its room card"},
		{"doc before the card", "jvmroute/join.go", "// Package jvmroute joins.\n//\n" + goodCard + "//\n// More.\npackage jvmroute\n", ""},
		{"card too late", "jvmroute/join.go", "// Package jvmroute joins.\n//\n// More.\n//\n" + goodCard + "package jvmroute\n", "opens with its room card"},
		{"card incomplete", "jvmroute/join.go", "// Knows: a.\n// Owns: c.\npackage jvmroute\n", "out of order"},
		{"card cut short", "jvmroute/join.go", "// Knows: a.\n// Must not know: b.\npackage jvmroute\n", "lacks \"Owns:\""},

		{"long file", "jvmroute/join.go", goodCard + "package jvmroute\n" + strings.Repeat("\n", maxFile) + "var x int\n", "lines of the file"},
		{"long function", "jvmroute/join.go", goodCard + "package jvmroute\n\nfunc f() {\n" + long(maxFunc) + "}\n", "lines of the function"},
		{"longest function", "jvmroute/join.go", goodCard + "package jvmroute\n\nfunc f() {\n" + long(maxFunc-2) + "}\n", ""},
		{"many parameters", "jvmroute/join.go", goodCard + "package jvmroute\n\nfunc f(a, b, c, d, e int) {}\n", "parameters: 5"},
		{"wide method", "jvmroute/join.go", goodCard + "package jvmroute\n\ntype I interface{ M(a, b, c, d, e int) }\n", "join.go:I.M: parameters: 5"},
		{"wide interface", "jvmroute/join.go", goodCard + "package jvmroute\n\ntype I interface{ A(); B(); C(); D(); E(); F() }\n", "methods of the interface: 6"},
		{"vague file", "jvmroute/util.go", goodCard + "package jvmroute\n", "name a file after the noun"},
		{"vague file name part", "jvmroute/route_helpers.go", goodCard + "package jvmroute\n", "name a file after the noun"},

		{"init", "jvmroute/join.go", goodCard + "package jvmroute\n\nfunc init() {}\n", "no init()"},
		{"sleeping test", "jvmroute/x_test.go", "package jvmroute\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n", "a test does not sleep"},
		{"fake time", "jvmroute/x_test.go", "package jvmroute\n\nimport (\n\t\"testing/synctest\"\n\t\"time\"\n)\n\nfunc f() { synctest.Test(nil, func() { time.Sleep(1) }) }\n", ""},
		{"sleep in e2e", "e2e/x_test.go", "package e2e\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n", ""},

		{"broken file", "jvmroute/join.go", "package", "expected 'IDENT'"},
		{"tool behind a tag", "web/build.go", "//go:build ignore\n\npackage main\n\nimport \"github.com/evanw/esbuild/pkg/api\"\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, p := range check([]source{{tt.path, tt.text}}) {
				if !strings.Contains(p, "exception is not needed") { // the real table against one file
					got = append(got, p)
				}
			}
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("complains: %q", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("got %q, want one complaint about %q", got, tt.want)
			}
		})
	}
}

func TestCheckerSeesFaultsAcrossFiles(t *testing.T) {
	big := func(dir string, files int) []source {
		var out []source
		for i := range files {
			text := "package x\n" + strings.Repeat("\n", maxFile-2) + "var x int\n"
			if i == 0 {
				text = goodCard + "package x\n" + strings.Repeat("\n", maxFile-6) + "var x int\n"
			}
			out = append(out, source{fmt.Sprintf("%s/f%d.go", dir, i), text})
		}
		return out
	}
	tests := []struct {
		name  string
		files []source
		want  string
	}{
		{"two docs", []source{{"jvmroute/a.go", goodCard + "package jvmroute\n"}, {"jvmroute/b.go", goodCard + "package jvmroute\n"}}, "jvmroute: one package doc"},
		{"big package", big("jvmroute", 7), "jvmroute: lines of the package"},
		{"package that fits", big("jvmroute", 6), ""},
		{"big core", big("gateway", 5), "gateway: lines of the package"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := ""
			for _, p := range check(tt.files) {
				if !strings.Contains(p, "exception is not needed") {
					found += p + "\n"
				}
			}
			if tt.want == "" && found != "" || !strings.Contains(found, tt.want) {
				t.Errorf("got %q, want %q", found, tt.want)
			}
		})
	}
}

func TestExceptions(t *testing.T) {
	for key, x := range exceptions {
		if strings.TrimSpace(x.reason) == "" {
			t.Errorf("%s: an exception has a reason", key)
		}
	}
	saved := exceptions
	defer func() { exceptions = saved }()
	exceptions = map[string]struct {
		limit  int
		reason string
	}{"jvmroute/join.go:f": {5, "five words"}, "jvmroute/gone.go": {900, "was long"}}
	got := check([]source{{"jvmroute/join.go", goodCard + "package jvmroute\n\nfunc f(a, b, c, d, e int) {}\n"}})
	if len(got) != 1 || !strings.Contains(got[0], "jvmroute/gone.go: exception is not needed") {
		t.Errorf("got %q", got)
	}
}
