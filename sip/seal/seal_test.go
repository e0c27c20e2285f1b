package seal

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var secrets = Secrets{Current: Secret{1, 2, 3}}

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func branches(t *rapid.T) Branch {
	b := Branch{Transaction: rapid.Uint64().Draw(t, "transaction"), Leg: byte(rapid.IntRange(0, MaxLegs-1).Draw(t, "leg")),
		Mark: rapid.SampledFrom([]Mark{Attempt(0), Attempt(1), Attempt(2), New, Dialog}).Draw(t, "mark")}
	if b.Mark.lower() {
		b.Loop = rapid.Uint16().Draw(t, "loop")
		b.Flow = rapid.Uint64().Draw(t, "flow")
	}
	return b
}

func TestABranchIsReadAsItWasWritten(t *testing.T) {
	k := secrets.Keys()
	rapid.Check(t, func(t *rapid.T) {
		want := branches(t)
		bond := k.Bind(at("192.0.2.1:5060"), []byte("call"))
		text := bond.Append(nil, want)
		again := secrets.Keys().Bind(at("192.0.2.1:5060"), []byte("call")) // another process with the same secret
		got, ok := again.Read(text)
		if !ok || got != want || len(text) > MaxBranch {
			t.Fatalf("%s: %+v %v, want %+v", text, got, ok, want)
		}
	})
}

func TestABranchIsNotReadElsewhere(t *testing.T) {
	k := secrets.Keys()
	bond := k.Bind(at("192.0.2.1:5060"), []byte("call"))
	for _, b := range []Branch{{Transaction: 7, Mark: Top}, {Transaction: 7, Leg: 1, Mark: New, Loop: 3}, {Transaction: 7, Mark: Dialog, Flow: 99}} {
		text := bond.Append(nil, b)
		for name, other := range map[string]Bond{"answer": k.Bind(at("192.0.2.2:5060"), []byte("call")), "port": k.Bind(at("192.0.2.1:5061"), []byte("call")),
			"call": k.Bind(at("192.0.2.1:5060"), []byte("cal")), "secret": Secrets{Current: Secret{9}}.Keys().Bind(at("192.0.2.1:5060"), []byte("call"))} {
			if _, ok := other.Read(text); ok {
				t.Errorf("%s is valid for another %s", text, name)
			}
		}
		for i := range text {
			for _, c := range []byte{'0', 'f', 'z', 0} {
				forged := bytes.Clone(text)
				if forged[i] == c {
					continue
				}
				if forged[i] = c; func() bool { _, ok := bond.Read(forged); return ok }() {
					t.Errorf("%s is valid, with a byte of %s changed", forged, text)
				}
			}
			if _, ok := bond.Read(text[:i]); ok {
				t.Errorf("%s is valid", text[:i])
			}
		}
	}
}

func TestTheFormerSecretIsStillRead(t *testing.T) {
	old := secrets.Keys()
	now := Secrets{Current: Secret{9}, Previous: secrets.Current}.Keys()
	before := old.Bind(at("192.0.2.1:5060"), []byte("call"))
	after := now.Bind(at("192.0.2.1:5060"), []byte("call"))
	text := before.Append(nil, Branch{Transaction: 7, Mark: Top})
	if _, ok := after.Read(text); !ok {
		t.Error("the branch is not read")
	}
	if bytes.Equal(after.Append(nil, Branch{Transaction: 7, Mark: Top}), text) {
		t.Error("the former secret signs")
	}
	if _, _, ok := now.ReadHint(nil, old.AppendHint(nil, "node1", "", 0)); !ok {
		t.Error("the hint is not read")
	}
}

func TestHints(t *testing.T) {
	k := secrets.Keys()
	for _, want := range []Hint{{Node: []byte("node1")}, {Node: []byte(strings.Repeat("n", 64)), Gen: 7}, {Node: []byte("node1"), Pool: []byte("pstn"), Gen: 3},
		{Node: []byte(strings.Repeat("n", 64)), Pool: []byte(strings.Repeat("p", 64))}, {Peer: at("10.0.0.9:5060")}, {Peer: at("[2001:db8::1]:5060")}} {
		text := k.AppendPeer(nil, want.Peer)
		if want.Node != nil {
			text = k.AppendHint(nil, string(want.Node), string(want.Pool), want.Gen)
		}
		got, grown, ok := k.ReadHint([]byte("before"), text)
		if !ok || !bytes.Equal(got.Node, want.Node) || !bytes.Equal(got.Pool, want.Pool) || got.Gen != want.Gen || got.Peer != want.Peer || !bytes.HasPrefix(grown, []byte("before")) {
			t.Errorf("%+v: %+v %v", want, got, ok)
		}
		for i := range text {
			forged := bytes.Clone(text)
			if forged[i] = 'A' + 'B' - forged[i]&1; bytes.Equal(forged, text) {
				continue
			}
			if h, _, ok := k.ReadHint(nil, forged); ok && (!bytes.Equal(h.Node, want.Node) || !bytes.Equal(h.Pool, want.Pool) || h.Gen != want.Gen || h.Peer != want.Peer) {
				t.Errorf("%s says %+v", forged, h)
			}
		}
	}
	for _, text := range []string{"", "A", "th", strings.Repeat("A", 400), "not base64!!!!!!!!!!!!!!!!!!", strings.Repeat("\n", 40)} {
		if _, _, ok := k.ReadHint(nil, []byte(text)); ok {
			t.Errorf("%q is a hint", text)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	k := secrets.Keys()
	out, scratch := make([]byte, 0, 256), make([]byte, 0, 256)
	call := []byte("call")
	hint := k.AppendHint(nil, "node1", "", 0)
	if n := testing.AllocsPerRun(100, func() {
		bond := k.Bind(at("192.0.2.1:5060"), call)
		out = bond.Append(out[:0], Branch{Transaction: 7, Mark: New, Flow: 8})
		bond.Read(out)
		out = k.AppendHint(out[:0], "node1", "", 0)
		k.ReadHint(scratch, hint)
		out = k.AppendTag(out[:0], 7)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzRead(f *testing.F) {
	k := secrets.Keys()
	bond := k.Bind(at("192.0.2.1:5060"), []byte("call"))
	f.Add(bond.Append(nil, Branch{Transaction: 7, Mark: New, Flow: 8}), k.AppendHint(nil, "node1", "", 0))
	f.Fuzz(func(t *testing.T, branch, hint []byte) {
		if b, ok := bond.Read(branch); ok && !bytes.Equal(bond.Append(nil, b), branch) {
			t.Errorf("%q is read as %+v", branch, b)
		}
		Loop(branch)
		k.ReadHint(nil, hint)
	})
}
