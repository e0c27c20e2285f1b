package e2e

import "strings"

// scripted has containers answer in their own way.
func scripted(p *play, a answer, nodes ...string) {
	for _, n := range nodes {
		p.script(n, a)
	}
}

// failing plays requests while n1, or all, answer so.
func failing(a answer, nodes string, raw ...string) func(p *play) {
	return then(func(p *play) { scripted(p, a, strings.Fields(nodes)...) }, raw...)
}

// What a client gets, and how often a request is delivered, when nodes fail.
func differentialFailures() suite {
	const quick = "retry_interval=1 n1.retry_interval=1 n2.retry_interval=1 n3.retry_interval=1 "
	const once = quick + "n1.retries=1 n2.retries=1 n3.retries=1 "
	all := "n1 n2 n3"
	session := with("JSESSIONID=A@.n1")
	hello := posting(to("/x"), "hello")
	chunked := ask("POST", "/@/x", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n"
	reset, gone := answer{cut: "reset"}, answer{cut: "request"}
	return suite{trials: []trialOf{
		{name: "refused", words: quick, play: then(dead("n1"), plain, plain, plain, plain)},
		{name: "refused, with a session", differs: "sessions are remembered", words: quick, play: then(dead("n1"), session, plain, plain, session)},
		{name: "refused, POST", words: quick, play: then(dead("n1"), hello, hello)},
		{name: "refused, chunked POST", words: quick, play: then(dead("n1"), chunked, plain)},
		{name: "all refused", words: quick, play: then(dead("n1", "n2", "n3"), plain, session, hello)},
		{name: "two of three refused", words: quick, play: then(dead("n1", "n2"), plain, plain, plain)},
		{name: "three of four refused", members: "n1 n2 n3 n4", words: quick, play: then(dead("n1", "n2", "n3"), plain, plain, plain)},
		{name: "three of four refused, lb_retries 4", members: "n1 n2 n3 n4", words: quick + "lb_retries=4", play: then(dead("n1", "n2", "n3"), plain, plain)},
		{name: "one round, one member", words: quick + "lb_retries=1 retries=1", play: then(dead("n1"), plain, plain)},
		{name: "accepted and closed", words: quick, play: then(func(p *play) { p.slam("n1") }, plain, plain)},
		{name: "a kept connection that was closed", words: quick, play: func(p *play) {
			sends(plain, plain, plain)(p)
			p.down("n1", "n2", "n3")
			p.up("n1", "n2", "n3")
			sends(plain, hello, plain)(p)
		}},
		{name: "failure, then its session returns", words: quick + "recover_time=1", play: func(p *play) {
			sends(session)(p)
			p.down("n1")
			sends(session, plain)(p)
		}},

		{name: "closed after the request", words: quick, play: failing(gone, "n1", plain, plain)},
		{name: "closed after the request, one attempt", words: once, play: failing(gone, "n1", plain, plain, plain)},
		{name: "reset after the request", words: once, play: failing(reset, "n1", plain, plain)},
		{name: "reset by all", words: once, play: failing(reset, all, plain)},
		{name: "reset by all, two attempts each", words: quick, play: failing(reset, all, plain)},
		{name: "reset by all, lb_retries 3, retries 3", words: once + "lb_retries=3 retries=3", play: failing(reset, all, plain)},
		{name: "reset, HEAD", words: once, play: failing(reset, all, ask("HEAD", "/@/x"))},
		{name: "reset, PUT", words: once, play: failing(reset, "n1", ask("PUT", "/@/x", "Content-Length: 5")+"hello")},
		{name: "reset, DELETE", words: once, play: failing(reset, "n1", ask("DELETE", "/@/x"))},
		{name: "reset, POST", differs: "POST is never replayed", words: once, play: failing(reset, all, hello)},
		{name: "reset, POST, recovery_options 1", words: once + "n1.recovery_options=1 n2.recovery_options=1 n3.recovery_options=1", play: failing(reset, all, hello)},
		{name: "reset, GET, recovery_options 1", words: once + "n1.recovery_options=1 n2.recovery_options=1 n3.recovery_options=1", play: failing(reset, all, plain)},
		{name: "reset, GET, recovery_options 17", words: once + "n1.recovery_options=17 n2.recovery_options=17 n3.recovery_options=17", play: failing(reset, all, plain)},
		{name: "reset, HEAD, recovery_options 9", words: once + "n1.recovery_options=9 n2.recovery_options=9 n3.recovery_options=9", play: failing(reset, all, ask("HEAD", "/@/x"), plain)},
		{name: "reset, GET, recovery_options 25", words: once + "n1.recovery_options=25 n2.recovery_options=25 n3.recovery_options=25", play: failing(reset, all, plain)},
		{name: "refused, POST, recovery_options 1", words: once + "n1.recovery_options=1", play: then(dead("n1"), hello)},
		{name: "closed after headers", words: once, play: failing(answer{cut: "headers"}, all, plain)},
		{name: "closed after headers, recovery_options 2", differs: "a head is no answer yet", words: once + "n1.recovery_options=2 n2.recovery_options=2 n3.recovery_options=2", play: failing(answer{cut: "headers"}, all, plain)},
		{name: "closed within the body", words: once, play: failing(answer{cut: "chunk", fields: []string{"Content-Length: 20"}, chunks: []string{"0123456789", "0123456789"}}, all, plain)},
		{name: "closed within a large body", differs: "an answer that began is the answer", words: once, play: failing(answer{cut: "chunk", fields: []string{"Content-Length: 40000"}, chunks: []string{large(20000), large(20000)}}, all, plain)},

		{name: "wrong magic", words: once, play: failing(answer{raw: "XY\x00\x02\x05\x01"}, all, plain)},
		{name: "magic of a front", words: once, play: failing(answer{raw: "\x12\x34\x00\x02\x05\x01"}, all, plain)},
		{name: "HTTP in place of AJP", words: once, play: failing(answer{raw: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, all, plain)},
		{name: "unknown packet", differs: "502 for all garbage", words: once, play: failing(answer{raw: "AB\x00\x01\x0b"}, all, plain)},
		{name: "payload cut", words: once, play: failing(answer{raw: string(ajpHeaders(200, "OK")[:8]), last: true}, all, plain)},
		{name: "payload longer than a packet", words: once, play: failing(answer{raw: "AB\xff\xff\x04\x00\xc8" + large(70000)}, all, plain)},
		{name: "body before headers", differs: "502 for all garbage", words: once, play: failing(answer{raw: string(ajpFrame("\x03" + ajpText("hello")))}, all, plain)},
		{name: "chunk longer than its packet", differs: "502 for all garbage", words: once, play: failing(answer{raw: string(ajpHeaders(200, "OK")) + string(ajpFrame("\x03\x40\x00hello\x00"))}, all, plain)},
		{name: "headers twice", differs: "502 for all garbage", words: once, play: failing(answer{raw: string(ajpHeaders(200, "OK")) + string(ajpHeaders(201, "OK")) + string(ajpFrame("\x05\x01"))}, all, plain)},
		{name: "end without headers", differs: "an end without a head is no answer", words: once, play: failing(answer{raw: string(ajpFrame("\x05\x01"))}, all, plain)},
		{name: "unknown number of a header", differs: "502 for all garbage", words: once, play: failing(answer{raw: string(ajpFrame("\x04\x00\xc8" + ajpText("OK") + "\x00\x01\xa0\x2f" + ajpText("x")))}, all, plain)},
		{name: "more headers promised than sent", differs: "502 for all garbage", words: once, play: failing(answer{raw: string(ajpFrame("\x04\x00\xc8" + ajpText("OK") + "\x00\x09\xa0\x01" + ajpText("x")))}, all, plain)},

		{name: "no answer in time", words: once + "n1.reply_timeout=200 n2.reply_timeout=200 n3.reply_timeout=200", play: failing(answer{silent: true}, "n1", plain, plain)},
		{name: "no answer in time from anybody", words: once + "n1.reply_timeout=200 n2.reply_timeout=200 n3.reply_timeout=200", play: failing(answer{silent: true}, all, plain)},
		{name: "no answer in time, POST", differs: "POST is never replayed", words: once + "n1.reply_timeout=200 n2.reply_timeout=200 n3.reply_timeout=200", play: failing(answer{silent: true}, "n1", hello)},
		{name: "no answer in time, max_reply_timeouts", differs: "sessions are remembered", words: once + "max_reply_timeouts=2 n1.reply_timeout=200", play: failing(answer{silent: true}, "n1", session, session, session, session)},
		{name: "no answer in the rule's time", words: once, urimap: "/@|/*=lb@;reply_timeout=200", play: failing(answer{silent: true}, "n1", plain, plain)},
		{name: "no end of the wait for a rule", words: once + "n1.reply_timeout=1", urimap: "/@|/*=lb@;reply_timeout=0", play: sends(plain)},

		{name: "fail_on_status", words: once + "n1.fail_on_status=503", play: failing(answer{status: 503, fields: []string{"Retry-After: 9"}}, "n1", plain, plain, plain)},
		{name: "fail_on_status, another status", words: once + "n1.fail_on_status=503,504", play: failing(answer{status: 500}, "n1", plain, session)},
		{name: "fail_on_status by all", words: once + "n1.fail_on_status=500 n2.fail_on_status=500 n3.fail_on_status=500", play: failing(answer{status: 500}, all, plain, plain)},
		{name: "fail_on_status, negative", words: once + "n1.fail_on_status=-404", play: failing(answer{status: 404}, "n1", plain, session, plain)},
		{name: "fail_on_status, negative, by all", words: once + "n1.fail_on_status=-404 n2.fail_on_status=-404 n3.fail_on_status=-404", play: failing(answer{status: 404}, all, plain, plain)},
		{name: "fail_on_status, both kinds", differs: "sessions are remembered", words: once + "n1.fail_on_status=-404,500", play: func(p *play) {
			p.script("n1", answer{status: 404}, answer{status: 500}, answer{})
			sends(session, session, session)(p)
		}},
		{name: "fail_on_status, POST", differs: "POST is never replayed", words: once + "n1.fail_on_status=503", play: failing(answer{status: 503}, "n1", hello, hello)},
		{name: "fail_on_status of a rule", words: once + "n1.fail_on_status=503", urimap: "/@|/*=lb@;fail_on_status=-404", play: failing(answer{status: 404}, "n1", plain, session)},
		{name: "fail_on_status of a rule replaces", words: once + "n1.fail_on_status=503", urimap: "/@|/*=lb@;fail_on_status=-404", play: failing(answer{status: 503}, "n1", plain, session)},

		{name: "busy_limit", words: once + "n1.busy_limit=1", play: func(p *play) { p.busy(5, 0) }},
		{name: "busy_limit of all", words: once + "n1.busy_limit=1 n2.busy_limit=1 n3.busy_limit=1", play: func(p *play) {
			end := p.hold(with("JSESSIONID=B@.n1"), with("JSESSIONID=C@.n2"), with("JSESSIONID=D@.n3"))
			sends(plain)(p)
			end()
			sends(plain)(p)
		}},
		{name: "busy_limit and a session", words: once + "n1.busy_limit=1", play: func(p *play) {
			end := p.hold(session)
			sends(with("JSESSIONID=B@.n1"))(p)
			end()
			sends(with("JSESSIONID=C@.n1"))(p)
		}},

		{name: "no CPong after connecting", words: once + "n1.ping_mode=C n1.ping_timeout=200", play: then(func(p *play) { p.mute("n1") }, plain, plain)},
		{name: "no CPong before a request", words: once + "n1.ping_mode=P n1.ping_timeout=200", play: func(p *play) {
			sends(session)(p)
			p.mute("n1")
			sends(with("JSESSIONID=B@.n1"), plain)(p)
		}},
		{name: "CPong before all", words: once + "n1.ping_mode=A n2.ping_mode=A n3.ping_mode=A", play: sends(plain, plain, plain, session)},

		{name: "escalation at once", words: once + "error_escalation_time=0", play: failing(reset, "n1", plain, plain, plain)},
		{name: "one failure among successes", words: once, play: func(p *play) {
			p.script("n1", reset, answer{})
			sends(session, with("JSESSIONID=B@.n1"), plain)(p)
		}},
		{name: "all failed, forced at once", words: once, play: func(p *play) {
			p.down("n1", "n2", "n3")
			sends(plain)(p)
			p.up("n1", "n2", "n3")
			sends(plain, plain, plain)(p)
		}},
		{name: "status 500 is an answer", words: once, play: failing(answer{status: 500}, all, plain, plain)},
		{name: "status 503 is an answer", words: once, play: failing(answer{status: 503}, all, plain, plain)},
		{name: "the client is gone", words: once, play: func(p *play) {
			p.leave("n1", session)
			sends(session, plain)(p)
		}},
		{name: "the client is gone within its body", words: once, play: func(p *play) {
			p.vanish(ask("POST", "/@/x", "Cookie: JSESSIONID=A@.n1", "Content-Length: 20000") + large(9000))
			sends(session, plain)(p)
		}},
		{name: "one member, refused", members: "n1", words: quick, play: then(dead("n1"), plain, session)},
		{name: "no lb, refused", list: "n1@", urimap: "/@|/*=n1@", words: quick, play: then(dead("n1"), plain)},
		{name: "no lb, reset", differs: "POST is never replayed", list: "n1@", urimap: "/@|/*=n1@", words: quick, play: failing(reset, "n1", plain, hello)},
		{name: "no lb, status is refused", list: "n1@", urimap: "/@|/*=n1@", words: quick + "n1.fail_on_status=404", play: failing(answer{status: 404}, "n1", plain, plain)},
	}}
}
