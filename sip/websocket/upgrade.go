package websocket

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Upgrader makes WebSockets for SIP of HTTP requests. The zero value allows clients that are no browsers, and pages of the host itself. Its
// methods may be called at any time.
type Upgrader struct {
	Log *slog.Logger // is told of refusals; nil: silent

	origins atomic.Pointer[origins]
	told    atomic.Int64 // when the log was last told of an origin, Unix nanoseconds; 0: never
}

// Allow names the further origins whose pages may have a WebSocket, as scheme://host[:port], "*" being all. It replaces those named before.
func (u *Upgrader) Allow(list []string) error {
	o, err := newOrigins(list)
	if err != nil {
		return err
	}
	u.origins.Store(o)
	return nil
}

// Refused is why there is no upgrade. The client has been told.
type Refused struct {
	Status int // of the answer
	Reason string
}

func (e *Refused) Error() string { return fmt.Sprintf("no WebSocket (%d): %s", e.Status, e.Reason) }

// switching is how long the answer to an upgrade may take to be written.
const switching = 5 * time.Second

// Upgrade answers a request on an HTTP port. After an error that is a *Refused or anything else the request is done with. Else conn is the
// caller's, without deadlines, and early is what the client has sent on it already. If conn is a *tls.Conn, that is because r came so.
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request) (conn net.Conn, early []byte, err error) {
	if no := u.check(r, r.TLS != nil); no != nil {
		u.tell(no, r.RemoteAddr)
		maps.Copy(w.Header(), no.fields())
		http.Error(w, no.text, no.Status)
		return nil, nil, &no.Refused
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "no upgrade on this connection", http.StatusNotImplemented)
		return nil, nil, fmt.Errorf("upgrade: %w", err)
	}
	if n := rw.Reader.Buffered(); n > 0 {
		early = make([]byte, n)
		io.ReadFull(rw.Reader, early) // is there
	}
	conn.SetDeadline(time.Now().Add(switching))
	if _, err := conn.Write(granted(r)); err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("upgrade: %w", err)
	}
	conn.SetDeadline(time.Time{})
	return conn, early, nil
}

// refusal is a Refused and how the client is told.
type refusal struct {
	Refused
	text string // nothing of the request is in it
}

func refuse(status int, text string) *refusal { return &refusal{Refused{status, text}, text} }

// quiet is between two words in the log on origins.
const quiet = 10 * time.Second

// tell tells the log: of an origin now and then, for the operator may have forgotten it, of what anybody can make in detail only.
func (u *Upgrader) tell(no *refusal, peer string) {
	switch now := time.Now().UnixNano(); {
	case u.Log == nil:
	case no.Status != http.StatusForbidden:
		u.Log.Debug("no WebSocket", "peer", peer, "err", &no.Refused)
	default:
		if last := u.told.Load(); last != 0 && now-last < int64(quiet) || !u.told.CompareAndSwap(last, now) {
			return
		}
		u.Log.Warn("a page of another host got no WebSocket", "allowed", "listen.sip.origins", "peer", peer, "err", &no.Refused)
	}
}

// fields are those of the answer. The connection ends with it in any case: somebody between may take any answer for consent, and what
// comes next for frames.
func (no *refusal) fields() http.Header {
	f := http.Header{"Connection": {"close"}, "Cache-Control": {"no-store"}} // in this form net/http closes it, too
	switch no.Status {
	case http.StatusUpgradeRequired:
		f.Add("Connection", "Upgrade")
		f.Set("Upgrade", "websocket")
		f.Set("Sec-WebSocket-Version", version)
	case http.StatusMethodNotAllowed:
		f.Set("Allow", http.MethodGet)
	}
	return f
}

// What a request for an upgrade has to say.
const (
	version     = "13"
	subprotocol = "sip"
	keySize     = 16 // bytes
)

// check says why a request is not to be granted, or nil (RFC 6455 section 4.2.1, RFC 7118 section 4.1). secure: it came by TLS.
func (u *Upgrader) check(r *http.Request, secure bool) *refusal {
	h := r.Header
	switch {
	case r.Method != http.MethodGet:
		return refuse(http.StatusMethodNotAllowed, "a WebSocket is asked for by GET")
	case r.ProtoMajor != 1 || r.ProtoMinor < 1, !lists(h["Upgrade"], "websocket"), !lists(h["Connection"], "upgrade"):
		return refuse(http.StatusUpgradeRequired, "this is for WebSockets by HTTP/1.1")
	case only(h["Sec-Websocket-Version"]) != version:
		return refuse(http.StatusUpgradeRequired, "the version of WebSocket is 13")
	case r.ContentLength != 0 || len(r.TransferEncoding) != 0:
		return refuse(http.StatusBadRequest, "a request for an upgrade has no body")
	case hostOf(r.Host) == "":
		return refuse(http.StatusBadRequest, "no host")
	case !isKey(only(h["Sec-Websocket-Key"])):
		return refuse(http.StatusBadRequest, "Sec-WebSocket-Key is not 16 bytes in base64")
	case !offers(h["Sec-Websocket-Protocol"]):
		return refuse(http.StatusBadRequest, "the subprotocol sip is not offered")
	}
	from, browser := h["Origin"]
	if browser && !u.origins.Load().allow(only(from), r.Host, secure) {
		no := refuse(http.StatusForbidden, "the origin of the page is not allowed")
		no.Reason = fmt.Sprintf("the origin %.100q is not allowed for host %.100q", strings.Join(from, ", "), r.Host)
		return no
	}
	return nil
}

// granted is the answer to a request that passed check.
func granted(r *http.Request) []byte {
	return []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		accept(only(r.Header["Sec-Websocket-Key"])) + "\r\nSec-WebSocket-Protocol: " + subprotocol + "\r\n\r\n")
}

// accept proves that a key was read, RFC 6455 section 4.2.2.
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func isKey(s string) bool {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == keySize && len(s) == base64.StdEncoding.EncodedLen(keySize) // else it has line ends
}

// only gives the value of a field that must not come twice; empty: it does, or not at all.
func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// lists tells whether a token is in the list of a field, in any case.
func lists(values []string, token string) bool {
	return among(values, func(s string) bool { return strings.EqualFold(s, token) })
}

// offers tells whether SIP is among the subprotocols.
func offers(values []string) bool {
	return among(values, func(s string) bool { return s == subprotocol })
}

func among(values []string, is func(string) bool) bool {
	for _, v := range values {
		for s := range strings.SplitSeq(v, ",") {
			if is(strings.Trim(s, " \t")) {
				return true
			}
		}
	}
	return false
}
