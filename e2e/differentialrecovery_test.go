package e2e

import (
	"fmt"
	"time"
)

// What time does: maintenance comes every second here.
func differentialRecovery() suite {
	const quick = "recover_time=1 retry_interval=1 n1.retry_interval=1 n2.retry_interval=1 n3.retry_interval=1 n1.retries=1 n2.retries=1 n3.retries=1 "
	first := with("JSESSIONID=A@.n1")
	return suite{
		global: "worker.maintain=1\n",
		trials: []trialOf{
			{name: "a member returns", words: quick, play: func(p *play) {
				p.down("n1")
				sends(first)(p)
				p.up("n1")
				p.until(with("JSESSIONID=B@.n1"), "n1")
			}},
			{name: "a member that is still dead does not", words: quick, play: func(p *play) {
				p.down("n1")
				sends(first, with("JSESSIONID=B@.n1"))(p)
				p.pass(2500 * time.Millisecond)
				sends(with("JSESSIONID=C@.n1"), with("JSESSIONID=D@.n1"))(p)
			}},
			{name: "nobody asks a member in error", words: quick + "recover_time=60", play: func(p *play) {
				p.script("n1", answer{cut: "reset"}, answer{})
				sends(first)(p)
				p.pass(1500 * time.Millisecond)
				sends(with("JSESSIONID=B@.n1"), with("JSESSIONID=C@.n1"))(p)
			}},
			{name: "fail_on_status, recovered", words: quick + "n1.fail_on_status=503", play: func(p *play) {
				p.script("n1", answer{status: 503}, answer{})
				sends(first)(p)
				p.until(with("JSESSIONID=B@.n1"), "n1")
			}},
			{name: "one that returns has the highest load", words: quick, play: func(p *play) {
				p.down("n1")
				sends(first, plain, plain, plain, plain, plain, plain)(p)
				p.up("n1")
				p.until(with("JSESSIONID=B@.n1"), "n1")
			}},
			{name: "loads are halved", words: "method=S", play: func(p *play) {
				sends(times(6, plain)...)(p)
				p.pass(3 * time.Second)
				sends(times(4, plain)...)(p)
			}},
			{name: "reply timeouts are forgotten", words: quick + "max_reply_timeouts=1 n1.reply_timeout=200", play: func(p *play) {
				p.script("n1", answer{silent: true}, answer{})
				sends(first)(p)
				p.pass(2500 * time.Millisecond)
				p.script("n1", answer{silent: true}, answer{})
				sends(with("JSESSIONID=B@.n1"), with("JSESSIONID=C@.n1"))(p)
			}},
		},
	}
}

// pass lets time go by, for what is to be seen when it has is that nothing happened.
func (p *play) pass(d time.Duration) { <-time.After(d) }

// until sends a request again and again, each with an id of its own, until node answers it; only
// the last counts.
func (p *play) until(raw, node string) {
	p.t.Helper()
	var s *sight
	eventually(p.t, 8*time.Second, node+" answers", func() error {
		s = p.exchange(raw)
		if s.node() != node {
			p.delivered()
			return fmt.Errorf("%q answered", s.node())
		}
		return nil
	})
	p.note(s)
}
