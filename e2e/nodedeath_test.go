package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A session keeps its hit count when its node is killed: the other Tomcat has a copy, takes
// over, renames the session to its own route, and the browser never notices.
func TestSessionSurvivesItsNode(t *testing.T) {
	w := set(t, stage{Tomcats: true})
	var tabs []*http.Client
	var homes []string
	for range 20 {
		c := browser(t)
		var p page
		for range 3 {
			var err error
			if p, err = fetch(c, "GET", w.http+"/app/hits.jsp", nil); err != nil {
				t.Fatal(err)
			}
		}
		tabs, homes = append(tabs, c), append(homes, p.node)
	}
	w.tomcats.nodes[0].proc.kill()
	moved := 0
	for i, c := range tabs {
		for n := range 3 {
			p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
			if err != nil {
				t.Fatalf("browser %d after the kill: %v", i, err)
			}
			if p.node != "node2" || p.hits != 4+n || route(p.session) != "node2" {
				t.Fatalf("browser %d of %s, visit %d: %+v; want hit %d on node2", i, homes[i], 4+n, p, 4+n)
			}
		}
		if homes[i] == "node1" {
			moved++
		}
	}
	if moved == 0 {
		t.Error("no session lived on node1: nothing was shown")
	}
	tomcats(t) // node1 returns; the sessions stay where they are now
	w.health("node1", "http", "up")
	for i, c := range tabs {
		p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
		if err != nil || p.node != "node2" || p.hits != 7 {
			t.Fatalf("browser %d after the return: %+v, %v; want hit 7 on node2", i, p, err)
		}
	}
	t.Logf("%d of %d sessions moved, no hit lost", moved, len(tabs))
}

// A Tomcat is killed while GETs are on their way: no browser sees an error unless its
// response had begun.
func TestKillUnderLoad(t *testing.T) {
	w := set(t, stage{Tomcats: true, Load: true})
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var total, begun int
	served := map[string]int{}
	var faults []string
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			c := browser(t)
			for n := 0; ctx.Err() == nil; n++ {
				where := []string{"/app/hits.jsp", "/app/plain.jsp?ms=20", "/app/plain.jsp?late=20"}[i%3]
				p, err := fetch(c, "GET", w.http+where, nil)
				mu.Lock()
				total++
				served[p.node]++
				switch {
				case err == nil && (p.whole || i%3 == 0):
				case err == nil:
					faults = append(faults, fmt.Sprintf("client %d, request %d: cut off, but passed on as if whole", i, n))
				case strings.HasPrefix(err.Error(), "after the response began"):
					begun++
				default:
					faults = append(faults, fmt.Sprintf("client %d, request %d: %v", i, n, err))
				}
				mu.Unlock()
			}
		})
	}
	time.Sleep(2 * time.Second)
	mu.Lock()
	before := maps.Clone(served)
	mu.Unlock()
	w.tomcats.nodes[0].proc.kill()
	time.Sleep(3 * time.Second)
	cancel()
	wg.Wait()
	t.Logf("%d GETs, per node %v before the kill and %v in all, cut off after they had begun: %d, failed: %d", total, before, served, begun, len(faults))
	for i, f := range faults {
		if i == 10 {
			break
		}
		t.Error(f)
	}
	if before["node1"] == 0 || before["node2"] == 0 {
		t.Errorf("per node %v before the kill: the dead node had no part in it", before)
	}
}
