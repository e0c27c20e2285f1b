package frame

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/problem"
)

// Frame is around the handlers.
type Frame struct {
	// Hosts are further names that a browser may use for a loopback address.
	Hosts func() []string
	Log   *slog.Logger
}

const requestID = "twinhop.request"

// RequestID is the name of a request in answers and in the log.
func RequestID(c *gin.Context) string { return c.GetString(requestID) }

// contentPolicy lets pages load from here only, and nothing inline.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Around is around everything: a request id, headers that keep browsers
// honest, the check of the host, and a net under the handlers.
func (f *Frame) Around(c *gin.Context) {
	c.Set(requestID, "r_"+rand.Text()[:16])
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", contentPolicy)
	if c.Request.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	defer func() {
		if x := recover(); x != nil {
			if x == http.ErrAbortHandler {
				panic(x)
			}
			f.Fail(c, fmt.Errorf("panic: %v\n%s", x, debug.Stack()))
		}
	}()
	if !f.hostAllowed(c.Request) {
		f.Fail(c, problem.New(http.StatusMisdirectedRequest, "wrong-host",
			"Use 127.0.0.1 or localhost, or name this host in admin.hosts of the configuration."))
		return
	}
	c.Next()
}

// hostAllowed stops pages of other names that a name server points to this
// machine (DNS rebinding): on a loopback address only loopback names count.
func (f *Frame) hostAllowed(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return true
	}
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsLoopback() {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	return Loopback(host) || slices.ContainsFunc(f.Hosts(), func(h string) bool { return strings.EqualFold(h, host) })
}

// Fail answers with the problem that err is, or with a plain one that keeps
// what went wrong for the log.
func (f *Frame) Fail(c *gin.Context, err error) {
	var p *problem.Problem
	if !errors.As(err, &p) {
		f.Log.Error("admin request failed", "request", RequestID(c), "path", c.FullPath(), "err", err)
		p = problem.New(http.StatusInternalServerError, "internal", "The log has more, under the request id.")
	}
	answer := *p
	answer.Instance = c.Request.URL.Path
	answer.RequestID = RequestID(c)
	c.Abort()
	c.Header("Content-Type", "application/problem+json")
	c.Status(answer.Status)
	if c.Request.Method != http.MethodHead {
		json.NewEncoder(c.Writer).Encode(&answer)
	}
}

// Loopback tells whether an address names this very machine.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
