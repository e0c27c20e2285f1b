package e2e

import (
	"net/http"
	"testing"
)

// TestTomcatRig proves the stage before anything plays on it: without the gateway, a session
// keeps its count when the node that made it is killed, and the survivor renames it.
func TestTomcatRig(t *testing.T) {
	c := tomcats(t)
	a, b := c.nodes[0], c.nodes[1]
	first, err := fetch(directly, "GET", a.url()+"/app/hits.jsp", nil)
	if err != nil {
		t.Fatal(err)
	}
	if first.node != "node1" || route(first.session) != "node1" || first.hits != 1 {
		t.Fatalf("first page: %+v", first)
	}
	if want := "hits.jsp;jsessionid=" + first.session; first.link != want {
		t.Errorf("link %q, want %q", first.link, want)
	}
	a.proc.kill()
	second, err := fetch(directly, "GET", b.url()+"/app/hits.jsp", http.Header{"Cookie": {"JSESSIONID=" + first.session}})
	if err != nil {
		t.Fatal(err)
	}
	if second.node != "node2" || second.hits != 2 || route(second.session) != "node2" {
		t.Errorf("after the kill: %+v, want hit 2 on node2 under a new route", second)
	}
	tomcats(t) // node1 returns
	third, err := fetch(directly, "GET", a.url()+"/app/hits.jsp", http.Header{"Cookie": {"JSESSIONID=" + second.session}})
	if err != nil || third.hits != 3 {
		t.Errorf("after the return: %+v, %v; want hit 3", third, err)
	}
}
