package e2e

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A container is a servlet container that speaks AJP13 and nothing else, as far as a front can
// tell: written from the protocol's description, it keeps all it is sent and answers as it was
// told, also wrongly.
type container struct {
	name string
	port int
	book *ledger

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	script   []answer // of the next requests; its last stays
	mute     bool     // CPings stay without an answer
	slam     bool     // connections are accepted and closed
	pings    int
}

// A ledger is what a group of containers was sent, in the order of arrival.
type ledger struct {
	sync.Mutex
	all  []*delivery
	open int // deliveries that are still being read or answered
}

// A delivery is one Forward Request with the body that followed it.
type delivery struct {
	node, method, proto, uri, remote, host, server string
	port                                           int
	tls                                            bool
	fields, attrs                                  [][2]string
	body                                           string
	packets                                        []int  // lengths of the body packets
	fault                                          string // what was wrong with it
}

// An answer is what a container does with one request.
type answer struct {
	status int           // 0: 200
	phrase string        // reason phrase
	fields []string      // "Name: value"
	chunks []string      // nil: the node's name; "" is a flush
	last   bool          // the connection is not to be used again
	cut    string        // ends the connection after "request", "reset" (the same, with RST), "headers", "chunk"
	raw    string        // bytes in place of an answer
	silent bool          // never answers: waits until the front goes
	hold   chan struct{} // the request is not dealt with until this is closed
	pause  chan struct{} // a flush sends what there is, and the rest goes when this is closed
	want   int           // bytes asked for at once; 0: 8186
	unread bool          // the body is not asked for
	early  bool          // the answer goes before the body is asked for
}

const ajpPacket = 8192

// newContainer makes one that does not listen yet.
func newContainer(name string, port int, book *ledger) *container {
	return &container{name: name, port: port, book: book, conns: map[net.Conn]bool{}}
}

// up has it listen; it does nothing to one that does.
func (c *container) up(t testing.TB) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener != nil {
		return
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", c.port))
	if err != nil {
		t.Fatal(err)
	}
	c.listener = l
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(conn)
		}
	}()
}

// down refuses connections from now on and ends those there are.
func (c *container) down() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener != nil {
		c.listener.Close()
		c.listener = nil
	}
	for conn := range c.conns {
		conn.Close()
	}
}

// hangUp ends the connections there are.
func (c *container) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		conn.Close()
	}
}

// usual forgets what it was told.
func (c *container) usual() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script, c.mute, c.slam = nil, false, false
}

func (c *container) next() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.script) == 0 {
		return answer{}
	}
	a := c.script[0]
	if len(c.script) > 1 || a.hold != nil {
		c.script = c.script[1:]
	}
	return a
}

func (c *container) keep(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.slam || c.listener == nil {
		return false
	}
	c.conns[conn] = true
	return true
}

// serve reads packets until the connection ends.
func (c *container) serve(conn net.Conn) {
	defer conn.Close()
	if !c.keep(conn) {
		return
	}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, conn)
	}()
	in := bufio.NewReader(conn)
	for {
		p, err := readAJP(in)
		switch {
		case err != nil:
			return
		case len(p) == 0: // the end of a body nobody asked for
		case p[0] == 10:
			c.mu.Lock()
			c.pings++
			mute := c.mute
			c.mu.Unlock()
			if mute {
				continue
			}
			if _, err := conn.Write([]byte("AB\x00\x01\x09")); err != nil {
				return
			}
		default:
			if !c.request(conn, in, p) {
				return
			}
		}
	}
}

