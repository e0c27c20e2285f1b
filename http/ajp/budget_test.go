package ajp

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"twinhop/http/head"
)

// still is a node that answers every write with the same bytes, and is quiet
// between.
type still struct {
	net.Conn
	answer string
	left   string
}

func (c *still) Write(p []byte) (int, error) { c.left = c.answer; return len(p), nil }

func (c *still) Read(p []byte) (int, error) {
	if c.left == "" {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

func (c *still) SetReadDeadline(time.Time) error { return nil }
func (c *still) SetDeadline(time.Time) error     { return nil }
func (c *still) Close() error                    { return nil }

func typical() *head.Request {
	r := &head.Request{Method: "GET", Target: "/app/page.jsp?x=1", Host: "app.example", Route: "n2", Activation: "ACT",
		Peer: head.Peer{Remote: netip.MustParseAddrPort("192.0.2.7:50123"), Local: netip.MustParseAddrPort("198.51.100.1:8080")}}
	for _, f := range []head.Field{{Name: "Accept", Value: "text/html,*/*;q=0.8"}, {Name: "Accept-Encoding", Value: "gzip"}, {Name: "Accept-Language", Value: "en"},
		{Name: "Cookie", Value: "JSESSIONID=0123456789ABCDEF0123456789ABCDEF.n2"}, {Name: "User-Agent", Value: "Mozilla/5.0"}, {Name: "X-Forwarded-For", Value: "192.0.2.7"}} {
		r.Fields.Add(f.Name, f.Value)
	}
	return r
}

func quietClient() *Client {
	answer := headers(200, head.Field{Name: "Content-Type", Value: "text/html;charset=UTF-8"}, head.Field{Name: "Content-Length", Value: "5"}) +
		chunk("hello") + endReuse
	return &Client{Default: Settings{Secret: "s3cret"}, Dial: func(context.Context, string, string) (net.Conn, error) {
		return &still{answer: answer}, nil
	}}
}

// What one exchange on a kept connection allocates: the text of the head, the
// body, the watch of the context. A ceiling to be lowered, never raised.
func TestAllocationBudget(t *testing.T) {
	const budget = 6
	client, r, buf := quietClient(), typical(), make([]byte, 100)
	defer client.CloseIdle()
	data := bytes.NewReader(nil)
	for _, body := range []string{"", "a=1"} {
		r.Length = int64(len(body))
		got := testing.AllocsPerRun(1000, func() {
			data.Reset([]byte(body))
			resp, err := client.Exchange(t.Context(), "n", r, data)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := resp.Body.Read(buf); n != 5 || err != io.EOF {
				t.Fatal(n, err)
			}
			resp.Body.Close()
		})
		t.Logf("body of %d: %v allocations", len(body), got)
		if own := float64(min(len(body), 1)); got > budget+own { // the test's copy of the body
			t.Errorf("%v allocations, budget %d", got, budget)
		}
	}
}

func BenchmarkExchange(b *testing.B) {
	client, r, buf := quietClient(), typical(), make([]byte, 100)
	defer client.CloseIdle()
	b.ReportAllocs()
	for b.Loop() {
		resp, err := client.Exchange(b.Context(), "n", r, nil)
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Read(buf)
		resp.Body.Close()
	}
}

func BenchmarkForward(b *testing.B) {
	r, s := typical(), &Settings{Secret: "s3cret"}
	var o scratch
	b.ReportAllocs()
	for b.Loop() {
		o.forward(r, false, s)
	}
}

// A large answer, as a node on the same machine would send it.
func BenchmarkLargeAnswer(b *testing.B) {
	const size = 1 << 20
	piece := chunk(string(make([]byte, 8184)))
	addr := listen(b, func(c *container, _ int) {
		for c.request() != nil {
			io.WriteString(c, headers(200))
			for left := size; left > 0; left -= 8184 {
				io.WriteString(c, piece)
			}
			io.WriteString(c, endReuse)
		}
	})
	client := all(b, Settings{})
	buf := make([]byte, 32<<10)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		resp, err := client.Exchange(b.Context(), addr, typical(), nil)
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = resp.Body.Read(buf)
		}
		resp.Body.Close()
	}
}
