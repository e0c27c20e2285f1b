package problem

import (
	"maps"
	"slices"
	"strings"
)

// Kind is one kind of problem, as its page explains it.
type Kind struct {
	Title string
	Text  string // what it means, and what to do
}

// kinds are all there are; a type is "/problems/" and its kind.
var kinds = map[string]Kind{
	"bad-request":      {"The request cannot be read", "400: the body is not one JSON object, or its transfer broke off. Send one object and nothing after it."},
	"validation":       {"The request is not valid", "422: something of the request cannot be what it is. `errors` has each place: a JSON pointer into the body (`#/weight`), a parameter (`?limit`), or the key and line of a configuration. Nothing was changed."},
	"login-needed":     {"Please log in", "401: nobody is logged in, or the token shown is over, revoked or not ours. With `setup: true` the first user is still to be made: the link is printed at start and stands in `setup-url` of `state.dir`."},
	"login-failed":     {"Name or password is wrong", "401: no user has this name and password, or the link was used already. The answer is the same for names that there are not."},
	"forbidden":        {"Not allowed", "403: who asks is known and may not do this. `detail` names the role that it needs. Tokens neither change users nor make tokens."},
	"cross-site":       {"Request from another site", "403: a page of another address sent this. Only pages of this very address may change something."},
	"wrong-host":       {"This host name is not ours", "421: on a loopback address the name in the URL has to be a loopback name. Use 127.0.0.1 or localhost."},
	"not-found":        {"Not found", "404: there is nothing of this name, or not any more: sessions end, nodes leave, texts of messages make room."},
	"gone":             {"This page is gone", "410: the old balancer had this page, and it changed something by GET. `detail` says what to do instead."},
	"method":           {"Method not allowed", "405: there is something at this path, but not for this method."},
	"conflict":         {"Not possible now", "409: as things stand it cannot be done, or would hurt. `detail` says why, and how to do it anyway if that is possible: often with `\"force\": true`."},
	"changed":          {"Changed in the meantime", "412: what `If-Match` names is not what is there now. Read it again, look at what somebody else did, and decide anew."},
	"config-read-only": {"The file is not written by the gateway", "409: the configuration is not for the gateway to write. Change the file yourself and reload, or allow it as `detail` says."},
	"config-differs":   {"The file was changed", "409: the file is not any more what is in force. Reload it first, or take back what was changed by hand."},
	"which":            {"Say which version you know", "428: this replaces something as a whole. Read it, and send its `ETag` in `If-Match`; `*` is any version."},
	"key-used":         {"This key was used for something else", "422: the `Idempotency-Key` came with another body before. A key is for one request and its repetitions; take a new one."},
	"media-type":       {"JSON needed", "415: every method but GET needs `Content-Type: application/json`, with an empty body, too."},
	"too-large":        {"The request is too large", "413: the body is larger than is read. `detail` has the bound."},
	"slow-down":        {"Too many attempts", "429: too many log ins failed from this address or for this name. `Retry-After` has the seconds to wait; they double with each failure."},
	"unavailable":      {"Not available", "503: something that this needs does not answer, or is not there in this process. Try again later; `detail` says what it is."},
	"internal":         {"Something went wrong here", "500: this is a fault of the gateway. Its log has more, under the `requestId` of the answer."},
}

// Kinds lists their names, in order.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// Of returns a kind; false: there is none of this name.
func Of(name string) (Kind, bool) {
	k, ok := kinds[name]
	return k, ok
}

// Page is a small page about a kind.
func (k Kind) Page(name string) string {
	plain := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "").Replace
	return "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>" + plain(k.Title) + "</title>\n<h1>" +
		plain(k.Title) + "</h1>\n<p>" + plain(k.Text) + "\n<p><small>/problems/" + name + "</small>\n</html>\n"
}
