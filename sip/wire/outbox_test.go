package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"unsafe"
)

// memories gives sockets on a network within the process.
func memories(t *testing.T, n int) []*Socket {
	var network Memory
	var all []*Socket
	for i := range n {
		c, err := network.Listen(netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(5000+i)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		all = append(all, &Socket{Conn: c})
	}
	return all
}

func read(t *testing.T, s *Socket) string {
	t.Helper()
	b := make([]byte, maxDatagram)
	n, peer, err := s.read(b)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", peer.Port(), b[:n])
}

func TestAnOutboxServesManySockets(t *testing.T) {
	all := memories(t, 3)
	var o Outbox
	for i := range 3 * laneSize { // more than waits for one socket
		if err := o.Put(all[i%2], fmt.Append(nil, i), all[2].Local()); err != nil {
			t.Fatal(err)
		}
	}
	o.Flush()
	o.Flush() // nothing left
	next := [2]int{0, 1}
	for range 3 * laneSize {
		got := read(t, all[2])
		which := int(got[3] - '0')
		if want := fmt.Sprint(5000+which, " ", next[which]); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		next[which] += 2
	}
}

func TestAMessageBuiltInPlaceIsNotCopied(t *testing.T) {
	all := memories(t, 2)
	var o Outbox
	for i := range 20 { // several arenas full
		room := o.Room()
		if len(room) != 0 || cap(room) < 65536 {
			t.Fatalf("room: %d of %d", len(room), cap(room))
		}
		text := append(room, make([]byte, 60000)...)
		text[0] = byte('a' + i)
		m := text[:60000-i]
		if err := o.Put(all[0], m, all[1].Local()); err != nil {
			t.Fatal(err)
		}
		q := o.lanes[0].queue
		if len(q) > 0 && unsafe.SliceData(q[len(q)-1].b) != unsafe.SliceData(m) {
			t.Error("copied")
		}
		other := []byte("other")
		o.Put(all[0], other, all[1].Local())
		other[0] = 'x'
	}
	o.Flush()
	for i := range 20 {
		if got := read(t, all[1]); got[5] != byte('a'+i) || len(got) != 5+60000-i {
			t.Errorf("message %d: %q, %d bytes", i, got[:6], len(got))
		}
		if got := read(t, all[1]); got != "5000 other" {
			t.Errorf("a message put was not copied: %q", got)
		}
	}
}

func TestPartOfARoomIsAMessage(t *testing.T) {
	all := memories(t, 2)
	var o Outbox
	o.Put(all[0], append(o.Room(), "head and tail"...)[9:], all[1].Local())
	o.Put(all[0], append(o.Room(), "next"...), all[1].Local())
	o.Put(all[0], nil, all[1].Local())
	o.Flush()
	for _, want := range []string{"5000 tail", "5000 next", "5000 "} {
		if got := read(t, all[1]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWhatFailedMayBePutAgain(t *testing.T) {
	all := memories(t, 2)
	broken := &Socket{Conn: writing{all[0].Conn, syscall.EHOSTUNREACH}}
	var o Outbox
	o.Failed = func(b []byte, to netip.AddrPort, err error) {
		if !errors.Is(err, syscall.EHOSTUNREACH) {
			t.Error(err)
		}
		if err := o.Put(all[0], append(append(o.Room(), "again "...), b...), to); err != nil {
			t.Error(err)
		}
		o.Flush() // within a flush: nothing
	}
	for i := range 3 {
		o.Put(broken, fmt.Append(nil, i), all[1].Local())
		o.Put(all[0], fmt.Append(nil, i), all[1].Local())
	}
	o.Flush()
	for _, want := range []string{"5000 0", "5000 1", "5000 2", "5000 again 0", "5000 again 1", "5000 again 2"} {
		if got := read(t, all[1]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFailureWithoutEndIsRefused(t *testing.T) {
	all := memories(t, 2)
	broken := &Socket{Conn: writing{all[0].Conn, syscall.ENOBUFS}}
	var o Outbox
	refused, tries := 0, 0
	o.Failed = func(b []byte, to netip.AddrPort, err error) {
		if err != ErrFull {
			t.Error(err)
		}
		for range 2 { // ever more
			if cap(o.Room()) < 65536 {
				t.Error("no room")
			}
			tries++
			switch err := o.Put(broken, append(o.Room(), b...), to); err {
			case nil:
			case ErrFull:
				refused++
			default:
				t.Error(err)
			}
		}
	}
	for _, size := range []int{0, 1, 1000, 60000} {
		refused, tries = 0, 0
		o.Put(broken, make([]byte, size), all[1].Local())
		o.Flush()
		if refused == 0 || tries > 3*arenaSize {
			t.Errorf("%d bytes: %d of %d refused", size, refused, tries)
		}
		if err := o.Put(all[0], []byte("x"), all[1].Local()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
	if err := o.Put(broken, make([]byte, MaxSend+1), all[1].Local()); err != ErrSize {
		t.Errorf("too long: %v", err)
	}
}
