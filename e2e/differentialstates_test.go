package e2e

// plain is a request of a client that has no session.
const plain = "GET /@/x HTTP/1.1\r\nHost: site.test\r\n\r\n"

// then begins a play with what befalls the containers.
func then(first func(p *play), raw ...string) func(p *play) {
	return func(p *play) {
		first(p)
		sends(raw...)(p)
	}
}

func dead(nodes ...string) func(p *play) { return func(p *play) { p.down(nodes...) } }

// What activation, redirect, domain, distance and force make of a request.
func differentialStates() suite {
	session := with("JSESSIONID=A@.n2")
	other := with("JSESSIONID=B@.n3")
	return suite{trials: []trialOf{
		{name: "disabled takes no new clients", words: "n2.activation=d", play: sends(times(4, plain)...)},
		{name: "disabled keeps its sessions", words: "n2.activation=d", play: sends(session, plain, plain)},
		{name: "stopped takes nothing", words: "n2.activation=s", play: sends(session, plain, plain)},
		{name: "words of activation", words: "n1.activation=Disabled n2.activation=1 n3.activation=Active", play: sends(plain, plain, session)},
		{name: "numbers of activation", words: "n1.activation=2 n2.activation=0 n3.activation=S", play: sends(plain, plain, other)},
		{name: "old words of activation", words: "n1.stopped=1 n2.disabled=true", play: sends(plain, plain, session, with("JSESSIONID=B@.n1"))},
		{name: "all disabled", words: "n1.activation=d n2.activation=d n3.activation=d", play: sends(plain, session, with("JSESSIONID=B@.n9"))},
		{name: "all stopped", words: "n1.activation=s n2.activation=s n3.activation=s", play: sends(plain, session)},
		{name: "stopped, redirect", words: "n2.activation=s n2.redirect=n3", play: sends(session, plain)},
		{name: "stopped, redirect to a disabled one", words: "n2.activation=s n2.redirect=n3 n3.activation=d", play: sends(session, plain)},
		{name: "stopped, redirect to a stopped one", words: "n2.activation=s n2.redirect=n3 n3.activation=s", play: sends(session, plain)},
		{name: "stopped, redirect to nobody", words: "n2.activation=s n2.redirect=n9", play: sends(session, plain)},
		{name: "redirect once only", members: "n1 n2 n3 n4", words: "n2.activation=s n2.redirect=n3 n3.activation=s n3.redirect=n4", play: sends(session)},
		{name: "redirect names a route", words: "n2.activation=s n2.redirect=east n3.route=east", play: sends(session)},
		{name: "stopped, domain", words: "n2.activation=s n2.domain=d n3.domain=d", play: sends(session, with("JSESSIONID=B@.n2"))},
		{name: "stopped, domain with a disabled one", words: "n2.activation=s n2.domain=d n3.domain=d n3.activation=d", play: sends(session)},
		{name: "redirect before domain", members: "n1 n2 n3 n4", words: "n2.activation=s n2.domain=d n3.domain=d n2.redirect=n4", play: sends(session)},
		{name: "redirect cannot, domain is not asked", differs: "domain after redirect", members: "n1 n2 n3 n4", words: "n2.activation=s n2.domain=d n3.domain=d n2.redirect=n4 n4.activation=s", play: sends(session)},
		{name: "hot standby", members: "n1 n3", words: "n1.activation=s n1.redirect=n3 n3.activation=d", play: sends(plain, plain)},
		{name: "hot standby of a dead member", members: "n1 n3", words: "n1.redirect=n3 n3.activation=d n1.retry_interval=1 retry_interval=1", play: then(dead("n1"), plain, plain)},
		{name: "nearer first", words: "n1.distance=1 n2.distance=1", play: sends(times(3, plain)...)},
		{name: "nearer is disabled", words: "n1.distance=1 n2.distance=2 n3.activation=d", play: sends(times(3, plain)...)},
		{name: "distance is nothing to a session", words: "n2.distance=5", play: sends(session, session, plain)},
		{name: "distance within a domain", words: "n1.domain=d n2.domain=d n1.distance=1", play: sends(with("JSESSIONID=A@.d.n9"), with("JSESSIONID=B@.d.n9"))},
		{name: "ties within a domain", words: "n2.domain=d n3.domain=d", play: sends(other, with("JSESSIONID=A@.d.n9"), with("JSESSIONID=C@.d.n9"), plain, plain)},
		{name: "force, route is served", words: "sticky_session_force=1", play: sends(session, plain)},
		{name: "force, unknown route", words: "sticky_session_force=1", play: sends(with("JSESSIONID=A@.n9"))},
		{name: "force, no route", words: "sticky_session_force=1", play: sends(with("JSESSIONID=A@"), to("/x;jsessionid=B@"))},
		{name: "force, stopped", words: "sticky_session_force=1 n2.activation=s", play: sends(session, plain)},
		{name: "force, stopped, redirect is not used", words: "sticky_session_force=1 n2.activation=s n2.redirect=n3", play: sends(session)},
		{name: "force, domain", words: "sticky_session_force=1 n2.domain=d n3.domain=d", play: sends(with("JSESSIONID=A@.d.n9"))},
		{name: "force, dead", words: "sticky_session_force=1 n2.retry_interval=1 retry_interval=1", play: then(dead("n2"), session, plain)},
		{name: "force, second id is served", words: "sticky_session_force=1", play: sends(with("JSESSIONID=A@.n9; JSESSIONID=B@.n3"))},
		{name: "one member, disabled", members: "n2", words: "n2.activation=d", play: sends(plain, session, with("JSESSIONID=B@.n9"))},
		{name: "one member, stopped", members: "n2", words: "n2.activation=s", play: sends(plain, session)},
		{name: "one member, force", members: "n2", words: "sticky_session_force=1", play: sends(plain, with("JSESSIONID=A@.n9"))},
		{name: "rule: disabled", urimap: "/@|/*=lb@\n/@/r/*=lb@;disabled=n1@,n2@", play: sends(to("/r/x"), to("/r/x"), to("/r/x", "Cookie: JSESSIONID=A@.n2"), plain)},
		{name: "rule: stopped", urimap: "/@|/*=lb@\n/@/r/*=lb@;stopped=n1@ n2@", play: sends(to("/r/x"), to("/r/x", "Cookie: JSESSIONID=A@.n2"), plain)},
		{name: "rule: active", words: "n1.activation=s n2.activation=d", urimap: "/@|/*=lb@\n/@/r/*=lb@;active=n1@,n2@", play: sends(to("/r/x"), to("/r/x"), plain)},
		{name: "rule: names are of workers", words: "n1.route=r1 n2.route=r2", urimap: "/@|/*=lb@\n/@/r/*=lb@;stopped=r1,n2@", play: sends(to("/r/x"), to("/r/x"), to("/r/x"))},
		{name: "rules share the load", urimap: "/@|/*=lb@\n/@/r/*=lb@;disabled=n3@", play: sends(to("/r/x"), to("/r/x"), plain, plain, to("/r/x"), plain)},
		{name: "port 0 is stopped", words: "n2.port=0", play: sends(session, plain, plain)},
	}}
}
