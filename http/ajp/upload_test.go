package ajp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twinhop/http/head"
)

// byHand lets a test play the node.
func byHand(t testing.TB, s Settings) (*Client, *container) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	client := &Client{Default: s, Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}
	return client, &container{Conn: theirs}
}

// packets reads what the gateway sends after the Forward Request, until the
// connection ends or n are read; each as the length it says and its data.
func (c *container) packets(n int) (got []string) {
	for range n {
		b, err := readPacket(c)
		if err != nil {
			return append(got, "cut")
		}
		if len(b) == 0 {
			got = append(got, "end")
			continue
		}
		got = append(got, fmt.Sprintf("%d:%.5s", int(b[0])<<8|int(b[1]), b[2:]))
	}
	return got
}

func post(length int64) *head.Request {
	return &head.Request{Method: "POST", Target: "/", Host: "h", Length: length}
}

// What goes out for a body, question by question.
func TestPiecesOfABody(t *testing.T) {
	long := strings.Repeat("0123456789", 2000)
	stream := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }
	for _, c := range []struct {
		name   string
		length int64
		body   io.Reader
		size   int
		wanted []int // questions after the unasked packet, if there is one
		want   string
	}{
		{"small, in memory", 2, bytes.NewReader([]byte("ab")), 0, nil, "2:ab"},
		{"small, streamed", 2, stream("ab"), 0, nil, "2:ab"},
		{"asked beyond its end", 2, stream("ab"), 0, []int{8186, 8186}, "2:ab end end"},
		{"first packet is full", 20000, bytes.NewReader([]byte(long)), 0, []int{8186, 8186}, "8186:01234 8186:67890 3628:23456"},
		{"no more than wanted", 8200, stream(long[:8200]), 0, []int{5, 100}, "8186:01234 5:67890 9:12345"},
		{"wanted more than a packet", 20000, stream(long), 0, []int{60000}, "8186:01234 8186:67890"},
		{"larger packets", 20000, stream(long), 16 << 10, []int{16378}, "16378:01234 3622:89012"},
		{"unknown length", -1, stream("hello world"), 0, []int{5, 8186, 8186, 8186}, "5:hello 6: worl end end"},
		{"unknown length, empty", -1, stream(""), 0, []int{8186}, "end"},
		{"empty", 0, stream("never read"), 0, []int{8186}, "end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, node := byHand(t, Settings{PacketSize: c.size, MaxIdle: -1})
			got := make(chan string, 1)
			go func() {
				readPacket(node)
				var all []string
				if c.length > 0 {
					all = node.packets(1)
				}
				for _, n := range c.wanted {
					io.WriteString(node, raw("\x06"+u16(n)))
					all = append(all, node.packets(1)...)
				}
				got <- strings.Join(all, " ")
				io.WriteString(node, headers(200)+endReuse)
			}()
			resp, err := client.Exchange(t.Context(), "n", post(c.length), c.body)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(resp.Body); err != nil {
				t.Error(err)
			}
			resp.Body.Close()
			if all := <-got; all != c.want {
				t.Errorf("node got %s, want %s", all, c.want)
			}
		})
	}
}

// A head and a small body in memory go out in one write.
func TestOneWrite(t *testing.T) {
	writes := 0
	client := &Client{Default: Settings{MaxIdle: -1}, Dial: func(context.Context, string, string) (net.Conn, error) {
		return &countedWrites{Conn: &wire{r: strings.NewReader(headers(200) + endReuse)}, n: &writes}, nil
	}}
	resp, err := client.Exchange(t.Context(), "n", post(2), bytes.NewReader([]byte("ab")))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if writes != 1 {
		t.Errorf("%d writes", writes)
	}
}

type countedWrites struct {
	net.Conn
	n *int
}

func (c *countedWrites) Write(p []byte) (int, error) { *c.n++; return c.Conn.Write(p) }

// A connection is kept after an answer only when the body is out of the way.
func TestKeptOnlyWithNothingOutstanding(t *testing.T) {
	for _, c := range []struct {
		name   string
		length int64
		answer string
		kept   int
	}{
		{"whole body in the unasked packet", 5, headers(200) + endReuse, 1},
		{"rest not asked for", 20000, headers(413) + endReuse, 0},
		{"unknown length, never asked", -1, headers(200) + endReuse, 1},
		{"unknown length, end not asked for", -1, raw("\x06\x00\x02") + headers(200) + endReuse, 0},
		{"unknown length, asked to the end", -1, strings.Repeat(raw("\x06\x1f\xfa"), 5) + headers(200) + endReuse, 1},
		{"node closes", 5, headers(200) + endClose, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := canned(t, c.answer)
			client := all(t, Settings{})
			body := &closing{Reader: strings.NewReader(strings.Repeat("x", int(max(c.length, 20000))))}
			if c.length == 5 {
				body.Reader = strings.NewReader("12345")
			}
			resp, err := client.Exchange(t.Context(), addr, post(c.length), body)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if _, idle := client.Conns(addr); idle != c.kept {
				t.Errorf("%d kept, want %d", idle, c.kept)
			}
			if read := body.Reader.(*strings.Reader).Len() == 0; body.closed != 1 && !read || body.closed > 1 {
				t.Errorf("closed %d times, read to its end: %v", body.closed, read)
			}
		})
	}
}

