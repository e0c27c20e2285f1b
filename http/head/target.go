package head

import "strings"

// SplitTarget cuts an origin-form or absolute-form request target (RFC 9112
// section 3.2) into path and raw query. An absolute form loses its scheme and
// authority, for a node expects origin form; what remains keeps its bytes.
func SplitTarget(target string) (origin, path, query string) {
	if !strings.HasPrefix(target, "/") {
		_, rest, ok := strings.Cut(target, "://")
		if !ok {
			return target, target, ""
		}
		i := strings.IndexAny(rest, "/?")
		switch {
		case i < 0:
			target = "/"
		case rest[i] == '?':
			target = "/" + rest[i:]
		default:
			target = rest[i:]
		}
	}
	path, query, _ = strings.Cut(target, "?")
	return target, path, query
}
