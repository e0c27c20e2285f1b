package websocket

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestUpgradeIsGranted(t *testing.T) {
	u := &Upgrader{}
	if err := u.Allow([]string{"https://other.example"}); err != nil {
		t.Fatal(err)
	}
	for _, e := range entrances(t, u) {
		for what, text := range map[string]string{
			"as it should be":          request(),
			"names and words in case":  strings.NewReplacer("Upgrade: websocket", "upgrade: WebSocket", "keep-alive, Upgrade", "UPGRADE").Replace(request()),
			"lists in several lines":   request("Upgrade: h2c, websocket", "+Connection: x", "Sec-WebSocket-Protocol: xmpp", "+Sec-WebSocket-Protocol: msrp,\tsip"),
			"a body of no bytes":       request("+Content-Length: 0"),
			"an absolute target":       request("GET http://shop.example:8080/sip HTTP/1.1"),
			"a query and a session":    request("GET /sip;jsessionid=A.n1?x=y HTTP/1.1", "Cookie: JSESSIONID=A.n1"),
			"extensions":               request("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
			"a page of the host":       request("Origin: http://shop.example:8080"),
			"a page of another port":   request("Origin: https://SHOP.example"),
			"a page that is allowed":   request("Origin: https://other.example"),
			"blanks around the values": request("Sec-WebSocket-Version:   13 ", "Sec-WebSocket-Key: \tdGhlIHNhbXBsZSBub25jZQ== "),
		} {
			resp, _, _ := e.ask(t, text)
			if resp.StatusCode != 101 {
				t.Fatalf("%s, %s: %s", e.name, what, resp.Status)
			}
			got, h := e.take(t, what), resp.Header
			if got.err != nil || h.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || h.Get("Sec-Websocket-Protocol") != "sip" ||
				h.Get("Upgrade") != "websocket" || h.Get("Connection") != "Upgrade" || len(h) != 4 {
				t.Errorf("%s, %s: %s %v, %v", e.name, what, resp.Status, h, got.err)
			}
		}
	}
}

// malformed is what net/http refuses before anybody sees it.
const malformed = ", malformed"

func TestUpgradeIsRefused(t *testing.T) {
	for _, e := range entrances(t, &Upgrader{}) {
		for _, tt := range []struct {
			what   string
			status int
			text   string
		}{
			{"POST", 405, request("POST /sip HTTP/1.1", "+Content-Length: 0")},
			{"OPTIONS", 405, request("OPTIONS /sip HTTP/1.1")},
			{"HTTP/1.0", 426, request("GET /sip HTTP/1.0")},
			{"no Upgrade", 426, request("-Upgrade")},
			{"another upgrade", 426, request("Upgrade: h2c")},
			{"a word that begins like it", 426, request("Upgrade: websockets")},
			{"Upgrade is not named in Connection", 426, request("Connection: keep-alive")},
			{"no version", 426, request("-Sec-WebSocket-Version")},
			{"version 8", 426, request("Sec-WebSocket-Version: 8")},
			{"version 13 and 8", 426, request("+Sec-WebSocket-Version: 8")},
			{"a body", 400, request("+Content-Length: 4") + "abcd"},
			{"a body in chunks", 400, request("+Transfer-Encoding: chunked") + "0\r\n\r\n"},
			{"no host, malformed", 400, request("-Host")},
			{"an empty host", 400, request("Host:")},
			{"a host with a user, malformed", 400, request("Host: a@shop.example")},
			{"two hosts, malformed", 400, request("+Host: shop.example")},
			{"no key", 400, request("-Sec-WebSocket-Key")},
			{"an empty key", 400, request("Sec-WebSocket-Key:")},
			{"a key of 15 bytes", 400, request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j")},
			{"a key that is not base64", 400, request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==")},
			{"a key with bits too many", 400, request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==")},
			{"two keys", 400, request("+Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")},
			{"no subprotocol", 400, request("-Sec-WebSocket-Protocol")},
			{"another subprotocol", 400, request("Sec-WebSocket-Protocol: sips, xsip, SIP")},
			{"a page of another host", 403, request("Origin: https://evil.example")},
			{"a page of a host below", 403, request("Origin: https://a.shop.example")},
			{"a page of a host that ends like it", 403, request("Origin: https://evilshop.example")},
			{"a page of nowhere", 403, request("Origin: null")},
			{"an empty origin", 403, request("Origin:")},
			{"two origins", 403, request("Origin: http://shop.example", "+Origin: http://shop.example")},
			{"two origins in one", 403, request("Origin: http://shop.example http://evil.example")},
			{"a NUL in a value, malformed", 400, request("+X: a\x00b")},
			{"a name with a blank, malformed", 400, request("+X : a")},
			{"an origin that not all take for one, malformed", 400, request("+Origin : https://evil.example")},
			{"a line without a colon, malformed", 400, request("+X")},
			{"a malformed target, malformed", 400, request("GET /% HTTP/1.1")},
			{"a version of nothing, malformed", 400, request("GET /sip HTTP/x")},
			{"a long head, malformed", 431, request("+X: " + strings.Repeat("x", maxHead))},
		} {
			resp, r, conn := e.ask(t, tt.text)
			if resp.StatusCode == 101 { // and would be waited for, for ever
				t.Fatalf("%s, %s: granted, want %d", e.name, tt.what, tt.status)
			}
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status || err != nil || strings.Contains(string(body), "evil") {
				t.Errorf("%s, %s: %s %q %v, want %d", e.name, tt.what, resp.Status, body, err, tt.status)
			}
			if n, _ := r.Read(make([]byte, 1)); n != 0 {
				t.Errorf("%s, %s: something comes after the answer", e.name, tt.what)
			}
			conn.Close()
			h := resp.Header
			switch tt.status {
			case 405:
				if h.Get("Allow") != "GET" {
					t.Errorf("%s, %s: %v", e.name, tt.what, h)
				}
			case 426:
				if h.Get("Sec-Websocket-Version") != "13" || h.Get("Upgrade") != "websocket" {
					t.Errorf("%s, %s: %v", e.name, tt.what, h)
				}
			}
			if strings.HasSuffix(tt.what, malformed) && e.name == "HTTP port" {
				continue // net/http answers it
			}
			got := e.take(t, tt.what)
			var no *Refused
			if !errors.As(got.err, &no) || no.Status != tt.status || got.early != nil || got.conn != nil && e.name == "HTTP port" {
				t.Errorf("%s, %s: %+v", e.name, tt.what, got)
			}
		}
	}
}

// TestWhatCameWithTheRequest: a client in a hurry loses nothing.
func TestWhatCameWithTheRequest(t *testing.T) {
	early := string(frame(textFrame, "REGISTER"))
	for _, e := range entrances(t, &Upgrader{}) {
		resp, _, conn := e.ask(t, request()+early)
		got := e.take(t, "")
		if resp.StatusCode != 101 || got.err != nil {
			t.Fatalf("%s: %s %v", e.name, resp.Status, got.err)
		}
		conn.(interface{ CloseWrite() error }).CloseWrite()
		rest, err := io.ReadAll(got.conn)
		if all := string(got.early) + string(rest); all != early || err != nil {
			t.Errorf("%s: %q, then %q, %v", e.name, got.early, rest, err)
		}
	}
}

// TestRefusalEndsTheConnection: a proxy before us that takes any answer for an upgrade passes on what comes next without looking at it.
func TestRefusalEndsTheConnection(t *testing.T) {
	for _, e := range entrances(t, &Upgrader{}) {
		for _, first := range []string{request("Sec-WebSocket-Version: 8"), request("Origin: https://evil.example"), request("-Sec-WebSocket-Protocol"),
			request("POST /sip HTTP/1.1", "+Content-Length: 20")} {
			resp, r, conn := e.ask(t, first+"GET /internal HTTP/1.1\r\nHost: shop.example\r\n\r\n"+request())
			io.Copy(io.Discard, resp.Body)
			if !resp.Close {
				t.Errorf("%s: %s is not said to be the last of the connection", e.name, resp.Status)
			}
			if b, _ := io.ReadAll(r); len(b) > 0 {
				t.Errorf("%s: after %s comes %q", e.name, resp.Status, b)
			}
			conn.Close()
		}
	}
}

func TestNoUpgradeByHTTP2(t *testing.T) {
	e := httpPort(t, &Upgrader{}, true)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: e.tls, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	r, _ := http.NewRequest("GET", "https://"+e.addr+"/sip", nil)
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	r.Header.Set("Sec-WebSocket-Protocol", "sip")
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := e.take(t, ""); resp.StatusCode != 426 || resp.ProtoMajor != 2 || got.conn != nil {
		t.Errorf("%s %s, %+v", resp.Proto, resp.Status, got)
	}
}
