//go:build !(linux && (amd64 || 386 || arm64))

package wire

import (
	"context"
	"net/netip"
)

// system: there are ordinary calls only.
type system struct{}

func (s *Socket) open()                                     {}
func (s *Socket) fast() bool                                { return false }
func (s *Socket) force(size int) (read, write int)          { return size, size }
func (s *Socket) watch(bool) bool                           { return false }
func (s *Socket) sendOne(b []byte, to netip.AddrPort) error { return s.write(b, to) }

func (s *Socket) receiveBatches(context.Context, Handler, Troubled) error { return errNoBatches }

// reporter: the system has no error queue.
type reporter struct{}

func newReporter(*Socket, Troubled) *reporter { return nil }
func (r *reporter) look(bool) int             { return 0 }

// pack has nothing to prepare.
type pack struct{}

func (p *pack) fill(*Socket, []posted) {}

// transmit sends the first of queue[first:].
func (p *pack) transmit(s *Socket, queue []posted, first int) (int, error) {
	if err := s.write(queue[first].b, queue[first].to); err != nil {
		return 0, err
	}
	return 1, nil
}
