package tohttps

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The same place by HTTPS, whatever the method; and nowhere else, whatever a
// client makes of Host and target.
func TestRedirection(t *testing.T) {
	for port, suffix := range map[int]string{443: "", 8443: ":8443"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &Server{Port: port, HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, l) }()
		for _, c := range []struct{ request, want string }{
			{"GET /a;v=1?x=1&y=%20 HTTP/1.1\r\nHost: site.example:8080\r\n", "302 https://site.example" + suffix + "/a;v=1?x=1&y=%20"},
			{"HEAD / HTTP/1.1\r\nHost: site.example\r\n", "302 https://site.example" + suffix + "/"},
			{"GET / HTTP/1.0\r\nHost: 192.0.2.1:80\r\n", "302 https://192.0.2.1" + suffix + "/"},
			{"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n", "302 https://[2001:db8::1]" + suffix + "/"},
			{"GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n", "302 https://[2001:db8::1]" + suffix + "/"},
			{"POST /buy HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n", "307 https://h" + suffix + "/buy"},
			{"GET http://site.example/a?x HTTP/1.1\r\nHost: other\r\n", "302 https://site.example" + suffix + "/a?x"},
			{"GET //evil.example/ HTTP/1.1\r\nHost: h\r\n", "302 https://h" + suffix + "//evil.example/"},
			{"GET / HTTP/1.0\r\n", "400 "}, {"OPTIONS * HTTP/1.1\r\nHost: h\r\n", "400 "},
			{"GET / HTTP/1.1\r\nHost: h@evil.example\r\n", "400 "}, {"GET / HTTP/1.1\r\nHost: h/x\r\n", "400 "},
			{"GET / HTTP/1.1\r\nHost: " + strings.Repeat("h", 300) + "\r\n", "400 "},
			{"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n", "400 "},
		} {
			nc, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(nc, c.request+"\r\n")
			all, _ := io.ReadAll(nc)
			nc.Close()
			answer := string(all)
			_, to, _ := strings.Cut(answer, "\r\nLocation: ")
			to, _, _ = strings.Cut(to, "\r\n")
			_, status, _ := strings.Cut(answer, " ")
			if got := fmt.Sprintf("%.3s %s", status, to); got != c.want {
				t.Errorf("%q: %q, want %q", c.request, got, c.want)
			}
			if strings.Contains(answer, "Location") && !strings.Contains(answer, "\r\nCache-Control: no-store\r\n") {
				t.Errorf("%q: %q", c.request, answer)
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
