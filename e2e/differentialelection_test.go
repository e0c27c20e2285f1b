package e2e

// Who gets the new clients, to the last one.
func differentialElection() suite {
	held := with("JSESSIONID=S@.n1")
	after := func(first []string, rest []string) func(p *play) { return sends(append(first, rest...)...) }
	return suite{trials: []trialOf{
		{name: "Request", words: "method=R", play: sends(times(10, plain)...)},
		{name: "Request 1 2 3", words: "method=Request n2.lbfactor=2 n3.lbfactor=3", play: sends(times(18, plain)...)},
		{name: "Request 3 1 4 2", members: "n1 n2 n3 n4", words: "n1.lbfactor=3 n3.lbfactor=4 n4.lbfactor=2", play: sends(times(25, plain)...)},
		{name: "Request after sessions", words: "method=R n2.lbfactor=2 n3.lbfactor=3", play: after(times(6, held), times(12, plain))},
		{name: "Request, sessions between", words: "method=R n2.lbfactor=2", play: sends(plain, held, plain, held, held, plain, plain, plain, plain)},
		{name: "Session", words: "method=S", play: sends(times(7, plain)...)},
		{name: "Session 1 2 3", words: "method=Session n2.lbfactor=2 n3.lbfactor=3", play: sends(times(12, plain)...)},
		{name: "Session after sessions", words: "method=S n2.lbfactor=2 n3.lbfactor=3", play: after(times(6, held), times(12, plain))},
		{name: "Session, unknown ids count for nothing", words: "method=S", play: sends(with("JSESSIONID=A@.n9"), with("JSESSIONID=B@.n9"), with("JSESSIONID=C@.n9"), plain, plain, plain)},
		{name: "Session, stateless", words: "method=S n2.lbfactor=2", urimap: "/@|/*=lb@\n/@/s/*=lb@;stateless=1", play: sends(to("/s/x"), to("/s/x"), plain, to("/s/x"), plain, to("/s/x"), plain)},
		{name: "Request, stateless", words: "method=R n2.lbfactor=2", urimap: "/@|/*=lb@\n/@/s/*=lb@;stateless=1", play: sends(to("/s/x"), to("/s/x"), plain, to("/s/x"), plain, to("/s/x"), plain)},
		{name: "Next", words: "method=N", play: sends(times(7, plain)...)},
		{name: "Next 1 2 3", words: "method=Next n2.lbfactor=2 n3.lbfactor=3", play: sends(times(12, plain)...)},
		{name: "Next after sessions", words: "method=N n2.lbfactor=2 n3.lbfactor=3", play: after(times(6, held), times(12, plain))},
		{name: "Traffic", words: "method=T", play: sends(times(7, plain)...)},
		{name: "Traffic 1 2 3", words: "method=Traffic n2.lbfactor=2 n3.lbfactor=3", play: sends(times(12, plain)...)},
		{name: "Traffic after sessions", words: "method=T n2.lbfactor=2 n3.lbfactor=3", play: after(times(6, held), times(12, plain))},
		{name: "Traffic, a large answer", words: "method=T", play: func(p *play) {
			p.script("n1", answer{chunks: []string{large(20000)}}, answer{})
			sends(times(12, plain)...)(p)
		}},
		{name: "Traffic, a large upload", words: "method=T", play: func(p *play) {
			p.send(posting(to("/x"), large(30000)))
			sends(times(12, plain)...)(p)
		}},
		{name: "Busyness, idle", words: "method=B n2.lbfactor=2 n3.lbfactor=3", play: sends(times(7, plain)...)},
		{name: "Busyness", words: "method=B", play: func(p *play) { p.busy(9, 0) }},
		{name: "Busyness 1 2 3", words: "method=Busyness n2.lbfactor=2 n3.lbfactor=3", play: func(p *play) { p.busy(12, 0) }},
		{name: "Busyness, some end", words: "method=B n2.lbfactor=2", play: func(p *play) { p.busy(8, 3) }},
		{name: "Request, some are busy", words: "method=R n2.lbfactor=2", play: func(p *play) { p.busy(8, 3) }},
		{name: "lock pessimistic", words: "lock=P n2.lbfactor=2", play: sends(times(6, plain)...)},
		{name: "factor below 1", words: "n1.lbfactor=0 n2.lbfactor=2", play: sends(times(6, plain)...)},
		{name: "method nobody knows", words: "method=xyz n2.lbfactor=2", play: sends(times(6, plain)...)},
	}}
}
