package sip

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// The cases of RFC 4475 (all 49) and RFC 5118, each under the name it has there. A case added to them for a neighbouring property is
// named after one of them, with a hyphen.
var tortureNames = strings.Fields(`
	wsinv intmeth esc01 escnull esc02 lwsdisp longreq dblreq semiuri transports mpart01 unreason noreason
	badinv01 clerr ncl scalar02 scalarlg quotbal ltgtruri lwsruri lwsstart trws escruri baddate regbadct badaspec baddn badvers mismatch01 mismatch02 bigcode
	badbranch insuf unkscm novelsc unksm2 bext01 invut regaut01 multi01 mcl01 bcast zeromf cparam01 cparam02 regescrt sdp01 inv2543
	ipv6-good ipv6-bad port-ambiguous port-unambiguous via-received-param-with-delim via-received-param-no-delim ipv6-in-sdp mult-ip-in-header
	mult-ip-in-sdp ipv4-mapped-ipv6 ipv6-bug-abnf-3-colons ipv6-correct-abnf-2-colons`)

// Each file of testdata/torture is one case: a comment that says which property it shows and what is required, and then sections.
//
//	request   what the client sends
//	tail      what follows the request in the same datagram, or at once on the same stream
//	response  what the node sends, after it was sent a request
//	want      what must come of the section before it, one line for all transports, or one for each that begins with "udp" or "tcp":
//	          forward        the node gets the request as it was sent but for a proxy's own edits; its answer comes back to the client
//	          forward head   so, but sent without its body, which on a stream would belong to no message
//	          relay          the client gets the response as the node sent it but for our Vias
//	          CODE           the client gets one answer of ours that repeats what it must
//	          CODE close     and then the connection ends
//	          wait           nothing comes, for the message is not complete; the connection ends when no more will follow
//	          drop           nothing comes of it
//	          with LINE      this header line, besides, is in the answer
//
// Whatever follows, the client's and the node's next messages are those of an ordinary call through the gateway, and an OPTIONS to it.
//
// Lines end in CRLF on the wire. \r, \n, \t, \\ and \xHH are bytes; a backslash at the end of a line takes its CRLF away. {TEXT*N} is TEXT N
// times, {length} the length of the body, {transport} UDP or TCP, {client} and {gateway} an address, {port} the client's port, {via} the Via
// lines of the request that the node got and {ours} those of them that are ours.
func TestTorture(t *testing.T) {
	cases := tortureCases(t)
	for _, way := range tortureWays {
		t.Run(way.String(), func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { tortureOne(t, way, c) })
			}
		})
	}
}

