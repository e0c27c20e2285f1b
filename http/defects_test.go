package http

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// What mod_jk, or what stood between it and a container, did wrong over the
// years, each with a test that shows what is done here. Those that want a real
// peer are among the end-to-end tests.

// pair is two containers that answer alike.
func pair(t *testing.T, answer func(*asked) string) []*container {
	return []*container{newContainer(t, "n1", answer), newContainer(t, "n2", answer)}
}

func taken(all []*container) (got []*asked) {
	for _, c := range all {
		got = append(got, c.take()...)
	}
	return got
}

func plainGet(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
}

// asModJK are the words of a pool whose workers.properties says nothing of
// retries: two on each node, two nodes, two rounds.
func asModJK(failOn ...int) map[string]PoolWords {
	each := NodeWords{Attempts: 2, FailOn: failOn}
	return map[string]PoolWords{"default": {Retry: Retry{Rounds: 2, Nodes: 2}, Nodes: map[string]NodeWords{"n1": each, "n2": each}}}
}

// mod_jk delivers a POST four times, or eight, when nodes drop the connection.
func TestDefectPOSTDeliveredFourTimes(t *testing.T) {
	all := pair(t, func(*asked) string { return "" })
	s := byAJP(t, all, func(s *stage) { s.settings.Pools = asModJK() })
	for _, length := range []int{0, 5, 20_000} {
		answer := s.rawSend(fmt.Sprintf("POST /buy HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", length, strings.Repeat("x", length)))
		if got := taken(all); len(got) != 1 || len(got[0].body) != length || !strings.HasPrefix(answer, "HTTP/1.1 502 ") {
			t.Errorf("a POST of %d bytes was delivered %d times, answered %.20q", length, len(got), answer)
		}
	}
	resp, _ := s.get("/look")
	if n := len(taken(all)); resp.StatusCode != 502 || n != 8 { // what is safe to repeat is, as told
		t.Errorf("a GET was delivered %d times, answered %d", n, resp.StatusCode)
	}
}

// mod_jk drops an answer whose status is in fail_on_status and gives the
// request to another node, although the first has done what it was asked.
func TestDefectReplayAfterFailOnStatus(t *testing.T) {
	for _, status := range []int{503, -503} {
		all := pair(t, func(*asked) string { return ajpHead(503, 4) + ajpRaw("\x03"+ajpText("done")) + ajpEnd })
		s := byAJP(t, all, func(s *stage) { s.settings.Pools = asModJK(status) })
		for _, method := range []string{"POST", "PATCH", "GET"} {
			answer := s.rawSend(method + " /buy HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab")
			if n := len(taken(all)); (n == 1) != (method != "GET") || !strings.HasPrefix(answer, "HTTP/1.1 503 ") || strings.Contains(answer, "done") {
				t.Errorf("fail_on_status %d: a %s was delivered %d times, answered %q", status, method, n, answer)
			}
		}
	}
}

// When a node breaks off within its answer, mod_jk asks another and sends the
// client both: 33,008 bytes under "Content-Length: 20000" were seen.
func TestDefectRetryAfterBodyBytes(t *testing.T) {
	for _, announced := range []int{20_000, -1} {
		all := pair(t, func(*asked) string {
			return ajpHead(200, announced) + ajpRaw("\x03"+ajpText(strings.Repeat("x", 8000))) + ajpRaw("\x03"+ajpText(strings.Repeat("y", 5008)))
		})
		s := byAJP(t, all, nil)
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(s.rawSend(plainGet("/report")))), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err == nil || len(body) > 13_008 || strings.Trim(string(body), "xy") != "" || len(taken(all)) != 1 {
			t.Errorf("announced %d: the client got %d bytes and %v", announced, len(body), err)
		}
	}
}

