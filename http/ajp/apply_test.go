package ajp

import (
	"io"
	"sync/atomic"
	"testing"
)

// New settings count for the next request; connections of an address whose
// settings are the same are kept.
func TestApply(t *testing.T) {
	seen := make(chan string, 9)
	var opened [2]atomic.Int32
	node := func(i int) string {
		return listen(t, func(c *container, _ int) {
			opened[i].Add(1)
			for r := c.request(); r != nil; r = c.request() {
				seen <- r.attr("12")
				io.WriteString(c, headers(200)+endReuse)
			}
		})
	}
	a, b := node(0), node(1)
	client := &Client{Nodes: map[string]Settings{a: {Secret: "1"}, b: {Secret: "b"}}}
	t.Cleanup(client.CloseIdle)
	ask := func(addr, want string) {
		t.Helper()
		must(t, client, addr)
		if got := <-seen; got != want {
			t.Errorf("secret %q, want %q", got, want)
		}
	}
	ask(a, "1")
	ask(b, "b")
	resp, err := client.Exchange(t.Context(), a, get(), nil) // under way
	if err != nil || <-seen != "1" {
		t.Fatal(err)
	}
	client.Apply(map[string]Settings{a: {Secret: "2"}, b: {Secret: "b"}})
	ask(a, "2")
	ask(b, "b")
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	ask(a, "2")
	client.Apply(map[string]Settings{b: {Secret: "b"}})
	ask(a, "")
	ask(b, "b")
	if n, m := opened[0].Load(), opened[1].Load(); n != 3 || m != 1 {
		t.Errorf("%d connections to the one that changed, %d to the other", n, m)
	}
}
