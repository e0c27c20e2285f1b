package demo

import (
	"net/http"
	"strings"
)

// sessionID is a servlet session id as clustered application servers write it: "base.route".
type sessionID struct{ base, route string }

const (
	cookieName = "JSESSIONID"
	pathMark   = ";jsessionid="
)

// String returns the id as it stands in the cookie; "" for the zero id.
func (id sessionID) String() string {
	if id.base == "" {
		return ""
	}
	return id.base + "." + id.route
}

// masked is the id as people may see it on a screen.
func (id sessionID) masked() string {
	if len(id.base) < 8 {
		return ""
	}
	return id.base[:4] + "…" + id.base[len(id.base)-2:]
}

// parseID reads an id; ok is false for anything that no node of ours could have set.
func parseID(s string) (id sessionID, ok bool) {
	base, route, _ := strings.Cut(s, ".")
	if len(base) != 32 || strings.Trim(base, "0123456789ABCDEF") != "" || len(route) > 32 {
		return sessionID{}, false
	}
	return sessionID{base, route}, true
}

// presented returns the id that a request brings and the path without it. The path counts before the cookie.
func presented(r *http.Request) (id sessionID, path string, byPath bool) {
	path = r.URL.Path
	if i := strings.Index(path, pathMark); i >= 0 {
		text, rest, _ := strings.Cut(path[i+len(pathMark):], "/")
		if rest == "" {
			path = path[:i]
			if id, ok := parseID(text); ok {
				return id, path, true
			}
		}
	}
	for _, c := range r.CookiesNamed(cookieName) {
		if id, ok := parseID(c.Value); ok {
			return id, path, false
		}
	}
	return sessionID{}, path, false
}

// attach finds the session of a request or opens one. A session that comes from another node is taken over as a clustered container does:
// the id gets this node's route, and a browser that keeps cookies is told. For one that does not, suffix is what links must carry.
func (n *node) attach(w http.ResponseWriter, r *http.Request, hit bool) (v visit, id sessionID, suffix string) {
	id, _, inPath := presented(r)
	user := r.URL.Query().Get("appsession")
	if len(user) > 64 {
		user = ""
	}
	v, ok := n.shared.visit(id.base, user, hit)
	if !ok {
		id, inPath = sessionID{base: n.shared.open()}, false
		v, _ = n.shared.visit(id.base, user, hit)
	}
	cookies := len(r.CookiesNamed(cookieName)) > 0
	if id.route != n.name {
		id.route = n.name
		if !inPath || cookies {
			http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id.String(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
	}
	if !cookies {
		suffix = pathMark + id.String()
	}
	return v, id, suffix
}
