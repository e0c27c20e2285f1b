package sip

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"

	"twinhop/sip/seal"
)

// header lines of an ordinary request, in the order they are sent in.
type headers [][2]string

func (s *site) ordinary(method, call string) headers {
	return headers{{"Via", "SIP/2.0/" + strings.ToUpper(s.way.in) + " " + s.client.at.String() + ";branch=z9hG4bK" + call}, {"From", "<sip:otto@lantern.example>;tag=otto"},
		{"To", "<sip:mira@quay.example>"}, {"Call-ID", call}, {"CSeq", "7 " + method}, {"Max-Forwards", "70"}, {"Content-Length", "0"}}
}

func (h headers) with(name, value string) headers {
	out := append(headers{}, h...)
	for i := range out {
		if out[i][0] == name {
			out[i][1] = value
			return out
		}
	}
	return append(out, [2]string{name, value})
}

func (h headers) message(start string) []byte {
	lines := []string{start}
	for _, l := range h {
		lines = append(lines, l[0]+": "+l[1])
	}
	return lined(lines...)
}

// What may stand once must not stand twice, whether the two agree or not, in whatever spelling: a node might take the other one.
func TestTortureDuplicates(t *testing.T) {
	for _, way := range tortureWays {
		for _, c := range []struct{ name, again, same, other string }{
			{"Call-ID", "Call-ID", "", "another"}, {"Call-ID", "i", "", "another"}, {"Call-ID", "CALL-ID", "", "another"},
			{"From", "From", "", "<sip:otto@lantern.example>;tag=another"}, {"From", "f", "", "<sip:eve@lantern.example>;tag=otto"},
			{"To", "To", "", "<sip:eve@quay.example>"}, {"To", "t", "", "<sip:mira@quay.example>;tag=x"},
			{"CSeq", "CSeq", "", "8 INVITE"}, {"CSeq", "cSEQ", "", "7 BYE"},
			{"Max-Forwards", "Max-Forwards", "", "0"}, {"Max-Forwards", "max-forwards", "", "71"},
			{"Content-Length", "Content-Length", "", "4"}, {"Content-Length", "l", "", "00"},
		} {
			for _, equal := range []bool{true, false} {
				for _, first := range []bool{true, false} {
					name := fmt.Sprintf("%s/%s %s equal=%v first=%v", way, c.name, c.again, equal, first)
					t.Run(name, func(t *testing.T) {
						s := openSite(t, way)
						h := s.ordinary("INVITE", "twice")
						value := c.other
						if equal {
							for _, l := range h {
								if l[0] == c.name {
									value = l[1]
								}
							}
						}
						if more := [2]string{c.again, value}; first {
							h = append(headers{h[0], more}, h[1:]...)
						} else {
							h = append(h, more)
						}
						want := "400"
						if c.name == "Content-Length" {
							want = "400 close" // nobody knows where the next message begins
						}
						err := s.refuses(h.message("INVITE sip:mira@quay.example SIP/2.0"), want, nil)
						if err == nil {
							err = s.serves()
						}
						must(t, err)
					})
				}
			}
		}
	}
}

// The order of the checks (RFC 3261 section 16.3): of several things wrong, the first in this order is answered.
func TestTortureLadder(t *testing.T) {
	rungs := []struct {
		code string
		make func(start *string, h headers, looped []byte) headers
	}{
		{"400", func(_ *string, h headers, _ []byte) headers { return h.with("CSeq", "7 BYE") }},
		{"416", func(start *string, h headers, _ []byte) headers {
			*start = "MESSAGE driftwood:mira@quay.example SIP/2.0"
			return h
		}},
		{"483", func(_ *string, h headers, _ []byte) headers { return h.with("Max-Forwards", "0") }},
		{"482", func(_ *string, h headers, looped []byte) headers {
			var vias headers
			for _, l := range readHead(looped).lines {
				if name, value, _ := strings.Cut(l.text, ":"); l.name == "via" {
					vias = append(vias, [2]string{name, strings.TrimSpace(value)})
				}
			}
			return append(append(headers{{"Via", strings.Replace(h[0][1], "z9hG4bK", "z9hG4bKback", 1)}}, vias...), h[1:]...)
		}},
		{"420", func(_ *string, h headers, _ []byte) headers { return h.with("Proxy-Require", "towed") }},
	}
	for _, way := range tortureWays {
		var s *site
		var looped []byte
		for set := 1; set < 1<<len(rungs); set++ {
			if s == nil {
				s = openSite(t, way)
				if err := s.forwards(s.ordinary("MESSAGE", "once").message("MESSAGE sip:mira@quay.example SIP/2.0"), nil, true); err != nil {
					t.Fatal(err)
				}
				looped = bytes.Clone(s.last)
			}
			start, h, want, wrong := "MESSAGE sip:mira@quay.example SIP/2.0", s.ordinary("MESSAGE", "once"), "", ""
			for i, r := range rungs {
				if set>>i&1 == 0 {
					continue
				}
				h = r.make(&start, h, looped)
				if wrong += " " + r.code; want == "" {
					want = r.code
				}
			}
			codes := strings.Fields(wrong)
			t.Run(fmt.Sprintf("%s/%s", way, strings.Join(codes, "+")), func(t *testing.T) {
				var with []string
				if want == "420" {
					with = []string{"Unsupported: towed"}
				}
				err := s.refuses(h.message(start), want, with)
				if err == nil {
					err = s.serves()
				}
				if err != nil {
					s = nil // it may still hold something back
				}
				must(t, err)
			})
		}
	}
}

