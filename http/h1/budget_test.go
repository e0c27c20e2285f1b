package h1

import (
	"context"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"twinhop/http/head"
)

// canned is a node that answers every write with the same bytes, and is quiet
// between.
type canned struct {
	net.Conn
	answer string
	left   string
}

func (c *canned) Write(p []byte) (int, error) { c.left = c.answer; return len(p), nil }

func (c *canned) Read(p []byte) (int, error) {
	if c.left == "" {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

func (c *canned) SetReadDeadline(time.Time) error { return nil }
func (c *canned) SetDeadline(time.Time) error     { return nil }
func (c *canned) Close() error                    { return nil }

// What one exchange on a kept connection allocates: the text of the head, the
// body, the watch of the context. A ceiling to be lowered, never raised.
func TestAllocationBudget(t *testing.T) {
	const budget = 6
	client := &Client{Dial: func(context.Context, string, string) (net.Conn, error) {
		return &canned{answer: "HTTP/1.1 200 \r\nContent-Type: text/html;charset=UTF-8\r\nContent-Length: 5\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\n\r\nhello"}, nil
	}}
	defer client.CloseIdle()
	r := &head.Request{Method: "GET", Target: "/app/page.jsp", Host: "app.example"}
	r.Fields.Add("Cookie", "JSESSIONID=0123456789ABCDEF0123456789ABCDEF.n2")
	buf := make([]byte, 100)
	got := testing.AllocsPerRun(1000, func() {
		resp, err := client.Exchange(t.Context(), "n", r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := resp.Body.Read(buf); n != 5 || err != io.EOF {
			t.Fatal(n, err)
		}
		resp.Body.Close()
	})
	t.Logf("%v allocations", got)
	if got > budget {
		t.Errorf("%v allocations, budget %d", got, budget)
	}
}
