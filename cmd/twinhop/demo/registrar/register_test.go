package registrar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// ask reads a REGISTER of alice with these further lines.
func ask(t *testing.T, callID string, cseq int, lines ...string) *sip.Request {
	t.Helper()
	text := "REGISTER sip:demo.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:alice@demo.example>;tag=1\r\n" +
		"To: <sip:alice@demo.example>\r\nCall-ID: " + callID + "\r\nCSeq: " + fmt.Sprint(cseq) + " REGISTER\r\n" +
		strings.Join(append(lines, ""), "\r\n") + "Content-Length: 0\r\n\r\n"
	m, err := sip.NewParser().ParseSIP([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m.(*sip.Request)
}

// ways is how alice is reached, for people.
func ways(table *Table, now time.Time) string {
	var all []string
	for _, b := range table.Of("alice", now) {
		way := b.Contact.User
		for _, p := range b.Path {
			way += " via " + p.User + p.Host
		}
		all = append(all, way)
	}
	return strings.Join(all, ", ")
}

const phone = `;+sip.instance="<urn:uuid:00000000-0000-4000-8000-000000000001>";reg-id=1`

// Each line is one REGISTER and what is known after it.
func TestRegister(t *testing.T) {
	type one struct {
		callID string
		cseq   int
		lines  string
		at     time.Duration
		code   int
		after  string
	}
	for _, c := range []struct {
		name string
		asks []one
	}{
		{"added, renewed, removed", []one{
			{"a", 1, "Contact: <sip:a@h>;expires=60", 0, 200, "a"},
			{"a", 2, "Contact: <sip:a@h>;expires=60", 30 * time.Second, 200, "a"},
			{"a", 3, "", 89 * time.Second, 200, "a"},
			{"a", 4, "Contact: <sip:a@h>;expires=0", 89 * time.Second, 200, ""}}},
		{"it ends by itself", []one{
			{"a", 1, "Contact: <sip:a@h>;expires=60", 0, 200, "a"},
			{"b", 1, "", 60 * time.Second, 200, ""}}},
		{"Expires counts where the contact says nothing", []one{
			{"a", 1, "Contact: <sip:a@h>\r\nExpires: 40", 0, 200, "a"},
			{"a", 2, "", 40 * time.Second, 200, ""}}},
		{"no time is for longer than an hour", []one{
			{"a", 1, "Contact: <sip:a@h>;expires=4294967295", 0, 200, "a"},
			{"a", 2, "", time.Hour, 200, ""}}},
		{"two devices, the newest first", []one{
			{"a", 1, "Contact: <sip:a@h>", 0, 200, "a"},
			{"b", 1, "Contact: <sip:b@h>", 0, 200, "b, a"}}},
		{"one device with a new address has one way", []one{
			{"a", 1, "Contact: <sip:a@h>" + phone, 0, 200, "a"},
			{"b", 1, "Contact: <sip:b@h>" + phone, 0, 200, "b"}}},
		{"with the way back", []one{
			{"a", 1, "Path: <sip:one@p1;lr>, <sip:two@p2;lr;ob>\r\nPath: <sip:p3;lr>\r\nContact: <sip:a@h>", 0, 200, "a via onep1 via twop2 via p3"}}},
		{"all removed", []one{
			{"a", 1, "Contact: <sip:a@h>", 0, 200, "a"},
			{"b", 1, "Contact: *\r\nExpires: 0", 0, 200, ""}}},
		{"what is older comes too late", []one{
			{"a", 5, "Contact: <sip:a@h>", 0, 200, "a"},
			{"a", 4, "Contact: <sip:a@h>;expires=0", 0, 500, "a"}}},
		{"all or nothing", []one{
			{"a", 1, "Contact: <sip:a@h>\r\nContact: <sip:b@h>;expires=5", 0, 423, ""}}},
		{"nonsense", []one{
			{"a", 1, "Contact: *", 0, 400, ""},
			{"a", 2, "Contact: *;expires=0\r\nContact: <sip:a@h>\r\nExpires: 0", 0, 400, ""},
			{"a", 3, "Contact: <sip:a@h>;expires=soon", 0, 400, ""},
			{"a", 4, "Path: <sip:p;lr\r\nContact: <sip:a@h>", 0, 400, ""},
			{"a", 5, "Path: " + strings.Repeat("<sip:p;lr>,", maxPath+1) + "\r\nContact: <sip:a@h>", 0, 400, ""},
			{"a", 6, "Contact: <sip:" + strings.Repeat("a", 3000) + "@h>", 0, 400, ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var table Table
			for _, a := range c.asks {
				now := start.Add(a.at)
				var lines []string
				if a.lines != "" {
					lines = []string{a.lines}
				}
				res := table.Register(ask(t, a.callID, a.cseq, lines...), "node1", now)
				if res.StatusCode != a.code || ways(&table, now) != a.after {
					t.Errorf("%s %d %.60s: %d, then %q; want %d, then %q", a.callID, a.cseq, a.lines, res.StatusCode, ways(&table, now), a.code, a.after)
				}
				if known := len(table.Of("alice", now)); res.StatusCode == 200 && len(res.GetHeaders("Contact")) != known {
					t.Errorf("%d contacts in the answer, %d known", len(res.GetHeaders("Contact")), known)
				}
			}
		})
	}
}

func TestTheAnswerSaysWhatWasDone(t *testing.T) {
	for _, c := range []struct {
		name, lines, require string
	}{
		{"a device behind a proxy that keeps flows", "Path: <sip:t@p;lr;ob>\r\nContact: <sip:a@h>" + phone, "outbound"},
		{"a device that speaks to us", "Contact: <sip:a@h>" + phone, "outbound"},
		{"a device behind a proxy that does not", "Path: <sip:t@p;lr>\r\nContact: <sip:a@h>" + phone, ""},
		{"no device", "Path: <sip:t@p;lr;ob>\r\nContact: <sip:a@h>", ""},
	} {
		var table Table
		res := table.Register(ask(t, "a", 1, c.lines), "node1", start)
		require := ""
		if h := res.GetHeader("Require"); h != nil {
			require = h.Value()
		}
		if res.StatusCode != 200 || require != c.require {
			t.Errorf("%s: %d, Require %q, want %q", c.name, res.StatusCode, require, c.require)
		}
		if path := res.GetHeader("Path"); strings.HasPrefix(c.lines, "Path") && (path == nil || !strings.Contains(c.lines, path.Value())) {
			t.Errorf("%s: Path %v", c.name, path)
		}
		if text := res.String(); !strings.Contains(text, "expires=600") {
			t.Errorf("%s: no lifetime in\n%s", c.name, text)
		}
	}
}

// A way that led nowhere is forgotten, but not when it was renewed while it was tried.
func TestDrop(t *testing.T) {
	var table Table
	table.Register(ask(t, "a", 1, "Contact: <sip:a@h>"), "node1", start)
	old := table.Of("alice", start)[0]
	table.Register(ask(t, "a", 2, "Contact: <sip:a@h>"), "node1", start)
	table.Drop("alice", old)
	if got := ways(&table, start); got != "a" {
		t.Errorf("a renewed way was forgotten: %q", got)
	}
	table.Drop("alice", table.Of("alice", start)[0])
	if got := ways(&table, start); got != "" || len(table.users) != 0 {
		t.Errorf("still known: %q", got)
	}
}

func TestTheTableIsBounded(t *testing.T) {
	var table Table
	for i := range 3 * maxPerUser {
		table.Register(ask(t, fmt.Sprint("c", i), 1, fmt.Sprintf("Contact: <sip:a%d@h>", i)), "node1", start)
	}
	if n := len(table.Of("alice", start)); n != maxPerUser {
		t.Errorf("%d ways to one user", n)
	}
	for i := range maxUsers - 1 {
		table.put(fmt.Sprint("user", i), []Binding{{Until: start.Add(time.Minute)}})
	}
	other := ask(t, "o", 1, "Contact: <sip:o@h>")
	other.To().Address.User = "one-too-many"
	if res := table.Register(other, "node1", start); res.StatusCode != 503 {
		t.Errorf("one user too many: %d", res.StatusCode)
	}
	if res := table.Register(ask(t, "z", 1, "Contact: <sip:a@h>"), "node1", start); res.StatusCode != 200 {
		t.Errorf("one who is known: %d", res.StatusCode)
	}
	if res := table.Register(other, "node1", start.Add(time.Minute)); res.StatusCode != 200 {
		t.Errorf("when others have expired: %d", res.StatusCode)
	}
}
