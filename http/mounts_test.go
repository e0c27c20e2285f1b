package http

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"twinhop/gateway"
)

// What a request is decided on and what the node serves must be the same
// place: whatever is forwarded under /app must not be under /admin for a
// container that cuts parameters, decodes once and resolves dots.
func TestPathConfusion(t *testing.T) { lanes(t, pathConfusion) }

func pathConfusion(t *testing.T) {
	r := newRecorder(t, "n1")
	s := newStage(t, []node{r.node}, func(s *stage) {
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/*", "default"), rule("!/admin/*", "*"), rule("!/admin", "*"), rule("!/admin;*", "*")})
	})
	for target, status := range map[string]string{
		"/app/x": "200", "/app/../app/x": "200", "/app/a;x=1/b": "200", "/adminx": "200", "/a%25dmin": "200",
		"/admin": "404", "/admin/x": "404", "/%61dmin/x": "404", "//admin/x": "404", "/./admin/x": "404", "/admin;x/y": "404",
		"/;/admin/x": "404", "/admin//x": "404", "/%2e/admin/x": "404",
		"/app/../admin/x": "400", "/app/..;/admin/x": "400", "/app/%2e%2e/admin/x": "400", "/admin/../x": "400",
		"/app/..%2fadmin": "400", "/app/..%5cadmin": "400", `/app\..\admin`: "400", "/%00": "400", "/..": "400", "/app%": "400",
	} {
		answer := s.rawSend("GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		got := r.take()
		if !strings.HasPrefix(answer, "HTTP/1.1 "+status) {
			t.Errorf("%s: %.30q", target, answer)
		}
		if forwarded := len(got) > 0; forwarded != (status == "200") {
			t.Errorf("%s: forwarded %v", target, forwarded)
		} else if forwarded && !strings.HasPrefix(got[0], "GET "+target+" HTTP/1.1\r\n") {
			t.Errorf("%s became %.60q", target, got[0])
		}
	}
}

// A rule may lead to a handler of the gateway instead of to a pool; which one
// counts, and what it excludes, is as for pools.
func TestRulesThatLeadToAHandler(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1")}, func(s *stage) {
		s.front.Handlers = map[string]LocalHandler{"status": func(w http.ResponseWriter, r *http.Request, ev []gateway.Evidence, hint gateway.Hint) {
			fmt.Fprintf(w, "status of %s, %d %s", r.URL.Path, len(ev), hint.Route)
		}}
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/*", "default"), {Path: "/jkstatus|/*", Local: "status"}, rule("!/jkstatus/no", "*"), {Path: "/lost", Local: "unknown"}})
	})
	for path, want := range map[string]string{
		"/jkstatus": "200 status of /jkstatus, 1 n1", "/jkstatus/x": "200 status of /jkstatus/x, 1 n1", "/jkstatus/no": "404 Not Found\n",
		"/jk": "200 n1", "/lost": "404 Not Found\n", "/a/../jkstatus": "400 Bad Request\n", "/jkstatus/../jkstatus": "200 status of /jkstatus/../jkstatus, 1 n1",
	} {
		resp, body := s.get(path, "Cookie: JSESSIONID=A.n1")
		if got := fmt.Sprintf("%d %s", resp.StatusCode, body); got != want {
			t.Errorf("%s: %q, expected %q", path, got, want)
		}
	}
	if _, err := NewMounts([]MountRule{{Path: "/x", Pool: "p", Local: "l"}}); err == nil {
		t.Error("a rule that leads to two places is accepted")
	}
}
