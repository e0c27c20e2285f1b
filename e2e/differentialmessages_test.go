package e2e

import "fmt"

// What becomes of requests and answers on their way.
func differentialMessages() suite {
	body := func(method, path, body string, fields ...string) string {
		return ask(method, path, append(fields, fmt.Sprintf("Content-Length: %d", len(body)))...) + body
	}
	chunks := func(list ...string) string {
		s := ask("POST", "/@/x", "Transfer-Encoding: chunked")
		for _, c := range list {
			s += fmt.Sprintf("%x\r\n%s\r\n", len(c), c)
		}
		return s + "0\r\n\r\n"
	}
	answers := func(a answer, raw ...string) func(p *play) {
		if len(raw) == 0 {
			raw = []string{plain, plain}
		}
		return failing(a, "n1", raw...)
	}
	fields := func(f ...string) func(p *play) { return sends(to("/x", f...)) }
	methods := func(list ...string) func(p *play) {
		var raw []string
		for _, m := range list {
			raw = append(raw, body(m, "/@/x", ""))
		}
		return sends(raw...)
	}
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("X-Field-%d: value %d", i, i))
	}
	list := []trialOf{
		{name: "usual fields", differs: "Pragma in other words", play: fields("Accept: */*", "Accept-Charset: utf-8", "Accept-Encoding: gzip", "Accept-Language: de", "Authorization: Basic YTpi", "Referer: http://a/", "User-Agent: test", "Pragma: no-cache", "Cookie2: x", "Content-Type: text/plain")},
		{name: "fields of one's own", play: fields("X-One: 1", "x-two: 2", "X_Three: 3", "X.Four: 4", "X-Empty:", "X-Spaces:   a  b   ")},
		{name: "repeated fields", play: fields("X-A: 1", "X-B: 2", "X-A: 3", "Accept: a", "Accept: b")},
		{name: "Connection", differs: "fields of a connection", play: fields("Connection: keep-alive")},
		{name: "Connection: close", differs: "fields of a connection", play: fields("Connection: close")},
		{name: "Connection names a field", differs: "fields of a connection", play: fields("Connection: X-Hop", "X-Hop: 1", "X-Other: 2")},
		{name: "hop by hop", differs: "fields of a connection", play: fields("Keep-Alive: timeout=5", "TE: trailers", "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic YTpi")},
		{name: "upgrade", differs: "upgrades that AJP cannot carry", play: fields("Connection: Upgrade", "Upgrade: websocket")},
		{name: "upgrade to HTTP/2", differs: "fields of a connection", play: fields("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")},
		{name: "forwarded by others", play: fields("X-Forwarded-For: 10.1.1.1", "X-Forwarded-Proto: https", "Forwarded: for=10.1.1.1", "Via: 1.0 other", "X-Real-IP: 10.1.1.1")},
		{name: "attributes a client invents", play: fields("AJP_REMOTE_PORT: 1", "JK_LB_ACTIVATION: STP", "javax.servlet.include.request_uri: /WEB-INF/web.xml")},
		{name: "conditions and ranges", play: fields("If-None-Match: \"a\"", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "Range: bytes=0-1", "If-Range: \"a\"")},
		{name: "many fields", play: fields(many...)},
		{name: "more than 100 fields", differs: "what a bad request is told", play: fields(append(many, many...)...)},
		{name: "a long value", play: fields("X-Long: " + large(7000))},
		{name: "more than a packet", play: fields("X-Long: "+large(7000), "X-Longer: "+large(2000))},
		{name: "more than a packet, then less", play: sends(to("/x", "X-Long: "+large(7000), "X-Longer: "+large(2000)), plain)},
		{name: "a large packet", words: "n1.max_packet_size=16384", play: fields("X-Long: "+large(7000), "X-Longer: "+large(7000))},
		{name: "letters beyond ASCII", play: fields("X-Utf: \xc3\xa9", "X-Latin: \xe9")},
		{name: "host with a port", play: sends("GET /@/x HTTP/1.1\r\nHost: site.test:8443\r\n\r\n")},
		{name: "host as address", differs: "names and protocol", play: sends("GET /@/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "GET /@/x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")},
		{name: "host in capitals", differs: "names and protocol", play: sends("GET /@/x HTTP/1.1\r\nHost: SITE.Test\r\n\r\n")},
		{name: "no host", play: sends("GET /@/x HTTP/1.1\r\n\r\n")},
		{name: "two hosts", play: sends("GET /@/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")},
		{name: "HTTP/1.0", differs: "names and protocol, fields of a connection", play: sends("GET /@/x HTTP/1.0\r\nHost: site.test\r\n\r\n", "GET /@/x HTTP/1.0\r\nHost: site.test\r\nConnection: keep-alive\r\n\r\n")},
		{name: "HTTP/1.0 without host", differs: "names and protocol, fields of a connection", play: sends("GET /@/x HTTP/1.0\r\n\r\n")},
		{name: "a line folded", play: sends("GET /@/x HTTP/1.1\r\nHost: site.test\r\nX-Fold: a\r\n b\r\n\r\n")},
		{name: "a field without a name", play: sends("GET /@/x HTTP/1.1\r\nHost: site.test\r\n: a\r\n\r\n")},
		{name: "space before the colon", play: sends("GET /@/x HTTP/1.1\r\nHost: site.test\r\nX-A : a\r\n\r\n")},

		{name: "HEAD", play: answers(answer{chunks: []string{}}, ask("HEAD", "/@/x"), ask("HEAD", "/@/x?a"))},
		{name: "HEAD, with a length", play: answers(answer{fields: []string{"Content-Length: 1234"}, chunks: []string{}}, ask("HEAD", "/@/x"))},
		{name: "methods with numbers", play: methods("PUT", "DELETE", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK")},
		{name: "more methods with numbers", play: methods("ACL", "REPORT", "VERSION-CONTROL", "CHECKIN", "CHECKOUT", "UNCHECKOUT", "SEARCH", "MKWORKSPACE", "UPDATE", "LABEL", "MERGE", "BASELINE-CONTROL", "MKACTIVITY")},
		{name: "PATCH", play: sends(body("PATCH", "/@/x", "hello"))},
		{name: "methods nobody knows", play: methods("BREW", "X-Y")},
		{name: "methods in small letters", play: methods("get", "post")},
		{name: "OPTIONS", play: sends(ask("OPTIONS", "/@/x"), ask("OPTIONS", "*"))},
		{name: "TRACE", differs: "TRACE is refused", play: sends(ask("TRACE", "/@/x"))},
		{name: "CONNECT", play: sends("CONNECT site.test:443 HTTP/1.1\r\nHost: site.test:443\r\n\r\n")},

		{name: "a body", play: sends(body("POST", "/@/x", "hello", "Content-Type: application/x-www-form-urlencoded"))},
		{name: "no body", play: sends(body("POST", "/@/x", ""), ask("POST", "/@/x"))},
		{name: "a body with GET", play: sends(body("GET", "/@/x", "hello"))},
		{name: "a body of one packet", play: sends(body("POST", "/@/x", large(8186)), body("POST", "/@/x", large(8187)))},
		{name: "a large body", play: sends(body("POST", "/@/x", large(100000)))},
		{name: "a body in small pieces", play: answers(answer{want: 100}, body("POST", "/@/x", large(9000)))},
		{name: "a body nobody asks for", play: answers(answer{unread: true}, body("POST", "/@/x", large(3000)), plain)},
		{name: "a body that is too late", play: answers(answer{early: true}, body("POST", "/@/x", large(5000)), plain)},
		{name: "chunks", play: sends(chunks("hello ", "world"))},
		{name: "no chunks", play: sends(chunks())},
		{name: "large chunks", play: sends(chunks(large(20000), large(20000)))},
		{name: "chunks with trailers", differs: "fields of a connection", play: sends(ask("POST", "/@/x", "Transfer-Encoding: chunked", "Trailer: X-T") + "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n")},
		{name: "chunks with extensions", play: sends(ask("POST", "/@/x", "Transfer-Encoding: chunked") + "5;a=b\r\nhello\r\n0\r\n\r\n")},
		{name: "bad chunks", differs: "what a bad request is told", play: sends(ask("POST", "/@/x", "Transfer-Encoding: chunked")+"zz\r\nhello\r\n0\r\n\r\n", plain)},
		{name: "length and chunks", play: sends(ask("POST", "/@/x", "Content-Length: 5", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n")},
		{name: "two lengths", play: sends(ask("POST", "/@/x", "Content-Length: 5", "Content-Length: 6") + "hello!")},
		{name: "a length that is none", play: sends(ask("POST", "/@/x", "Content-Length: x"), ask("POST", "/@/x", "Content-Length: -1"))},
		{name: "other transfer codings", differs: "what a bad request is told", play: sends(ask("POST", "/@/x", "Transfer-Encoding: gzip") + "hello")},
		{name: "Expect", play: sends(body("POST", "/@/x", "hello", "Expect: 100-continue"))},
		{name: "Expect something else", play: sends(body("POST", "/@/x", "hello", "Expect: 200-maybe"))},
		{name: "secret", members: "n1 n2 n3", words: "n1.secret=s3cret n2.secret=other", play: sends(plain, plain, plain)},
		{name: "secret of the lb", members: "n1 n2 n3", words: "secret=s3cret n2.secret=other", play: sends(plain, plain, plain)},

		{name: "status without a phrase", play: answers(answer{status: 404})},
		{name: "status with a phrase", differs: "phrases", play: answers(answer{status: 404, phrase: "Gone Fishing"})},
		{name: "number for a phrase", differs: "phrases", play: answers(answer{status: 200, phrase: "200"})},
		{name: "status nobody knows", differs: "phrases", play: answers(answer{status: 299}, plain, plain)},
		{name: "status beyond", differs: "phrases", play: answers(answer{status: 799}, plain)},
		{name: "204", differs: "fields of an answer without a body", play: answers(answer{status: 204, chunks: []string{}, fields: []string{"Content-Type: text/plain"}})},
		{name: "304", play: answers(answer{status: 304, chunks: []string{}, fields: []string{"ETag: \"a\""}})},
		{name: "301", play: answers(answer{status: 301, fields: []string{"Location: http://site.test/@/y"}})},
		{name: "Location without a host", play: answers(answer{status: 302, fields: []string{"Location: /y;jsessionid=A.n1"}})},
		{name: "401", play: answers(answer{status: 401, fields: []string{"WWW-Authenticate: Basic realm=\"a\""}})},
		{name: "404 with nothing", play: answers(answer{status: 404, chunks: []string{}})},
		{name: "500 with nothing", play: answers(answer{status: 500, chunks: []string{}})},
		{name: "cookies", play: answers(answer{fields: []string{"Set-Cookie: JSESSIONID=A.n1; Path=/; HttpOnly", "Set-Cookie: b=c"}}, plain)},
		{name: "content fields", play: answers(answer{fields: []string{"Content-Type: text/html;charset=UTF-8", "Content-Language: de", "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT", "Cache-Control: no-store", "Vary: Accept"}})},
		{name: "repeated fields of an answer", play: answers(answer{fields: []string{"X-A: 1", "X-A: 2"}})},
		{name: "Server, Date, Via of a node", play: answers(answer{fields: []string{"Server: Tomcat", "Date: Thu, 01 Jan 1970 00:00:00 GMT", "Via: 1.1 x"}})},
		{name: "Connection of a node", differs: "fields of a connection", play: answers(answer{fields: []string{"Connection: close", "Keep-Alive: timeout=1"}})},
		{name: "Transfer-Encoding of a node", differs: "fields of a connection", play: answers(answer{fields: []string{"Transfer-Encoding: chunked"}})},
		{name: "length and body", play: answers(answer{fields: []string{"Content-Length: 10"}, chunks: []string{"01234", "56789"}})},
		{name: "length, less body", differs: "lengths that are not kept", play: answers(answer{fields: []string{"Content-Length: 10"}, chunks: []string{"01234"}})},
		{name: "length, more body", differs: "lengths that are not kept", play: answers(answer{fields: []string{"Content-Length: 5"}, chunks: []string{"0123456789"}})},
		{name: "length 0", play: answers(answer{fields: []string{"Content-Length: 0"}, chunks: []string{}})},
		{name: "no length", play: answers(answer{chunks: []string{large(30000), "end"}})},
		{name: "flushes", differs: "answers that are there have a length", play: answers(answer{chunks: []string{"a", "", "b", "", "c"}})},
		{name: "a flush is seen before the rest comes", play: func(p *play) { p.stream("n1", plain) }},
		{name: "flush first", differs: "answers that are there have a length", play: answers(answer{chunks: []string{"", "a"}})},
		{name: "a large answer", play: answers(answer{chunks: []string{large(300000)}, fields: []string{"Content-Length: 300000"}})},
		{name: "not to be used again", play: answers(answer{last: true}, plain, plain, plain, plain)},
		{name: "many fields of an answer", play: answers(answer{fields: many}, plain)},
		{name: "fields with nothing in them", play: answers(answer{fields: []string{"X-Empty: "}}, plain)},
		{name: "HTTP/1.0 and a body of any length", differs: "names and protocol, fields of a connection", play: answers(answer{chunks: []string{"a", "b"}}, "GET /@/x HTTP/1.0\r\nHost: site.test\r\n\r\n")},
	}
	for i := range list {
		list[i].words += " n1.retries=1 retries=1 lb_retries=1"
		if list[i].members == "" {
			list[i].members = "n1"
		}
	}
	return suite{trials: list}
}
