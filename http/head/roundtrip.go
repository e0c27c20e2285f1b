package head

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// RoundTrip makes a Backend of net/http's client side. It costs more than the
// gateway's own clients (the transport's goroutines, a map per head) and loses
// field order and spelling; it serves as a second opinion beside them, and
// where only a RoundTripper is at hand.
type RoundTrip struct {
	// Transport nil means http.DefaultTransport.
	Transport http.RoundTripper
}

// Exchange implements Backend. Its errors never claim NotSent.
func (t RoundTrip) Exchange(ctx context.Context, addr string, r *Request, body io.Reader) (*Response, error) {
	transport := t.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	path, query, has := strings.Cut(r.Target, "?")
	out := (&http.Request{
		Method: r.Method,
		URL:    &url.URL{Scheme: "http", Host: addr, Opaque: path, RawQuery: query, ForceQuery: has && query == ""},
		Host:   r.Host,
		Header: http.Header{},
	}).WithContext(ctx)
	for f := range r.Fields.All() {
		out.Header.Add(f.Name, f.Value)
	}
	if r.Upgrade != "" {
		out.Header.Set("Connection", "Upgrade")
		out.Header.Set("Upgrade", r.Upgrade)
	}
	if body != nil && r.Length != 0 {
		out.Body, out.ContentLength = io.NopCloser(body), r.Length
	}
	if !r.Fields.Has("User-Agent") {
		out.Header["User-Agent"] = nil
	}
	in, err := transport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	return fromHTTP(in), nil
}

func fromHTTP(in *http.Response) *Response {
	_, reason, _ := strings.Cut(in.Status, " ")
	resp := &Response{Status: in.StatusCode, Reason: reason, ContentLength: in.ContentLength}
	addSorted(&resp.Fields, in.Header)
	if in.StatusCode == http.StatusSwitchingProtocols {
		resp.Conn, _ = in.Body.(io.ReadWriteCloser)
		resp.Body = http.NoBody
		return resp
	}
	resp.Body = &roundTripBody{ReadCloser: in.Body, in: in, resp: resp}
	return resp
}

// roundTripBody moves the trailer over when the body ended.
type roundTripBody struct {
	io.ReadCloser
	in   *http.Response
	resp *Response
}

func (b *roundTripBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && b.resp.Trailer.Len() == 0 {
		addSorted(&b.resp.Trailer, b.in.Trailer)
	}
	return n, err
}

func addSorted(f *Fields, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range h[name] {
			f.Add(name, v)
		}
	}
}
