package ajp

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"twinhop/http/exchangetest"
	"twinhop/http/head"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// all makes a client with the same settings for every node.
func all(t testing.TB, s Settings) *Client {
	c := &Client{Default: s}
	t.Cleanup(c.CloseIdle)
	return c
}

func TestExchangeSuite(t *testing.T) {
	exchangetest.Run(t, exchangetest.Harness{
		Backend: func(t testing.TB, l exchangetest.Limits) head.Backend {
			return all(t, Settings{HeaderTimeout: l.Header, MaxConns: l.MaxConns, ConnectTimeout: 5 * time.Second, AcquireTimeout: -1})
		},
		Meter: func(t testing.TB, dial exchangetest.Dial) head.Backend {
			c := all(t, Settings{PingRequest: true})
			c.Dial = dial
			return c
		},
		Node:       scripted,
		NoTrailers: true,
		Joins:      true,
	})
}
