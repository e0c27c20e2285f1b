package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strconv"
	"strings"
	"testing"
	"time"
)

// page is what a page of the web application told.
type page struct {
	status  int
	header  http.Header
	node    string // which Tomcat served it
	session string // its session id, with the route
	hits    int
	link    string // a link as the container writes it
	whole   bool   // the last line arrived
}

// directly follows no redirects and keeps no cookies.
var directly = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// browser is a client with cookies of its own that follows redirects and keeps its connections.
func browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{MaxIdleConnsPerHost: 4}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: tr}
}

// fetch gets a page; anything but 200 is an error, the page is returned all the same.
func fetch(c *http.Client, method, url string, header http.Header) (page, error) {
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		return page{}, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := c.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	p := page{status: resp.StatusCode, header: resp.Header}
	lines := bufio.NewScanner(io.LimitReader(resp.Body, 1<<20))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch name {
		case "node":
			p.node = value
		case "session":
			p.session = value
		case "hits":
			p.hits, _ = strconv.Atoi(value)
		case "link":
			p.link = value
		case "end":
			p.whole = true
		}
	}
	if err := lines.Err(); err != nil {
		return p, fmt.Errorf("after the response began: %w", err)
	}
	if p.status != http.StatusOK {
		return p, fmt.Errorf("status %d", p.status)
	}
	return p, nil
}
