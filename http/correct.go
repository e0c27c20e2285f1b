package http

import (
	"strings"

	"twinhop/http/follow"
	"twinhop/http/head"
	"twinhop/jvmroute"
)

// What servers of SIP servlets corrected browsers with. A node behind us may
// still do so: it is passed on as it is.
const (
	refreshField = "Mobicents-Refresh"
	refreshFlag  = "org.mobicents.servlet.sip.CorrectionAttemptedFlag"
)

// correctable tells whether this client could be told to ask again.
func (x *visit) correctable() bool {
	return x.s.Follow != FollowRewrite && x.s.MaxCorrections > 0 && x.id.Base() != "" && x.id.Route() != "" &&
		(x.req.Method == "GET" || x.req.Method == "HEAD") && x.req.Upgrade == "" &&
		(x.s.Follow == FollowRedirect || x.shown())
}

// shown tells whether what is asked for will be shown as a page, as far as the
// request says: nothing else heeds Refresh, and would take the empty answer for
// what it asked for.
func (x *visit) shown() bool {
	q := &x.req.Fields
	mode := q.Get("Sec-Fetch-Mode")
	return (mode == "" || mode == "navigate") && !q.Has("X-Requested-With") && !q.Has("Range")
}

// gaveUp tells whether this client was corrected often enough without effect:
// then it is served where it asks to be.
func (x *visit) gaveUp() bool {
	return x.correctable() && x.f.Guard.Count(x.guardKey(), x.cookies, x.start) >= x.s.MaxCorrections
}

func (x *visit) guardKey() uint64 { return x.f.Guard.Key(x.id.Base(), x.id.Route()) }

// correct has the client ask again, with the id of the node that its session
// lives on (followSip.mode redirect and refresh). It does nothing when the
// request landed right, cannot be repeated by the client, or its id cannot be
// corrected exactly.
func (x *visit) correct() bool {
	if x.d.From == "" || !x.correctable() {
		return false
	}
	id := x.corrected()
	to, cookie := x.req.Target, ""
	if x.id.From == jvmroute.FromCookie {
		cookie = x.cookieLine(id)
	} else {
		to, _ = x.t.dialect.ReplaceURL(to, x.id.Text, id)
	}
	if to == x.req.Target && cookie == "" || !onSite(to) {
		return false
	}
	key := x.guardKey()
	n := x.f.Guard.Count(key, x.cookies, x.start) + 1
	x.f.Guard.Set(key, n, x.start)
	x.fields.Reset()
	status, action := statusCorrected, "redirect"
	if x.s.Follow == FollowRefresh {
		status, action = statusRefreshed, "refresh"
		x.refresh(to)
	} else {
		x.fields.Add("Location", to)
	}
	x.fields.Add("Cache-Control", "no-store")
	if cookie != "" {
		x.fields.Add("Set-Cookie", cookie)
	}
	if line := x.f.Guard.Cookie(key, n, x.req.Peer.TLS != nil); line != "" {
		x.fields.Add("Set-Cookie", line)
	}
	x.f.Metrics.follow(action)
	x.answer(status, "")
	return true
}

// refresh writes what makes a browser load the page again after a second, from
// another URL only if it is to.
func (x *visit) refresh(to string) {
	again := "1"
	if to != x.req.Target {
		again += ";url=" + to
	}
	x.fields.Add("Refresh", again)
	x.fields.Add(refreshField, "true")
	path := "/"
	if s := x.d.Sent; s != nil && onSite(s.Path) && !strings.ContainsAny(s.Path, ";,") {
		path = s.Path
	}
	x.fields.Add("Set-Cookie", refreshFlag+"=true; Path="+path+"; Max-Age="+formatInt(int64(follow.Age.Seconds())))
}

// onSite tells whether a Location is a path on this very site. A second slash
// or a backslash in front would make a browser take what follows for a host.
func onSite(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.HasPrefix(path, `/\`) && head.ValidValue(path)
}
