package heartbeat

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
)

// A node may mention its loopback interface, but from another machine it is not found there.
func TestLoopbackOfAnotherMachine(t *testing.T) {
	here := ip("10.0.0.9")
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		s.Here = func(a netip.Addr) bool { return a == here }
		settings := usual
		settings.Allow = append([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, usual.Allow...)
		s.Apply(settings)
		both := func(from, session string, want error, loopbacks ...string) {
			t.Helper()
			s.pingFrom(ip(from), announced(ip(from).As4()[3], session), nil)
			for _, at := range loopbacks {
				a := announced(0, session)
				a.IP = ip(at)
				s.pingFrom(ip(from), a, want)
			}
		}
		both("10.0.0.1", "1", errFar, "127.0.0.1", "::1", "::ffff:127.0.0.1")
		s.want("10.0.0.1-5080")
		both("10.0.0.9", "9", nil, "127.0.0.1") // this machine, by another of its addresses
		s.want("10.0.0.1-5080 10.0.0.9-5080 127.0.0.1-5080")
		of := announced(0, "9")
		of.IP = ip("127.0.0.1")
		if err := s.Remove(ip("10.0.0.1"), of); err != ErrUnknown {
			t.Errorf("another machine removes who is here: %v", err)
		}
		both("10.0.0.1", "9", errFar, "127.0.0.1")
		if s.said.count("somebody else") != 0 || s.said.count("refused") != 0 {
			t.Error("it is told as if somebody wanted the place of another")
		}
		s.want("10.0.0.1-5080 10.0.0.9-5080 127.0.0.1-5080")
	})
}

// Without a word, the addresses of this machine are those of its interfaces.
func TestAddressesOfThisMachine(t *testing.T) {
	r := &Roster{}
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if own, ok := netip.AddrFromSlice(a.(*net.IPNet).IP); ok && r.far(own.Unmap(), ip("127.0.0.1")) {
			t.Errorf("%s is said to be of another machine", own)
		}
	}
	for _, other := range []string{"192.0.2.1", "2001:db8::1"} {
		if !r.far(ip(other), ip("127.0.0.1")) || !r.far(ip(other), ip("::1")) || r.far(ip(other), ip("10.0.0.1")) {
			t.Errorf("%s: wrong", other)
		}
	}
}
