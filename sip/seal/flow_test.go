package seal

import (
	"bytes"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// flows draws a flow: a connection, or a client's address.
func flows(t *rapid.T) Flow {
	f := Flow{Leg: rapid.Byte().Draw(t, "leg")}
	if rapid.Bool().Draw(t, "stream") {
		f.Conn = rapid.Uint64Min(1).Draw(t, "conn")
		return f
	}
	ip := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "ip")))
	if rapid.Bool().Draw(t, "six") {
		ip = netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "ip6"))).Unmap()
	}
	f.Peer = netip.AddrPortFrom(ip, rapid.Uint16Min(1).Draw(t, "port"))
	return f
}

func TestATokenIsReadAsItWasWritten(t *testing.T) {
	k := secrets.Keys()
	rapid.Check(t, func(t *rapid.T) {
		want, call := flows(t), rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "call")
		for name, c := range map[string][]byte{"this call": call, "all calls": nil} {
			text := k.AppendFlow([]byte("x"), want, c)[1:]
			again := secrets.Keys() // another process with the same secret
			if got, ok := again.ReadFlow(text, call); !ok || got != want || len(text) > MaxFlow {
				t.Fatalf("%s, %s: %+v %v, want %+v", text, name, got, ok, want)
			}
			if !bytes.Equal(again.AppendFlow(nil, want, c), text) {
				t.Fatal("another process writes another text")
			}
		}
	})
}

// Nobody makes a token out of others: not for another call, another client, another use, nor of any bytes.
func TestATokenIsNotForged(t *testing.T) {
	k := secrets.Keys()
	rapid.Check(t, func(t *rapid.T) {
		f, call := flows(t), []byte("call")
		one, all := k.AppendFlow(nil, f, call), k.AppendFlow(nil, f, nil)
		if _, ok := k.ReadFlow(one, []byte("call2")); ok {
			t.Fatal("it is good for another call")
		}
		if _, ok := k.ReadFlow(one, nil); ok {
			t.Fatal("it is good for all calls")
		}
		if _, ok := (Secrets{Current: Secret{9}}).Keys().ReadFlow(all, call); ok {
			t.Fatal("it is good with another secret")
		}
		text := one
		if rapid.Bool().Draw(t, "all") {
			text = all
		}
		forged := bytes.Clone(text)
		forged[rapid.IntRange(0, len(text)-1).Draw(t, "at")] = rapid.SampledFrom([]byte("AQgw059_-/+=\x00.")).Draw(t, "byte")
		if got, ok := k.ReadFlow(forged, call); ok && !bytes.Equal(forged, text) {
			t.Fatalf("%s, of %s, says %+v", forged, text, got)
		}
		if _, ok := k.ReadFlow(text[:rapid.IntRange(0, len(text)-1).Draw(t, "cut")], call); ok {
			t.Fatal("it is good when cut")
		}
		if _, ok := k.ReadFlow(append(bytes.Clone(text), 'A'), call); ok {
			t.Fatal("it is good with more behind it")
		}
		if _, _, ok := k.ReadHint(nil, text); ok {
			t.Fatal("it is a hint")
		}
	})
	for _, hint := range [][]byte{k.AppendHint(nil, "node1", "", 7), k.AppendPeer(nil, at("10.0.0.9:5060")), nil} {
		if f, ok := k.ReadFlow(hint, []byte("call")); ok {
			t.Errorf("%s is a token and says %+v", hint, f)
		}
	}
}

func TestTokensOfTheFormerSecretAreStillRead(t *testing.T) {
	now := Secrets{Current: Secret{9}, Previous: secrets.Current}.Keys()
	f := Flow{Leg: 2, Conn: 77}
	for _, call := range [][]byte{nil, []byte("call")} {
		text := secrets.Keys().AppendFlow(nil, f, call)
		if got, ok := now.ReadFlow(text, []byte("call")); !ok || got != f {
			t.Errorf("%+v %v, want %+v", got, ok, f)
		}
		if bytes.Equal(now.AppendFlow(nil, f, call), text) {
			t.Error("the former secret signs")
		}
	}
}

func TestTokensAllocateNothing(t *testing.T) {
	k := secrets.Keys()
	out, call := make([]byte, 0, 64), []byte("call")
	if n := testing.AllocsPerRun(100, func() {
		out = k.AppendFlow(out[:0], Flow{Peer: at("[2001:db8::1]:5060")}, call)
		k.ReadFlow(out, call)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzReadFlow(f *testing.F) {
	k := secrets.Keys()
	f.Add(k.AppendFlow(nil, Flow{Conn: 7}, nil), []byte("call"))
	f.Add(k.AppendFlow(nil, Flow{Peer: at("192.0.2.1:5060")}, []byte("call")), []byte("call"))
	f.Fuzz(func(t *testing.T, text, call []byte) {
		if call == nil {
			call = []byte{}
		}
		if x, ok := k.ReadFlow(text, call); ok && !bytes.Equal(k.AppendFlow(nil, x, call), text) && !bytes.Equal(k.AppendFlow(nil, x, nil), text) {
			t.Errorf("%q is read as %+v", text, x)
		}
	})
}
