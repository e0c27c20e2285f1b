package http

import (
	"encoding/binary"
	"strings"

	"github.com/gorilla/securecookie"

	"twinhop/http/head"
	"twinhop/jvmroute"
)

// guardCookie carries the count of corrections to another gateway.
const guardCookie = "twinhop_corrected"

// redirecting tells whether this request could be corrected by a redirect.
func (x *visit) redirecting() bool {
	return x.s.Follow == FollowRedirect && x.s.MaxCorrections > 0 && x.id.Base() != "" && x.id.Route() != "" &&
		(x.req.Method == "GET" || x.req.Method == "HEAD") && x.req.Upgrade == ""
}

// gaveUp tells whether this client was corrected often enough without effect:
// then it is served where it asks to be.
func (x *visit) gaveUp() bool {
	if !x.redirecting() {
		return false
	}
	key := x.guardKey()
	return max(x.f.guard.count(key, x.start), x.carried(key)) >= x.s.MaxCorrections
}

func (x *visit) guardKey() uint64 { return x.f.guard.key(x.f.Secrets, x.id.Base(), x.id.Route()) }

// redirect sends the client to the same place with the id of the node that its
// session lives on (followSip.mode redirect). It does nothing when the request
// landed right, cannot be repeated by the client, or its id cannot be corrected
// exactly.
func (x *visit) redirect() bool {
	if x.d.From == "" || !x.redirecting() {
		return false
	}
	id := x.corrected()
	to, cookie := x.req.Target, ""
	if x.id.From == jvmroute.FromPath {
		to, _ = x.t.dialect.ReplaceURL(to, x.id.Text, id)
	} else {
		cookie = x.cookieLine(id)
	}
	if to == x.req.Target && cookie == "" || !onSite(to) {
		return false
	}
	key := x.guardKey()
	n := max(x.f.guard.count(key, x.start), x.carried(key)) + 1
	x.f.guard.set(key, n, x.start)
	x.fields.Reset()
	x.fields.Add("Location", to)
	x.fields.Add("Cache-Control", "no-store")
	if cookie != "" {
		x.fields.Add("Set-Cookie", cookie)
	}
	if line := x.carry(key, n); line != "" {
		x.fields.Add("Set-Cookie", line)
	}
	x.f.Metrics.follow("redirect")
	x.answer(statusCorrected, "")
	return true
}

// onSite tells whether a Location is a path on this very site. A second slash
// or a backslash in front would make a browser take what follows for a host.
func onSite(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.HasPrefix(path, `/\`) && head.ValidValue(path)
}

// codecs sign with the newest secret and accept the older ones.
func (x *visit) codecs() []securecookie.Codec {
	var list []securecookie.Codec
	for _, secret := range x.f.Secrets {
		list = append(list, securecookie.New(secret, nil).MaxAge(int(guardAge.Seconds())).SetSerializer(securecookie.NopEncoder{}))
	}
	return list
}

// carry is the Set-Cookie line with the count for key, signed.
func (x *visit) carry(key uint64, n int) string {
	if len(x.f.Secrets) == 0 {
		return ""
	}
	value := binary.BigEndian.AppendUint64(nil, key)
	value = append(value, byte(min(n, 255)))
	text, err := securecookie.EncodeMulti(guardCookie, value, x.codecs()...)
	if err != nil {
		return ""
	}
	line := guardCookie + "=" + text + "; Path=/; Max-Age=" + formatInt(int64(guardAge.Seconds())) + "; HttpOnly; SameSite=Lax"
	if x.req.Peer.TLS != nil {
		line += "; Secure"
	}
	return line
}

// carried is the count that the client brings along for key, 0 without a valid
// one.
func (x *visit) carried(key uint64) int {
	if len(x.f.Secrets) == 0 {
		return 0
	}
	for _, line := range x.cookies {
		for pair := range strings.SplitSeq(line, ";") {
			text, ok := strings.CutPrefix(strings.TrimLeft(pair, " "), guardCookie+"=")
			if !ok || len(text) > 512 {
				continue
			}
			var value []byte
			if securecookie.DecodeMulti(guardCookie, text, &value, x.codecs()...) == nil && len(value) == 9 &&
				binary.BigEndian.Uint64(value) == key {
				return int(value[8])
			}
		}
	}
	return 0
}
