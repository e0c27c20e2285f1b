package stale

import (
	"io"
	"net"
	"runtime"
	"testing"
)

func TestQuiet(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, spoil := range map[string]func(net.Conn){
		"said something": func(peer net.Conn) { io.WriteString(peer, "x") },
		"closed":         func(peer net.Conn) { peer.Close() },
	} {
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		peer, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var c Check
		c.Watch(nc)
		for range 3 {
			if !c.Quiet() {
				t.Errorf("%s: not quiet before", name)
			}
		}
		spoil(peer)
		for c.Quiet() {
			runtime.Gosched() // until it arrived; the test's own limit ends a wait in vain
		}
		nc.Close()
		peer.Close()
	}
}

// What is no socket is asked by a read without time.
func TestQuietWithoutSocket(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	var c Check
	c.Watch(ours)
	if !c.Quiet() {
		t.Error("not quiet before")
	}
	theirs.Close()
	if c.Quiet() {
		t.Error("quiet although closed")
	}
}

func TestQuietAllocatesNothing(t *testing.T) {
	if racing {
		t.Skip("the race detector allocates")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	var c Check
	c.Watch(nc)
	if n := testing.AllocsPerRun(100, func() { c.Quiet() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
