package http

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/http/follow"
	"twinhop/jvmroute"
)

var update = flag.Bool("update", false, "write what happened into testdata/*.txtar")

// Every file of testdata is a conversation: what a client sends, what reaches
// which node, what the node answers and what the client gets, byte for byte
// but for the Date line of our own answers and the value of the signed cookie.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d conversations found, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lanes(t, func(t *testing.T) { converse(t, file, txtar.Parse(data)) })
		})
	}
}

func converse(t *testing.T, file string, ar *txtar.Archive) {
	n1, n2 := newRecorder(t, "n1"), newRecorder(t, "n2")
	both := []*recorder{n1, n2}
	s := newStage(t, []node{n1.node, n2.node}, func(s *stage) { configure(t, s, section(ar, "setup")) })
	for line := range strings.Lines(section(ar, "setup")) {
		if w := strings.Fields(line); len(w) == 3 && w[0] == "bind" {
			s.bind(w[1], w[2])
		}
	}
	changed := false
	for i := range ar.Files {
		f := &ar.Files[i]
		kind, arg, _ := strings.Cut(f.Name, " ")
		var got string
		switch kind {
		case "answer", "drop": // of whichever node is asked next, or of this one
			for _, n := range both {
				if arg != "" && arg != n.name {
					continue
				}
				said := ""
				if kind == "answer" {
					said = crlf(string(f.Data))
				}
				n.mu.Lock()
				n.answers = []string{said}
				n.mu.Unlock()
			}
			continue
		case "bind":
			s.bind(strings.TrimSpace(string(f.Data)), arg)
			continue
		case "move":
			for sess := range s.store.All(t.Context()) {
				s.front.Router.Switchover(t.Context(), sess.Owner, arg)
				break
			}
			continue
		case "client":
			got = mask(s.rawSend(crlf(string(f.Data))))
			for _, n := range both {
				n.mu.Lock()
				n.answers = nil
				n.mu.Unlock()
			}
			if i+1 < len(ar.Files) && strings.HasPrefix(ar.Files[i+1].Name, "node") {
				i++ // compared with what the node got
				reached := ""
				for _, n := range both {
					for _, g := range n.take() {
						reached += n.name + "\n" + g
					}
				}
				changed = check(t, &ar.Files[i], strings.ReplaceAll(reached, "\r\n", "\n")) || changed
			}
			for j := i + 1; j < len(ar.Files); j++ {
				if strings.HasPrefix(ar.Files[j].Name, "client") {
					break
				}
				if strings.HasPrefix(ar.Files[j].Name, "response") {
					changed = check(t, &ar.Files[j], strings.ReplaceAll(got, "\r\n", "\n")) || changed
					break
				}
			}
		}
	}
	if *update && changed {
		os.WriteFile(file, txtar.Format(ar), 0o644)
	}
}

func check(t *testing.T, f *txtar.File, got string) (changed bool) {
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	if bytes.Equal(f.Data, []byte(got)) {
		return false
	}
	if *update {
		f.Data = []byte(got)
		return true
	}
	t.Errorf("%s:\n%s\nexpected:\n%s", f.Name, got, f.Data)
	return false
}

func section(ar *txtar.Archive, name string) string {
	for _, f := range ar.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func configure(t *testing.T, s *stage, setup string) {
	var mounts []MountRule
	for line := range strings.Lines(setup) {
		w := strings.Fields(line)
		switch {
		case len(w) == 0 || w[0] == "bind":
		case line == "leader sip\n":
			s.leader = gateway.LeaderSIP
		case w[0] == "follow":
			s.settings.Follow = map[string]FollowMode{"redirect": FollowRedirect, "refresh": FollowRefresh}[w[1]]
		case line == "restcomm\n":
			s.settings.Dialect = jvmroute.Restcomm()
		case line == "base+route\n":
			s.pool.SessionID = cluster.BaseRoute
		case w[0] == "corrections":
			fmt.Sscan(w[1], &s.settings.MaxCorrections)
		case w[0] == "trusted":
			s.settings.Trusted = append(s.settings.Trusted, netip.MustParsePrefix(w[1]))
		case w[0] == "header":
			s.settings.Sources = append([]KeySource{{fromHeader, w[1]}}, s.settings.Sources...)
		case w[0] == "mount":
			mounts = append(mounts, MountRule{Path: w[1], Pool: w[2]})
		case w[0] == "pool":
			p := PoolWords{Rule: ruleWords(t, w[1:])}
			s.settings.Pools = map[string]PoolWords{"default": p}
		case w[0] == "rule":
			words := ruleWords(t, w[2:])
			mounts = append(mounts, MountRule{Path: w[1], Pool: "default", Words: &words})
		default:
			t.Fatalf("setup: %q", line)
		}
	}
	if mounts != nil {
		s.settings.Mounts = mustMounts(t, mounts)
	}
}

// ruleWords reads what a setup says of a pool or a rule.
func ruleWords(t *testing.T, words []string) (r RuleWords) {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch n, _ := strconv.Atoi(value); key {
		case "fail":
			r.FailOn = append(r.FailOn, n)
		case "errors":
			r.ServerErrors = n
		case "cookie":
			r.Cookie = value
		case "idpath":
			r.Path = value
		case "setCookie":
			on := value != "no"
			r.SetCookie = &on
			if on {
				r.SetPath = &value
			}
		default:
			t.Fatalf("setup: %q", w)
		}
	}
	return r
}

// crlf makes a wire message of a readable one. What follows the empty line is
// the body, without the file's last line end.
func crlf(text string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	body = strings.TrimSuffix(body, "\n")
	if strings.Contains(text, "chunked") {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	return strings.ReplaceAll(strings.TrimSuffix(head, "\n"), "\n", "\r\n") + "\r\n\r\n" + body
}

// mask hides what differs from run to run.
func mask(answer string) string {
	head, body, _ := strings.Cut(answer, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	kept := lines[:0]
	for _, l := range lines {
		if i := strings.Index(l, follow.CookieName+"="); i >= 0 {
			l = l[:i+len(follow.CookieName)] + "=SIGNED" + l[i+strings.Index(l[i:], ";"):]
		}
		if !strings.HasPrefix(l, "Date: ") || l == "Date: x" {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\r\n") + "\r\n\r\n" + body
}
