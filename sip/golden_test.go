package sip

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

var update = flag.Bool("update", false, "write what came out into the golden files")

// Each file of testdata is a scene. Its comment begins with words for the set-up: "two-port" or "single-port", sources such as "to.user",
// "proxy=host:port". Then sections follow in order: "in LEG ADDRESS" is a datagram that arrives, "out LEG ADDRESS" one that must leave
// because of it, and nothing else may; "do WORD NODE" changes the cluster. Line ends are CRLF on the wire. In what arrives, the line {via}
// stands for the Via lines, {record} for the Record-Route lines of the last request that left with one of the latter (or of the last
// request at all), {swapped} for the Vias with another caller's address, {own} for the To of the last answer, {route} and {callee} for the Route lines the caller and the callee make of them.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d scenes, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { playScene(t, file) })
	}
}

func playScene(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := setScene(t, string(ar.Comment))
	var out []txtar.File
	var pending []caught
	var last memory
	flush := func() {
		for _, c := range pending {
			t.Errorf("sent on %s to %s, not expected:\n%s", c.leg, c.to, c.data)
			out = append(out, txtar.File{Name: fmt.Sprintf("out %s %s", c.leg, c.to), Data: text(c.data)})
		}
		pending = nil
	}
	for _, f := range ar.Files {
		words := strings.Fields(f.Name)
		switch words[0] {
		case "in":
			flush()
			pending = s.in(words[1], at(words[2]), crlf(last.fill(f.Data)))
			last.keep(pending)
		case "do":
			flush()
			s.do(words[1:])
		case "out":
			if len(pending) == 0 {
				t.Errorf("nothing was sent, expected %s", f.Name)
				continue
			}
			c := pending[0]
			pending = pending[1:]
			name := fmt.Sprintf("out %s %s", c.leg, c.to)
			if got := text(c.data); name != f.Name || !bytes.Equal(got, f.Data) {
				t.Errorf("sent %s\n%swant %s\n%s", name, got, f.Name, f.Data)
				f = txtar.File{Name: name, Data: got}
			}
		default:
			t.Fatalf("section %q", f.Name)
		}
		out = append(out, f)
	}
	flush()
	if *update {
		ar.Files = out
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func setScene(t *testing.T, comment string) *stage {
	line, _, _ := strings.Cut(comment, "\n")
	two, set := false, Settings{}
	advertise := ""
	for _, w := range strings.Fields(line) {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "two-port", "single-port":
			two = name == "two-port"
		case "from.user":
			set.Sources = append(set.Sources, Source{From: gateway.SourceFromUser, Users: strings.Split(value, ",")})
		case "to.user":
			set.Sources = append(set.Sources, Source{From: gateway.SourceToUser})
		case "proxy":
			host, port, _ := strings.Cut(value, ":")
			set.Proxy.Host = host
			if port != "" {
				set.Proxy.Port = at("0.0.0.0:" + port).Port()
			}
		case "extra":
			set.Extra = append(set.Extra, netip.MustParsePrefix(value))
		case "advertise":
			advertise = value
		default:
			t.Fatalf("set-up %q", w)
		}
	}
	s := newStage(t, two, set)
	if advertise != "" {
		s.front.External[0].Host = advertise
		s.prepare()
	}
	return s
}

func (s *stage) do(words []string) {
	switch words[0] {
	case "down":
		s.down(words[1])
	case "stopped":
		s.activate(words[1], cluster.Stopped)
	case "active":
		s.activate(words[1], cluster.Active)
	case "drain":
		s.front.draining.Store(true)
	case "fail":
		s.catcher(words[1]).fails[at(words[2])] = true
	case "heal":
		clear(s.catcher(words[1]).fails)
	default:
		s.t.Fatalf("do %v", words)
	}
}

func crlf(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }

// text is a message with its line ends as files have them; every LF must have had its CR.
func text(b []byte) []byte {
	t := bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	if len(t) > 0 && t[len(t)-1] != '\n' {
		t = append(t, '\n')
	}
	return t
}

// memory is what a peer would remember of the last request.
type memory struct{ via, record, tag string }

func (m *memory) keep(sent []caught) {
	for _, c := range sent {
		head, _, _ := strings.Cut(string(text(c.data)), "\n\n")
		if strings.HasPrefix(head, "SIP/") {
			_, after, _ := strings.Cut(head, "\nTo:")
			after, _, _ = strings.Cut(after, "\n")
			_, m.tag, _ = strings.Cut(after, ";tag=")
			continue
		}
		via, record := lines(head, "Via:"), lines(head, "Record-Route:")
		if record != "" || m.record == "" {
			m.via, m.record = via, record
		}
	}
}

func lines(head, name string) (all string) {
	for l := range strings.Lines(head + "\n") {
		if strings.HasPrefix(l, name) || strings.HasPrefix(l, "v:") && name == "Via:" {
			all += l
		}
	}
	return all
}

func (m *memory) fill(b []byte) []byte {
	callee := strings.ReplaceAll(m.record, "Record-Route:", "Route:")
	caller := ""
	for l := range strings.Lines(callee) {
		caller = l + caller
	}
	return []byte(strings.NewReplacer("{via}\n", m.via, "{swapped}\n", strings.Replace(m.via, "198.51.100.7", "203.0.113.66", 1), "{own}", "<sip:bob@example.com>;tag="+m.tag, "{record}\n", m.record, "{route}\n", caller, "{callee}\n", callee).Replace(string(b)))
}
