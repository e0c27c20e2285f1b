package stream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetricsOfConnections(t *testing.T) {
	e := newEar()
	s, end := onLoopback(t, Limits{}, e)
	c := dialPool(t, s)
	writeTCP(t, c, "\r\n\r\n"+numbered(1, 100))
	e.expect(t, "message")
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(s)
	check := func(open int) {
		t.Helper()
		want := fmt.Sprintf(`
# HELP twinhop_sip_connections SIP connections open now.
# TYPE twinhop_sip_connections gauge
twinhop_sip_connections{listener="tcp://%s"} %d
`, s.Listener.Addr(), open)
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "twinhop_sip_connections"); err != nil {
			t.Error(err)
		}
	}
	check(1)
	end()
	check(0)
	text := ""
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if v := m.GetCounter().GetValue(); v != 0 {
				text += fmt.Sprint(m.GetLabel()[0].GetValue(), " ", v, " ")
			}
		}
	}
	if text != "accepted 1 ping 1 " {
		t.Errorf("counted %s", text)
	}
}
