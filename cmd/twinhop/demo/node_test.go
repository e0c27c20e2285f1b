package demo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"twinhop/cmd/twinhop/demo/ua"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testStage(t *testing.T) *stage {
	t.Helper()
	s, err := newStage(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestClickToCallConnectsBothAndHangsUp(t *testing.T) {
	s, ctx := testStage(t), testContext(t)
	n := s.nodes[0]
	id := sessionID{s.shared.open(), n.name}
	if err := n.clickToCall(ctx, id, s.phones[visitor].callee(), s.phones[agent].callee()); err != nil {
		t.Fatal(err)
	}
	calls := s.shared.of(id.base)
	if len(calls) != 2 || calls[0].CallID == calls[1].CallID {
		t.Fatalf("calls of the session: %+v", calls)
	}
	for i, user := range []string{agent, visitor} { // newest first
		if got := s.phones[user].talking(); len(got) != 1 || got[0] != calls[i].CallID {
			t.Errorf("%s talks in %v, want %s", user, got, calls[i].CallID)
		}
	}
	if err := n.hangUpAll(ctx, id.base); err != nil {
		t.Fatal(err)
	}
	for user, p := range s.phones {
		if got := p.talking(); len(got) != 0 {
			t.Errorf("%s still talks in %v", user, got)
		}
	}
	for _, c := range s.shared.of(id.base) {
		if !c.ended || c.node != n.name {
			t.Errorf("call %+v", c)
		}
	}
}

func TestAnotherNodeGoesOnWithReplicatedDialogs(t *testing.T) {
	s, ctx := testStage(t), testContext(t)
	first, second, p := s.nodes[0], s.nodes[1], s.phones[agent]
	callID, by, err := p.dial(ctx, "sip:alice@"+first.sip, "")
	if err != nil || by != first.name {
		t.Fatalf("answered by %q: %v", by, err)
	}
	addr := first.sip
	first.kill()
	// The gateway would lead the next request to the survivor; without one the telephone is told where it is.
	d := p.call(callID)
	d.Target = ua.URI("alice", second.sip)
	if by, err = p.within(ctx, callID, sip.INFO); err != nil || by != second.name {
		t.Fatalf("INFO served by %q: %v", by, err)
	}
	if err := first.start(); err != nil || first.sip != addr {
		t.Fatalf("started again on %s, was %s: %v", first.sip, addr, err)
	}
	if by, err = p.within(ctx, callID, sip.BYE); err != nil || by != second.name {
		t.Fatalf("BYE served by %q: %v", by, err)
	}
	if _, err := p.within(ctx, callID, sip.BYE); err == nil {
		t.Error("a call was ended twice")
	}
}

func TestUnknownDialogsAreRefused(t *testing.T) {
	s, ctx := testStage(t), testContext(t)
	p, n := s.phones[agent], s.nodes[0]
	callID, _, err := p.dial(ctx, "sip:alice@"+n.sip, "")
	if err != nil {
		t.Fatal(err)
	}
	d := *p.call(callID)
	d.Remote.Tag = "another"
	if _, err := p.Send(ctx, d.Request(sip.BYE, nil)); err == nil || !strings.Contains(err.Error(), "481") {
		t.Errorf("a BYE with a wrong tag: %v", err)
	}
	if _, err := p.within(ctx, callID, sip.BYE); err != nil {
		t.Errorf("the call itself: %v", err)
	}
	if _, _, err := p.dial(ctx, "sip:alice@"+n.sip+";transport=none", ""); err == nil {
		t.Error("a call over no known transport was made")
	}
}

func get(t *testing.T, rawURL, cookie string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(testContext(t), "GET", rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookieName+"="+cookie)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func statusOf(t *testing.T, body string) (s status) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return s
}

func setCookie(res *http.Response) string {
	for _, c := range res.Cookies() {
		if c.Name == cookieName {
			return c.Value
		}
	}
	return ""
}

func TestSessionsMoveBetweenNodesAsInACluster(t *testing.T) {
	s := testStage(t)
	one, two := "http://"+s.nodes[0].http, "http://"+s.nodes[1].http
	res, _ := get(t, one+"/hit", "")
	id := setCookie(res)
	if !strings.HasSuffix(id, ".node1") {
		t.Fatalf("cookie %q", id)
	}
	res, body := get(t, one+"/hit", id)
	if got := statusOf(t, body); got.Hits != 2 || got.Node != "node1" || setCookie(res) != "" {
		t.Fatalf("second hit: %+v, cookie %q", got, setCookie(res))
	}
	res, body = get(t, two+"/hit", id)
	if got := statusOf(t, body); got.Hits != 3 || got.Node != "node2" || setCookie(res) != strings.Replace(id, "node1", "node2", 1) {
		t.Fatalf("on the other node: %+v, cookie %q", got, setCookie(res))
	}
	if _, body = get(t, two+"/status", id); statusOf(t, body).Hits != 3 {
		t.Error("looking at the status counted as a hit")
	}
}

func TestPathIDsAreReadAndWritten(t *testing.T) {
	s := testStage(t)
	base := "http://" + s.nodes[0].http
	res, page := get(t, base+"/", "")
	id := setCookie(res)
	if !strings.Contains(page, pathMark+id) {
		t.Error("the page's links do not carry the id although no cookie was presented")
	}
	res, body := get(t, base+"/hit"+pathMark+id+"?x=1", "")
	if got := statusOf(t, body); got.Hits != 2 || setCookie(res) != "" {
		t.Errorf("by path: %+v, cookie %q", got, setCookie(res))
	}
	if _, page = get(t, base+"/", id); strings.Contains(page, id) {
		t.Error("links carry the id although the cookie does")
	}
}

func TestSessionsOfStrangersAreNotAdopted(t *testing.T) {
	s := testStage(t)
	base := "http://" + s.nodes[0].http
	for _, id := range []string{strings.Repeat("A", 32) + ".node1", "x", "'<script>.node1", strings.Repeat("A", 32)} {
		res, body := get(t, base+"/hit", id)
		if got := statusOf(t, body); got.Hits != 1 || setCookie(res) == "" || strings.HasPrefix(setCookie(res), strings.Repeat("A", 32)) {
			t.Errorf("%q: %+v, cookie %q", id, got, setCookie(res))
		}
	}
}

func TestOnlyTelephonesOfTheDemoAreCalled(t *testing.T) {
	s := testStage(t)
	q := url.Values{"from": {visitor}, "to": {"sip:boss@example.com"}}
	if res, _ := get(t, "http://"+s.nodes[0].http+"/call?"+q.Encode(), ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestTheLastNodeIsNotKilled(t *testing.T) {
	s := testStage(t)
	now, err := s.Kill("node1")
	if err != nil {
		t.Fatal(err)
	}
	now()
	if _, err := s.Kill("node2"); err == nil || s.nodes[0].up() {
		t.Errorf("killed the last one: %v", err)
	}
	if _, err := s.Kill("node3"); err == nil {
		t.Error("killed a node that does not exist")
	}
}

func TestBothIDsOfOneRequestAreTakenOver(t *testing.T) {
	s := testStage(t)
	res, body := get(t, "http://"+s.nodes[0].http+"/hit", "")
	id := setCookie(res)
	if got := statusOf(t, body).Link; got != pathMark+id {
		t.Errorf("link of the first answer: %q", got)
	}
	res, body = get(t, "http://"+s.nodes[1].http+"/hit"+pathMark+id, id)
	if got := statusOf(t, body); got.Hits != 2 || got.Link != "" || !strings.HasSuffix(setCookie(res), ".node2") {
		t.Errorf("with cookie and path: %+v, cookie %q", got, setCookie(res))
	}
}