// mod_jk maps /app/..;/direct/x as /direct/x and forwards it as it came, so
// that rules for /app/ were got around or another application reached.
// CVE-2018-11759 was of the same kind.
func TestDefectPathParametersBypassTheMap(t *testing.T) {
	all := pair(t, nil)
	s := byAJP(t, all, func(s *stage) {
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/app/*", "default"), rule("/direct/*", "default"), rule("!/app/private/*", "default")})
	})
	for path, want := range map[string]string{
		"/app/x": "200", "/app;v=1/x": "200", "/app/x;v=1": "200",
		"/app/..;/direct/x": "400", "/app/..;v=1/direct/x": "400", "/app/%2e%2e;/direct/x": "400", "/app/..%3b/direct/x": "400", "/app/..%3Bv=1/direct/x": "400", "/app/.;/x": "400", "/..;/app/x": "400",
		"/app/private/x": "404", "/app/private;v=1/x": "404", "/app;/private/x": "404", "/app/;v=1/private/x": "404", "/app/x/../private/y": "400",
		"/app/%70rivate/x": "404", "/app/./private/x": "404",
	} {
		answer := s.rawSend(plainGet(path))
		got := taken(all)
		if !strings.HasPrefix(answer, "HTTP/1.1 "+want) || (want == "200") != (len(got) == 1) {
			t.Errorf("%s: %.12q, forwarded %d times", path, answer, len(got))
		}
		if len(got) == 1 && got[0].uri != path {
			t.Errorf("%s arrives as %s", path, got[0].uri)
		}
	}
}

// With its option ForwardURICompat mod_jk sends decoded bytes: a line break,
// '?' and '#' in the middle of a path, and "%2541" as "%41".
func TestDefectRawBytesInForwardedURIs(t *testing.T) {
	all := pair(t, nil)
	s := byAJP(t, all, nil)
	for path, status := range map[string]string{
		"/a%3fb": "200", "/a%23b": "200", "/a%20b": "200", "/a%25b": "200", "/a%2541b": "200", "/a%3bb": "200", "/%c3%a9": "200", "/%7Bx%7D": "200", "/a//b/./c": "200",
		"/a%0ab": "400", "/a%0d%0ab": "400", "/a%09b": "400", "/a%7fb": "400",
	} {
		answer := s.rawSend(plainGet(path + "?q=%0a"))
		got := taken(all)
		if !strings.HasPrefix(answer, "HTTP/1.1 "+status) || (status == "200") != (len(got) == 1) {
			t.Errorf("%s: %.12q, forwarded %d times", path, answer, len(got))
		}
		if len(got) == 1 && (got[0].uri != path || got[0].query != "q=%0a") {
			t.Errorf("%s arrives as %q with the query %q", path, got[0].uri, got[0].query)
		}
	}
}

// When a session names a domain, or nobody, mod_jk sends memory that nobody
// wrote as jvm_route. Here it is the route of the member that got the request.
func TestDefectGarbageJvmRoute(t *testing.T) {
	all, east, route := pair(t, nil), "east", []string{"east.node1", "east.node2"}
	s := byAJP(t, all, func(s *stage) {
		s.pool.Members = []cluster.MemberSpec{{Node: "n1", Route: &route[0], Domain: &east}, {Node: "n2", Route: &route[1], Domain: &east}}
	})
	seen := map[string]int{}
	for _, id := range []string{"", "A", "A.east.node9", "A.east", "A.nowhere", ".", "A.", "A.\xff\xfe", strings.Repeat("x", 300)} {
		for range 4 {
			s.get("/", "Cookie: JSESSIONID="+id)
		}
		for i, c := range all {
			for _, a := range c.take() {
				if got := a.attrs["6"]; got != route[i] {
					t.Errorf("session %q: %s is told the route %q", id, c.name, got)
				}
				seen[a.attrs["6"]]++
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("routes seen: %v", seen)
	}
}

// /jkstatus;x=1, /a/../jkstatus, /;/jkstatus and /%6akstatus reach mod_jk's
// status worker around what httpd says of <Location /jkstatus>. Here they are
// the status worker, whose own rules decide, or nothing.
func TestDefectStatusWorkerAroundItsMapping(t *testing.T) {
	all, asked := pair(t, nil), 0
	s := byAJP(t, all, func(s *stage) {
		s.settings.Mounts = mustMounts(t, []MountRule{{Path: "/jkstatus", Local: "jk"}, rule("/app/*", "default")})
		s.front.Handlers = map[string]LocalHandler{"jk": func(w http.ResponseWriter, r *http.Request, _ []gateway.Evidence, _ gateway.Hint) {
			asked++
			w.WriteHeader(http.StatusForbidden) // its rules
		}}
	})
	for path, status := range map[string]string{
		"/jkstatus": "403", "/jkstatus;x=1": "403", "/jkstatus;": "403", "/%6akstatus": "403", "/;/jkstatus": "403", "//jkstatus": "403", "/./jkstatus": "403",
		"/a/../jkstatus": "400", "/app/../jkstatus": "400", "/app/..;/jkstatus": "400", "/jkstatus/": "404", "/jkstatus/x": "404", "/JKSTATUS": "404", "/jkstatus%2f": "400",
		"/jkstatus%00": "400", "/jkstatus/..": "404", "/jkstatus/../app/x": "400",
	} {
		was := asked
		if answer := s.rawSend(plainGet(path + "?cmd=list")); !strings.HasPrefix(answer, "HTTP/1.1 "+status) || (asked > was) != (status == "403") {
			t.Errorf("%s: %.12q, the status worker was asked: %v", path, answer, asked > was)
		}
	}
	if n := len(taken(all)); n > 0 {
		t.Errorf("%d requests were forwarded", n)
	}
}

// CVE-2023-41081: mod_jk gave what no rule maps to the first worker.
func TestDefectUnmappedIsForwarded(t *testing.T) {
	all := pair(t, nil)
	for name, rules := range map[string][]MountRule{"none": nil, "one": {rule("/app|/*", "default")}, "only an exclusion": {rule("!/app/*", "default")},
		"switched off": {rule("-/x", "default"), rule("-/*", "default")}} {
		s := byAJP(t, all, func(s *stage) { s.settings.Mounts = mustMounts(t, rules) })
		for _, path := range []string{"/", "/x", "/appx", "/App/x", "/%61pq", "/x/app/", "/app/../x", "/x;/app/y", "*"} {
			if answer := s.rawSend(plainGet(path)); !strings.HasPrefix(answer, "HTTP/1.1 404") && !strings.HasPrefix(answer, "HTTP/1.1 400") {
				t.Errorf("rules %s, %s: %.12q", name, path, answer)
			}
		}
	}
	if n := len(taken(all)); n > 0 {
		t.Errorf("%d requests were forwarded", n)
	}
}

// CVE-2014-8111: "//" got around JkUnMount.
func TestDefectExclusionsAndDoubleSlashes(t *testing.T) {
	all := pair(t, nil)
	s := byAJP(t, all, func(s *stage) {
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/*", "default"), rule("!/app/private/*", "*"), rule("!/*.bak", "default")})
	})
	for _, path := range []string{"/app/private/x", "//app/private/x", "/app//private/x", "/app///private//x", "/app/private//x", "/app/;//private/x", "/app/x.bak", "/app//x.bak", "/app/x.bak;v=1"} {
		if answer := s.rawSend(plainGet(path)); !strings.HasPrefix(answer, "HTTP/1.1 404") {
			t.Errorf("%s: %.12q", path, answer)
		}
	}
	if n := len(taken(all)); n > 0 {
		t.Errorf("%d requests were forwarded", n)
	}
}

// CVE-2007-1860 and CVE-2007-0450: what one side decodes once and the other
// twice, or one reads as a separator and the other does not.
func TestDefectDoubleDecoding(t *testing.T) {
	all := pair(t, nil)
	s := byAJP(t, all, func(s *stage) {
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/app/*", "default"), rule("!/app/private/*", "default")})
	})
	for path, status := range map[string]string{
		"/app/%252e%252e/private/x": "200", // two dots nowhere but to those who decode twice, and nobody behind us is made to
		"/app/%2570rivate/x":        "200",
		"/app/%2e%2e/app/x":         "200", // leads to where it is mapped
		"/app/%2e%2e/x":             "400", "/app/..%2fprivate/x": "400", "/app/..%5cprivate/x": "400", "/app/..\\private\\x": "400", "/app/%2fprivate/x": "400",
		"/app%2fprivate/x": "400", "/app/%5cprivate": "400", "/app/x%00.html": "400", "/app/%zz": "400", "/app/%": "400", "/app/%u002e%u002e/x": "400", "/../app/x": "400", "/%2e%2e/app/x": "400",
	} {
		answer := s.rawSend(plainGet(path))
		got := taken(all)
		if !strings.HasPrefix(answer, "HTTP/1.1 "+status) || (status == "200") != (len(got) == 1) {
			t.Errorf("%s: %.12q, forwarded %d times", path, answer, len(got))
		}
		if len(got) == 1 && got[0].uri != path {
			t.Errorf("%s arrives as %s", path, got[0].uri)
		}
	}
}

// CVE-2008-5519: a POST whose body never came left mod_jk's connection in the
// middle of an exchange, and the next user got the answer to it.
func TestDefectBodyThatNeverComes(t *testing.T) {
	c := newContainer(t, "n1", nil)
	s := byAJP(t, []*container{c}, nil)
	spoilt := map[int]bool{}
	for _, head := range []string{"Content-Length: 5", "Content-Length: 5000", "Content-Length: 100000", "Content-Length: 100000\r\nExpect: 100-continue", "Transfer-Encoding: chunked"} {
		for _, begun := range []string{"", "5\r\nab", strings.Repeat("x", 40_000)} {
			s.get("/warm") // a kept connection
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(conn, "POST /never HTTP/1.1\r\nHost: h\r\n"+head+"\r\n\r\n"+begun)
			conn.Close()
			early, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(early, "POST /early HTTP/1.1\r\nHost: h\r\n"+head+"\r\n\r\n"+begun)
			early.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, early) // an answer, or none: what counts is the next one's
			early.Close()
			for i := range 5 {
				path := fmt.Sprintf("/victim/%d", i)
				if resp, body := s.get(path); resp.StatusCode != 200 || body != path {
					t.Errorf("after %q: %s got %d %q", head, path, resp.StatusCode, body)
				}
			}
			for _, a := range c.take() {
				if spoilt[a.conn] {
					t.Errorf("after %q: connection %d is used again", head, a.conn)
				}
				spoilt[a.conn] = spoilt[a.conn] || !a.whole && a.uri == "/never"
			}
		}
	}
	n := 0
	for _, yes := range spoilt {
		if yes {
			n++
		}
	}
	if n == 0 {
		t.Error("no body was missed")
	}
}

// CVE-2020-1938: who could choose the names of attributes read what is under
// WEB-INF. Clients choose none, whatever their fields are called.
func TestDefectClientsChooseAttributes(t *testing.T) {
	c := newContainer(t, "n1", nil)
	s := byAJP(t, []*container{c}, nil)
	names := []string{"AJP_REMOTE_PORT", "AJP_LOCAL_ADDR", "AJP_SSL_PROTOCOL", "JK_LB_ACTIVATION", "javax.servlet.include.request_uri", "jakarta.servlet.include.path_info",
		"org.apache.catalina.jsp_file", "secret", "jvm_route", "remote_user", "REMOTE_USER", "auth_type", "ssl_cert", "SSL_CLIENT_S_DN", "stored_method", "context", "0a", "\u007e", "~0xa00b"}
	request := "GET /?secret=x&jvm_route=y HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCookie: JSESSIONID=A.n1\r\n"
	for _, name := range names {
		request += name + ": evil\r\n"
	}
	if answer := s.rawSend(request + "\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 200") {
		t.Fatalf("%.40q", answer)
	}
	a := c.take()[0]
	for name, value := range a.attrs {
		switch {
		case strings.Contains(value, "evil"):
			t.Errorf("attribute %s is %q", name, value)
		case !strings.Contains(" 5 6 12 AJP_REMOTE_PORT AJP_LOCAL_ADDR JK_LB_ACTIVATION ", " "+name+" "):
			t.Errorf("attribute %s", name)
		}
	}
	if a.attrs["12"] != "s3cret" || a.attrs["6"] != "n1" || a.attrs["JK_LB_ACTIVATION"] != "ACT" {
		t.Errorf("attributes %v", a.attrs)
	}
	for _, name := range []string{"\xa0\x0b", "a\xa0", "\x00", "a b", "a\x0a"} { // bytes that could pass for a number, or end something
		if answer := s.rawSend("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + name + ": evil\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 400") || len(c.take()) > 0 {
			t.Errorf("field %q: %.40q", name, answer)
		}
	}
}
