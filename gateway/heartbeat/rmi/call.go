package rmi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"twinhop/gateway/heartbeat/rmi/jser"
)

// uid and objID are java.rmi.server.UID and ObjID: unique names of things of a JVM.
type uid struct {
	unique int32
	time   int64
	count  int16
}

type objID struct {
	num int64
	uid uid
}

const (
	uidSize    = 4 + 8 + 2
	callHeader = 8 + uidSize + 4 + 8
)

// The objects that are here.
var (
	registryID = objID{num: 0}
	dgcID      = objID{num: 2}
	// The balancer has the same name in every life of ours, so that a reference
	// from before a restart goes on to be good.
	balancerID = objID{num: 0x5349_5042_616c_616e, uid: uid{unique: 1}}
)

// uniqueIDs hands out the names of answers.
type uniqueIDs struct {
	first uid
	next  atomic.Int32
}

func (u *uniqueIDs) begin(now time.Time) {
	u.first = uid{unique: rand.Int32(), time: now.UnixMilli()}
}

func (u *uniqueIDs) take() uid {
	id := u.first
	id.count = int16(u.next.Add(1))
	return id
}

func (u uid) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(u.unique))
	b = binary.BigEndian.AppendUint64(b, uint64(u.time))
	return binary.BigEndian.AppendUint16(b, uint16(u.count))
}

// call is one invocation: of an operation by number (op >= 0, hash tells the
// interface) or of a method by hash (op = -1).
type call struct {
	id   objID
	op   int32
	hash uint64
	args *jser.Reader
	peer *peer
}

// refusal is an answer that is an exception.
type refusal struct {
	class *exception
	text  string
	whole bool // all arguments were read: the connection can go on
}

func (r *refusal) Error() string { return r.text }

func refuse(class *exception, format string, args ...any) *refusal {
	return &refusal{class: class, text: fmt.Sprintf(format, args...)}
}

// after notes that all arguments were read.
func (r *refusal) after() error {
	r.whole = true
	return r
}

// call reads a call, has it done and answers. Unless all arguments were read
// the connection cannot go on.
func (p *peer) call(ctx context.Context) error {
	in := &share{s: p.s, in: p.in}
	c := &call{peer: p, args: jser.NewReader(in, knownOfNodes, p.s.Limits.Stream)}
	reply, err := c.do(ctx)
	in.over()
	p.within(p.s.Limits.Partial) // what was done may have taken its time
	if err == nil {
		_, err = p.c.Write(reply.Bytes())
		return err
	}
	var gone net.Error
	if errors.As(err, &gone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	var no *refusal
	if !errors.As(err, &no) {
		no = refuse(unmarshalException, "%s", err)
	}
	_, failed := p.c.Write(p.s.exception(no).Bytes())
	if no.whole || failed != nil {
		return failed
	}
	p.linger()
	return err
}

// What is still taken of a client that was refused in the middle of a call:
// closing at once would take the answer from it, too.
const (
	lingerBytes = 64 << 10
	lingerTime  = time.Second
)

func (p *peer) linger() {
	p.within(lingerTime)
	if c, ok := p.c.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, p.in, lingerBytes)
	}
}

func (c *call) do(ctx context.Context) (*jser.Writer, error) {
	if err := c.args.Header(); err != nil {
		return nil, err
	}
	h, err := c.args.Data(callHeader)
	if err != nil {
		return nil, err
	}
	c.id, h = readObjID(h)
	c.op, c.hash = int32(binary.BigEndian.Uint32(h)), binary.BigEndian.Uint64(h[4:])
	switch c.id {
	case registryID:
		return c.registry()
	case dgcID:
		return c.dgc()
	case balancerID:
		return c.balancer(ctx)
	}
	return nil, refuse(noSuchObject, "no such object in table")
}

func readUID(b []byte) (uid, []byte) {
	return uid{
		int32(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint64(b[4:])), int16(binary.BigEndian.Uint16(b[12:])),
	}, b[uidSize:]
}

func readObjID(b []byte) (objID, []byte) {
	num := int64(binary.BigEndian.Uint64(b))
	u, rest := readUID(b[8:])
	return objID{num, u}, rest
}

func (c *call) string() (string, error) {
	v, err := c.args.Value()
	if err != nil {
		return "", err
	}
	s, _ := v.(string) // null is ""
	return s, nil
}
