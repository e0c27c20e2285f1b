package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

const (
	clients  = 200
	requests = 50
)

// crowd runs one visit for each client at the same time and reports what went wrong.
func crowd(t *testing.T, visit func(client int) (node string, err error)) {
	t.Helper()
	var mu sync.Mutex
	spread := map[string]int{}
	failed := 0
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			node, err := visit(i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				if failed++; failed <= 5 {
					t.Errorf("client %d: %v", i, err)
				}
				return
			}
			spread[node]++
		})
	}
	wg.Wait()
	t.Logf("%d clients x %d requests: sessions per node %v, clients with a fault %d", clients, requests, spread, failed)
	if spread["node1"] < clients/4 || spread["node2"] < clients/4 {
		t.Errorf("sessions per node %v: not spread", spread)
	}
}

// stays checks one answer of a session against the node of its first one.
func stays(p page, err error, node *string, hits int) error {
	switch {
	case err != nil:
		return err
	case *node == "":
		*node = p.node
	case p.node != *node:
		return fmt.Errorf("request %d was served by %s, the session lives on %s", hits, p.node, *node)
	}
	if p.session != "" && p.hits != hits {
		return fmt.Errorf("request %d is hit %d of the session", hits, p.hits)
	}
	return nil
}

// Each session is seen by exactly one node, whichever way its id travels. Each way has a
// gateway of its own: "requests" evens out what was served before, as mod_jk does, so a crowd
// leaves a debt that the next newcomers would all pay on one node.
func TestSticky(t *testing.T) {
	t.Run("cookie", func(t *testing.T) {
		w := set(t, stage{Tomcats: true})
		crowd(t, func(int) (node string, err error) {
			c := browser(t)
			for n := range requests {
				p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
				if err := stays(p, err, &node, n+1); err != nil {
					return node, err
				}
			}
			return node, nil
		})
	})

	t.Run("path id", func(t *testing.T) {
		w := set(t, stage{Tomcats: true})
		crowd(t, func(int) (node string, err error) {
			link := "hits.jsp"
			for n := range requests {
				p, err := fetch(directly, "GET", w.http+"/app/"+link, nil)
				if err := stays(p, err, &node, n+1); err != nil {
					return node, err
				}
				if link = p.link; !strings.Contains(link, ";jsessionid=") {
					return node, fmt.Errorf("the page's link %q has no session", link)
				}
			}
			return node, nil
		})
	})

	t.Run("appsession", func(t *testing.T) {
		w := set(t, stage{Tomcats: true})
		crowd(t, func(i int) (node string, err error) {
			for n := range requests { // nothing but the parameter ties these together
				p, err := fetch(directly, "GET", fmt.Sprintf("%s/app/plain.jsp?n=%d&appsession=user%%20%d", w.http, n, i), nil)
				if err := stays(p, err, &node, n+1); err != nil {
					return node, err
				}
			}
			return node, nil
		})
	})
}

// One connection carries requests of different sessions; each goes to its own node.
func TestStickyPerRequest(t *testing.T) {
	w := set(t, stage{Tomcats: true})
	ids := map[string]string{}
	for range 40 {
		p, err := fetch(directly, "GET", w.http+"/app/hits.jsp", nil)
		if err != nil {
			t.Fatal(err)
		}
		ids[p.node] = p.session
	}
	if len(ids) != 2 {
		t.Fatalf("40 sessions on %d node", len(ids))
	}
	one := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer one.CloseIdleConnections()
	for n := range 20 {
		for node, id := range ids {
			p, err := fetch(one, "GET", w.http+"/app/hits.jsp", http.Header{"Cookie": {"JSESSIONID=" + id}})
			if err != nil || p.node != node || p.hits != n+2 {
				t.Fatalf("session of %s: %+v, %v", node, p, err)
			}
		}
	}
}

// A redirect by the application carries the session in its URL; whoever follows it without
// cookies arrives at the same session, through the gateway and not past it.
func TestRedirectKeepsSession(t *testing.T) {
	w := set(t, stage{Tomcats: true})
	for range 10 {
		first, _ := fetch(directly, "GET", w.http+"/app/go.jsp", nil)
		to, err := url.Parse(first.header.Get("Location"))
		if err != nil || first.status != http.StatusFound || !strings.Contains(to.Path, ";jsessionid=") {
			t.Fatalf("redirect: %+v, %v", first, err)
		}
		from, _ := url.Parse(w.http + "/app/go.jsp")
		if to = from.ResolveReference(to); to.Host != from.Host {
			t.Fatalf("redirected past the gateway, to %s", to)
		}
		_, id, _ := strings.Cut(to.Path, ";jsessionid=")
		p, err := fetch(directly, "GET", to.String(), nil)
		if err != nil || p.session != id || p.node != route(id) {
			t.Errorf("session %s: %+v, %v", id, p, err)
		}
	}
}
