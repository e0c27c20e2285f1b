package http

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// valves are application servers with the ConvergedJvmRouteValve of the JBoss
// family in front of their servlets, and the sessions that they replicate.
type valves struct {
	follows bool // httpFollowsSip
	silent  bool // the correcting answer has no session cookie

	mu       sync.Mutex        // guards what follows
	app      map[string]string // session without its route -> route of its application session
	flagged  int               // requests that came with the flag
	switched []string          // switchovers they asked for
	log      []string          // how each request of the present page was answered
}

// node is one of them, route its jvmRoute.
func (v *valves) node(t *testing.T, route string) node {
	return app(t, route, func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		c, err := r.Cookie("JSESSIONID")
		if err != nil {
			v.serve(w, r, route)
			return
		}
		flag, err := r.Cookie(refreshFlag)
		attempted := err == nil && flag.Value == "true"
		if attempted {
			v.flagged++
		}
		base, was, _ := strings.Cut(c.Value, ".")
		unflag := func() { http.SetCookie(w, &http.Cookie{Name: refreshFlag, Path: "/", MaxAge: -1}) }
		if was == route {
			unflag()
			v.serve(w, r, route)
			return
		}
		at, converged := v.app[base]
		switch {
		case v.follows && converged && attempted:
			v.app[base] = route
			unflag()
		case v.follows && converged && at != "":
			if !v.silent {
				http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: base + "." + at, Path: "/"})
			}
			w.Header().Set("Refresh", "1")
			w.Header().Set("Mobicents-Refresh", "true")
			http.SetCookie(w, &http.Cookie{Name: refreshFlag, Value: "true", Path: "/"})
			v.log = append(v.log, route+" corrects to "+at)
			return
		case converged:
			v.app[base] = route
			v.switched = append(v.switched, was+" to "+route)
		}
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: base + "." + route, Path: "/"})
		v.serve(w, r, route)
	})
}

func (v *valves) serve(w http.ResponseWriter, r *http.Request, route string) {
	body, _ := io.ReadAll(r.Body)
	v.log = append(v.log, route+" serves")
	fmt.Fprintf(w, "%s %s%s", route, r.Method, body)
}

// browser loads pages, minds cookies and Refresh.
type browser struct {
	t   *testing.T
	jar *cookiejar.Jar
	at  *url.URL
}

func newBrowser(t *testing.T, s *stage, cookie string) *browser {
	b := &browser{t: t}
	b.jar, _ = cookiejar.New(nil)
	b.at, _ = url.Parse("http://" + s.addr + "/app")
	b.jar.SetCookies(b.at, []*http.Cookie{{Name: "JSESSIONID", Value: cookie, Path: "/"}})
	return b
}

// load loads a page and whatever it says to load instead. It returns what is
// shown in the end, and how many requests that took.
func (b *browser) load(method, body string) (text string, requests int) {
	c := &http.Client{Jar: b.jar, Transport: &http.Transport{DisableKeepAlives: true}}
	to := b.at
	for requests = 1; requests < 10; requests++ {
		r, _ := http.NewRequest(method, to.String(), strings.NewReader(body))
		resp, err := c.Do(r)
		if err != nil {
			b.t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		refresh := resp.Header.Get("Refresh")
		if refresh == "" {
			return string(got), requests
		}
		if resp.StatusCode != 200 || len(got) != 0 || resp.Header.Get("Mobicents-Refresh") != "true" || b.cookie(refreshFlag) != "true" {
			b.t.Errorf("an answer with Refresh: %d %q %v", resp.StatusCode, got, resp.Header)
		}
		if _, other, ok := strings.Cut(refresh, "url="); ok {
			to, _ = to.Parse(other)
		}
		method, body = "GET", "" // a page that loads itself again sends no body
	}
	b.t.Errorf("still loading after %d requests", requests)
	return "", requests
}

func (b *browser) cookie(name string) string {
	for _, c := range b.jar.Cookies(b.at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// Nodes that correct browsers themselves, behind a gateway that does so in any
// of its ways: every page is shown after a few requests, by the node where the
// application session is if that is alive, nobody is left with a flag, and no
// body is lost.
func TestNodesThatCorrectByThemselves(t *testing.T) { lanes(t, nodesThatCorrectByThemselves) }

func nodesThatCorrectByThemselves(t *testing.T) {
	for _, c := range []struct {
		name    string
		leader  gateway.Leader
		mode    FollowMode
		follows bool
		silent  bool
	}{
		{name: "SIP follows HTTP"},
		{name: "only the nodes let HTTP follow", follows: true},
		{name: "only the nodes, no new cookie", follows: true, silent: true},
		{name: "rewrite", leader: gateway.LeaderSIP, follows: true},
		{name: "redirect", leader: gateway.LeaderSIP, mode: FollowRedirect, follows: true},
		{name: "refresh", leader: gateway.LeaderSIP, mode: FollowRefresh, follows: true},
		{name: "refresh, no new cookie from nodes", leader: gateway.LeaderSIP, mode: FollowRefresh, follows: true, silent: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := &valves{follows: c.follows, silent: c.silent, app: map[string]string{}}
			s := newStage(t, []node{v.node(t, "n1"), v.node(t, "n2"), {"n3", "127.0.0.1:1"}}, func(s *stage) {
				s.leader, s.settings.Follow, s.settings.MaxCorrections = c.leader, c.mode, 2
			})
			if err := s.registry.SetActivation("", "n3", cluster.Stopped); err != nil {
				t.Fatal(err)
			}
			for i := range 8 {
				v.page(t, s, fmt.Sprint("S", i), i, !c.silent)
			}
		})
	}
}

// page has a browser load a page three times whose cookie names a dead node,
// another than its application session, or none at all.
func (v *valves) page(t *testing.T, s *stage, base string, i int, knows bool) {
	route := []string{"n3", "n1", "n2", "n9"}[i%4]
	at := []string{"n1", "n2", "n3"}[i%3] // n3: the call's node is dead
	v.mu.Lock()
	v.app[base], v.log = at, nil
	v.mu.Unlock()
	b := newBrowser(t, s, base+"."+route)
	method, body := "GET", ""
	if route != "n1" && route != "n2" && !v.follows {
		method, body = "POST", " with a body"
	}
	for round := range 3 {
		text, requests := b.load(method, body)
		shown, rest, _ := strings.Cut(text, " ")
		v.mu.Lock()
		what := fmt.Sprintf("session of %s with a call on %s, round %d: %d requests, %q, %q", route, at, round, requests, text, v.log)
		v.log = nil
		// Where the table learned where the call is, or nobody lets HTTP follow.
		if owner := v.app[base]; owner != "n3" && owner != shown && route != shown && v.follows {
			t.Errorf("%s: shown by a node that neither has the call, nor the browser", what)
		}
		v.mu.Unlock()
		if requests > 3 || round > 0 && requests > 1 {
			t.Errorf("%s: too many requests", what)
		}
		if rest != method+body {
			t.Errorf("%s: the request was not delivered", what)
		}
		if b.cookie("JSESSIONID") != base+"."+shown {
			t.Errorf("%s: the browser has %s", what, b.cookie("JSESSIONID"))
		}
		if b.cookie(refreshFlag) != "" && round > 0 {
			t.Errorf("%s: the flag is left", what)
		}
		if knows && v.follows && route != "n1" && route != "n2" && at != "n3" && shown != at {
			t.Errorf("%s: not where the call is", what)
		}
	}
}
