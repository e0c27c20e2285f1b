package ajp

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/http/head"
)

// A wire is a connection of which all that the node says is there already.
type wire struct {
	net.Conn
	r io.Reader
}

func (w *wire) Read(p []byte) (int, error)       { return w.r.Read(p) }
func (w *wire) Write(p []byte) (int, error)      { return len(p), nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) Close() error                     { return nil }

// An outcome is what an answer comes to.
type outcome struct {
	ok     bool
	status int
	fields string
	body   string
}

// naive reads a whole answer to GET the long way: packet by packet, each cut
// out before it is looked at. It knows nothing of fields' values.
func naive(in []byte) (o outcome) {
	defer func() {
		if recover() != nil { // an index beyond a packet
			o.ok = false
		}
	}()
	length := int64(-1)
	for {
		if len(in) < 4 || in[0] != 'A' || in[1] != 'B' {
			return
		}
		n := int(in[2])<<8 | int(in[3])
		if n == 0 || n > 8188 {
			return
		}
		if len(in) < 4+n { // cut short, though some of the body may have come
			if o.status != 0 && len(in) > 7 && in[4] == 3 {
				o.body += string(in[7:min(len(in), 7+(int(in[5])<<8|int(in[6])))])
			}
			return
		}
		p := slices.Clone(in[4 : 4+n])
		in = in[4+n:]
		switch {
		case p[0] == 4 && o.status == 0:
			s := &slow{p[1:]}
			o.status = s.u16()
			s.str()
			for range s.u16() {
				name := ""
				if k := int(s.b[0])<<8 | int(s.b[1]); k>>8 == 0xA0 {
					s.u16()
					name = answerNames[k&0xFF-1]
				} else {
					name = s.str()
				}
				value := strings.Trim(s.str(), " \t")
				o.fields += name + "=" + value + "\n"
				if strings.EqualFold(name, "Content-Length") {
					fmt.Sscan(value, &length)
				}
			}
			if o.status == 204 || o.status == 304 {
				length = 0
			}
		case p[0] == 3:
			k := int(p[1])<<8 | int(p[2])
			if o.status == 0 && k > 0 {
				return
			}
			o.body += string(p[3 : 3+k])
		case p[0] == 6:
		case p[0] == 5 && o.status != 0:
			o.ok = length < 0 || length == int64(len(o.body))
			return
		default:
			return
		}
	}
}

func exchangeOver(t testing.TB, r io.Reader) outcome {
	x := newConn((&Client{}).pool("n"), &wire{r: r})
	out := &scratch{}
	q := &head.Request{Method: "GET", Target: "/", Host: "h"}
	if err := out.forward(q, false, x.set); err != nil {
		t.Fatal(err)
	}
	resp, err := x.exchange(t.Context(), q, nil, out)
	if err != nil {
		return outcome{}
	}
	defer resp.Body.Close()
	o := outcome{status: resp.Status}
	for f := range resp.Fields.All() {
		o.fields += f.Name + "=" + f.Value + "\n"
	}
	body, err := io.ReadAll(resp.Body)
	o.body, o.ok = string(body), err == nil
	return o
}

// dribble gives n bytes at a time.
type dribble struct {
	r io.Reader
	n int
}

func (d *dribble) Read(p []byte) (int, error) { return d.r.Read(p[:min(len(p), d.n)]) }

// What is read as an answer is one, byte for byte, however it is cut on its
// way; nothing that the naive reader refuses is taken.
func FuzzAnswer(f *testing.F) {
	const flush = "AB\x00\x04\x03\x00\x00\x00"
	ok := headers(200)
	for _, s := range []string{
		headers(200, head.Field{Name: "Content-Length", Value: "2"}, head.Field{Name: "X-A", Value: "b"}) + chunk("hi") + endReuse,
		ok + flush + chunk("h") + flush + chunk("i") + endClose,
		flush + headers(204) + endReuse, ok + raw("\x03\x00\x02hi") + endReuse,
		raw("\x06\x1f\xfa") + ok + raw("\x06\x00\x01") + chunk("x") + endReuse,
		raw("\x04\x00\xc8\xff\xff\x00\x01\xa0\x01\xff\xff") + endReuse,
		headers(403) + endClose, ok + chunk(strings.Repeat("x", 8184)) + chunk(strings.Repeat("y", 5000)) + endReuse,
		ok + raw("\x03\x00\x05hi\x00") + endReuse, "AB\xff\xff\x03", "AB\x00\x00",
	} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		mine := exchangeOver(t, bytes.NewReader(in))
		cut := exchangeOver(t, &dribble{bytes.NewReader(in), 1 + (step&0x7fff)%97})
		if mine.ok != cut.ok || mine.ok && mine != cut {
			t.Errorf("in one piece %v, in many %v", mine, cut)
		}
		twin := naive(in)
		if mine.ok && mine != twin {
			t.Errorf("%q:\nread as %v\ntwin   %v", in, mine, twin)
		}
		if mine.body != "" && !strings.HasPrefix(twin.body, mine.body) {
			t.Errorf("%q: body %q, twin %q", in, mine.body, twin.body)
		}
	})
}

// Every request that is sent is read by a naive container as what it was.
func FuzzForward(f *testing.F) {
	f.Add("GET", "/a;b?c=d", "h:1", "X-A", "1", "x-a", "2", int64(0))
	f.Add("PATCH", "*", "[::1]", "Cookie", "a=b", "COOKIE", "c=d", int64(-1))
	f.Add("POST", "/?", "", "Content-Length", "1", "Accept", "*/*", int64(7))
	f.Fuzz(func(t *testing.T, method, target, host, n1, v1, n2, v2 string, length int64) {
		r := &head.Request{Method: method, Target: target, Host: host, Length: length}
		r.Fields.Add(n1, v1)
		r.Fields.Add(n2, v2)
		var o scratch
		if o.forward(r, true, &Settings{}) != nil {
			return
		}
		n := len(o.b) - 4
		if o.b[0] != 0x12 || o.b[1] != 0x34 || int(o.b[2])<<8|int(o.b[3]) != n || len(o.b) > 8192 {
			t.Fatalf("head %x of %d bytes", o.b[:4], len(o.b))
		}
		q := readForward(o.b[4:])
		path, query, _ := strings.Cut(target, "?")
		if q.method != method || q.uri != path || q.attr("5") != query || q.fields.Get("host") != host && host != "" {
			t.Errorf("%s %s at %s arrives as %s %s?%s at %s", method, target, host, q.method, q.uri, q.attr("5"), q.fields.Get("host"))
		}
		for _, f := range []head.Field{{Name: n1, Value: v1}, {Name: n2, Value: v2}} {
			want := f.Value
			if head.EqualFold(n1, n2) {
				want = v1 + ", " + v2
				if head.EqualFold(n1, "cookie") {
					want = v1 + "; " + v2
				}
			}
			if got := q.fields.Get(f.Name); !head.Framing(f.Name) && (got != want || q.fields.Count(f.Name) != 1) {
				t.Errorf("field %q: %q, want %q", f.Name, got, want)
			}
		}
		if len(q.attrs) > 4 {
			t.Errorf("attributes %q", q.attrs)
		}
	})
}
