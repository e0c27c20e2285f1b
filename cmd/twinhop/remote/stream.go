package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Event is one of the gateway's stream.
type Event struct{ ID, Name, Data string }

// maxEvent bounds a line of the stream, in bytes.
const maxEvent = 4 << 20

// again is how long a stream that broke is left alone, unless a test knows better.
const again = 2 * time.Second

// Stream gives every event of a path to each, until ctx ends or each fails. It goes on where it was when the connection
// breaks; broke, unless nil, is told why. A gateway that refuses is a *Problem.
func (c *Client) Stream(ctx context.Context, path string, each func(Event) error, broke func(error)) error {
	last := ""
	for {
		err := c.listen(ctx, path, &last, each)
		var refused *Problem
		var failed eachFailed
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &failed):
			return failed.error
		case errors.As(err, &refused) && refused.Status != http.StatusServiceUnavailable, last == "" && err != nil:
			return err // it never began, or never will again
		}
		if broke != nil {
			broke(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(c.again):
		}
	}
}

type eachFailed struct{ error }

// listen reads one connection to its end.
func (c *Client) listen(ctx context.Context, path string, last *string, each func(Event) error) error {
	head := http.Header{"Accept": {"text/event-stream"}}
	if *last != "" {
		head.Set("Last-Event-ID", *last)
	}
	res, err := c.send(ctx, "GET "+path, head, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 64<<10), maxEvent)
	var e Event
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			e.ID = value
		case "event":
			e.Name = value
		case "data":
			e.Data += value
		case "":
			if value != "" || lines.Text() != "" { // a comment
				continue
			}
			if e.ID != "" {
				*last = e.ID
			}
			if e.Name != "" || e.Data != "" {
				if err := each(e); err != nil {
					return eachFailed{err}
				}
			}
			e = Event{}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the stream broke: %w", err)
	}
	return fmt.Errorf("the stream ended: %w", io.EOF)
}
