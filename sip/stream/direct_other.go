//go:build !unix

package stream

import "net"

// direct is what this system does not have.
type direct struct{}

func newDirect(net.Conn) *direct { return nil }

func (*direct) write([]byte) (int, error) { return 0, nil }

func (*direct) outcome() error { return nil }

func openFiles() int { return 1 << 30 }
