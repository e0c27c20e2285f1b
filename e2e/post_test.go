package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Tomcat is killed while it is posted to. No POST reaches the application twice, whether the
// gateway had it in memory or passed it on as it came; what was answered was recorded; and only
// requests that were under way are lost, not those that begin once the node is dead. (It is a
// while dying: the kernel takes its memory apart before it closes its sockets, and meanwhile
// they take whatever is sent.)
func TestPostIsNeverDeliveredTwice(t *testing.T) { neverTwice(t, stage{Tomcats: true, Load: true}) }

func neverTwice(t *testing.T, s stage) {
	w := set(t, s)
	for _, n := range w.tomcats.nodes {
		if _, err := post(directly, n.url(), "warm", 0); err != nil { // the page is compiled now
			t.Fatal(err)
		}
		if err := os.Remove(n.posts()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	answered := map[string]string{} // id -> node
	var failed []string
	var dead time.Time
	var wg sync.WaitGroup
	for i := range clients / 4 {
		wg.Go(func() {
			c := browser(t)
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("%d-%d", i, n)
				began := time.Now()
				node, err := post(c, w.http, id, i%3)
				mu.Lock()
				if err == nil {
					answered[id] = node
				} else {
					failed = append(failed, fmt.Sprintf("%s: %v", id, err))
					if !dead.IsZero() && began.After(dead) {
						t.Errorf("%s failed, begun %v after the node's death: %v", id, began.Sub(dead), err)
					}
				}
				mu.Unlock()
			}
		})
	}
	time.Sleep(1500 * time.Millisecond)
	w.tomcats.nodes[0].proc.kill() // returns when the process is no more
	w.tomcats.nodes[0].buried(t)
	mu.Lock()
	dead = time.Now()
	mu.Unlock()
	time.Sleep(1500 * time.Millisecond)
	cancel()
	wg.Wait()

	recorded, perNode, unanswered := map[string]string{}, map[string]int{}, 0
	for _, n := range w.tomcats.nodes {
		text, err := os.ReadFile(n.posts())
		if err != nil {
			t.Fatal(err)
		}
		for id := range strings.Lines(string(text)) {
			id = strings.TrimSpace(id)
			if first, ok := recorded[id]; ok {
				t.Errorf("%s was recorded by %s and by %s", id, first, n.Name)
			}
			recorded[id] = n.Name
			perNode[n.Name]++
			if answered[id] == "" {
				unanswered++
			}
		}
	}
	for id, node := range answered {
		if recorded[id] != node {
			t.Errorf("%s was answered by %s, recorded by %q", id, node, recorded[id])
		}
	}
	t.Logf("%d POSTs answered, recorded %v, failed %d, of these recorded %d; first failure: %v", len(answered), perNode, len(failed), unanswered, failed[:min(1, len(failed))])
	if len(failed) > 2*clients/4 {
		t.Errorf("%d POSTs failed, at most %d were under way", len(failed), clients/4)
	}
	if perNode["node1"] < 100 || perNode["node2"] < 100 {
		t.Errorf("recorded %v: a node had no part in it", perNode)
	}
}

// buried waits until the system has told all who were connected with a dead node: what it sends for that is a message like any other, and
// a busy machine may deliver it some milliseconds late.
func (n *tomcat) buried(t testing.TB) {
	t.Helper()
	eventually(t, 10*time.Second, n.Name+" is gone for its peers", func() error {
		var all strings.Builder
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			text, err := os.ReadFile(table)
			if err != nil && !os.IsNotExist(err) {
				return err
			}
			all.Write(text)
		}
		for line := range strings.Lines(all.String()) {
			if f := strings.Fields(line); len(f) > 3 && f[3] == "01" && (strings.HasSuffix(f[2], fmt.Sprintf(":%04X", n.HTTP)) || strings.HasSuffix(f[2], fmt.Sprintf(":%04X", n.AJP))) {
				return fmt.Errorf("%s is still connected", f[1])
			}
		}
		return nil
	})
}

func (n *tomcat) posts() string { return filepath.Join(n.base, "temp", "posts") }

// post sends an id to be recorded: 0 in a small form, 1 in a large one, 2 in a large one of
// unknown length. It returns the node that answered.
func post(c *http.Client, url, id string, way int) (string, error) {
	form := "id=" + id
	if way > 0 {
		form += "&filler=" + strings.Repeat("x", 40<<10)
	}
	var body io.Reader = strings.NewReader(form)
	if way == 2 {
		body = io.MultiReader(body) // hides the length
	}
	req, err := http.NewRequest("POST", url+"/app/record.jsp", body)
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	node, rest, _ := strings.Cut(strings.TrimPrefix(string(text), "node="), "\n")
	if resp.StatusCode != http.StatusOK || strings.TrimSpace(rest) != "end=1" {
		return "", fmt.Errorf("status %d, %.80q", resp.StatusCode, text)
	}
	return node, nil
}