func tortureOne(t *testing.T, way tortureWay, c *tortureCase) {
	must(t, openSite(t, way).play(c))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// No case of the two documents is missing, and no file is there without a reason.
func TestTortureIsComplete(t *testing.T) {
	var have []string
	for _, c := range tortureCases(t) {
		have = append(have, c.name)
		base, _, _ := strings.Cut(c.name, "-")
		if !slices.Contains(tortureNames, c.name) && !slices.Contains(tortureNames, base) {
			t.Errorf("%s is no case of RFC 4475 or RFC 5118", c.name)
		}
		if !strings.Contains(c.comment, "RFC 4475 3.") && !strings.Contains(c.comment, "RFC 5118 4.") || !strings.Contains(c.comment, "Required: ") {
			t.Errorf("%s does not say which case it is and what is required", c.name)
		}
	}
	for _, name := range tortureNames {
		if !slices.Contains(have, name) {
			t.Errorf("%s is missing", name)
		}
	}
	if n := len(tortureNames); n != 49+12 {
		t.Errorf("%d names", n)
	}
}

// tortureCase is a file.
type tortureCase struct {
	name, comment string
	steps         []tortureStep
}

// tortureStep is what one side sends, and what is required then.
type tortureStep struct {
	node bool // it is the node that sends
	data string
	tail string
	want string
}

func tortureCases(t testing.TB) (all []*tortureCase) {
	files, err := filepath.Glob("testdata/torture/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := &tortureCase{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), comment: string(ar.Comment)}
		for _, f := range ar.Files {
			n := len(c.steps) - 1
			switch {
			case f.Name == "request" || f.Name == "response":
				c.steps = append(c.steps, tortureStep{node: f.Name == "response", data: unescaped(t, f.Data)})
			case f.Name == "tail" && n >= 0:
				c.steps[n].tail = unescaped(t, f.Data)
			case f.Name == "want" && n >= 0 && c.steps[n].want == "":
				c.steps[n].want = string(f.Data)
			default:
				t.Fatalf("%s: section %q", file, f.Name)
			}
		}
		for _, s := range c.steps {
			if s.want == "" {
				t.Fatalf("%s: nothing is wanted of a section", file)
			}
		}
		all = append(all, c)
	}
	return all
}

// unescaped turns a section's lines into what goes over the wire, with its placeholders.
func unescaped(t testing.TB, section []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(section)) {
		line = strings.TrimSuffix(line, "\n")
		end := "\r\n"
		for i := 0; i < len(line); i++ {
			if line[i] != '\\' {
				b.WriteByte(line[i])
				continue
			}
			if i++; i == len(line) {
				end = ""
				break
			}
			switch line[i] {
			case 'r':
				b.WriteByte('\r')
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case '\\':
				b.WriteByte('\\')
			case 'x':
				n, err := strconv.ParseUint(line[i+1:min(len(line), i+3)], 16, 8)
				if err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				b.WriteByte(byte(n))
				i += 2
			default:
				t.Fatalf("%q: unknown escape", line)
			}
		}
		b.WriteString(end)
	}
	return b.String()
}

var repeated = regexp.MustCompile(`\{([^{}*]+)\*([0-9]+)\}`)

// filled puts a site's own values into a text. last is the request that the node got last.
func (s *site) filled(text string, last []byte) []byte {
	text = repeated.ReplaceAllStringFunc(text, func(x string) string {
		p := repeated.FindStringSubmatch(x)
		n, _ := strconv.Atoi(p[2])
		return strings.Repeat(p[1], n)
	})
	var vias []string
	for _, l := range readHead(last).lines {
		if l.name == "via" {
			vias = append(vias, l.text)
		}
	}
	text = strings.NewReplacer("{transport}", strings.ToUpper(s.way.in), "{client}", s.client.at.String(), "{port}", strconv.Itoa(int(s.client.at.Port())),
		"{gateway}", s.outer.String(), "{via}\r\n", strings.Join(vias, ""), "{ours}\r\n", strings.Join(vias[:min(2, len(vias))], "")).Replace(text)
	_, body, _ := strings.Cut(text, "\r\n\r\n")
	return []byte(strings.Replace(text, "{length}", strconv.Itoa(len(body)), 1))
}

// play plays a case and tells what was not as required.
func (s *site) play(c *tortureCase) error {
	open := false // a request of the case is not answered for good
	for i, step := range c.steps {
		b := s.filled(step.data, s.last)
		want, with := wanted(step.want, s.way.in)
		var err error
		switch {
		case step.node && want == "relay":
			open = open && bytes.HasPrefix(b, []byte("SIP/2.0 1"))
			err = s.relays(b)
		case step.node && want == "drop":
			s.node.send(b)
		case want == "forward" || want == "forward head":
			if want == "forward head" {
				b = b[:bytes.Index(b, []byte("\r\n\r\n"))+4]
			}
			open = i+1 < len(c.steps) && c.steps[i+1].node
			err = s.forwards(b, s.filled(step.tail, s.last), !open)
		case want == "drop":
			s.client.send(b)
		case want == "wait":
			err = s.waits(b)
		default:
			err = s.refuses(b, want, with)
		}
		if err != nil {
			return fmt.Errorf("want %s: %w", want, err)
		}
	}
	if open {
		if err := s.relays(reply(s.last, "486 Busy Here")); err != nil {
			return fmt.Errorf("the good answer after the bad one: %w", err)
		}
	}
	return s.serves()
}

