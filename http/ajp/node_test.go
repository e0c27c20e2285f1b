package ajp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"twinhop/http/exchangetest"
	"twinhop/http/head"
)

// A received is a Forward Request as a container reads it. The reader below is
// written apart from the client's code, from the protocol's description.
type received struct {
	method, proto, uri, remote, server string
	port                               int
	tls                                bool
	fields                             head.Fields
	attrs                              []head.Field // by number or name, in order
}

func (r *received) attr(name string) string {
	for _, a := range r.attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// A slow is a naive reader of one packet's payload.
type slow struct{ b []byte }

func (s *slow) u8() int  { v := s.b[0]; s.b = s.b[1:]; return int(v) }
func (s *slow) u16() int { v := binary.BigEndian.Uint16(s.b); s.b = s.b[2:]; return int(v) }
func (s *slow) str() string {
	n := s.u16()
	if n == 0xFFFF {
		return ""
	}
	if s.b[n] != 0 {
		panic("a string without its NUL")
	}
	v := string(s.b[:n])
	s.b = s.b[n+1:]
	return v
}

var methodNames = strings.Fields("- OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL " +
	"REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY")

var codedNames = strings.Fields("- accept accept-charset accept-encoding accept-language authorization connection content-type " +
	"content-length cookie cookie2 host pragma referer user-agent")

func readForward(payload []byte) *received {
	s := &slow{payload}
	if t := s.u8(); t != 2 {
		panic(fmt.Sprint("packet of type ", t))
	}
	r := &received{}
	method := s.u8()
	r.proto, r.uri, r.remote = s.str(), s.str(), s.str()
	s.str() // remote host
	r.server, r.port, r.tls = s.str(), s.u16(), s.u8() == 1
	for range s.u16() {
		name := ""
		if n := binary.BigEndian.Uint16(s.b); n>>8 == 0xA0 {
			s.u16()
			name = codedNames[n&0xFF]
		} else {
			name = s.str()
		}
		r.fields.Add(name, s.str())
	}
	for {
		switch code := s.u8(); code {
		case 255:
			if method == 0xFF {
				r.method = r.attr("13")
			} else {
				r.method = methodNames[method]
			}
			if len(s.b) != 0 {
				panic("bytes after the end")
			}
			return r
		case 10:
			r.attrs = append(r.attrs, head.Field{Name: s.str(), Value: s.str()})
		case 11:
			r.attrs = append(r.attrs, head.Field{Name: "11", Value: strconv.Itoa(s.u16())})
		default:
			r.attrs = append(r.attrs, head.Field{Name: strconv.Itoa(code), Value: s.str()})
		}
	}
}

// readPacket reads one packet of the gateway.
func readPacket(in io.Reader) ([]byte, error) {
	var h [4]byte
	if _, err := io.ReadFull(in, h[:]); err != nil {
		return nil, err
	}
	if h[0] != 0x12 || h[1] != 0x34 {
		return nil, fmt.Errorf("begins %x", h)
	}
	b := make([]byte, binary.BigEndian.Uint16(h[2:]))
	_, err := io.ReadFull(in, b)
	return b, err
}

// raw makes one of the container's packets.
func raw(payload string) string {
	return "AB" + string([]byte{byte(len(payload) >> 8), byte(len(payload))}) + payload
}

func text(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s + "\x00" }

func u16(n int) string { return string([]byte{byte(n >> 8), byte(n)}) }

// headers is a headers packet as Tomcat writes it.
func headers(status int, fields ...head.Field) string {
	known := map[string]int{"Content-Type": 1, "Content-Length": 3, "Date": 4, "Location": 6, "Set-Cookie": 7}
	s := "\x04" + u16(status) + text(strconv.Itoa(status)) + u16(len(fields))
	for _, f := range fields {
		if code := known[f.Name]; code > 0 {
			s += u16(0xA000 + code)
		} else {
			s += text(f.Name)
		}
		s += text(f.Value)
	}
	return raw(s)
}

func chunk(s string) string { return raw("\x03" + text(s)) }

const (
	endReuse = "AB\x00\x02\x05\x01"
	endClose = "AB\x00\x02\x05\x00"
)

// a container is one AJP connection seen from the node.
type container struct {
	net.Conn
	in    *bufio.Reader
	first bool // the unasked packet is still to come
	left  int64
}

// body reads the next piece of the request's body, asking for it as Tomcat
// does; io.EOF at the end.
func (c *container) body() ([]byte, error) {
	if c.left == 0 {
		return nil, io.EOF
	}
	if !c.first {
		io.WriteString(c, "AB\x00\x03\x06\x1f\xfa")
	}
	c.first = false
	b, err := readPacket(c.in)
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if len(b) == 0 {
		c.left = 0
		return nil, io.EOF
	}
	n := int(binary.BigEndian.Uint16(b))
	if n != len(b)-2 || n > 8186 {
		return nil, fmt.Errorf("piece of %d bytes in a packet of %d", n, len(b))
	}
	if c.left > 0 {
		c.left -= int64(n)
	}
	return b[2:], nil
}

// scripted is a container that answers by script.
func scripted(t testing.TB, script func(*exchangetest.Received) exchangetest.Answer) string {
	return listen(t, func(c *container, id int) {
		for i := 1; c.serve(script, [2]int{id, i}); i++ {
		}
	})
}

func listen(t testing.TB, serve func(c *container, id int)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var conns atomic.Int32
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { nc.Close() })
			id := int(conns.Add(1))
			go func() {
				defer nc.Close()
				serve(&container{Conn: nc, in: bufio.NewReader(nc)}, id)
			}()
		}
	}()
	return l.Addr().String()
}

