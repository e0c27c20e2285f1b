package httpwords

import (
	"cmp"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"twinhop/gateway/config"
	httpfront "twinhop/http"
)

// maxPage bounds the page that stands in for the nodes.
const maxPage = 1 << 20

// Unavailable says what clients get when no node can serve them; file finds
// what the configuration names, and the page is read.
func Unavailable(c *config.Unavailable, file func(name string) string) (u httpfront.Unavailable, err error) {
	u.Redirect = c.Redirect
	if c.Proxy != "" {
		at, err := url.Parse(c.Proxy)
		if err != nil {
			return u, fmt.Errorf("http.unavailable.proxy: %w", err)
		}
		u.Proxy = net.JoinHostPort(at.Hostname(), cmp.Or(at.Port(), "80"))
	}
	if c.Page == "" {
		return u, nil
	}
	f, err := os.Open(file(c.Page))
	if err != nil {
		return u, fmt.Errorf("http.unavailable.page: %w", err)
	}
	defer f.Close()
	if u.Page, err = io.ReadAll(io.LimitReader(f, maxPage+1)); err != nil {
		return u, fmt.Errorf("http.unavailable.page: %w", err)
	}
	if len(u.Page) > maxPage {
		return u, fmt.Errorf("http.unavailable.page: %s is larger than %d bytes", c.Page, maxPage)
	}
	if u.Type = mime.TypeByExtension(filepath.Ext(c.Page)); u.Type == "" {
		u.Type = http.DetectContentType(u.Page)
	}
	return u, nil
}
