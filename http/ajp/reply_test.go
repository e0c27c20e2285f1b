package ajp

import (
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/http/head"
)

// A request may say itself how long each packet of its answer is waited for.
func TestReplyTimeoutOfARequest(t *testing.T) {
	for _, c := range []struct {
		reply      time.Duration
		head, body time.Duration // the node's pauses before head and second chunk
		broken     time.Duration // when; 0: never
	}{
		{0, 6 * time.Second, 0, 5 * time.Second},
		{0, 0, 8 * time.Second, 7 * time.Second},
		{time.Second, 2 * time.Second, 0, time.Second},
		{time.Second, 900 * time.Millisecond, 2 * time.Second, 1900 * time.Millisecond},
		{10 * time.Second, 9 * time.Second, 9 * time.Second, 0},
		{-1, time.Hour, time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, node := byHand(t, Settings{HeaderTimeout: 5 * time.Second, BodyTimeout: 7 * time.Second})
			var running sync.WaitGroup
			defer running.Wait()
			running.Go(func() {
				readPacket(node)
				time.Sleep(c.head)
				io.WriteString(node, headers(200)+chunk("hi"))
				time.Sleep(c.body)
				io.WriteString(node, chunk("ho")+raw("\x05\x01"))
				io.Copy(io.Discard, node)
			})
			start := time.Now()
			r := get()
			r.ReplyTimeout = c.reply
			resp, err := client.Exchange(t.Context(), "n", r, nil)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			took := time.Since(start)
			if late := c.broken > 0; late != (err != nil) || late && (!head.Timeout(err) || took != c.broken) {
				t.Errorf("%+v: after %v: %v", c, took, err)
			}
			client.CloseIdle()
		})
	}
}
