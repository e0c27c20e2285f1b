package ua

import (
	"net"

	"github.com/emiago/sipgo/sip"
)

// socket is a UDP socket that stays closed. sipgo opens a new socket for whatever it wants to send to a peer whose socket it does not find:
// a message that was under way when ours was closed would leave one behind, and on our port at that. So the moment it closes, its places in
// the library's pool are taken by a connection that refuses to send.
type socket struct {
	net.PacketConn
	pool    *sip.ConnectionPool
	sources map[string]bool // peers heard; only the loop that reads has it
}

// maxSources bounds what is remembered of peers.
const maxSources = 10_000

// ReadFrom is called by one loop, which has handed on all earlier messages when it calls again.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.PacketConn.ReadFrom(b)
	if err == nil {
		if len(s.sources) < maxSources {
			s.sources[from.String()] = true
		}
		return n, from, nil
	}
	s.pool.Add(s.LocalAddr().String(), closed{s})
	for source := range s.sources {
		s.pool.Add(source, closed{s})
	}
	return n, from, err
}

// closed is the connection of a socket that is no more.
type closed struct{ *socket }

func (closed) WriteMsg(sip.Message) error { return net.ErrClosed }
func (closed) Ref(int) int                { return 1 }
func (closed) TryClose() (int, error)     { return 1, nil }
func (closed) Close() error               { return nil }
