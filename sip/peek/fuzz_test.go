package peek

import (
	"strconv"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
)

func texts(m *Message, l *List) (out []string) {
	for i := range l.Stored() {
		out = append(out, string(m.Text(l.At(i).Span)))
	}
	return out
}

func capped(l []string) []string {
	if len(l) > maxStored {
		return l[:maxStored]
	}
	return l
}

// asTwin writes what Scan found in the twin's terms.
func asTwin(m *Message) (t twin) {
	s := func(x Span) string { return string(m.Text(x)) }
	t = twin{ok: true, method: s(m.MethodName), vias: texts(m, &m.Vias), routes: texts(m, &m.Routes), records: texts(m, &m.RecordRoutes),
		contacts: texts(m, &m.Contacts), callID: s(m.CallID), from: s(m.From.Span), to: s(m.To.Span), fromTag: s(m.From.Tag), toTag: s(m.To.Tag),
		cseq:     strings.TrimLeft(strconv.Itoa(int(m.CSeq)), "0") + " " + s(m.CSeqName),
		forwards: m.MaxForwards, length: m.ContentLength, viaHost: s(m.Via.Host), viaPort: s(m.Via.PortText),
		branch: s(m.Via.Branch), received: s(m.Via.Received), rport: m.Via.RPortEnd != 0, body: string(m.Buf[m.Body:m.End]),
		agent: s(m.UserAgent), retry: m.RetryAfter}
	if m.Response {
		t.status = strconv.Itoa(m.Status)
	} else {
		t.uri = s(m.URI.Span)
	}
	if u := ParseURI(m.Buf, m.From.Bare); u.OK {
		t.fromUser, t.fromHost = s(u.User), s(u.Host)
	}
	if u := ParseURI(m.Buf, m.To.Bare); u.OK {
		t.toUser, t.toHost = s(u.User), s(u.Host)
	}
	return t
}

