package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// browser is a visitor of the page: it keeps cookies as browsers do.
type browser struct {
	base      string
	client    *http.Client
	redirects int // followed so far
}

func newBrowser(gateway string) *browser {
	jar, _ := cookiejar.New(nil) // never fails without options
	b := &browser{base: "http://" + gateway}
	b.client = &http.Client{Jar: jar, Transport: &http.Transport{}, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return fmt.Errorf("%d redirects in a row", len(via))
		}
		b.redirects++
		return nil
	}}
	return b
}

func (b *browser) close() { b.client.CloseIdleConnections() }

// id is the session id that the next request to / will carry.
func (b *browser) id() sessionID {
	at, err := url.Parse(b.base + "/")
	if err != nil {
		return sessionID{}
	}
	var found []string
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == cookieName {
			found = append(found, c.Value)
		}
	}
	if len(found) != 1 {
		return sessionID{} // a second cookie of another path or domain would be a fault
	}
	id, _ := parseID(found[0])
	return id
}

// get asks for a path that answers with the status of the session.
func (b *browser) get(ctx context.Context, path string) (s status, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+path, nil)
	if err != nil {
		return s, err
	}
	res, err := b.client.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return s, fmt.Errorf("GET %s: %w", path, err)
	}
	if res.StatusCode != http.StatusOK {
		return s, fmt.Errorf("GET %s was answered %s: %s", path, res.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("GET %s: %w", path, err)
	}
	return s, nil
}

// on hits the page and tells which node served it.
func (b *browser) on(ctx context.Context) (node string, hits int, err error) {
	s, err := b.get(ctx, "/hit")
	return s.Node, s.Hits, err
}