// request reads until a Forward Request; pings are answered.
func (c *container) request() *received {
	for {
		b, err := readPacket(c.in)
		if err != nil || len(b) == 0 {
			return nil
		}
		if b[0] == 10 {
			io.WriteString(c, "AB\x00\x01\x09")
			continue
		}
		r := readForward(b)
		c.left = -1
		if v := r.fields.Get("content-length"); v != "" {
			c.left, _ = strconv.ParseInt(v, 10, 64)
		}
		c.first = c.left > 0
		return r
	}
}

func (c *container) serve(script func(*exchangetest.Received) exchangetest.Answer, id [2]int) bool {
	q := c.request()
	if q == nil {
		return false
	}
	r := &exchangetest.Received{Method: q.method, Target: q.uri, Host: q.fields.Get("host"), Fields: q.fields, Conn: id[0], Request: id[1]}
	if query := q.attr("5"); query != "" {
		r.Target += "?" + query
	}
	if r.Fields.Has(exchangetest.EarlyField) {
		a := script(r)
		c.answer(q.method, a, a.Fault == exchangetest.EarlyEchoes)
		return a.Fault == exchangetest.EarlyEchoes
	}
	for {
		b, err := c.body()
		if err != nil {
			r.Cut = err != io.EOF
			break
		}
		r.Body = append(r.Body, b...)
	}
	a := script(r)
	if a.Wait != nil {
		<-a.Wait
	}
	switch a.Fault {
	case exchangetest.Drop:
		return false
	case exchangetest.BadAnswer:
		io.WriteString(c, "220 mail.example ESMTP\r\n")
		return false
	}
	c.answer(q.method, a, false)
	return a.Fault == exchangetest.None
}

func (c *container) answer(method string, a exchangetest.Answer, echo bool) {
	if a.Status == 0 {
		a.Status = 200
	}
	bare := head.Bodyless(method, a.Status)
	if !a.Unknown && (!bare || a.Status == 200) {
		a.Fields = append(a.Fields, head.Field{Name: "Content-Length", Value: strconv.Itoa(len(a.Body))})
	}
	io.WriteString(c, headers(a.Status, a.Fields...))
	for echo {
		b, err := c.body()
		if err != nil {
			break
		}
		io.WriteString(c, chunk(string(b))+"AB\x00\x04\x03\x00\x00\x00")
	}
	body := a.Body
	if a.Fault == exchangetest.DropInBody {
		body = body[:len(body)/2]
	}
	for len(body) > 0 && !bare {
		n := min(len(body), 8184)
		if _, err := io.WriteString(c, chunk(string(body[:n]))); err != nil {
			return
		}
		body = body[n:]
	}
	if a.Fault == exchangetest.DropInBody {
		return
	}
	if c.first {
		readPacket(c.in) // Tomcat swallows it
	}
	io.WriteString(c, endReuse)
}