// request takes one request and tells whether the connection goes on.
func (c *container) request(conn net.Conn, in *bufio.Reader, p []byte) bool {
	d := readForward(p)
	d.node = c.name
	c.book.Lock()
	c.book.all = append(c.book.all, d)
	c.book.open++
	c.book.Unlock()
	defer func() {
		c.book.Lock()
		c.book.open--
		c.book.Unlock()
	}()
	a := c.next()
	if a.hold != nil {
		<-a.hold
	}
	if a.cut == "reset" || a.cut == "request" {
		// Whole, for a front that could not write to the end knows that it was not heard.
		a.unread = true
		if !c.upload(conn, in, d, a) {
			return false
		}
		if a.cut == "reset" {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		return false
	}
	if a.silent {
		_, _ = io.Copy(io.Discard, in)
		return false
	}
	if !a.early && !c.upload(conn, in, d, a) {
		return false
	}
	if !c.answer(conn, a) {
		return false
	}
	return !a.early || c.upload(conn, in, d, a)
}

// upload reads the request's body: one packet comes unasked when its length is known.
func (c *container) upload(conn net.Conn, in *bufio.Reader, d *delivery, a answer) bool {
	length, _ := strconv.Atoi(d.field("content-length"))
	chunked := d.field("transfer-encoding") != ""
	want := a.want
	if want == 0 {
		want = ajpPacket - 6
	}
	take := func() int {
		p, err := readAJP(in)
		if err != nil {
			c.fault(d, "the body: "+err.Error())
			return -1
		}
		n := 0
		if len(p) >= 2 {
			if n = int(binary.BigEndian.Uint16(p)); n != len(p)-2 {
				c.fault(d, fmt.Sprintf("a body packet of %d says %d", len(p), n))
				return -1
			}
			c.book.Lock()
			d.body += string(p[2:])
			c.book.Unlock()
		}
		c.book.Lock()
		d.packets = append(d.packets, n)
		c.book.Unlock()
		return n
	}
	if length > 0 && take() < 0 {
		return false
	}
	for !a.unread && (chunked || len(d.body) < length) {
		if _, err := conn.Write(ajpFrame("\x06" + ajpInt(want))); err != nil {
			return false
		}
		if n := take(); n <= 0 {
			return n == 0
		}
	}
	return true
}

func (c *container) fault(d *delivery, words string) {
	c.book.Lock()
	defer c.book.Unlock()
	d.fault = words
}

// answer sends one answer and tells whether the connection goes on.
func (c *container) answer(conn net.Conn, a answer) bool {
	if a.raw != "" {
		_, _ = conn.Write([]byte(a.raw))
		if !a.last {
			_, _ = io.Copy(io.Discard, conn) // what follows is the front's affair
		}
		return false
	}
	status, chunks := a.status, a.chunks
	if status == 0 {
		status = 200
	}
	if chunks == nil {
		chunks = []string{c.name + "\n"}
	}
	out := ajpHeaders(status, a.phrase, append([]string{"X-Node: " + c.name}, a.fields...)...)
	if a.cut == "headers" {
		_, _ = conn.Write(out)
		return false
	}
	for i, chunk := range chunks {
		if i > 0 && chunks[i-1] == "" && a.pause != nil {
			if _, err := conn.Write(out); err != nil {
				return false
			}
			out = nil
			<-a.pause
		}
		for first := true; first || chunk != ""; first = false {
			n := min(len(chunk), ajpPacket-8)
			out = append(out, ajpFrame("\x03"+ajpText(chunk[:n]))...)
			chunk = chunk[n:]
		}
		if a.cut == "chunk" && i == 0 {
			_, _ = conn.Write(out)
			return false
		}
	}
	reuse := "\x01"
	if a.last {
		reuse = "\x00"
	}
	_, err := conn.Write(append(out, ajpFrame("\x05"+reuse)...))
	return err == nil && !a.last
}

// readAJP reads one packet of a front.
func readAJP(in io.Reader) ([]byte, error) {
	var h [4]byte
	if _, err := io.ReadFull(in, h[:]); err != nil {
		return nil, err
	}
	if h[0] != 0x12 || h[1] != 0x34 {
		return nil, fmt.Errorf("a packet begins with %x", h)
	}
	b := make([]byte, binary.BigEndian.Uint16(h[2:]))
	_, err := io.ReadFull(in, b)
	return b, err
}

func ajpFrame(payload string) []byte { return []byte("AB" + ajpInt(len(payload)) + payload) }
func ajpInt(n int) string            { return string([]byte{byte(n >> 8), byte(n)}) }
func ajpText(s string) string        { return ajpInt(len(s)) + s + "\x00" }

func ajpHeaders(status int, phrase string, fields ...string) []byte {
	coded := map[string]int{"Content-Type": 1, "Content-Language": 2, "Content-Length": 3, "Date": 4, "Last-Modified": 5, "Location": 6, "Set-Cookie": 7, "WWW-Authenticate": 11}
	s := "\x04" + ajpInt(status) + ajpText(phrase) + ajpInt(len(fields))
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		if code := coded[name]; code > 0 {
			s += ajpInt(0xA000 + code)
		} else {
			s += ajpText(name)
		}
		s += ajpText(value)
	}
	return ajpFrame(s)
}

