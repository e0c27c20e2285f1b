package e2e

import (
	"bufio"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// A tap is a wire to an AJP13 connector that counts the connections on which requests come,
// and those on which only signs of life do.
type tap struct {
	addr             string
	carrying, asking atomic.Int32
}

func newTap(t testing.TB, to string) *tap {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{addr: l.Addr().String()}
	var running sync.WaitGroup
	t.Cleanup(func() { l.Close(); running.Wait() })
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.pass(c, to) })
		}
	})
	return p
}

func (p *tap) pass(c net.Conn, to string) {
	defer c.Close()
	in := bufio.NewReader(c)
	first, err := in.Peek(5) // magic, length, type
	if err != nil {
		return
	}
	if first[4] == 2 {
		p.carrying.Add(1)
	} else {
		p.asking.Add(1)
	}
	node, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer node.Close()
	back := make(chan struct{})
	go func() {
		defer close(back)
		io.Copy(c, node)
		c.(*net.TCPConn).CloseWrite()
		c.(*net.TCPConn).CloseRead() // what the node does not read any more, nobody does
	}()
	io.Copy(node, in)
	node.(*net.TCPConn).CloseWrite()
	<-back
}