func compareWithTwin(t *testing.T, msg string) {
	t.Helper()
	var m Message
	r := m.Scan([]byte(msg))
	want := slowScan(msg)
	if (r == OK) != want.ok {
		t.Fatalf("Scan says %v, the twin says ok=%v, of\n%q", r, want.ok, msg)
	}
	if r != OK {
		return
	}
	want.vias, want.routes, want.records, want.contacts = capped(want.vias), capped(want.routes), capped(want.records), capped(want.contacts)
	if d := cmp.Diff(want, asTwin(&m), cmp.AllowUnexported(twin{})); d != "" {
		t.Fatalf("twin and Scan differ (-twin +scan) in %q\n%s", msg, d)
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{benchInvite, benchOK, benchBye} {
		f.Add(strings.ReplaceAll(s, "\n", "\r\n"))
	}
	for _, s := range corpus {
		f.Add(strings.ReplaceAll(s, "\n", "\r\n"))
	}
	f.Fuzz(func(t *testing.T, msg string) {
		compareWithTwin(t, msg)
		editsKeepTheRest(t, msg)
	})
}

// editsKeepTheRest makes the edits of a forwarder and looks at the outcome with a fresh scan.
func editsKeepTheRest(t *testing.T, msg string) {
	var m, back Message
	if m.Scan([]byte(msg)) != OK || m.MaxForwards == 0 || m.Vias.Count >= MaxVias || len(msg) > 60000 || m.headers >= MaxHeaders-2 {
		return
	}
	var none, e Edits
	if got := string(none.Apply(nil, &m)); got != msg[m.Start:m.End] {
		t.Fatalf("no edit, yet %q became %q", msg, got)
	}
	e.At(m.Vias.At(0).Line).Text("Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKours").EndLine()
	e.Hop(&m)
	n := min(m.Routes.Stored(), 2)
	e.Pop(&m.Routes, n)
	out := e.Apply(nil, &m)
	if r := back.Scan(out); r != OK {
		t.Fatalf("after the edits %v: %q became %q", r, msg, out)
	}
	if back.Vias.Count != m.Vias.Count+1 || back.Routes.Count != m.Routes.Count-n || string(out[back.Body:back.End]) != msg[m.Body:m.End] {
		t.Fatalf("vias %d -> %d, routes %d -> %d: %q became %q", m.Vias.Count, back.Vias.Count, m.Routes.Count, back.Routes.Count, msg, out)
	}
	for i := range back.Routes.Stored() {
		if i+n < m.Routes.Stored() && string(back.Text(back.Routes.At(i).Span)) != string(m.Text(m.Routes.At(i+n).Span)) {
			t.Fatalf("route %d changed: %q became %q", i, msg, out)
		}
	}
}

// FuzzEdits writes what may come from anywhere into a header of its own: it must stay one header, and nothing else may change.
func FuzzEdits(f *testing.F) {
	f.Add("X: a\r\nEvil: 1", "\r\n\r\nb\x00")
	f.Add("\n", "\r")
	f.Add("a long one without any of them, beyond eight bytes", "\ta\vb\x7f\x80\xff")
	f.Fuzz(func(t *testing.T, text, bytes string) {
		var m Message
		var e Edits
		m.Scan(wire(invite))
		e.At(m.HeadEnd).Text("X: ").Text(text).Bytes([]byte(bytes)).EndLine()
		e.Over(m.Via.Branch).Bytes([]byte(bytes)).Text(text)
		kept := strings.NewReplacer("\r", "", "\n", "", "\x00", "")
		s := string(m.Buf)
		want := s[:m.Via.Branch.From] + kept.Replace(bytes+text) + s[m.Via.Branch.To:m.HeadEnd] + "X: " + kept.Replace(text+bytes) + "\r\n" + s[m.HeadEnd:m.End]
		if got := string(e.Apply(nil, &m)); got != want {
			t.Fatalf("%q and %q made %q, want %q", text, bytes, got, want)
		}
	})
}

// FuzzSipgo compares with sipgo's parser where that is right: messages without folds, lists, quotes and odd spacing, which it normalises or loses.
func FuzzSipgo(f *testing.F) {
	for _, s := range corpus {
		f.Add(strings.ReplaceAll(s, "\n", "\r\n"))
	}
	f.Fuzz(func(t *testing.T, msg string) {
		var m Message
		head, _, _ := strings.Cut(msg, "\r\n\r\n")
		if m.Scan([]byte(msg)) != OK || m.Vias.Count != 1 || strings.ContainsAny(head, "\",\t%\x00") ||
			strings.Contains(head, "\r\n ") || strings.Contains(head, "  ") || strings.Contains(head, " ;") || strings.Contains(head, "; ") ||
			strings.Contains(head, "= ") || strings.Contains(head, " =") || strings.Contains(head, "/ ") || strings.Contains(head, " /") || strings.Contains(head, " :") ||
			!strings.Contains(string(m.Text(m.From.Span)), "<") || !strings.Contains(string(m.Text(m.To.Span)), "<") || !ParseURI(m.Buf, m.From.Bare).OK || !ParseURI(m.Buf, m.To.Bare).OK {
			return
		}
		parsed, err := sip.ParseMessage([]byte(msg))
		if err != nil {
			return // it refuses more than we do
		}
		if got, want := string(m.Text(m.CallID)), parsed.CallID().Value(); got != want {
			t.Errorf("Call-ID %q, sipgo %q, of %q", got, want, msg)
		}
		if got, want := m.CSeq, parsed.CSeq().SeqNo; got != want {
			t.Errorf("CSeq %d, sipgo %d, of %q", got, want, msg)
		}
		to := ParseURI(m.Buf, m.To.Bare)
		if got, want := string(m.Text(to.Host)), parsed.To().Address.Host; to.Scheme == SIP && !strings.Contains(got, "[") && got != want {
			t.Errorf("To host %q, sipgo %q, of %q", got, want, msg)
		}
	})
}
