package jkstatus

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

const chrome = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"

// Who may do what. Each line is a request to a worker that may be written to,
// and the status it gets; "done" says that something was changed.
func TestAccess(t *testing.T) {
	home := netip.MustParsePrefix("192.168.0.0/16")
	const change = "cmd=update&mime=txt&w=lb&sw=node1&vwa=d"
	for _, tt := range []struct {
		name  string
		words Words
		query string
		with  string // header lines and words of stage.do, separated by |
		want  int
		done  bool
	}{
		{"anybody looks", Words{}, "mime=txt", "", 200, false},
		{"anybody dumps", Words{}, "cmd=dump&mime=txt", "", 200, false},
		{"a stranger changes", Words{}, change, "", 401, false},
		{"a stranger resets", Words{}, "cmd=reset&w=lb", "", 401, false},
		{"a stranger recovers", Words{}, "cmd=recover&w=lb&sw=node2", "", 401, false},
		{"a stranger sees the form", Words{}, "cmd=edit&w=lb", "", 401, false},
		{"a wrong password", Words{}, change, "wrong: olga", 401, false},
		{"nobody of that name", Words{}, change, "user: mallory", 401, false},
		{"a viewer", Words{}, change, "user: vera", 403, false},
		{"an operator", Words{}, change, "user: olga", 200, true},
		{"an admin", Words{}, change, "user: Adam", 200, true},
		{"too many attempts", Words{}, change, "user: olga|peer: 10.6.0.1", 429, false},
		{"read only", Words{ReadOnly: true}, change, "user: olga", 200, false},
		{"read only, a stranger", Words{ReadOnly: true}, change, "", 200, false},
		{"read only for now", Words{}, change + "&opt=32", "user: olga", 200, false},
		{"by POST", Words{}, change, "user: olga|method: POST", 200, true},
		{"by HEAD", Words{}, change, "user: olga|method: HEAD", 405, false},
		{"looked at by HEAD", Words{}, "mime=txt", "method: HEAD", 200, false},
		{"by PUT", Words{}, "mime=txt", "method: PUT", 405, false},

		{"an allowed network", Words{Allow: []netip.Prefix{home}}, change, "peer: 192.168.7.7", 200, true},
		{"another network", Words{Allow: []netip.Prefix{home}}, change, "peer: 192.169.7.7", 401, false},
		{"a network that is an operator, too", Words{Allow: []netip.Prefix{home}}, change, "user: olga", 200, true},
		{"through a proxy of the network", Words{Allow: []netip.Prefix{home}}, change, "peer: 192.168.7.7|X-Forwarded-For: 6.6.6.6", 401, false},
		{"through another", Words{Allow: []netip.Prefix{home}}, change, "peer: 192.168.7.7|Forwarded: for=6.6.6.6", 401, false},
		{"through a third", Words{Allow: []netip.Prefix{home}}, change, "peer: 192.168.7.7|Via: 1.1 x", 401, false},
		{"a network's browser, by a name that may be anybody's", Words{Allow: []netip.Prefix{home}}, change,
			"peer: 192.168.7.7|Sec-Fetch-Site: same-origin|Accept-Language: en|" + chrome, 401, false},
		{"a network's browser, by address", Words{Allow: []netip.Prefix{home}}, change,
			"peer: 192.168.7.7|Host: 192.168.0.1:8080|Sec-Fetch-Site: same-origin|Accept-Language: en|" + chrome, 200, true},

		{"users: nobody", Words{Users: []string{"vera"}}, "mime=txt", "", 401, false},
		{"users: one of them", Words{Users: []string{"olga", "vera"}}, "mime=txt", "user: vera", 200, false},
		{"users: another", Words{Users: []string{"vera"}}, "mime=txt", "user: olga", 403, false},
		{"users: another case", Words{Users: []string{"ADAM"}}, "mime=txt", "user: Adam", 403, false},
		{"users: another case, folded", Words{Users: []string{"ADAM"}, Fold: true}, "mime=txt", "user: Adam", 200, false},
		{"users: an operator who is none", Words{Users: []string{"vera"}}, change, "user: olga", 403, false},
		{"users: who is one and no operator", Words{Users: []string{"vera"}}, change, "user: vera", 403, false},
		{"users: a network does not replace one", Words{Users: []string{"olga"}, Allow: []netip.Prefix{home}}, change, "peer: 192.168.7.7", 401, false},

		{"another site's page", Words{}, change, "user: olga|Sec-Fetch-Site: cross-site", 403, false},
		{"another site of the same domain", Words{}, change, "user: olga|Sec-Fetch-Site: same-site", 403, false},
		{"two words", Words{}, change, "user: olga|Sec-Fetch-Site: same-origin|Sec-Fetch-Site: cross-site", 403, false},
		{"its own page", Words{}, change, "user: olga|Sec-Fetch-Site: same-origin|Referer: http://www.example.com:8080/jkstatus", 200, true},
		{"typed", Words{}, change, "user: olga|Sec-Fetch-Site: none|Accept-Language: en|" + chrome, 200, true},
		{"a foreign origin", Words{}, change, "user: olga|Origin: http://evil.example", 403, false},
		{"no origin", Words{}, change, "user: olga|Origin: null", 403, false},
		{"another port", Words{}, change, "user: olga|Origin: http://www.example.com:9090", 403, false},
		{"its own origin", Words{}, change, "user: olga|Origin: http://www.example.com:8080", 200, true},
		{"a foreign referer", Words{}, change, "user: olga|Referer: http://evil.example/www.example.com:8080", 403, false},
		{"a referer that is no URL", Words{}, change, "user: olga|Referer: ::", 403, false},
		{"a referer of two", Words{}, change, "user: olga|Referer: http://www.example.com:8080/|Referer: http://evil.example/", 403, false},
		{"a browser that hides where it comes from", Words{}, change, "user: olga|Accept-Language: en|" + chrome, 403, false},
		{"a script that calls itself a browser", Words{}, change, "user: olga|" + chrome, 200, true},
		{"ahead of time", Words{}, change, "user: olga|Sec-Fetch-Site: same-origin|Sec-Purpose: prefetch;prerender", 403, false},
		{"ahead of time, the old way", Words{}, change, "user: olga|X-Moz: prefetch", 403, false},
		{"another site may link to the list", Words{}, "mime=txt", "Sec-Fetch-Site: cross-site|Referer: http://evil.example/", 200, false},
		{"another site resets", Words{Allow: []netip.Prefix{home}}, "cmd=reset&w=lb", "peer: 192.168.7.7|Origin: http://evil.example", 403, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, tt.words)
			method, fields := "GET", strings.Split(tt.with, "|")
			for _, f := range fields {
				if m, ok := strings.CutPrefix(f, "method: "); ok {
					method = m
				}
			}
			rec := s.do(method, tt.query, fields...)
			if rec.Code != tt.want || (len(s.changes)+len(s.acts) > 0) != tt.done {
				t.Errorf("%d, changes %v %v\n%s", rec.Code, s.changes, s.acts, rec.Body)
			}
			if (rec.Code == http.StatusUnauthorized) != (rec.Header().Get("WWW-Authenticate") != "") || (rec.Code == 429) != (rec.Header().Get("Retry-After") != "") {
				t.Errorf("%d with %v", rec.Code, rec.Header())
			}
			if rec.Code != 200 && method != "HEAD" && !strings.Contains(rec.Body.String(), "ERROR") {
				t.Errorf("a refusal says %s", rec.Body)
			}
			if rec.Code == 200 && strings.Contains(tt.name, "read only") && !strings.Contains(rec.Body.String(), "not allowed in read only mode") {
				t.Errorf("%s", rec.Body)
			}
		})
	}
}

// A refusal tells nothing of the cluster.
func TestRefusalsTellNothing(t *testing.T) {
	s := newStage(t, Words{Users: []string{"olga"}})
	for _, mime := range forms[1:] {
		for _, cmd := range commands[1:] {
			rec := s.do("GET", "mime="+mime+"&cmd="+cmd+"&w=lb&sw=node1&re=5")
			if text := rec.Body.String(); rec.Code != 401 || strings.Contains(text, "node") || strings.Contains(text, "lb") {
				t.Errorf("%s %s: %d %s", mime, cmd, rec.Code, text)
			}
		}
	}
}

func TestPagesMayDoLittle(t *testing.T) {
	for css, want := range map[string]string{"": "style-src 'self';", "/x.css": "style-src 'self';", "https://cdn.example/x.css": "style-src https://cdn.example;",
		"https://a;script-src *//x": "style-src 'self';"} {
		h := newStage(t, Words{CSS: css}).do("GET", "").Header()
		if p := h.Get("Content-Security-Policy"); !strings.Contains(p, want) || !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "script-src") {
			t.Errorf("%q: %s", css, p)
		}
		if h.Get("X-Frame-Options") != "DENY" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%v", h)
		}
	}
}