type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

// A client that goes away in the middle costs the connection, not the node's
// good name.
func TestClientGoesAway(t *testing.T) {
	gone := errors.New("client went away")
	for _, length := range []int64{20, -1} {
		client, node := byHand(t, Settings{})
		cut := make(chan []string, 1)
		go func() {
			readPacket(node)
			if length > 0 {
				node.packets(1)
			}
			io.WriteString(node, raw("\x06\x00\x08"))
			if length < 0 {
				node.packets(1)
				io.WriteString(node, raw("\x06\x00\x08"))
			}
			cut <- node.packets(1)
		}()
		body := io.MultiReader(strings.NewReader("half"), readerFunc(func([]byte) (int, error) { return 0, gone }))
		_, err := client.Exchange(t.Context(), "n", post(length), body)
		var fault *head.BodyError
		if !errors.As(err, &fault) || !errors.Is(err, gone) || head.NotSent(err) {
			t.Errorf("length %d: %v", length, err)
		}
		if got := <-cut; got[0] != "cut" {
			t.Errorf("length %d: the node got %s", length, got)
		}
		if busy, idle := client.Conns("n"); busy+idle != 0 {
			t.Errorf("%d busy, %d idle", busy, idle)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A body shorter than announced never looks whole to the node.
func TestBodyShorterThanAnnounced(t *testing.T) {
	for _, body := range []io.Reader{bytes.NewReader([]byte("ab")), io.MultiReader(strings.NewReader("ab"))} {
		client, node := byHand(t, Settings{})
		got := make(chan []string, 1)
		go func() {
			if b, err := readPacket(node); err != nil || b[0] != 2 {
				got <- []string{"cut"}
				return
			}
			node.packets(1)
			io.WriteString(node, raw("\x06\x00\x08"))
			got <- node.packets(1)
		}()
		_, err := client.Exchange(t.Context(), "n", post(3), body)
		var fault *head.BodyError
		if !errors.As(err, &fault) {
			t.Error(err)
		}
		if all := <-got; all[0] != "cut" {
			t.Errorf("node got %s", all)
		}
	}
}

// The end of the context ends the wait for a client that sends nothing.
func TestCancelledWhileTheClientIsSilent(t *testing.T) {
	client, node := byHand(t, Settings{})
	ctx, cancel := context.WithCancel(t.Context())
	body := &silent{closed: make(chan struct{})}
	go func() {
		readPacket(node)
		cancel()
	}()
	_, err := client.Exchange(ctx, "n", post(10), body)
	if !errors.Is(err, context.Canceled) || head.NotSent(err) {
		t.Error(err)
	}
}

type silent struct{ closed chan struct{} }

func (s *silent) Read([]byte) (int, error) { <-s.closed; return 0, errors.New("closed") }
func (s *silent) Close() error             { close(s.closed); return nil }

// A node that answers, and then closes without reading on, is heard.
func TestAnswerBeforeTheNodeStoppedReading(t *testing.T) {
	addr := listen(t, func(c *container, _ int) {
		c.request()
		io.WriteString(c, raw("\x06\x1f\xfa")+headers(413)+chunk("too large")+endClose)
		c.Conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c.Conn)
	})
	client := all(t, Settings{HeaderTimeout: 10 * time.Second})
	resp, err := client.Exchange(t.Context(), addr, post(1<<20), io.MultiReader(bytes.NewReader(make([]byte, 1<<20))))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.Status != 413 || string(text) != "too large" || err != nil {
		t.Errorf("%d %q %v", resp.Status, text, err)
	}
}

// A streamed body goes out once: a kept connection that breaks under it is not
// replaced, whatever the method.
func TestStreamedBodyIsNotRepeated(t *testing.T) {
	var requests atomic.Int32
	addr := listen(t, func(c *container, _ int) {
		for i := 0; c.request() != nil; i++ {
			if c.first {
				readPacket(c.in)
			}
			if requests.Add(1); i > 0 {
				return
			}
			io.WriteString(c, headers(200)+endReuse)
		}
	})
	client := all(t, Settings{})
	must(t, client, addr)
	r := post(20000)
	r.Method = "PUT"
	if _, err := client.Exchange(t.Context(), addr, r, io.MultiReader(strings.NewReader(strings.Repeat("x", 20000)))); err == nil || head.NotSent(err) {
		t.Error(err)
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
	must(t, client, addr)
	r.Length = 2
	resp, err := client.Exchange(t.Context(), addr, r, bytes.NewReader([]byte("ab")))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n := requests.Load(); n != 5 {
		t.Errorf("%d requests: a body in memory may go out again", n-3)
	}
}
