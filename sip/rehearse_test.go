package sip

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/tools/txtar"

	"twinhop/gateway"
)

// rehearsed is what a Front of the same fields says that will leave.
func (s *stage) rehearsed(leg string, from netip.AddrPort, data []byte) (*Played, *gateway.Decision) {
	decided := &gateway.Decision{}
	told := func(_ *gateway.Ask, d *gateway.Decision, steps []gateway.Step) {
		if len(steps) > 0 {
			*decided = *d
		}
	}
	f := s.front
	counts, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		s.t.Fatal(err)
	}
	r := &Front{Router: f.Router.Rehearsal(told), Secrets: f.Secrets, Metrics: counts, External: f.External, Internal: f.Internal, Aliases: f.Aliases,
		Resolver: f.Resolver, TLS: f.TLS, Web: f.Web}
	if f.Heartbeat != nil {
		r.Heartbeat = func(netip.Addr, map[string]string) error { return nil }
	}
	r.Apply(*f.settings.Load())
	r.draining.Store(f.draining.Load())
	p, err := r.Rehearse(s.t.Context(), &Came{data, from, "udp", strings.HasPrefix(leg, "internal")})
	if err != nil {
		s.t.Fatal(err)
	}
	return p, decided
}

// What a rehearsal says, to the byte, is what then happens, in every scene and for every request that comes by UDP: but for what a running Front
// remembers of calls that are being set up, of connections and of nodes that left, and for what keeps one sender from asking too much.
func TestARehearsalSaysWhatHappens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d scenes, %v", len(files), err)
	}
	same := 0
	for _, file := range files {
		synctest.Test(t, func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := setScene(t, string(ar.Comment))
			last := memory{s: s}
			for _, f := range ar.Files {
				words := strings.Fields(f.Name)
				switch words[0] {
				case "in":
					data := last.fill(f.Data)
					raw := crlf(data)
					var p *Played
					if !isStreamLeg(words[1]) && !bytes.HasPrefix(raw, []byte("SIP/2.0 ")) {
						table := s.store.Usage()
						p, _ = s.rehearsed(words[1], at(words[2]), bytes.Clone(raw))
						if s.store.Usage() != table {
							t.Errorf("%s: a rehearsal changed the table", file)
						}
					}
					sent := s.in(words[1], at(words[2]), raw)
					if p != nil {
						name := strings.TrimSuffix(filepath.Base(file), ".txtar")
						switch {
						case agree(p, sent):
							same++
						case !remembers(name) && !bytes.HasPrefix(raw, []byte("CANCEL ")):
							t.Errorf("%s, %s: played %q, sent %v", name, f.Name, p.Left, sent)
						}
					}
					last.came(data)
					last.keep(sent)
				case "do":
					last.keep(s.do(words[1:]))
				}
			}
		})
	}
	if same < 400 {
		t.Errorf("%d requests were played", same)
	}
}

// remembers tells the scenes in which something counts that only a running Front knows.
func remembers(scene string) bool {
	for _, begins := range []string{
		"pending", "late-", "unreachable", // INVITEs that are not answered, and what became of them
		"flow-",                                                                   // connections and names of clients
		"tcp-node", "tls-node", "not-sent", "rate-not-sent", "single-port-errors", // what cannot be sent after all
		"udp-limit", "loop-by-name", "heartbeat", // what was asked for before: names, large INVITEs; whether a heartbeat is believed
		"source-rate", "refusal-budget", "overload", // how much one sender asks for
	} {
		if strings.HasPrefix(scene, begins) {
			return true
		}
	}
	return false
}

func agree(p *Played, sent []caught) bool {
	if len(p.Left) != len(sent) {
		return false
	}
	for i, c := range sent {
		if p.Left[i].To != c.to || !bytes.Equal(p.Left[i].Data, c.data) {
			return false
		}
	}
	return true
}
