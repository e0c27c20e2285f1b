package assembly

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A gateway has started when everything is served, also when nobody is where its node should be, and not before.
func TestStartup(t *testing.T) {
	node := httptest.NewServer(http.NotFoundHandler())
	node.Close() // nobody is there
	g, err := Build(Options{Config: settings(t, node.URL)})
	if err != nil {
		t.Fatal(err)
	}
	h, err := g.Admin.Handler()
	if err != nil {
		t.Fatal(err)
	}
	early := httptest.NewRecorder()
	h.ServeHTTP(early, httptest.NewRequest("GET", "/startupz", nil))
	if early.Code != 503 || !strings.Contains(early.Body.String(), `"started":false`) {
		t.Errorf("before: %d %s", early.Code, early.Body)
	}
	stop := run(t, g)
	defer stop()
	<-g.Serving()
	if code, body := get(t, "http://"+g.Addrs().Admin+"/startupz"); code != 200 || body != `{"started":true}` {
		t.Errorf("%d %s", code, body)
	}
}
