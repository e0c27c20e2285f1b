package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// A client that ends its connection with each request gets each answer whole, whatever its size,
// however it is framed.
func TestAnswersAreWholeWhenConnectionsEnd(t *testing.T) {
	line := strings.Repeat("0123456789abcdef", 64)
	var urls [2]string
	for i := range urls {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := strconv.Atoi(r.URL.Query().Get("lines"))
			if r.URL.Query().Has("known") {
				w.Header().Set("Content-Length", fmt.Sprint(n*len(line)))
			}
			for range n {
				io.WriteString(w, line)
			}
		}))
		t.Cleanup(srv.Close)
		urls[i] = srv.URL
	}
	w := set(t, stage{Web: urls})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	each(t, 200, func(i int) error {
		lines, query := i%50*i%7, []string{"", "&known"}[i%2]
		resp, err := client.Get(fmt.Sprintf("%s/?lines=%d%s", w.http, lines, query))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || len(text) != lines*len(line) || !resp.Close {
			return fmt.Errorf("%d of %d bytes, %d, close %v: %v", len(text), lines*len(line), resp.StatusCode, resp.Close, err)
		}
		return nil
	})
}
