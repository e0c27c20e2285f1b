package follow

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/gorilla/securecookie"
)

// CookieName is the name of the cookie that carries the count to another
// gateway.
const CookieName = "twinhop_corrected"

// codecs sign with the newest secret and accept the older ones.
func (g *Guard) codecs() []securecookie.Codec {
	var list []securecookie.Codec
	for _, secret := range g.Secrets {
		list = append(list, securecookie.New(secret, nil).MaxAge(int(Age.Seconds())).SetSerializer(securecookie.NopEncoder{}))
	}
	return list
}

// Cookie is the Set-Cookie line that says signed that the client was corrected
// n times, "" without secrets. secure: it came by TLS.
func (g *Guard) Cookie(key uint64, n int, secure bool) string {
	if len(g.Secrets) == 0 {
		return ""
	}
	value := binary.BigEndian.AppendUint64(nil, key)
	value = append(value, byte(min(n, 255)))
	text, err := securecookie.EncodeMulti(CookieName, value, g.codecs()...)
	if err != nil {
		return ""
	}
	line := CookieName + "=" + text + "; Path=/; Max-Age=" + strconv.Itoa(int(Age.Seconds())) + "; HttpOnly; SameSite=Lax"
	if secure {
		line += "; Secure"
	}
	return line
}

// carried is the count that the client brings along for key, 0 without a valid
// one.
func (g *Guard) carried(key uint64, cookies []string) int {
	if len(g.Secrets) == 0 {
		return 0
	}
	for _, line := range cookies {
		for pair := range strings.SplitSeq(line, ";") {
			text, ok := strings.CutPrefix(strings.TrimLeft(pair, " "), CookieName+"=")
			if !ok || len(text) > 512 {
				continue
			}
			var value []byte
			if securecookie.DecodeMulti(CookieName, text, &value, g.codecs()...) == nil && len(value) == 9 &&
				binary.BigEndian.Uint64(value) == key {
				return int(value[8])
			}
		}
	}
	return 0
}
