package h1

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/http/head"
)

// A request may say itself how long each part of its answer is waited for.
func TestReplyTimeoutOfARequest(t *testing.T) {
	for _, c := range []struct {
		method     string
		reply      time.Duration
		head, body time.Duration // the node's pauses before head and second half
		broken     time.Duration // when; 0: never
	}{
		{"GET", 0, 6 * time.Second, 0, 5 * time.Second},
		{"GET", 0, 0, 8 * time.Second, 7 * time.Second},
		{"GET", time.Second, 2 * time.Second, 0, time.Second},
		{"POST", time.Second, 2 * time.Second, 0, time.Second},
		{"GET", time.Second, 900 * time.Millisecond, 2 * time.Second, 1900 * time.Millisecond},
		{"GET", 10 * time.Second, 9 * time.Second, 9 * time.Second, 0},
		{"POST", 10 * time.Second, 9 * time.Second, 9 * time.Second, 0},
		{"GET", -1, time.Hour, time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, node := byHand(t)
			client.HeaderTimeout, client.BodyTimeout = 5*time.Second, 7*time.Second
			var running sync.WaitGroup
			defer running.Wait()
			running.Go(func() {
				if r, err := http.ReadRequest(bufio.NewReader(node)); err == nil {
					io.Copy(io.Discard, r.Body)
				}
				time.Sleep(c.head)
				io.WriteString(node, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi")
				time.Sleep(c.body)
				io.WriteString(node, "ho")
				io.Copy(io.Discard, node)
			})
			start := time.Now()
			r := &head.Request{Method: c.method, Target: "/", Host: "h", ReplyTimeout: c.reply}
			var body io.Reader
			if c.method == "POST" {
				r.Length, body = 2, io.MultiReader(strings.NewReader("ab")) // streamed
			}
			resp, err := client.Exchange(t.Context(), "n", r, body)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			took := time.Since(start)
			if late := c.broken > 0; late != (err != nil) || late && (!head.Timeout(err) || took != c.broken) {
				t.Errorf("%+v: after %v: %v", c, took, err)
			}
		})
	}
}