// wanted is what a want section says of a transport.
func wanted(section, network string) (want string, with []string) {
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		first, rest, _ := strings.Cut(line, " ")
		switch {
		case first == "with":
			with = append(with, rest)
		case first == network:
			want = rest
		case first != "udp" && first != "tcp":
			want = line
		}
	}
	return want, with
}

// forwards sends a request and looks at what the node gets; answered also sends an answer back.
func (s *site) forwards(b, tail []byte, answered bool) error {
	s.client.send(append(bytes.Clone(b), tail...))
	requests := [][]byte{b}
	if len(tail) > 0 && s.way.in == "tcp" {
		requests = append(requests, tail)
	}
	var all [][]byte
	for _, b := range requests {
		got, err := s.next("node")
		if err != nil {
			return err
		}
		if err := s.unchanged(got, b); err != nil {
			return err
		}
		all = append(all, got)
	}
	for _, s.last = range all {
		if answered {
			if err := s.relays(reply(s.last, "200 OK")); err != nil {
				return fmt.Errorf("its answer: %w", err)
			}
		}
	}
	return nil
}

// relays sends a response from the node and looks at what the client gets.
func (s *site) relays(b []byte) error {
	s.node.send(b)
	got, err := s.next("client")
	if err != nil {
		return err
	}
	h, vias := readHead(b), 0
	want := h.start
	for _, l := range h.lines {
		if l.name == "via" {
			if vias++; vias <= 2 {
				continue
			}
		}
		want += l.text
	}
	if want += h.rest; string(got) != want {
		return fmt.Errorf("the client got\n%q\nwant\n%q", got, want)
	}
	return nil
}

// refuses sends a request and looks at the answer.
func (s *site) refuses(b []byte, want string, with []string) error {
	s.client.send(b)
	code, then, _ := strings.Cut(want, " ")
	got, err := s.next("client")
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(got, []byte("SIP/2.0 "+code+" ")) {
		return fmt.Errorf("the client got\n%q", got)
	}
	if err := s.echoes(got, b, with); err != nil {
		return err
	}
	if ack := ackOf(b, got); ack != nil && then != "close" {
		s.client.send(ack) // it must go nowhere and be answered by nobody
	}
	if then == "close" && s.way.in == "tcp" {
		return s.closes()
	}
	return nil
}

// waits sends what is only the beginning of a message.
func (s *site) waits(b []byte) error {
	first := s.client
	first.send(b)
	s.dial()
	if err := s.serves(); err != nil { // nothing has come of it, and others are served
		return err
	}
	first.half()
	return s.closes()
}

// serves looks whether an ordinary request passes and an OPTIONS to the gateway is answered, and that nothing else has left before.
func (s *site) serves() error {
	if s.client.ended {
		s.dial()
	}
	s.calls++
	head := func(method, uri string) []byte {
		call := fmt.Sprintf("%s-%d", method, s.calls)
		return lined(method+" "+uri+" SIP/2.0", "Via: SIP/2.0/"+strings.ToUpper(s.way.in)+" "+s.client.at.String()+";rport;branch=z9hG4bK"+call, "Max-Forwards: 70",
			"From: <sip:plain@lantern.example>;tag=plain", "To: <sip:plain@quay.example>", "Call-ID: "+call, "CSeq: 1 "+method, "Content-Length: 0")
	}
	if err := s.forwards(head("MESSAGE", "sip:plain@quay.example"), nil, true); err != nil {
		return fmt.Errorf("an ordinary request afterwards: %w", err)
	}
	if err := s.refuses(head("OPTIONS", "sip:"+s.outer.String()), "200", nil); err != nil {
		return fmt.Errorf("an OPTIONS afterwards: %w", err)
	}
	return nil
}

var errNothing = errors.New("nothing came")
