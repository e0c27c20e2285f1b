package modjk

import (
	"fmt"
	"strings"
	"testing"

	"twinhop/gateway/config/properties"
)

func repeat(n int, line func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i))
	}
	return b.String()
}

// Files that are made to be large, deep or slow end in a complaint that says
// which limit they exceed.
func TestLimits(t *testing.T) {
	const one = "worker.list=a\nworker.a.host=h\n"
	many := func(n int) string {
		return repeat(n, func(i int) string { return fmt.Sprintf("worker.w%d.host=h%d\nworker.list=w%[1]d\n", i, i) })
	}
	for _, c := range []struct{ name, workers, uriMap, httpd, want string }{
		{"a large file", strings.Repeat("#", properties.MaxBytes+1), "", "", "the file has more than 1048576 bytes"},
		{"a large map", one, strings.Repeat("#", properties.MaxBytes+1), "", "the file has more than 1048576 bytes"},
		{"a large httpd.conf", one, "", strings.Repeat("#", properties.MaxBytes+1), "the file has more than 1048576 bytes"},
		{"a long line", one + "x=" + strings.Repeat("y", properties.MaxLine), "", "", "mod_jk reads less than 8192"},
		{"many lines", one + strings.Repeat("x=\n", properties.MaxLines+1), "", "", "more than 20000 lines"},
		{"values that double", one + "v=xxxxxxxxxxxxxxxx\n" + repeat(30, func(int) string { return "v=$(v)$(v)\n" }), "", "", "longer than 8192 bytes"},
		{"variables in one value", one + "v=1\nw=" + strings.Repeat("$(v)", properties.MaxVariables+1), "", "", "more than 20 variables"},
		{"a value that is joined", one + repeat(20, func(int) string { return "v=" + strings.Repeat("x", 1000) + "\n" }), "", "", "the joined value is longer"},
		{"templates in a circle", "worker.list=a\nworker.a.reference=worker.b\nworker.b.reference=worker.a\n", "", "", "more than 20 templates"},
		{"many workers", many(maxPools + 1), "", "", "more than 256 pools or nodes"},
		{"many variants", "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=" + repeat(40, func(i int) string { return fmt.Sprintf("m%d ", i) }) + "\n" + repeat(40, func(i int) string { return fmt.Sprintf("worker.m%d.host=h%[1]d\n", i) }),
			repeat(300, func(i int) string {
				return fmt.Sprintf("/%d=lb;disabled=m%d;stopped=m%d\n", i, i%40, i/40)
			}), "", "more than 256 variants"},
		{"many mounts", one, repeat(maxMounts+1, func(i int) string { return fmt.Sprintf("/%d=a\n", i) }), "", "more than 4000 mounts"},
		{"sections within sections", one, "", strings.Repeat("<IfModule x>\n", 65), "more than 64 sections"},
		{"rules that are copied", one, "", "JkMountCopy All\n" + repeat(2000, func(i int) string { return fmt.Sprintf("JkMount /%d a\n", i) }) + strings.Repeat("<VirtualHost a>\n</VirtualHost>\n", 2000), "JkMountCopy makes more than"},
		{"a line that goes on", one, "", strings.Repeat("x\\\n", 1<<16), "the line is too long"},
		{"many mistakes", repeat(properties.MaxLines-1, func(i int) string { return fmt.Sprintf("worker.w.lbfactr%d=1\n", i) }), strings.Repeat("/=wrokers\n", 1000), "", "no such directive"},
		{"an lb of everybody, many times", "worker.t.type=lb\nworker.t.balance_workers=" + strings.Repeat("a ", 4000) + "\nworker.a.host=h\n" +
			repeat(1000, func(i int) string { return fmt.Sprintf("worker.%d.reference=worker.t\nworker.list=%[1]d\n", i) }), "", "", "more than 256 pools"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := Input{Workers: Source{"w", []byte(c.workers)}}
			if c.uriMap != "" {
				in.URIMap = &Source{"m", []byte(c.uriMap)}
			}
			if c.httpd != "" {
				in.HTTPD = []Source{{"h", []byte(c.httpd)}}
			}
			r := Convert(in)
			told := ""
			for _, f := range r.Findings {
				if f.Verdict == Error && len(told) < 10_000 {
					told += f.Note + "\n"
				}
			}
			if !strings.Contains(told, c.want) || r.YAML != nil {
				t.Errorf("want %q, told %.300q", c.want, told)
			}
		})
	}
}

// A file that steers the terminal it is shown on does not.
func TestReportIsPrintable(t *testing.T) {
	r := Convert(Input{Workers: Source{"w\x1b[2J", []byte("worker.list=a\nworker.a.b\x9b\u202e=1\n")}, URIMap: &Source{"m\n", []byte("/\u009b*=a\n/\u202ex=\u202e\n")}})
	var b strings.Builder
	if err := r.Findings.Render(&b); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.String() {
		if c != '\n' && c != '\uFFFD' && (c < ' ' || c >= 0x7f) {
			t.Errorf("%q in\n%s", c, b.String())
		}
	}
}
