package exchangetest

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"twinhop/http/head"
)

// A meter counts what passes on the connections it opens.
type meter struct{ read, sent atomic.Int64 }

func (m *meter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &metered{Conn: c, meter: m}, nil
}

// since returns what passed since it was called last.
func (m *meter) since() [2]int64 { return [2]int64{m.read.Swap(0), m.sent.Swap(0)} }

type metered struct {
	net.Conn
	meter *meter
}

func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.meter.read.Add(int64(n))
	return n, err
}

func (c *metered) Write(p []byte) (int, error) {
	c.meter.sent.Add(int64(len(p))) // before: the node may answer sooner than we are told
	return c.Conn.Write(p)
}

// counted holds what an answer, or an error, says of its cost against what
// went through the connection.
func counted(t *testing.T, h Harness) {
	var m meter
	var lost atomic.Bool
	large := make([]byte, 100_000)
	p := peer{h.Meter(t, m.dial), h.Node(t, func(r *Received) Answer {
		switch r.Target {
		case "/drop":
			return Answer{Fault: Drop}
		case "/again":
			if !lost.Swap(true) { // the first time
				return Answer{Fault: Drop}
			}
		case "/bad":
			return Answer{Fault: BadAnswer}
		}
		return Answer{Body: large[:len(r.Body)+1], Unknown: r.Target == "/unknown"}
	})}
	for range 2 { // the second time on a kept connection, which counts from nothing
		for _, c := range []struct {
			target string
			length int64
			body   io.Reader
		}{
			{"/", 0, nil}, {"/", 2, bytes.NewReader(large[:2])}, {"/", 2, strings.NewReader("ab")},
			{"/unknown", 50_000, bytes.NewBuffer(large[:50_000])}, {"/", -1, bytes.NewBuffer(large[:50_000])},
		} {
			r := post(c.length)
			r.Target = c.target
			resp, err := p.Exchange(t.Context(), p.addr, r, c.body)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			read, sent := resp.Wire.Counts()
			if want := m.since(); want != [2]int64{read, sent} || read < 1+max(c.length, 0) || sent < c.length {
				t.Errorf("%s with %d bytes: counted %d and %d, passed %v", c.target, c.length, read, sent, want)
			}
			resp.Body.Close()
		}
	}
	countedFaults(t, p, &m)
}

// countedFaults does so with attempts that fail.
func countedFaults(t *testing.T, p peer, m *meter) {
	p.must(t, get("/"), nil) // a kept connection, which breaks when it is used again
	m.since()
	resp, err := p.Exchange(t.Context(), p.addr, get("/again"), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	read, sent := resp.Wire.Counts()
	if want := m.since(); want != [2]int64{read, sent} {
		t.Errorf("on a second connection: counted %d and %d, passed %v", read, sent, want)
	}
	resp.Body.Close()
	for _, target := range []string{"/drop", "/bad"} {
		r := post(2)
		r.Target = target
		_, err := p.Exchange(t.Context(), p.addr, r, strings.NewReader("ab"))
		read, sent := head.Cost(err)
		if want := m.since(); err == nil || want != [2]int64{read, sent} || sent < 2 || target == "/bad" && read == 0 {
			t.Errorf("%s: counted %d and %d, passed %v: %v", target, read, sent, want, err)
		}
	}
	if read, sent := head.Cost(io.EOF); read+sent != 0 {
		t.Error("an error that tells nothing")
	}
	if read, sent := (*head.Wire)(nil).Counts(); read+sent != 0 {
		t.Error("an answer that tells nothing")
	}
}
