package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"twinhop/cmd/twinhop/assembly"
)

func TestTheTourPasses(t *testing.T) { pass(t) }

// The nodes may as well tell the gateway of themselves.
func TestTheTourPassesWithNodesThatAnnounceThemselves(t *testing.T) { pass(t, "--announce") }

func pass(t *testing.T, flags ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := Command()
	cmd.SetArgs(append(flags, "--script"))
	cmd.SetOut(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	if !strings.HasSuffix(out.String(), "\n9 passed, 0 failed\n") {
		t.Error(out.String())
	}
	t.Log("\n" + out.String())
}

func TestAFailingTourIsToldOnce(t *testing.T) {
	var out bytes.Buffer
	err := tour(t.Context(), nil, []step{
		{"one", func(context.Context, *stage) (string, error) { return "seen", nil }},
		{"two", func(context.Context, *stage) (string, error) { return "", want("hits", 1, 2) }},
	}, &out)
	if !errors.Is(err, assembly.ErrReported) {
		t.Errorf("error %v", err)
	}
	const told = "ok   1  one\n        seen\nFAIL 2  two\n        hits: 1, want 2\n1 passed, 1 failed\n"
	if out.String() != told {
		t.Errorf("told\n%s", out.String())
	}
}

func TestAStoppedTourSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := tour(ctx, nil, []step{{"one", func(ctx context.Context, _ *stage) (string, error) {
		cancel()
		return "", ctx.Err()
	}}}, io.Discard)
	if !errors.Is(err, context.Canceled) || errors.Is(err, assembly.ErrReported) {
		t.Errorf("error %v", err)
	}
}

func TestVerdicts(t *testing.T) {
	both := []nodeState{{Name: "node1", Up: true}, {Name: "node2", Up: true}}
	for _, c := range []struct {
		name  string
		nodes []nodeState
		calls []callStatus
		want  string
	}{
		{"no call", both, nil, verdictNone},
		{"ended calls do not count", both, []callStatus{{Node: "node2", Ended: true}}, verdictNone},
		{"same", both, []callStatus{{Node: "node1"}, {Node: "node2", Ended: true}}, verdictSame},
		{"one elsewhere", both, []callStatus{{Node: "node2"}, {Node: "node1"}}, verdictSplit},
		{"killed", []nodeState{{Name: "node1", Up: true}, {Name: "node2"}}, []callStatus{{Node: "node1"}, {Node: "node2"}}, verdictOrphan},
	} {
		s := status{Node: "node1", Calls: c.calls, deskState: deskState{Nodes: c.nodes}}
		if got := s.judge(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
