package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// step is a command of the guide, and what it says there that it prints.
type step struct {
	block           int // the number of its block
	command, prints string
}

// guide reads the commands of a section.
func guide(t *testing.T, page, section string) []step {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	if !found {
		t.Fatalf("%s has no section %q", page, section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var steps []step
	in, n := false, 0
	for line := range strings.Lines(rest) {
		switch command, isCommand := strings.CutPrefix(line, "$ "); {
		case strings.HasPrefix(line, "```"):
			if in = !in && strings.TrimSpace(line) == "```console"; in {
				n++
			}
		case in && isCommand:
			steps = append(steps, step{block: n, command: strings.TrimSpace(command)})
		case in && len(steps) > 0:
			steps[len(steps)-1].prints += line
		}
	}
	return steps
}

// shell is one bash to which commands are given, one after the other.
type shell struct {
	t   *testing.T
	in  *os.File
	out *bufio.Reader
}

func newShell(t *testing.T, dir string, env ...string) *shell {
	read, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(dir, "shell.log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("bash")
	c.Dir, c.Stdin, c.Stderr, c.Env = dir, read, said, append(os.Environ(), env...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts ends with it
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	read.Close()
	said.Close()
	t.Cleanup(func() {
		in.Close()
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait()
	})
	return &shell{t, in, bufio.NewReader(out)}
}

// run gives a command and returns what it printed, and its exit code.
func (s *shell) run(command string) (printed string, code int) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.in, "%s\nprintf '\\nended %%d\\n' $?\n", command); err != nil {
		s.t.Fatal(err)
	}
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%s: the shell has gone: %v", command, err)
		}
		if _, err := fmt.Sscanf(line, "ended %d\n", &code); err == nil {
			return strings.TrimSuffix(printed, "\n"), code
		}
		printed += line
	}
}

// users have sessions, each on one node.
type users []struct {
	client *http.Client
	node   string
	hits   int
}

// come asks once for each of them, and fails if one has lost a session.
func (us users) come(t *testing.T, url, server string) {
	t.Helper()
	for i := range us {
		u := &us[i]
		if u.client == nil {
			u.client = browser(t)
		}
		u.hits++
		p, err := fetch(u.client, "GET", url+"/app/hits.jsp", nil)
		if err := stays(p, err, &u.node, u.hits); err != nil {
			t.Fatalf("user %d at %s: %v", i, url, err)
		}
		if got := p.header.Get("Server"); !strings.HasPrefix(got, server) || server == "" && got != "" {
			t.Fatalf("served by %q, want %q", got, server)
		}
	}
}