// Our answers to one request carry one To tag: to every repetition, and from every gateway that has the secret. Another secret makes
// another one.
func TestTortureToTag(t *testing.T) {
	for _, way := range tortureWays {
		t.Run(way.String(), func(t *testing.T) {
			tags := map[string][]string{}
			for i, secret := range []byte{7, 7, 9} {
				s := openSiteOf(t, way, seal.Secret{secret})
				h := s.ordinary("INVITE", "tagged").with("Via", "SIP/2.0/UDP 192.0.2.140:5060;rport;branch=z9hG4bKtagged").with("Max-Forwards", "0")
				for range 3 {
					b := h.message("INVITE sip:mira@quay.example SIP/2.0")
					s.client.send(b)
					got, err := s.next("client")
					if err != nil {
						t.Fatal(err)
					}
					if err := s.echoes(got, b, nil); err != nil {
						t.Fatal(err)
					}
					tags[fmt.Sprint(i)] = append(tags[fmt.Sprint(i)], ownTagOf.FindString(string(got)))
				}
				if err := s.serves(); err != nil {
					t.Error(err)
				}
			}
			for i, all := range tags {
				for _, tag := range all {
					if (tag == tags["0"][0]) != (i != "2") {
						t.Errorf("gateway %s answers with %s, gateway 0 with %s", i, tag, tags["0"][0])
					}
				}
			}
		})
	}
}

// An ACK is answered by nobody, whatever is wrong with it, and what ends an answer of ours goes nowhere; no response is ever answered.
func TestTortureNeverAnswered(t *testing.T) {
	ack := func(h headers) headers { return h.with("CSeq", "7 ACK") }
	plain := "SIP/2.0 200 OK"
	for _, way := range tortureWays {
		for _, c := range []struct {
			what, start string
			node        bool
			make        func(h headers) headers
		}{
			{"ACK of another method", "ACK sip:mira@quay.example SIP/2.0", false, func(h headers) headers { return h }},
			{"ACK of an unknown scheme", "ACK driftwood:mira SIP/2.0", false, ack},
			{"ACK of another version", "ACK sip:mira@quay.example SIP/9.0", false, ack},
			{"ACK that may go no further", "ACK sip:mira@quay.example SIP/2.0", false, func(h headers) headers { return ack(h).with("Max-Forwards", "0") }},
			{"ACK without a readable address", "ACK sip:mira@quay.example SIP/2.0", false, func(h headers) headers { return ack(h).with("To", "\"<sip:mira@quay.example>") }},
			{"ACK with two Call-IDs", "ACK sip:mira@quay.example SIP/2.0", false, func(h headers) headers { return ack(h).with("i", "another") }},
			{"ACK for an answer of ours", "ACK sip:mira@quay.example SIP/2.0", false, func(h headers) headers { return ack(h).with("To", "<sip:mira@quay.example>{tag}") }},
			{"response of a client", plain, false, func(h headers) headers { return h }},
			{"response of a node", plain, true, func(h headers) headers { return h }},
			{"response with two Call-IDs", plain, true, func(h headers) headers { return h.with("i", "another") }},
			{"response without a code", "SIP/2.0 ", true, func(h headers) headers { return h }},
			{"response of another version", "SIP/3.0 200 OK", true, func(h headers) headers { return h }},
			{"response that may go no further", plain, true, func(h headers) headers { return h.with("Max-Forwards", "0") }},
			{"response that wants more", plain, true, func(h headers) headers { return h.with("Proxy-Require", "towed") }},
			{"response without a Via", plain, true, func(h headers) headers { return h[1:] }},
		} {
			t.Run(way.String()+"/"+c.what, func(t *testing.T) {
				s := openSite(t, way)
				invite := s.ordinary("INVITE", "silent")
				if err := s.forwards(invite.message("INVITE sip:mira@quay.example SIP/2.0"), nil, true); err != nil {
					t.Fatal(err)
				}
				b := []byte(s.refusedTag(t, string(c.make(invite).message(c.start))))
				var err error
				if c.node { // on a stream the answers behind it are other calls'
					err = s.forwards(s.ordinary("INFO", "beside").message("INFO sip:mira@quay.example SIP/2.0"), nil, false)
					s.node.send(b)
					if err == nil {
						err = s.relays(reply(s.last, "200 OK"))
					}
				} else {
					s.client.send(b)
				}
				if err == nil {
					err = s.serves()
				}
				must(t, err)
			})
		}
	}
}

// refusedTag puts the To tag of an answer of ours, to the same transaction, where text asks for it.
func (s *site) refusedTag(t *testing.T, text string) string {
	if !strings.Contains(text, "{tag}") {
		return text
	}
	s.client.send(s.ordinary("INVITE", "silent").with("Max-Forwards", "0").message("INVITE sip:mira@quay.example SIP/2.0"))
	got, err := s.next("client")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(text, "{tag}", ownTagOf.FindString(string(got)), 1)
}

// A client on the gateway's own host is no listener of the gateway's because its port has the same number in another transport.
func TestTorturePortOfAnotherTransport(t *testing.T) {
	for _, way := range tortureWays {
		if way.in != "udp" || way.out != "tcp" {
			continue
		}
		s := openSite(t, way)
		c, err := net.ListenPacket("udp", s.inner.String())
		if err != nil {
			t.Skip(err) // somebody else has it
		}
		t.Cleanup(func() { c.Close() })
		s.client = s.packetEnd("client", c, s.outer)
		must(t, s.serves())
	}
}
