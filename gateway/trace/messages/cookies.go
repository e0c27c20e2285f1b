package messages

import "strings"

// maxRoute is how long a jvmRoute may be that is shown. What is longer, or not
// shorter than the id before it, may be a signature and is none.
const maxRoute = 24

// maskCookies hides the values of Cookie and Set-Cookie. Of a Tomcat session id
// the jvmRoute stays: it opens nothing, and correcting it is what a reader of
// messages wants to see. Of Set-Cookie the attributes stay, too.
func maskCookies(value string, set bool) string {
	var shown []string
	more := false
	for part := range strings.SplitSeq(value, ";") {
		switch name, v, _ := strings.Cut(strings.TrimSpace(part), "="); strings.ToLower(strings.TrimSpace(name)) {
		case "jsessionid":
			shown = append(shown, "JSESSIONID="+hidden+routeOf(v))
		case "path", "max-age", "expires", "httponly", "secure", "samesite":
			if set && len(shown) > 0 {
				shown = append(shown, maskURLs(strings.TrimSpace(part), false))
				break
			}
			more = true
		default:
			more = true
		}
	}
	if more || len(shown) == 0 {
		shown = append(shown, hidden)
	}
	return strings.Join(shown, "; ")
}

// routeOf is the route of a session id with its dot; empty: it has none that is surely one.
func routeOf(id string) string {
	before, route, found := strings.Cut(strings.Trim(id, `"`), ".")
	if !found || route == "" || len(route) > min(maxRoute, len(before)) {
		return ""
	}
	for _, c := range route {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return "." + route
}