// The commands of the migration guide do what it says, with a real httpd and mod_jk before two Tomcats: sessions that
// began by way of one front go on by way of the other, in both directions, over the cut and back.
func TestMigrationGuide(t *testing.T) {
	modules := "/usr/lib/apache2/modules"
	need(t, "/usr/sbin/apache2", modules+"/mod_jk.so", "curl", "bash")
	c, dir, binary := tomcats(t), scratch(t), built(t, true)
	ports := [3]int{freePort(t), freePort(t), freePort(t)} // httpd's, the gateway's, its admin's
	user := ""
	if os.Getuid() == 0 {
		user = "User nobody\nGroup nogroup"
	}
	conf := filepath.Join(dir, "httpd")
	fill := strings.NewReplacer("@DIR@", conf, "@PORT@", fmt.Sprint(ports[0]), "@MODULES@", modules, "@USER@", user,
		"@FIRST@", fmt.Sprint(c.nodes[0].AJP), "@SECOND@", fmt.Sprint(c.nodes[1].AJP))
	files := os.DirFS("testdata/guide")
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err == nil {
			err = os.MkdirAll(filepath.Join(conf, filepath.Dir(name)), 0o755)
		}
		mode := fs.FileMode(0o644)
		if name == "systemctl" {
			mode = 0o755
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(conf, name), []byte(fill.Replace(string(text))), mode)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"bin", "work", "state", "httpd/html"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"twinhop": binary, "systemctl": filepath.Join(conf, "systemctl")} {
		if err := os.Symlink(to, filepath.Join(dir, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	sh := newShell(t, filepath.Join(dir, "work"), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	// What is elsewhere on this machine than on the reader's.
	here := strings.NewReplacer("/etc/apache2/", conf+"/", "/etc/twinhop/", conf+"/etc/", "/var/lib/twinhop", dir+"/state", ":8090", fmt.Sprintf(":%d", ports[2]),
		":8081", fmt.Sprintf(":%d", ports[1]), `":80"`, fmt.Sprintf(`":%d"`, ports[0]), "http://127.0.0.1/", fmt.Sprintf("http://127.0.0.1:%d/", ports[0]))
	page := regexp.MustCompile(`/app/$`)
	back := strings.NewReplacer(conf+"/etc/", "/etc/twinhop/")
	old, next := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	if said, code := sh.run("systemctl start apache2"); code != 0 {
		text, _ := os.ReadFile(filepath.Join(conf, "apache2.log"))
		t.Fatalf("httpd does not start: %s%s", said, text)
	}
	first, second := make(users, 6), make(users, 6)
	first.come(t, old, "Apache")
	after := map[int]func(){
		3: func() { // side by side
			first.come(t, next, "")
			second.come(t, next, "")
			for range 2 {
				first.come(t, old, "Apache")
				second.come(t, old, "Apache")
				first.come(t, next, "")
				second.come(t, next, "")
			}
		},
		4: func() { // cut over
			first.come(t, old, "")
			second.come(t, old, "")
		},
		5: func() { // and back
			first.come(t, old, "Apache")
			second.come(t, old, "Apache")
		},
	}
	follow := func(s step, also string) {
		said, code := sh.run(here.Replace(page.ReplaceAllString(s.command, "/app/hits.jsp")) + also)
		said = back.Replace(said)
		if code != 0 || s.prints != "" && squeeze(said) != squeeze(s.prints) {
			log, _ := os.ReadFile(filepath.Join(dir, "work", "shell.log"))
			t.Fatalf("$ %s\nended with %d and printed %q, want %q\n%s", s.command, code, said, s.prints, bytes.TrimSpace(log))
		}
	}
	steps := guide(t, "../docs/mod_jk.md", "Five steps")
	for i, s := range steps {
		follow(s, "")
		if i+1 == len(steps) || steps[i+1].block != s.block {
			if do := after[s.block]; do != nil {
				do()
				delete(after, s.block)
			}
		}
	}
	if len(steps) < 15 || len(after) > 0 {
		t.Errorf("%d commands; blocks that were not there: %d", len(steps), len(after))
	}
	// The same files without a configuration of our own: each command that serves does so for a while.
	for _, name := range []string{"workers.properties", "uriworkermap.properties"} {
		if err := os.Symlink(filepath.Join(conf, "conf", name), filepath.Join(dir, "work", name)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "work", "more.yaml"), fmt.Appendf(nil, "state: {dir: %q}\nadmin: {listen: \"127.0.0.1:%d\"}\nshutdown: {announce: 0s, grace: 1s}\n", dir+"/state", ports[2]))
	served := 0
	for _, s := range guide(t, "../docs/mod_jk.md", "Run the old files as they are") {
		if !strings.HasPrefix(s.command, "twinhop run") {
			follow(s, "")
			continue
		}
		served++
		follow(s, " -c more.yaml &")
		follow(step{command: "curl -s -o /dev/null --retry 99 --retry-delay 0 --retry-max-time 20 --retry-connrefused http://127.0.0.1:8081/"}, "")
		first.come(t, next, "")
		second.come(t, old, "Apache")
		follow(step{command: "kill %1; wait"}, "")
	}
	if served != 2 {
		t.Errorf("the old files were run as they are %d times", served)
	}
	for name, nodes := range map[string]users{"first": first, "second": second} {
		seen := map[string]bool{}
		for _, u := range nodes {
			seen[u.node] = true
		}
		if len(seen) != 2 {
			t.Errorf("the %s users were all on %v", name, seen)
		}
	}
	sh.run("systemctl stop apache2")
}

// squeeze leaves out the blanks at the ends of lines, and empty lines.
func squeeze(s string) string {
	var all []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return strings.Join(all, "\n")
}
