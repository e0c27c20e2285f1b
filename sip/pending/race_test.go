package pending_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/pending"
)

// crowd is a Stage that many use; it sees to it that nobody is in the way of another on the same INVITE, and that the message is whole.
type crowd struct {
	blind
	t    *testing.T
	busy [256]atomic.Bool
}

func (c *crowd) enter(x *pending.Invite) func() {
	b := &c.busy[x.Key()%256]
	if b.Swap(true) {
		c.t.Error("two at the same INVITE")
	}
	for _, m := range x.Message() {
		if m != byte(x.Key()) {
			c.t.Error("the copy of another message")
			break
		}
	}
	return func() { b.Store(false) }
}

func (c *crowd) Place(x *pending.Invite) (pending.Placed, error) {
	defer c.enter(x)()
	p, err := c.blind.Place(x)
	switch rand.IntN(20) {
	case 0:
		err = gateway.ErrBusy
	case 1:
		return pending.Placed{}, gateway.ErrNoNode
	}
	return p, err
}
func (c *crowd) Repeat(x *pending.Invite, _ int)        { defer c.enter(x)() }
func (c *crowd) Withdraw(x *pending.Invite, _ int)      { defer c.enter(x)() }
func (c *crowd) Acknowledge(x *pending.Invite, _ int)   { defer c.enter(x)() }
func (c *crowd) Reply(x *pending.Invite, _ pending.Own) { defer c.enter(x)() }

// Callers, nodes, a ticker and an operator at the same time.
func TestTogether(t *testing.T) {
	table := pending.New(start)
	table.Apply(usual)
	st := &crowd{t: t}
	var clock atomic.Int64 // milliseconds
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20_000 {
				k := pending.Key(rand.IntN(256))
				now := start.Add(time.Duration(clock.Load()) * time.Millisecond)
				b := pending.Branch{Key: k, Attempt: rand.IntN(3)}
				switch rand.IntN(10) {
				case 0, 1, 2:
					msg := make([]byte, 600+rand.IntN(2000))
					for i := range msg {
						msg[i] = byte(k)
					}
					table.Invite(now, k, pending.Request{Message: msg, Body: 500}, st)
				case 3:
					table.Cancel(now, k, st)
				case 4:
					table.Ack(now, k)
				case 5:
					table.Lost(now, b, gateway.Reset, st)
				default:
					code := []int{100, 180, 200, 486, 503}[rand.IntN(5)]
					table.Answer(now, b, pending.Response{Status: code, Tagged: true}, st)
				}
			}
		})
	}
	done := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			now := start.Add(time.Duration(clock.Add(7)) * time.Millisecond)
			table.Tick(now, st)
			switch i % 50 {
			case 10:
				table.Down(now, st, func(n *cluster.Node) bool { return n.Name == "n2" })
			case 20:
				table.Stats()
			case 30:
				s := usual
				s.Attempts = 1 + i%3
				table.Apply(s)
			case 40:
				table.Where(pending.Key(i % 256))
			}
		}
	})
	all.Wait()
	close(done)
	others.Wait()
	now := start.Add(time.Duration(clock.Load()) * time.Millisecond)
	for range 300 {
		now = now.Add(time.Second)
		table.Tick(now, st)
	}
	if n := table.Live(); n != 0 {
		t.Errorf("%d INVITEs are never forgotten", n)
	}
}
