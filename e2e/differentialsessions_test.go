package e2e

// Names of sessions, cookies made for them, and error pages of one's own.
func differentialSessions() suite {
	const rules = "/@|/*=lb@\n/@/r/*=lb@;"
	dis := func(status int, f ...string) func(p *play) {
		return failing(answer{status: status, fields: f}, "n1 n2 n3", plain, to("/r/x"))
	}
	held := func(p *play) {
		p.script("n2", answer{fields: []string{"Set-Cookie: JSESSIONID=B.n2; Path=/"}})
		sends(with("JSESSIONID=A@.n2"))(p)
	}
	return suite{trials: []trialOf{
		{name: "session_cookie", words: "session_cookie=SID", play: sends(with("SID=A@.n2"), with("JSESSIONID=B@.n3"), with("sid=C@.n3"))},
		{name: "session_path", words: "session_path=;sid", play: sends(to("/x;sid=A@.n2"), to("/x;jsessionid=B@.n3"), to("/x;SID=C@.n3"))},
		{name: "session_cookie and session_path", words: "session_cookie=SID session_path=;sid", play: sends(to("/x;sid=A@.n2", "Cookie: SID=B@.n3"), with("SID=C@.n3"))},
		{name: "rule: session_cookie", urimap: rules + "session_cookie=SID", play: sends(to("/r/x", "Cookie: SID=A@.n2"), to("/r/x", "Cookie: JSESSIONID=B@.n3"), with("JSESSIONID=C@.n3"))},
		{name: "rule: session_path", urimap: rules + "session_path=;sid", play: sends(to("/r/x;sid=A@.n2"), to("/r/x;jsessionid=B@.n3"), to("/x;jsessionid=C@.n3"))},
		{name: "set_session_cookie", differs: "nobody's id is taken away", words: "set_session_cookie=1", play: sends(plain, plain, with("JSESSIONID=A@.n2"), with("JSESSIONID=B@.n9"))},
		{name: "set_session_cookie, its path", words: "set_session_cookie=1 session_cookie_path=/app", play: sends(plain)},
		{name: "set_session_cookie, its name", words: "set_session_cookie=1 session_cookie=SID", play: sends(plain, with("SID=A@.n2"))},
		{name: "set_session_cookie of a rule", differs: "session_cookie_path of a rule", urimap: rules + "set_session_cookie=1;session_cookie_path=/r", play: sends(to("/r/x"), plain)},
		{name: "set_session_cookie beside the node's", differs: "nobody's id is taken away", words: "set_session_cookie=1", play: func(p *play) {
			p.script("n1", answer{fields: []string{"Set-Cookie: JSESSIONID=A@.n1; Path=/", "Set-Cookie: b=c"}})
			sends(plain)(p)
		}},
		{name: "set_session_cookie, sticky to the node's new one", words: "set_session_cookie=1", play: held},
		{name: "set_session_cookie with HEAD", words: "set_session_cookie=1", play: func(p *play) {
			p.script("n1", answer{chunks: []string{}})
			sends(ask("HEAD", "/@/x"))(p)
		}},
		{name: "set_session_cookie, failed over", differs: "nobody's id is taken away", words: "set_session_cookie=1 n2.retry_interval=1", play: then(dead("n2"), with("JSESSIONID=A@.n2"))},
		{name: "set_session_cookie, all dead", words: "set_session_cookie=1 retry_interval=1", play: then(dead("n1", "n2", "n3"), plain)},
		{name: "set_session_cookie, one member", members: "n2", words: "set_session_cookie=1", play: sends(plain)},
		{name: "set_session_cookie, not sticky", differs: "nobody's id is taken away", words: "set_session_cookie=1 sticky_session=0", play: sends(plain, with("JSESSIONID=A@.n2"))},
		{name: "a cookie that names only a route", words: "set_session_cookie=1", play: sends(with("JSESSIONID=.n2"), with("JSESSIONID=.n2; JSESSIONID=A@.n3"))},
		{name: "use_server_errors", urimap: rules + "use_server_errors=400", play: dis(404, "X-Secret: 1")},
		{name: "use_server_errors, below", urimap: rules + "use_server_errors=500", play: dis(404)},
		{name: "use_server_errors, 503", urimap: rules + "use_server_errors=500", play: dis(503, "Retry-After: 10")},
		{name: "use_server_errors, 401", urimap: rules + "use_server_errors=400", play: dis(401, `WWW-Authenticate: Basic realm="x"`)},
		{name: "use_server_errors and fail_on_status", words: "retry_interval=1", urimap: rules + "use_server_errors=400;fail_on_status=-404", play: dis(404)},
		{name: "use_server_errors, POST", urimap: rules + "use_server_errors=400", play: failing(answer{status: 500}, "n1 n2 n3", posting(to("/r/x"), "hello"), plain)},
		{name: "several extensions", urimap: rules + "sticky_ignore=1;stopped=n1@;reply_timeout=3000", play: sends(to("/r/x", "Cookie: JSESSIONID=A@.n1"), to("/r/x"), with("JSESSIONID=B@.n1"))},
		{name: "an extension nobody knows", urimap: rules + "nonsense=1;stopped=n1@", play: sends(to("/r/x"))},
	}}
}
