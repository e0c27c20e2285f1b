package lean

import (
	"errors"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"

	"twinhop/http/head"
)

const (
	outSize  = 16 << 10 // what is gathered before it is written
	openSize = 2 << 10  // as much of a body of unknown length is held back, for its end to come
)

var outs = sync.Pool{New: func() any { return new([outSize]byte) }}

var errReply = errors.New("answer is out of order")

// How the body of an answer is framed.
type framing uint8

const (
	unsaid framing = iota // no final head yet
	bodyless
	counted
	open // of unknown length; it may still be short enough to be counted
	chunked
)

// A reply is the answer to the request that is being served.
type reply struct {
	memory  *[outSize]byte // out's; nil: not borrowed
	out     []byte         // still to be written
	framing framing
	bare    bool   // answers HEAD
	dated   bool   // there is a Date
	left    int64  // of a counted body
	held    []byte // of an open one
	trailer []byte
	broken  bool      // the client is gone
	stall   time.Time // the write deadline that is set
}

// Answer sends a head; below 200 it is an informational one and more follow.
// length -1: not known. fields are end-to-end ones, without Content-Length.
func (c *Conn) Answer(status int, fields *head.Fields, length int64) {
	if c.memory == nil {
		c.memory = outs.Get().(*[outSize]byte)
		c.out = c.memory[:0]
	}
	if status < 200 {
		c.head(status, fields, -1)
		c.out = append(c.out, "\r\n"...)
		c.send()
		return
	}
	if c.framing != unsaid {
		return
	}
	switch {
	case c.bare || head.Bodyless("", status):
		c.framing = bodyless
	case length >= 0:
		c.framing, c.left = counted, length
	default:
		c.framing = open
	}
	c.head(status, fields, length)
	if c.framing != open {
		c.close("")
	}
}

// head writes status line and fields as net/http does: sorted by name.
func (c *Conn) head(status int, fields *head.Fields, length int64) {
	clear(c.fields)
	c.fields = c.fields[:0]
	allowed := !head.Bodyless("", status)
	for f := range fields.All() {
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		if name != "Content-Type" || status != http.StatusNotModified {
			c.fields = insert(c.fields, head.Field{Name: name, Value: f.Value})
		}
		c.dated = c.dated || name == "Date"
	}
	if length >= 0 && allowed {
		c.fields = insert(c.fields, head.Field{Name: "Content-Length", Value: strconv.FormatInt(length, 10)})
	}
	b := append(c.out, "HTTP/1.1 "...)
	b = append(strconv.AppendInt(b, int64(status), 10), ' ')
	if text := http.StatusText(status); text != "" {
		b = append(b, text...)
	} else {
		b = strconv.AppendInt(append(b, "status code "...), int64(status), 10)
	}
	b = append(b, "\r\n"...)
	for i := range c.fields {
		b = append(append(append(b, c.fields[i].Name...), ": "...), oneLine(c.fields[i].Value)...)
		b = append(b, "\r\n"...)
	}
	c.out = b
}

// oneLine keeps a value from becoming a field of its own.
func oneLine(s string) string {
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.Trim(strings.NewReplacer("\n", " ", "\r", " ").Replace(s), " \t")
}

// close ends the head, with the fields that are ours to say.
func (c *Conn) close(framed string) {
	b := c.out
	if !c.dated {
		b = append(append(append(b, "Date: "...), c.s.today()...), "\r\n"...)
	}
	if framed != "" && c.framing == counted {
		b = append(append(append(b, "Content-Length: "...), framed...), "\r\n"...)
	}
	if c.last = c.last || c.s.closing.Load(); c.last {
		b = append(b, "Connection: close\r\n"...)
	}
	if c.framing == chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	c.out = append(b, "\r\n"...)
}

// Write sends a piece of the body, or keeps it for a moment.
func (c *Conn) Write(p []byte) (int, error) {
	switch c.framing {
	case unsaid:
		return 0, errReply
	case counted:
		if int64(len(p)) > c.left {
			return 0, errReply
		}
		c.left -= int64(len(p))
		c.put(p)
	case open:
		if len(c.held)+len(p) <= openSize {
			c.held = append(c.held, p...)
			break
		}
		c.chunk()
		fallthrough
	case chunked:
		c.piece(p)
	}
	return len(p), c.health()
}

// chunk makes an open body a chunked one.
func (c *Conn) chunk() {
	c.framing = chunked
	c.close("")
	c.piece(c.held)
	c.held = c.held[:0]
}

func (c *Conn) piece(p []byte) {
	if len(p) == 0 {
		return
	}
	var size [18]byte
	c.put(append(strconv.AppendInt(size[:0], int64(len(p)), 16), "\r\n"...))
	c.put(p)
	c.put(headEnd[:2])
}

// put adds to what is to be written, and writes what does not fit.
func (c *Conn) put(p []byte) {
	if room := cap(c.out) - len(c.out); len(p) > room {
		c.out = append(c.out, p[:room]...)
		c.send()
		if p = p[room:]; len(p) >= outSize {
			c.transmit(p)
			return
		}
	}
	c.out = append(c.out, p...)
}

// Flush writes what there is.
func (c *Conn) Flush() error {
	if c.framing == open {
		c.chunk()
	}
	c.send()
	return c.health()
}

func (c *Conn) send() {
	c.transmit(c.out)
	c.out = c.memory[:0]
}

// transmit gives the client its full time for b, but for a difference that does
// not matter.
func (c *Conn) transmit(b []byte) {
	if len(b) == 0 || c.broken {
		return
	}
	now := time.Now()
	if d := c.s.Stall(); c.stall.Sub(now) < d-d/16 {
		c.stall = now.Add(d)
		c.nc.SetWriteDeadline(c.stall)
	}
	if _, err := c.nc.Write(b); err != nil {
		c.broken = true
		c.cancel()
	}
}

var errBroken = errors.New("the client is gone")

func (c *Conn) health() error {
	if c.broken {
		return errBroken
	}
	return nil
}

// Trailer keeps fields that follow the body; only a chunked one has such.
func (c *Conn) Trailer(fields *head.Fields) {
	for f := range fields.All() {
		c.trailer = append(append(append(c.trailer, textproto.CanonicalMIMEHeaderKey(f.Name)...), ": "...), f.Value...)
		c.trailer = append(c.trailer, "\r\n"...)
	}
}

// finish completes the answer and tells whether it is one.
func (c *Conn) finish() bool {
	if c.framing == open {
		if len(c.trailer) > 0 {
			c.chunk()
		} else {
			c.framing = counted
			c.close(strconv.Itoa(len(c.held)))
			c.put(c.held)
		}
	}
	if c.framing == chunked {
		c.put([]byte("0\r\n"))
		c.put(c.trailer)
		c.put(headEnd[:2])
	}
	if c.framing == unsaid {
		return false
	}
	c.send()
	return !c.broken && c.left == 0
}

// release forgets the answer.
func (c *Conn) release() {
	if c.memory != nil {
		outs.Put(c.memory)
	}
	if cap(c.held) > openSize {
		c.held = nil
	}
	clear(c.fields)
	c.reply = reply{held: c.held[:0], trailer: c.trailer[:0], stall: c.stall}
}

// today is the text of a Date field.
func (s *Server) today() string {
	now := time.Now()
	d := s.date.Load()
	if second := now.Unix(); d == nil || d.second != second {
		d = &date{second: second, text: now.UTC().Format(http.TimeFormat)}
		s.date.Store(d)
	}
	return d.text
}

type date struct {
	second int64
	text   string
}
