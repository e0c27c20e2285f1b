package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// Target is where a gateway is asked: by its unix socket, or by network.
type Target struct {
	Socket string // a file
	URL    string // http://host:port or https://host:port, used when there is no socket
	Token  string // sent by network
	CA     string // file of PEM certificates that the gateway's has to be of; "": those of the system
}

// Client asks a gateway. Safe for concurrent use.
type Client struct {
	target Target
	http   *http.Client
	again  time.Duration // until a stream that broke is taken up
}

// New returns a client of the gateway whose unix socket this is.
func New(socket string) *Client {
	c, _ := To(Target{Socket: socket}) // only authorities can be wrong
	return c
}

// To returns a client of the gateway that is meant.
func To(t Target) (*Client, error) {
	transport := &http.Transport{TLSHandshakeTimeout: 10 * time.Second}
	if t.Socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", t.Socket)
		}
		t.URL, t.Token = "http://localhost", ""
	} else if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("authorities of the admin: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("authorities of the admin: %s has no certificate in PEM", t.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a token goes nowhere else
	return &Client{t, &http.Client{Transport: transport, CheckRedirect: noRedirect}, again}, nil
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
	return c.With(ctx, what, nil, Body{in, out})
}

// Body is what goes to the gateway and what comes back.
type Body struct{ In, Out any }

// With is Do with fields of the head, such as If-Match, and tells those of the answer in the same place when head is not nil.
func (c *Client) With(ctx context.Context, what string, head http.Header, b Body) error {
	res, err := c.send(ctx, what, head, b.In)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for name, values := range res.Header {
		if head != nil {
			head[name] = values
		}
	}
	if b.Out == nil || res.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(b.Out); err != nil {
		return fmt.Errorf("%s: reading the answer: %w", what, err)
	}
	return nil
}

// Copy asks for something that is no JSON and writes it.
func (c *Client) Copy(ctx context.Context, what string, to io.Writer) error {
	res, err := c.send(ctx, what, nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err = io.Copy(to, io.LimitReader(res.Body, maxAnswer)); err != nil {
		return fmt.Errorf("%s: reading the answer: %w", what, err)
	}
	return nil
}

// send sends a request. The answer is a good one; its body is to be closed.
func (c *Client) send(ctx context.Context, what string, head http.Header, in any) (*http.Response, error) {
	method, path, _ := strings.Cut(what, " ")
	var body io.Reader
	if method != http.MethodGet {
		if in == nil {
			in = struct{}{}
		}
		text, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		body = bytes.NewReader(text)
	}
	if !strings.HasPrefix(path, "/readyz") && !strings.HasPrefix(path, "/healthz") {
		path = "/api/v1" + path
	}
	req, err := http.NewRequestWithContext(ctx, method, c.target.URL+path, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	for name, values := range head {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.target.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.target.Token)
	}
	res, err := c.http.Do(req)
	switch {
	case err != nil:
		return nil, c.away(err)
	case res.StatusCode/100 != 2:
		defer res.Body.Close()
		p := &Problem{Status: res.StatusCode, Title: res.Status}
		_ = json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(p) // the status tells enough
		return nil, p
	}
	return res, nil
}

// away says what to do about a gateway that cannot be asked.
func (c *Client) away(err error) error {
	where := c.target.Socket
	if where == "" {
		where = c.target.URL
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: no answer: %w", where, err)
	case errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: %w", where, ErrAway)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s: only root and the user of the gateway may ask it", where)
	}
	return err
}
