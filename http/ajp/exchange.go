package ajp

import (
	"bytes"
	"context"
	"io"

	"twinhop/http/head"
)

// exchange sends r and returns the answer's head. On error the caller discards
// the connection.
func (x *conn) exchange(ctx context.Context, r *head.Request, body io.Reader, out *scratch) (*head.Response, error) {
	x.watch(ctx, body)
	x.wait, x.pause = r.Waits(effective(x.set.HeaderTimeout, DefaultHeaderTimeout), x.set.BodyTimeout)
	x.up = upload{body: body, left: r.Length}
	if body != nil {
		x.up.out = out
	}
	if err := x.pingFirst(); err != nil {
		return nil, err
	}
	if err := x.send(body, out); err != nil {
		return nil, err
	}
	for {
		x.deadline(x.wait) // anew for each packet: while the body is asked for, the node is not slow
		payload, err := x.packet()
		if err != nil {
			return nil, x.failed("read from", err)
		}
		switch payload[0] {
		case typeHeaders:
			return x.answer(r.Method, payload)
		case typeGetChunk:
			err = x.give(payload)
		case typeChunk:
			if !isFlush(payload) {
				err = badResponse("body before the head")
			}
		default:
			err = badResponse("packet of type %d before the head", payload[0])
		}
		if err != nil {
			return nil, x.failed("read from", err)
		}
	}
}

// pingFirst asks for a sign of life where that is agreed: once, also when it
// would be due for two reasons.
func (x *conn) pingFirst() error {
	switch {
	case x.set.PingConnect && !x.reused:
		return x.ping(x.set.PingConnectTimeout)
	case x.set.PingRequest:
		return x.ping(x.set.PingRequestTimeout)
	}
	return nil
}

// send writes the head, and of a body of known length the first piece, which
// the node does not ask for: in one write if it is in memory.
func (x *conn) send(body io.Reader, out *scratch) error {
	first := body != nil && x.up.left > 0
	if _, buffered := body.(*bytes.Reader); first && buffered {
		first = false
		at := len(out.b)
		if err := x.up.piece(at, x.set.packetSize()); err != nil {
			return x.failed("send to", err)
		}
	}
	n, err := x.write(out.b)
	x.wrote = n > 0
	if err != nil {
		return x.failed("send to", err)
	}
	if first {
		return x.giveUpTo(x.set.packetSize())
	}
	return nil
}

// answer hands out the answer that payload is the head of.
func (x *conn) answer(method string, payload []byte) (*head.Response, error) {
	if err := parseHeaders(payload, method, &x.resp); err != nil {
		return nil, x.failed("read from", err)
	}
	refused, err := x.refused()
	if refused {
		err = ErrForbidden
	}
	if err != nil {
		return nil, x.failed("read from", err)
	}
	b := &body{x: x, left: -1}
	if head.Bodyless(method, x.resp.Status) {
		b.left = 0
	} else if x.resp.ContentLength >= 0 {
		b.left = x.resp.ContentLength
	}
	x.resp.Body, x.resp.Wire = b, &x.wire
	return &x.resp, nil
}

// maxRefusal bounds the page that a connector sends with its refusal.
const maxRefusal = 4 << 10

// refused tells whether an answer of 403 comes from the node's connector: it
// ends the connection, which no application does. It looks ahead at the rest
// of a short answer and takes nothing off.
func (x *conn) refused() (bool, error) {
	if x.resp.Status != 403 || x.resp.ContentLength > maxRefusal {
		return false, nil
	}
	for at := 0; ; {
		if err := x.need(at + packetHead + 2); err != nil {
			return false, err
		}
		next := x.buf[x.r+at:]
		switch n, err := header(next, x.set.packetSize()); {
		case err != nil:
			return false, err
		case next[packetHead] == typeEnd:
			return n == 2 && next[packetHead+1] == 0, nil
		case next[packetHead] != typeChunk || x.resp.ContentLength < 0 || at+n > 2*maxRefusal:
			return false, nil
		default:
			at += packetHead + n
		}
	}
}

// isFlush tells whether a body packet is empty, by which a container asks to
// send on what it gave so far. The gateway never holds anything back.
func isFlush(payload []byte) bool {
	d := decoder{b: payload[1:]}
	return d.int() == 0 && !d.broken && len(d.b) <= 1
}