var ajpMethods = strings.Fields("- OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL " +
	"REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY")

var ajpFields = strings.Fields("- accept accept-charset accept-encoding accept-language authorization connection content-type " +
	"content-length cookie cookie2 host pragma referer user-agent")

var ajpAttributes = strings.Fields("- context servlet_path remote_user auth_type query_string jvm_route ssl_cert ssl_cipher ssl_session - ssl_key_size secret stored_method")

// An ajpReader takes a packet apart; its first error stays.
type ajpReader struct {
	b   []byte
	err error
}

func (r *ajpReader) take(n int) []byte {
	if r.err == nil && len(r.b) < n {
		r.err = errors.New("the packet is too short")
	}
	if r.err != nil {
		return make([]byte, n)
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *ajpReader) byte() int { return int(r.take(1)[0]) }
func (r *ajpReader) int() int  { return int(binary.BigEndian.Uint16(r.take(2))) }

func (r *ajpReader) text() string {
	n := r.int()
	if n == 0xFFFF {
		return "(null)"
	}
	s := string(r.take(n))
	if r.byte() != 0 && r.err == nil {
		r.err = errors.New("a string without its NUL")
	}
	return s
}

func readForward(p []byte) *delivery {
	r, d := &ajpReader{b: p}, &delivery{}
	if kind := r.byte(); kind != 2 {
		d.fault = fmt.Sprintf("a packet of type %d", kind)
		return d
	}
	method := r.byte()
	d.proto, d.uri, d.remote, d.host, d.server = r.text(), r.text(), r.text(), r.text(), r.text()
	d.port, d.tls = r.int(), r.byte() == 1
	for range r.int() {
		name := ""
		if len(r.b) > 1 && r.b[0] == 0xA0 {
			if code := r.int() & 0xFF; code < len(ajpFields) {
				name = ajpFields[code]
			}
		} else {
			name = strings.ToLower(r.text())
		}
		d.fields = append(d.fields, [2]string{name, r.text()})
	}
	for code := r.byte(); code != 255 && r.err == nil; code = r.byte() {
		switch {
		case code == 10:
			d.attrs = append(d.attrs, [2]string{r.text(), r.text()})
		case code == 11:
			d.attrs = append(d.attrs, [2]string{ajpAttributes[code], strconv.Itoa(r.int())})
		case code < len(ajpAttributes):
			d.attrs = append(d.attrs, [2]string{ajpAttributes[code], r.text()})
		default:
			r.err = fmt.Errorf("attribute %d", code)
		}
	}
	if d.method = d.attr("stored_method"); method != 0xFF && method < len(ajpMethods) {
		d.method = ajpMethods[method]
	}
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%d bytes after the end", len(r.b))
	}
	if r.err != nil {
		d.fault = r.err.Error()
	}
	return d
}

func pick(list [][2]string, name string) string {
	for _, f := range list {
		if f[0] == name {
			return f[1]
		}
	}
	return ""
}

func (d *delivery) field(name string) string { return pick(d.fields, name) }
func (d *delivery) attr(name string) string  { return pick(d.attrs, name) }

// take returns what was delivered since it was last asked, as soon as all of it is dealt with; or
// that something still is open.
func (b *ledger) take(patience time.Duration) (all []*delivery, open bool) {
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		b.Lock()
		if b.open == 0 {
			all, b.all = b.all, nil
			b.Unlock()
			return all, false
		}
		b.Unlock()
		if time.Now().After(deadline) {
			return nil, true
		}
	}
}

// count is how many requests came since the ledger was last emptied.
func (b *ledger) count() int {
	b.Lock()
	defer b.Unlock()
	return len(b.all)
}
