package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// Client asks a gateway. Safe for concurrent use.
type Client struct {
	socket string
	http   *http.Client
}

// New returns a client of the gateway whose unix socket this is.
func New(socket string) *Client {
	return &Client{socket, &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}}}
}

// Close closes unused connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// ErrAway says that no gateway serves the socket.
var ErrAway = errors.New("no gateway answers there: is it running, and is this its state directory?")

// Problem is what the API answered instead of what was asked for (RFC 9457).
type Problem struct {
	Status int     `json:"status"`
	Title  string  `json:"title"`
	Detail string  `json:"detail"`
	Errors []Fault `json:"errors"`
}

// Fault is one thing wrong with a request or a configuration.
type Fault struct {
	Place    string `json:"place"`
	Pointer  string `json:"pointer"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

// Error implements error, for people: a line, and one for each fault.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Title)
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, f := range p.Errors {
		if f.Message == p.Detail {
			continue
		}
		fmt.Fprintf(&b, "\n  %s", strings.TrimSpace(f.Place+" "+f.Pointer))
		fmt.Fprintf(&b, ": %s", f.Message)
		if f.Hint != "" {
			fmt.Fprintf(&b, "; %s", f.Hint)
		}
	}
	return b.String()
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// Do sends a request, such as "GET /nodes", to a path below /api/v1 and reads
// the answer into out unless that is nil. in is the body: nil for GET, else
// JSON. An answer that is an error is a *Problem.
func (c *Client) Do(ctx context.Context, what string, in, out any) error {
	method, path, _ := strings.Cut(what, " ")
	var body io.Reader
	if method != http.MethodGet {
		if in == nil {
			in = struct{}{}
		}
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("%s: %w", c.socket, ErrAway)
		}
		if errors.Is(err, syscall.EACCES) {
			return fmt.Errorf("%s: only root and the user of the gateway may ask it", c.socket)
		}
		return err
	}
	defer res.Body.Close()
	from := io.LimitReader(res.Body, maxAnswer)
	if res.StatusCode/100 != 2 {
		p := &Problem{Status: res.StatusCode, Title: res.Status}
		_ = json.NewDecoder(from).Decode(p) // the status tells enough
		return p
	}
	if out == nil || res.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(from).Decode(out); err != nil {
		return fmt.Errorf("%s: reading the answer: %w", what, err)
	}
	return nil
}
