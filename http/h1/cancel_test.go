package h1

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/http/head"
)

// lateConn sets its first read deadline only after the context has ended and
// broken all waits, so that the deadline overwrites that.
type lateConn struct {
	net.Conn
	cancel context.CancelFunc
	once   sync.Once
	broken chan struct{}
}

func (c *lateConn) SetDeadline(t time.Time) error {
	err := c.Conn.SetDeadline(t)
	select {
	case <-c.broken:
	default:
		close(c.broken)
	}
	return err
}

func (c *lateConn) SetReadDeadline(t time.Time) error {
	c.once.Do(func() { c.cancel(); <-c.broken })
	return c.Conn.SetReadDeadline(t)
}

func TestCancelledBesideADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go io.Copy(io.Discard, theirs)
		ctx, cancel := context.WithCancel(t.Context())
		client := &Client{Dial: func(context.Context, string, string) (net.Conn, error) {
			return &lateConn{Conn: ours, cancel: cancel, broken: make(chan struct{})}, nil
		}}
		start := time.Now()
		_, err := client.Exchange(ctx, "n", &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
		if !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
			t.Errorf("ended after %v: %v", time.Since(start), err)
		}
	})
}
