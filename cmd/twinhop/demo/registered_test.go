package demo

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"twinhop/e2e/jvm"
	"twinhop/gateway/cluster"
)

// beat starts a life of a node's JVM, which registers it by RMI and heart-beats for it.
func beat(t *testing.T, registry string, n *node) *jvm.Node {
	t.Helper()
	b := jvm.Start(t, "recent", registry)
	b.Does(fmt.Sprintf("node hostName=%s ip=127.0.0.1 httpPort=%s udpPort=%s jvmRoute=%s version=0 sessionId=%d",
		n.name, port(n.http), port(n.sip), n.name, b.PID()))
	b.Does("every 200")
	return b
}

// A page and the two calls of a click live on one node, although no node is configured: JVMs tell
// of them by RMI. They stay there while the node wants nothing new, and go on together at the
// other one when node and JVM are killed, and stay when they are back.
func TestClickToCallThroughNodesThatRegister(t *testing.T) {
	t.Cleanup(jvm.Remove)
	jvm.Classes(t, "recent") // before the stage
	s := testStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := settings(nil)
	byUser(&c)
	c.Heartbeat.RMI.Listen, c.Heartbeat.RMI.ObjectPort = nextFree("tcp4", 22000), 0
	c.Heartbeat.Timeout = time.Second
	beaters := map[string]*jvm.Node{}
	for _, n := range s.nodes {
		beaters[n.name] = beat(t, c.Heartbeat.RMI.Listen, n)
	}
	g, err := openGate(ctx, c, nil, nil) // which is ready when it has nodes
	if err != nil {
		t.Fatal(err)
	}
	s.gate = g
	for _, n := range s.nodes {
		n.leaveThrough(g.internal)
	}
	for _, n := range s.nodes {
		if err := g.noticed(ctx, n.name, cluster.Up); err != nil {
			t.Fatal(err)
		}
	}
	b := newBrowser(g.http)
	defer b.close()
	home, _, err := b.on(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := talk(ctx, s, b)
	if err := errors.Join(err, want("node of the page", seen.Node, home)); err != nil {
		t.Fatal(err)
	}
	other := s.other(home).name

	beaters[home].Does("set GRACEFUL_SHUTDOWN=true")
	beaters[home].Does("ping")
	for range 4 {
		fresh := newBrowser(g.http)
		at, _, err := fresh.on(ctx)
		fresh.close()
		if err := errors.Join(err, want("node of a new visitor", at, other)); err != nil {
			t.Error(err)
		}
	}
	together(ctx, t, s, b, seen, home)
	beforeKill := g.Registry.View().Named(home)

	s.node(home).kill()
	beaters[home].Kill()
	together(ctx, t, s, b, seen, other)
	if err := g.until(ctx, func() bool { return g.Registry.View().Named(home) == nil }); err != nil {
		t.Errorf("%s is still listed: %v", home, err)
	}
	together(ctx, t, s, b, seen, other)

	if err := s.node(home).start(); err != nil {
		t.Fatal(err)
	}
	beat(t, c.Heartbeat.RMI.Listen, s.node(home))
	if err := g.noticed(ctx, home, cluster.Up); err != nil {
		t.Fatal(err)
	}
	if now := g.Registry.View().Named(home); now.Gen == beforeKill.Gen {
		t.Error("another process at the place is the same incarnation")
	}
	together(ctx, t, s, b, seen, other)
	if after, err := b.get(ctx, "/call?bye=all"); err != nil || after.Verdict != verdictNone || after.Node != other {
		t.Errorf("after hanging up: %+v, %v", after, err)
	}
}

// together checks that the page and both of its calls are served by a node.
func together(ctx context.Context, t *testing.T, s *stage, b *browser, calls status, node string) {
	t.Helper()
	at, _, err := b.on(ctx)
	if err := errors.Join(err, want("node of the page", at, node)); err != nil {
		t.Error(err)
	}
	for i, user := range []string{agent, visitor} { // newest first
		by, err := s.phones[user].within(ctx, calls.Calls[i].CallID, sip.INFO)
		if err := errors.Join(err, want("node of the call with "+user, by, node)); err != nil {
			t.Error(err)
		}
	}
	seen, err := b.get(ctx, "/status")
	if err := errors.Join(err, want("verdict", seen.Verdict, verdictSame)); err != nil {
		t.Error(err)
	}
}
