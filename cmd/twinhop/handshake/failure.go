package handshake

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The causes of failure, as the metric names them.
const (
	causeClosed   = "closed"             // the client went away
	causeTimeout  = "timeout"            // it took too long
	causeCrowded  = "crowded"            // it was the oldest when there were too many
	causeHTTP     = "plain_http"         // it spoke HTTP without TLS
	causeNotTLS   = "not_tls"            // it spoke something else
	causeRefused  = "refused_by_client"  // it did not like our certificate
	causeClient   = "client_certificate" // we did not like its certificate, or it had none
	causeProtocol = "protocol"           // nothing in common: version, cipher, ALPN; or broken messages
)

var causes = []string{causeClosed, causeTimeout, causeCrowded, causeHTTP, causeNotTLS, causeRefused, causeClient, causeProtocol}

func cause(err error, crowded bool) string {
	var (
		record tls.RecordHeaderError
		verify *tls.CertificateVerificationError
		op     *net.OpError
	)
	switch {
	case crowded:
		return causeCrowded
	case spokeHTTP(err):
		return causeHTTP
	case errors.As(err, &record) && record.Conn != nil:
		return causeNotTLS
	case timeout(err):
		return causeTimeout
	case errors.As(err, &verify), strings.Contains(err.Error(), "didn't provide a certificate"):
		return causeClient
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return causeClosed
	case errors.As(err, &op) && op.Op == "remote error": // an alert
		return causeRefused
	}
	return causeProtocol
}

// timeout tells whether err is a limit of time reached.
func timeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// spokeHTTP tells whether the first bytes were those of an HTTP request.
func spokeHTTP(err error) bool {
	var r tls.RecordHeaderError
	if !errors.As(err, &r) || r.Conn == nil {
		return false
	}
	switch string(r.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "PATCH", "DELET", "OPTIO", "TRACE", "CONNE":
		return true
	}
	return false
}

// What is told to those who speak HTTP where TLS is spoken.
const (
	PlainHTTPS = "This port speaks HTTPS: write https:// in front of the address.\n"
	PlainWSS   = "This port speaks WebSocket over TLS: write wss:// in front of the address.\n"
)

// The protocols that come by TLS.
const (
	HTTP = "http"
	SIP  = "sip"
)

// part lets a client that failed for a reason hear it: an alert was sent, or
// who spoke HTTP is told so. What is unread when a connection is closed would
// take that away, so a little is read.
func part(c net.Conn, cause, plain string) {
	switch cause {
	case causeHTTP:
		_, err := io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"+plain)
		if err != nil {
			return
		}
	case causeClient, causeProtocol:
	default:
		return
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		_, _ = io.CopyN(io.Discard, c, 64<<10)
	}
}

// tellEvery is how often the log is told of handshakes that fail: everybody
// on the internet can make them.
const tellEvery = time.Minute

// diary counts what fails, and tells the log now and then.
type diary struct {
	log     *slog.Logger
	metrics *Metrics
	proto   string

	mu    sync.Mutex // guards what follows
	told  time.Time
	count int // since told
}

func (d *diary) failed(cause string, peer net.Addr, err error) {
	d.metrics.failed(d.proto, cause)
	if d.log == nil || cause == causeClosed { // who looks whether the port is open says nothing and goes
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	if now := time.Now(); now.Sub(d.told) >= tellEvery {
		d.log.Info("TLS handshakes fail; at most one line a minute", "proto", d.proto, "failed", d.count, "cause", cause, "peer", peer.String(), "err", err)
		d.told, d.count = now, 0
	}
}
