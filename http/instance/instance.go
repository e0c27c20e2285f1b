package instance

import "strings"

// Max is the longest id of a server, in bytes: "ID" and 32 digits.
const Max = 34

// Of returns the id of the server that made the call which a canonical path is
// about, "" for any other path. Such a path is
// /restcomm/VERSION/Accounts/ACCOUNT/Calls/ID-CALL, or has Calls.json and the
// like, and more may follow.
func Of(path string) string {
	var part [6]string // what stands between the slashes
	rest, ok := strings.CutPrefix(path, "/")
	for i := range part {
		if !ok {
			return ""
		}
		part[i], rest, ok = strings.Cut(rest, "/")
	}
	id, call, ok := strings.Cut(part[5], "-")
	if !ok || call == "" || id == "" || len(id) > Max || part[2] != "Accounts" || !strings.HasPrefix(part[4], "Calls") {
		return ""
	}
	return id
}
