package demo

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"twinhop/cmd/twinhop/assembly"
)

func TestTheTourPasses(t *testing.T) {
	var out bytes.Buffer
	cmd := Command()
	cmd.SetArgs([]string{"--script"})
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
	s := testStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing can be done in time
	var out bytes.Buffer
	taken, err := s.front(t.Context(), false)
	if err != nil || taken != nil {
		t.Fatalf("%v %v", taken, err)
	}
	if err := tour(ctx, s, &out); !errors.Is(err, assembly.ErrReported) {
		t.Errorf("error %v", err)
	}
	if got := out.String(); strings.Count(got, "FAIL") != len(steps) || !strings.HasSuffix(got, "0 passed, 9 failed\n") {
		t.Error(got)
	}
}
