package rmi

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"twinhop/gateway/heartbeat/rmi/jser"
)

// The transport of java.rmi, JRMP version 2.
const (
	jrmpMagic   = 0x4a524d49 // "JRMI"
	jrmpVersion = 2

	protocolStream    = 0x4b
	protocolSingleOp  = 0x4c
	protocolAck       = 0x4e
	protocolNotSpoken = 0x4f

	msgCall    = 0x50
	msgReturn  = 0x51
	msgPing    = 0x52
	msgPingAck = 0x53
	msgDGCAck  = 0x54
)

var errProtocol = errors.New("not JRMP")

// peer is one connection.
type peer struct {
	s    *Server
	c    net.Conn
	in   *bufio.Reader
	from netip.Addr
}

// serve speaks with a client until one of both has enough.
func (s *Server) serve(ctx context.Context, c net.Conn, from netip.Addr) {
	p := &peer{s: s, c: c, in: bufio.NewReaderSize(c, 2048), from: from}
	err := p.talk(ctx)
	var gone net.Error
	switch {
	case err == nil || ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
	case errors.As(err, &gone):
		s.Log.Debug("RMI heartbeats: a connection ended", "peer", from, "err", err)
	default:
		s.complain(from, err)
	}
}

func (p *peer) talk(ctx context.Context) error {
	p.within(p.s.Limits.Partial)
	more, err := p.handshake()
	if err != nil {
		return err
	}
	for {
		p.within(p.s.Limits.Idle)
		if err := p.message(ctx); err != nil || !more {
			return err
		}
	}
}

// within is how long from now may pass until what is read or written next is over.
func (p *peer) within(d time.Duration) { _ = p.c.SetDeadline(time.Now().Add(d)) }

// handshake reads what a connection begins with. It returns whether more than
// one call may come over it.
func (p *peer) handshake() (more bool, err error) {
	head, err := p.read(7)
	if err != nil {
		return false, err
	}
	if binary.BigEndian.Uint32(head) != jrmpMagic || binary.BigEndian.Uint16(head[4:]) != jrmpVersion {
		return false, fmt.Errorf("%w: begins with % x", errProtocol, head)
	}
	switch head[6] {
	case protocolSingleOp:
		return false, nil
	case protocolStream:
	default: // the multiplexed one is of the last century
		_, err := p.c.Write([]byte{protocolNotSpoken})
		return false, errors.Join(fmt.Errorf("%w: protocol %#02x is not spoken", errProtocol, head[6]), err)
	}
	peer, _ := netip.ParseAddrPort(p.c.RemoteAddr().String())
	ack := jser.AppendUTF([]byte{protocolAck}, p.from.String())
	if _, err := p.c.Write(binary.BigEndian.AppendUint32(ack, uint32(peer.Port()))); err != nil {
		return false, err
	}
	length, err := p.read(2) // the client's own name and port, which it may not know
	if err != nil {
		return false, err
	}
	n := int(binary.BigEndian.Uint16(length)) + 4
	if n > 1024 {
		return false, fmt.Errorf("%w: a host name of %d bytes", errProtocol, n-4)
	}
	_, err = p.in.Discard(n)
	return true, err
}

// message reads one message and answers it.
func (p *peer) message(ctx context.Context) error {
	kind, err := p.in.ReadByte()
	if err != nil {
		return err
	}
	p.within(p.s.Limits.Partial)
	switch kind {
	case msgPing:
		_, err = p.c.Write([]byte{msgPingAck})
	case msgDGCAck: // of an answer with a remote reference in it: nothing waits for it here
		_, err = p.in.Discard(uidSize)
	case msgCall:
		err = p.call(ctx)
	default:
		err = fmt.Errorf("%w: message %#02x", errProtocol, kind)
	}
	return err
}

func (p *peer) read(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(p.in, b)
	return b, err
}
