package json

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// ErrNOK is the answer that a session is not known: the node has to start again.
var ErrNOK = errors.New("the gateway does not know the session")

// DefaultInterval is how often nodes give a sign of life, answerIn how long
// they wait for an answer.
const (
	DefaultInterval = 5 * time.Second
	answerIn        = 5 * time.Second
)

// Client is a node that tells a gateway of itself. The fields are set before use.
type Client struct {
	URL        string            // of the gateway: "http://10.0.0.9:2610/"
	Properties map[string]string // what heartbeat.ReadProperties reads, without sessionId
	Secret     []byte            // nil: messages are not signed
	HTTP       *http.Client      // nil: http.DefaultClient; with certificates where the gateway wants them
	Interval   time.Duration     // between two signs of life; 0: DefaultInterval
	Abrupt     bool              // Run ends without a word, as a process that is killed
}

// Run keeps the node registered until ctx is done, and takes it away then, unless it is Abrupt. A
// session that the gateway forgot begins anew; what fails is tried again.
// failed, unless it is nil, hears of what did.
func (c *Client) Run(ctx context.Context, failed func(error)) {
	pause := c.Interval
	if pause <= 0 {
		pause = DefaultInterval
	}
	if failed == nil {
		failed = func(error) {}
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for ctx.Err() == nil {
		session := rand.Text() // stock nodes take the time: two of one machine may well be started at once
		for {
			err := c.Start(ctx, session)
			if err == nil {
				break
			}
			if failed(err); !wait(ctx, tick.C) {
				return
			}
		}
		for wait(ctx, tick.C) {
			err := c.Heartbeat(ctx, session)
			if errors.Is(err, ErrNOK) {
				break
			}
			if err != nil {
				failed(err)
			}
		}
		if ctx.Err() != nil && !c.Abrupt {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), pause)
			if err := c.Stop(end, session); err != nil {
				failed(err)
			}
			cancel()
		}
	}
}

// wait tells whether there is a next time.
func wait(ctx context.Context, tick <-chan time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-tick:
		return true
	}
}

// Start registers the node under a session.
func (c *Client) Start(ctx context.Context, session string) error {
	all := map[string]string{"sessionId": session}
	for name, value := range c.Properties {
		all[name] = value
	}
	return c.Send(ctx, "start", all)
}

// Heartbeat is a sign of life. ErrNOK: start again, with another session.
func (c *Client) Heartbeat(ctx context.Context, session string) error {
	return c.Send(ctx, "heartbeat", map[string]string{"sessionId": session})
}

// Shutdown asks for nothing new. The node goes on with its heartbeats.
func (c *Client) Shutdown(ctx context.Context, session string) error {
	return c.Send(ctx, "shutdown", map[string]string{"sessionId": session})
}

// Stop takes the node away.
func (c *Client) Stop(ctx context.Context, session string) error {
	return c.Send(ctx, "stop", map[string]string{"sessionId": session})
}

// Switchover moves what lives on one route to another.
func (c *Client) Switchover(ctx context.Context, fromRoute, toRoute string) error {
	return c.Send(ctx, "switchover", map[string]string{"fromJvmRoute": fromRoute, "toJvmRoute": toRoute})
}

// Send sends a command, whose members are strings or numbers, and waits for OK.
func (c *Client) Send(ctx context.Context, command string, members any) error {
	body, err := json.Marshal(map[string]any{command: members})
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if r.URL.Path == "" {
		r.URL.Path = "/"
	}
	r.Header.Set("Content-Type", "application/json")
	if c.Secret != nil {
		Sign(c.Secret, r, body)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	var said map[string]string
	_ = json.Unmarshal(text, &said) // what is not understood is no OK
	switch {
	case said[command] == "OK":
		return nil
	case said[command] == "NOK":
		return fmt.Errorf("%s: %w", command, ErrNOK)
	}
	return fmt.Errorf("%s: status %d: %.100q", command, answer.StatusCode, text)
}
