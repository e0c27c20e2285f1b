package httpd

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func files(pairs ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		all[strings.TrimPrefix(pairs[i], "/")] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return all
}

func wanted(name string, _ []string) bool { return strings.HasPrefix(strings.ToLower(name), "jk") }

// told writes what was read, one line each: place, host, location, words, and what is around.
func told(c *Conf) []string {
	var all []string
	for _, d := range c.Directives {
		s := fmt.Sprintf("%s:%d:%d %s", d.File, d.Line, d.Col, d.Host.Name)
		if d.Location != "" {
			s += " in " + d.Location
		}
		s += " " + d.Name
		for _, a := range d.Args {
			s += fmt.Sprintf(" %q", a)
		}
		for _, w := range []struct{ word, text string }{{"within", d.Within}, {"off", d.Off}, {"depends", d.Depends}, {"unset", d.Unset}} {
			if w.text != "" {
				s += " " + w.word + ":" + w.text
			}
		}
		all = append(all, s)
	}
	for _, p := range c.Problems {
		s := fmt.Sprintf("%s:%d:%d %s ! %s", p.File, p.Line, p.Col, p.Directive, p.Note)
		if p.Hint != "" {
			s += "; " + p.Hint
		}
		all = append(all, s)
	}
	return all
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"words and quotes", "  jkA one 'two \\'x\\\\' \"th\\\"ree\" \\z \"open\n\t# jkNo\n", []string{`h:1:3 main server jkA "one" "two 'x\\" "th\"ree" "\\z" "open"`}},
		{"a line goes on", "jkA \\\r\n  b \\\n\nJkC # d", []string{`h:1:1 main server jkA "b"`, `h:4:1 main server JkC "#" "d"`}},
		{"a comment goes on", "# a \\\njkA\njkB", []string{`h:3:1 main server jkB`}},
		{"hosts", "<VirtualHost *:80 *:81>\nJkA\nServerName one\nServerAlias two three\n</VirtualHost>\nJkB\n<virtualhost *:443>\nJkC\n", []string{
			"h:2:1 one JkA", "h:6:1 main server JkB", "h:8:1 *:443 JkC"}},
		{"locations", "<Location /a>\n<IfModule x>\nJkA\n</IfModule>\n<Limit GET>\nJkB\n</Limit>\n</Location>\n<Location ~ /b>\nJkC\n</Location>\n<Location \"/d e\">\n<Directory /f>\nJkD\n</Location>\nJkE", []string{
			"h:3:1 main server in /a JkA", "h:6:1 main server in /a JkB", "h:10:1 main server JkC within:<Location ~ /b>", "h:14:1 main server JkD within:<Directory /f>", "h:16:1 main server JkE"}},
		{"variables", "Define p /x\nDefine q ${p}/y\njkA ${p}* ${q} ${r}${ENV} ${map:key} ${open\nUnDefine p\njkB ${p}", []string{
			`h:3:1 main server jkA "/x*" "/x/y" "${r}value" "${map:key}" "${open" unset:r`, `h:5:1 main server jkB "${p}" unset:p`}},
		{"definitions", "<IfDefine D>\njkA\n</IfDefine>\n<IfDefine !D>\njkB\nDefine X\n</IfDefine>\n<IfDefine X>\njkC\n<Location /x>\njkD\n</IfDefine>\n<IfDefine !X>\njkE", []string{
			"h:2:1 main server jkA", "h:5:1 main server jkB off:<IfDefine !D>", "h:9:1 main server jkC off:<IfDefine X>", "h:11:1 main server in /x jkD off:<IfDefine X>", "h:14:1 main server jkE"}},
		{"modules, none of them loaded here", "<IfModule mod_ssl.c>\njkA\n</IfModule>\n<IfModule !mod_ssl.c>\njkB", []string{
			"h:2:1 main server jkA", "h:5:1 main server jkB off:<IfModule !mod_ssl.c>"}},
		{"modules", "LoadModule mpm_event_module modules/mod_mpm_event.so\n<IfModule ssl_module>\nLoadModule x_module x\njkA\n</IfModule>\n<IfModule !mod_ssl.c>\njkB\n</IfModule>\n<IfModule event.c>\njkC\n</IfModule>\n<IfModule mod_jk.c>\njkD\n</IfModule>\n<IfModule mod_so.c>\njkE\n</IfModule>\n<IfModule x_module>\njkF", []string{
			"h:4:1 main server jkA off:<IfModule ssl_module>", "h:7:1 main server jkB", "h:10:1 main server jkC", "h:13:1 main server jkD", "h:16:1 main server jkE", "h:19:1 main server jkF off:<IfModule x_module>"}},
		{"versions", "<IfVersion >= 2.4>\njkA\n</IfVersion>\n<IfVersion < 2.4.1>\njkB\n</IfVersion>\n<IfVersion !~ ^2.2>\njkC\n</IfVersion>\n<IfVersion = /^2.4/>\njkD\n</IfVersion>\n<IfVersion 2.4>\njkE\n</IfVersion>\n<IfVersion =~ 2>\njkF\n</IfVersion>\n<IfVersion > x>\njkG\n</IfVersion>\n<IfVersion ~ (>\njkH\n", []string{
			"h:2:1 main server jkA", "h:5:1 main server jkB off:<IfVersion < 2.4.1>", "h:8:1 main server jkC", "h:11:1 main server jkD", "h:14:1 main server jkE off:<IfVersion 2.4>",
			"h:17:1 main server jkF", "h:20:1 main server jkG", "h:23:1 main server jkH",
			`h:16:1 <IfVersion ! "=~" is no comparison`, `h:19:1 <IfVersion ! "x" is no version`, "h:22:1 <IfVersion ! the expression cannot be read: error parsing regexp: missing closing ): `(`"}},
		{"files that exist", "<IfFile conf/there>\njkA\n</IfFile>\n<IfFile !/etc/httpd/conf/there>\njkB", []string{"h:2:1 main server jkA", "h:5:1 main server jkB off:<IfFile !/etc/httpd/conf/there>"}},
		{"requests", "<If \"%{HTTP_HOST} == 'x'\">\njkA\n</If>\n<Else>\njkB\n</Else>\njkC", []string{
			`h:2:1 main server jkA depends:<If "%{HTTP_HOST} == 'x'">`, "h:5:1 main server jkB depends:<Else>", "h:7:1 main server jkC"}},
		{"macros", "<Macro Site $name $n %n%>\n<VirtualHost $name>\nServerName $n.$name\njkA /$n%n% \\\n  w\nUse inner $name\n</VirtualHost>\n</Macro>\n<MACRO inner $x>\njkB $x $xx\n</macro>\nUse Site a b c\nuse site $n d e\nUse Site\nUse nobody\n<Macro loop>\nUse loop\n</Macro>\n<IfDefine X>\n<Macro Site>\njkC\n</Macro>\nUse nobody\n</IfDefine>\n<Macro never $x>\njkD ${x} $x\n<Macro m>\njkE\n</Macro>\n</Macro>\njkF\n<Macro open>\njkG", []string{
			`h:4:1 b.a jkA "/bc" "w"`, `h:10:1 b.a jkB "a" "ax"`, `h:4:1 d.$n jkA "/de" "w"`, `h:10:1 d.$n jkB "$n" "$nx"`,
			"h:21:1 main server jkC off:<IfDefine X>", "h:31:1 main server jkF", `h:26:1 main server jkD "${x}" "$x" off:<Macro never $x> unset:x`, "h:28:1 main server jkE off:<Macro never $x>", "h:33:1 main server jkG off:<Macro open>",
			"h:14:1 Use ! <Macro Site $name $n %n%> takes 3 values, not 0", `h:15:1 Use ! there is no macro "nobody"`}},
		{"nothing to close", "</Location>\njkA\n</VirtualHost", []string{"h:2:1 main server jkA"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Reader{Files: files("/etc/httpd/conf/there", ""), Root: "/etc/httpd", Defined: map[string]string{"D": ""}, Modules: []string{"mod_jk.c"}, Wants: wanted,
				Lookup: func(name string) (string, bool) { return "value", name == "ENV" }}
			if d := cmp.Diff(c.want, told(r.Read(Source{"h", []byte(c.text)}))); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// Included files are read in their places, in the order of their names, relative to the ServerRoot of that moment.
func TestInclude(t *testing.T) {
	fs := files(
		"/etc/httpd/conf.d/b.conf", "jkB\n<VirtualHost *:1>\nServerName b\nInclude extra/one.conf\nInclude httpd/extra/one.conf\n",
		"/etc/httpd/conf.d/a.conf", "jkA ${here}\n</Location>\nDefine later L",
		"/etc/httpd/conf.d/.hidden.conf", "jkHidden",
		"/etc/httpd/conf.d/c.txt", "jkText",
		"/etc/httpd/extra/one.conf", "jkOne\n</VirtualHost>\njkStill",
		"/etc/httpd/tree/x/2", "jk2", "/etc/httpd/tree/x/1", "jk1", "/etc/httpd/tree/y/z/3", "jk3",
		"/srv/sites/s1/jk.conf", "jkS1", "/srv/sites/s2/jk.conf", "jkS2 ${later}", "/srv/sites/s3/other", "jkS3",
	)
	text := `ServerRoot /etc
Define here H
Define dir conf.d
<Location /l>
include httpd/${dir}/*.conf
jkL
</Location>
ServerRoot "/etc/httpd"
IncludeOptional nowhere/*.conf
IncludeOptional nowhere.conf
IncludeOptional ${nobody}/x
Include tree
Include /srv/s[h-j]tes/*/jk.conf
<IfDefine NO>
Include extra/one.conf
</IfDefine>
Include nowhere.conf
Include nowhere/*
Include ${nobody}/x
`
	want := []string{
		`/etc/httpd/conf.d/a.conf:1:1 main server in /l jkA "H"`,
		"/etc/httpd/conf.d/b.conf:1:1 main server in /l jkB",
		"/etc/httpd/extra/one.conf:1:1 b jkOne",
		"/etc/httpd/extra/one.conf:3:1 b jkStill",
		"h:6:1 main server in /l jkL",
		"/etc/httpd/tree/x/1:1:1 main server jk1", "/etc/httpd/tree/x/2:1:1 main server jk2", "/etc/httpd/tree/y/z/3:1:1 main server jk3",
		"/srv/sites/s1/jk.conf:1:1 main server jkS1", `/srv/sites/s2/jk.conf:1:1 main server jkS2 "L"`,
		`second:1:1 main server jkSecond "H"`,
		`/etc/httpd/conf.d/b.conf:4:1 Include ! there is no "/etc/extra/one.conf": httpd would not start either; relative names begin at ServerRoot, /etc`,
		`h:17:1 Include ! there is no "/etc/httpd/nowhere.conf": httpd would not start either; relative names begin at ServerRoot, /etc/httpd`,
		`h:18:1 Include ! there is no "/etc/httpd/nowhere/*": httpd would not start either; relative names begin at ServerRoot, /etc/httpd`,
		`h:19:1 Include ! there is no variable "nobody"; set it for this command: httpd's start script does, such as /etc/apache2/envvars`,
	}
	r := Reader{Files: fs, Wants: wanted}
	c := r.Read(Source{"h", []byte(text)}, Source{"second", []byte("jkSecond ${here}")})
	if d := cmp.Diff(want, told(c)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	r.Show = func(name string) string { return strings.TrimPrefix(name, "/etc/") }
	c = r.Read(Source{"h", []byte("Include /etc/httpd/extra")})
	if d := cmp.Diff([]string{"httpd/extra/one.conf:1:1 main server jkOne", "httpd/extra/one.conf:3:1 main server jkStill"}, told(c)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if d := cmp.Diff([]string{"h", "httpd/extra/one.conf"}, c.Files); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// Sections and macros that a file leaves open end with it; it closes none of those around it.
func TestSectionsEndWithTheirFile(t *testing.T) {
	fs := files("a", "</Location>\njkA\n<VirtualHost *:1>\n<IfDefine X>\njkB\n<Macro m>", "b", "<Macro n>\njkC")
	r := Reader{Files: fs, Wants: wanted}
	c := r.Read(Source{"h", []byte("<Location /l>\nInclude a\njkH\nInclude b\njkI\n<Macro o>\n")}, Source{"i", []byte("jkJ")})
	want := []string{"/a:2:1 main server in /l jkA", "/a:5:1 *:1 jkB off:<IfDefine X>", "h:3:1 main server in /l jkH", "h:5:1 main server in /l jkI", "i:1:1 main server jkJ",
		"/b:2:1 main server jkC off:<Macro n>"}
	if d := cmp.Diff(want, told(c)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// Files that are made to be large, deep or endless end in a complaint that says which limit they exceed.
func TestLimits(t *testing.T) {
	many := func(n int, name func(int) string, text string) fstest.MapFS {
		fs := fstest.MapFS{}
		for i := range n {
			fs[name(i)] = &fstest.MapFile{Data: []byte(text)}
		}
		return fs
	}
	numbered := func(i int) string { return fmt.Sprintf("d/%05d", i) }
	chain := fstest.MapFS{}
	for i := range maxDepth + 1 {
		chain[fmt.Sprint(i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "Include %d", i+1)}
	}
	doubling, manyMacros := "", ""
	for i := range 20 {
		doubling += fmt.Sprintf("<Macro m%d>\nUse m%d\nUse m%[2]d\n</Macro>\n", i+1, i)
	}
	for i := range maxMacros {
		manyMacros += fmt.Sprintf("<Macro x%d>\n</Macro>\n", i)
	}
	for _, c := range []struct {
		name, text string
		fs         fstest.MapFS
		want       string
	}{
		{"a large file", strings.Repeat("#", MaxBytes+1), nil, "the file has more than"},
		{"a large file that is included", "Include a", files("a", strings.Repeat("#", MaxBytes+1)), "the file has more than"},
		{"large files", "Include d", many(maxTotal/MaxBytes+1, numbered, strings.Repeat("#", MaxBytes)), "the files have more than"},
		{"many files", "Include d/*", many(maxFiles, numbered, ""), "more than 1000 files"},
		{"many names", "IncludeOptional d/x*", many(maxLooked+1, numbered, ""), "more than 20000 names"},
		{"many names, again and again", strings.Repeat("IncludeOptional d/x*\n", 11), many(2000, numbered, ""), "more than 20000 names"},
		{"many names below", "Include d", many(maxLooked+1, numbered, ""), "more than 20000 names"},
		{"a deep chain", "Include 0", chain, "more than 32 files include each other"},
		{"a circle", "Include a", files("a", "Include b", "b", "IncludeOptional [a]"), `"/a" includes itself`},
		{"sections", strings.Repeat("<IfModule x>\n", maxSections+1), nil, "more than 64 sections"},
		{"hosts", strings.Repeat("<VirtualHost x>\n</VirtualHost>\n", maxHosts), nil, "more than 5000 hosts"},
		{"lines", strings.Repeat("jk\n", maxLines+1), nil, "more than 20000 lines"},
		{"a line that goes on", strings.Repeat("x\\\n", maxLogical), nil, "the line is too long"},
		{"variables that double", "Define v xxxxxxxxxxxxxxxx\n" + strings.Repeat("Define v ${v}${v}\n", 30), nil, "with its variables the line is too long"},
		{"macros that use each other", "<Macro a $x>\nUse a $x\n</Macro>\nUse a x", nil, "more than 32 macros use each other"},
		{"macros that double", "<Macro m0>\nx\n</Macro>\n" + doubling + "Use m20\n", nil, "macros make more than 200000 lines"},
		{"macros with long lines", "<Macro a $x>\nUse a $x$x$x$x\n</Macro>\nUse a " + strings.Repeat("x", 1000), nil, "or one of more than"},
		{"a long macro", "<Macro a>\n" + strings.Repeat("x\n", maxLines+1), nil, "more than 20000 lines"},
		{"many macros", manyMacros + "<Macro>\n</Macro>\n", nil, "a macro has a name"},
		{"no file", "Include a", fstest.MapFS{"a": {Mode: fs.ModeNamedPipe}}, "not a regular file"},
		{"no file system", "Include a", nil, "included files are not read here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Reader{Wants: wanted}
			if c.fs != nil {
				r.Files = c.fs
			}
			conf := r.Read(Source{"h", []byte(c.text)})
			if all := told(&Conf{Problems: conf.Problems}); len(all) == 0 || !strings.Contains(all[len(all)-1], c.want) {
				t.Errorf("want %q, told %.300q", c.want, all)
			}
		})
	}
}

// Whatever a file says, reading it ends, and every line is in its place.
func FuzzRead(f *testing.F) {
	f.Add("<VirtualHost a>\nServerName b\n<Location \"/x\">\nJkMount \\\n w\n</Location>\n</VirtualHost>\nInclude a\nInclude d/*")
	f.Add("Define a b\nDefine a ${a}${a}${c}\nUnDefine a\n<IfDefine !a>\n<IfModule !x>\nLoadModule x y\n<IfVersion >= 2.4.>\n<IfVersion ~ (>\n<IfFile a>")
	f.Add("<Macro a $x %y>\nUse b $x\n<VirtualHost %y>\n</Macro>\n<Macro b $>\nJkX $\nUse a x y\n</Macro>\nUse a 1 2\nUse b <Macro\n<Macro c>\n<Macro d>\n</Macro>\nUse c")
	f.Add("<\n</\n<>\n< x\n\\\n'\n\"\\\nInclude\nInclude ''\nInclude [\nInclude ${\nServerRoot ..\nInclude ../../*")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		fs := files("a", text, "d/b", text, "d/c", "jkX")
		fs["loop/loop"] = &fstest.MapFile{Data: []byte("Include /loop/*")}
		r := Reader{Files: fs, Wants: wanted}
		c := r.Read(Source{"h", []byte(text)})
		for _, d := range c.Directives {
			if d.Line < 1 || d.Col < 1 || d.File == "" || d.Host == nil || !wanted(d.Name, nil) || d.Location != "" && d.Location[0] != '/' {
				t.Errorf("%+v", d)
			}
		}
		for _, p := range c.Problems {
			if p.Line < 1 || p.File == "" || p.Note == "" {
				t.Errorf("%+v", p)
			}
		}
		if len(c.Files) > maxFiles || len(c.Hosts) > maxHosts {
			t.Errorf("%d files, %d hosts", len(c.Files), len(c.Hosts))
		}
	})
}
