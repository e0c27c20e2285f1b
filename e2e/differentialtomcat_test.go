package e2e

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The same before two real Tomcats: what the applications tell, and where sessions are.
func TestDifferentialTomcat(t *testing.T) {
	need(t, "/usr/sbin/apache2", modules+"/mod_jk.so")
	built(t, true)
	c := tomcats(t)
	r := &rig{t: t, dir: scratch(t), fronts: [2]front{{"mod_jk", freePort(t)}, {"twinhop", freePort(t)}}}
	workers := "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=node1,node2\nworker.lb.sticky_session_force=0\n"
	for _, n := range c.nodes {
		workers += fmt.Sprintf("worker.%s.type=ajp13\nworker.%[1]s.host=127.0.0.1\nworker.%[1]s.port=%d\nworker.%[1]s.secret=s3cret\nworker.%[1]s.ping_mode=A\n", n.Name, n.AJP)
	}
	r.write("workers.properties", workers)
	r.write("uriworkermap.properties", "/app|/*=lb\n!/app/private/*=lb\n/behind/*=lb;disabled=node1\n")
	r.startHTTPD(suite{})
	r.startGateway(suite{})
	for _, c := range atTomcat() {
		t.Run(c.name, func(t *testing.T) {
			var told [2][]fact
			for i, f := range r.fronts {
				p := &play{t: t, book: &ledger{}, front: f}
				c.play(p)
				for _, s := range p.seen {
					s.real = !strings.HasPrefix(c.name, "own page")
				}
				for _, f := range p.facts() {
					f.value = luck.ReplaceAllString(f.value, "(luck)")
					told[i] = append(told[i], f)
				}
			}
			if !strings.HasPrefix(c.name, "own page") {
				c.differs += ", phrases" // Tomcat says the number
			}
			judge(t, c, told)
		})
	}
}

// luck is what no two requests have in common: ids, ports and times.
var luck = regexp.MustCompile(`[0-9A-F]{32}|127\.0\.0\.1 [0-9]+|Last-Modified`)

func atTomcat() []trialOf {
	page := func(path string, fields ...string) string { return ask("GET", "/app/"+path, fields...) }
	hits := func(p *play, n int, withCookie bool) {
		id := ""
		for range n {
			raw := page("hits.jsp")
			switch {
			case id != "" && withCookie:
				raw = page("hits.jsp", "Cookie: JSESSIONID="+id)
			case id != "":
				raw = page("hits.jsp;jsessionid=" + id)
			}
			for line := range strings.Lines(p.send(raw).body) {
				if s, ok := strings.CutPrefix(line, "session="); ok {
					id = strings.TrimSpace(s)
				}
			}
		}
	}
	body := strings.Repeat("0123456789", 5000)
	chunked := ask("POST", "/app/told.jsp?read", "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	codes := func(list ...int) (raw []string) {
		for _, code := range list {
			raw = append(raw, page(fmt.Sprintf("status.jsp?code=%d", code)))
		}
		return raw
	}
	return []trialOf{
		{name: "a browser", play: func(p *play) { hits(p, 6, true) }},
		{name: "a browser without cookies", play: func(p *play) { hits(p, 6, false) }},
		{name: "browsers", play: func(p *play) {
			for range 6 {
				hits(p, 3, true)
			}
		}},
		{name: "an old session", play: sends(page("hits.jsp", "Cookie: JSESSIONID="+strings.Repeat("0", 32)+".node2"))},
		{name: "a logout", play: sends(page("hits.jsp?logout=1"), page("plain.jsp"))},
		{name: "what a servlet sees", play: sends(page("told.jsp;x=1?a=%20b&c", "X-Two: one", "Accept-Language: de"), page("told.jsp", "X-Large: "+large(7000)))},
		{name: "what a servlet sees of a body", play: sends(ask("POST", "/app/told.jsp?read", "Content-Length: 50000")+body, chunked)},
		{name: "what a servlet sees of a rule", play: sends(ask("GET", "/behind/told.jsp"), ask("GET", "/behind/told.jsp", "Cookie: JSESSIONID=x.node1"))},
		{name: "large answers", play: func(p *play) {
			sends(page("bulk.jsp?bytes=300000"), page("bulk.jsp?bytes=300000&chunked=1"))(p)
			for _, s := range p.seen {
				s.body = fmt.Sprintf("%d %x", len(s.body), sha256.Sum256([]byte(s.body)))
			}
		}},
		{name: "statuses", differs: "fields of an answer without a body", play: sends(codes(204, 304, 400, 403, 404, 500, 503)...)},
		{name: "a redirect", play: sends(page("go.jsp"))},
		{name: "HEAD", play: sends(ask("HEAD", "/app/plain.jsp"), ask("HEAD", "/app/none"))},
		{name: "a page that is not there", play: sends(page("none"))},
		{name: "own pages", play: sends(page("private/page.jsp"), ask("GET", "/none"))},
		{name: "OPTIONS", play: sends(ask("OPTIONS", "/app/plain.jsp"))},
		{name: "own page: more than a packet", play: sends(page("told.jsp", "X-Large: "+large(8100), "X-Two: "+large(200)))},
	}
}
