package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What nodes tell of themselves, and what stands in URLs, leads HTTP as the old balancers had it:
// the server's id in the path of a REST request, a session id in the query, the key of the
// application session that placed a call. With no node left another host answers.
func TestSignalsOfAnnouncedNodes(t *testing.T) {
	answers := func(name string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name, " ", r.RequestURI) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	names := [2]string{"node1", "node2"}
	urls := [2]string{answers(names[0]), answers(names[1])}
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	var nodes [2]*herald
	w := set(t, stage{Web: urls, Agents: true, Announced: true,
		Config: fmt.Sprintf("heartbeat: {json: {listen: %q}, timeout: 1s, sweep: 50ms, allow: [127.0.0.1], secret: %s}\n", at, heartbeatSecret) +
			"health: {http: {path: /, interval: 200ms}, sip: {interval: 200ms}}\n" +
			"affinity: {instance: true, route: {delimiter: last, query: jsessionid, anyCase: true}}\n" +
			fmt.Sprintf("http: {unavailable: {proxy: %q}}\n", answers("sorry")),
		Begin: func(w *world) {
			for i := range nodes {
				_, web, _ := net.SplitHostPort(strings.TrimPrefix(urls[i], "http://"))
				_, sip, _ := net.SplitHostPort(w.agents[i].addr)
				nodes[i] = newHerald(t, at, heartbeatSecret, map[string]string{"ip": "127.0.0.1", "httpPort": web, "udpPort": sip,
					"jvmRoute": names[i], "restcommInstanceId": fmt.Sprintf("ID%032d", i)})
				nodes[i].live()
			}
		}})
	w.present(names[0], names[1])
	who := func(path, cookie string) string { // answers, four times over
		t.Helper()
		all := map[string]bool{}
		for range 4 {
			r, err := http.NewRequest("GET", w.http+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Cookie", cookie)
			resp, err := directly.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			name, uri, _ := strings.Cut(string(body), " ")
			if resp.StatusCode != 200 || uri != path {
				t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
			}
			all[name] = true
		}
		if len(all) > 1 {
			return "several"
		}
		for name := range all {
			return name
		}
		return ""
	}
	phone := newAgent(t, "phone")
	for i, name := range names {
		other := names[1-i]
		for _, c := range []struct{ path, cookie string }{
			{fmt.Sprintf("/restcomm/2012-04-24/Accounts/AC1/Calls/ID%032d-CA7.json", i), "JSESSIONID=R." + other},
			{fmt.Sprintf("/a?x=1&jsessionid=a.b%d.%s", i, name), "JSESSIONID=Q." + other},
			{"/a", fmt.Sprintf("jsessionid=c.d%d.%s", i, name)},
			{fmt.Sprintf("/a;jsessionid=e.f%d.%s?jsessionid=g.%s", i, name, other), ""},
		} {
			if got := who(c.path, c.cookie); got != name {
				t.Errorf("%s with %s: %s", c.path, c.cookie, got)
			}
		}
		// The node places a call in an application session; its page is opened later.
		const parameter = "org.mobicents.servlet.sip.ApplicationSessionKey"
		target := fmt.Sprintf("sip:phone@%s;%s=3f%d%%3Aapp", phone.addr, parameter, i)
		if _, err := w.agents[i].invite(w.internal, "sip:app@e2e.invalid", "sip:phone@"+phone.addr, target); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/call?%s=3f%d:app", "/call?x=1&%s=3f%d%%3Aapp", "/call;%s=3f%d:app?x=1"} {
			if got := who(fmt.Sprintf(path, parameter, i), ""); got != name {
				t.Errorf("%s after a call of %s: %s", path, name, got)
			}
		}
	}
	if got := who("/restcomm/2012-04-24/Accounts/AC1/Calls/IDnobody-CA7.json", ""); got != "several" {
		t.Errorf("the id of nobody: %s", got)
	}
	for _, n := range nodes {
		n.die()
	}
	eventually(t, 15*time.Second, "no node", func() error {
		if all, err := w.announced(); err != nil || len(all) > 0 {
			return fmt.Errorf("there are %v, %v", all, err)
		}
		return nil
	})
	if got := who("/a?x=1", "JSESSIONID=Q.node1"); got != "sorry" {
		t.Errorf("with no node: %s", got)
	}
	for _, n := range nodes {
		n.live()
		defer n.die()
	}
	w.present(names[0], names[1])
	if got := who("/a", "JSESSIONID=Q.node1"); got != "node1" {
		t.Errorf("they are back: %s", got)
	}
}
