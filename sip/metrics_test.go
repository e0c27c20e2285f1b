package sip

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"twinhop/sip/legs"
	"twinhop/sip/meter"
	"twinhop/sip/peek"
)

func newMetrics(t *testing.T) (*Metrics, *prometheus.Registry) {
	reg := prometheus.NewRegistry()
	m, err := NewMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	return m, reg
}

func TestMetrics(t *testing.T) {
	s := newStage(t, true, Settings{})
	m, reg := newMetrics(t)
	s.front.Metrics = m
	_, invite := dialog(s, "c1")
	s.in("internal", at("10.0.0.66:5060"), []byte(answer(invite, "200 OK")))
	s.in("external", client, []byte("SIP/2.0 200 OK\r\n\r\n"))
	s.in("external", client, lined(request("NONSENSE", "sip:192.0.2.1", "c2", "To: <sip:x@y>", "Max-Forwards: 1")...))
	want := `
# HELP twinhop_shed_total Messages refused before they were routed, by reason.
# TYPE twinhop_shed_total counter
twinhop_shed_total{proto="sip",reason="duplicate_header"} 1
twinhop_shed_total{proto="sip",reason="missing_header"} 1
twinhop_shed_total{proto="sip",reason="stranger"} 1
# HELP twinhop_sip_messages_total SIP messages received, forwarded and made.
# TYPE twinhop_sip_messages_total counter
twinhop_sip_messages_total{code_class="",direction="from_client",kind="request",method="INVITE",transport="udp"} 1
twinhop_sip_messages_total{code_class="",direction="from_client",kind="request",method="other",transport="udp"} 1
twinhop_sip_messages_total{code_class="",direction="to_node",kind="request",method="INVITE",transport="udp"} 1
twinhop_sip_messages_total{code_class="2xx",direction="from_client",kind="response",method="other",transport="udp"} 1
twinhop_sip_messages_total{code_class="2xx",direction="from_node",kind="response",method="INVITE",transport="udp"} 1
twinhop_sip_messages_total{code_class="2xx",direction="to_client",kind="response",method="INVITE",transport="udp"} 1
twinhop_sip_messages_total{code_class="4xx",direction="own",kind="response",method="other",transport="udp"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if _, err := NewMetrics(reg); err == nil {
		t.Error("two fronts count in one registry")
	}
	var none *Metrics
	none.Shed(stranger)
	none.Passed(0, 0, 0, 200)
}

// Each transport has its word.
func TestMetricsOfTransports(t *testing.T) {
	m, reg := newMetrics(t)
	for tr := range legs.Transports {
		m.Passed(uint8(tr), meter.Own, peek.Invite, 200)
	}
	want := `
# HELP twinhop_sip_messages_total SIP messages received, forwarded and made.
# TYPE twinhop_sip_messages_total counter
`
	for _, word := range []string{"tcp", "tls", "udp", "ws", "wss"} {
		want += `twinhop_sip_messages_total{code_class="2xx",direction="own",kind="response",method="INVITE",transport="` + word + "\"} 1\n"
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
