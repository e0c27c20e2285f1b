package websocket

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLogOfRefusals: an origin that is not allowed is told of, but not each time; what else clients do wrong is a detail.
func TestLogOfRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		u := &Upgrader{Log: slog.New(slog.NewTextHandler(&out, nil))}
		for range 3 {
			for _, text := range []string{request("Origin: https://evil.example"), request("-Sec-WebSocket-Protocol"), "SIP\r\n\r\n", "\x16\x03"} {
				c := &script{in: []byte(text), piece: 1000}
				if _, err := u.Greet(c); err == nil {
					t.Errorf("%q is granted", text)
				}
			}
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 1 || !strings.Contains(lines[0], "level=WARN") || !strings.Contains(lines[0], "listen.sip.origins") || !strings.Contains(lines[0], "evil.example") {
			t.Errorf("%q", lines)
		}
		<-time.After(quiet)
		u.Greet(&script{in: []byte(request("Origin: https://evil.example")), piece: 1000})
		if n := strings.Count(out.String(), "\n"); n != 2 {
			t.Errorf("%d lines after a while", n)
		}
		out.Reset()
		u.Log = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		u.Greet(&script{in: []byte(request("-Sec-WebSocket-Protocol")), piece: 1000})
		if got := out.String(); !strings.Contains(got, "level=DEBUG") || !strings.Contains(got, "subprotocol") {
			t.Errorf("%q", got)
		}
	})
}
