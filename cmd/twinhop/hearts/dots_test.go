package hearts

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"twinhop/gateway/config"
)

// Where routes begin after the last dot, one with a dot leads nowhere, and who looks for the reason finds it.
func TestRoutesWithDots(t *testing.T) {
	for delimiter, want := range map[string]int{"first": 0, "last": 1} {
		var out bytes.Buffer
		h, _, _ := build(t, func(c *config.Config) { c.Affinity.Route.Delimiter = delimiter })
		h.o.Log = slog.New(slog.NewTextHandler(&out, nil))
		for _, body := range []string{"udpPort=5080 ip=127.0.0.1 jvmRoute=node.1", "udpPort=5081 ip=127.0.0.1 jvmRoute=node2", "udpPort=5082 ip=127.0.0.1"} {
			if err := h.SIP(here, said(body)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- h.pass(ctx) }()
		for len(h.events) > 0 { // the last one that was taken is told of before pass ends
			runtime.Gosched()
		}
		stop()
		<-done
		if got := strings.Count(out.String(), "no cookie leads to this node"); got != want || want > 0 && !strings.Contains(out.String(), "node=node.1") {
			t.Errorf("%s: warned %d times\n%s", delimiter, got, out.String())
		}
	}
}
