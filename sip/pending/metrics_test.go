package pending_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// shown are the metrics of a table, but for those that are 0.
func shown(t *testing.T, c prometheus.Collector) (lines []string) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			line := strings.TrimPrefix(f.GetName(), "twinhop_sip_")
			for _, l := range m.GetLabel() {
				line += " " + l.GetValue()
			}
			switch h := m.GetHistogram(); {
			case h.GetSampleCount() > 0:
				line += fmt.Sprintf(" %d in %gs:", h.GetSampleCount(), h.GetSampleSum())
				for _, b := range h.GetBucket() {
					line += fmt.Sprint(" ", b.GetCumulativeCount())
				}
				lines = append(lines, line)
			case m.GetCounter().GetValue()+m.GetGauge().GetValue() > 0:
				lines = append(lines, fmt.Sprint(line, " ", m.GetCounter().GetValue()+m.GetGauge().GetValue()))
			}
		}
	}
	return lines
}

// What INVITEs took is counted once each, when the first final answer goes up.
func TestMetricsOfInvites(t *testing.T) {
	for name, c := range map[string]struct{ scene, want string }{
		"another node accepts, twice": {"0s invite|40ms answer 0 503|1040ms answer 1 200|1500ms answer 1 200",
			`failover_total refused 1
			pending 1
			pending_answers_total 100 1
			pending_events_total resent 1
			pending_opened_total 1
			transaction_duration_seconds 2xx INVITE 1 in 1.04s: 0 0 0 0 0 0 0 0 1 1 1 1 1 1 1 1`},
		"refused at once, one rings for ever": {"0s invite|10ms answer 0 486|1s invite key=2|1s answer 0 180 key=2|400s live",
			`pending_answers_total 408 1
			pending_events_total rang_out 1
			pending_events_total reanswered 10
			pending_events_total withdrawn 1
			pending_opened_total 2
			transaction_duration_seconds 4xx INVITE 2 in 212.01s: 0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1`},
		"nobody there": {"0s unreachable n1|0s unreachable n2|0s unreachable n3|0s invite",
			`failover_total unreached 3
			pending_answers_total 503 1
			pending_opened_total 1
			transaction_duration_seconds 5xx INVITE 1 in 0s: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1`},
		"one too many": {"0s settings max=1 100=never|0s invite|0s invite key=2",
			`pending 1
			pending_opened_total 1
			pending_stateless_total 1`},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t)
			p.run(strings.ReplaceAll(c.scene, "|", "\n"))
			got := shown(t, p.table)
			slices.Sort(got)
			if want := strings.ReplaceAll(c.want, "\t", ""); strings.Join(got, "\n") != want {
				t.Errorf("got\n%s\nwant\n%s\nafter\n%s", strings.Join(got, "\n"), want, strings.Join(p.lines, ""))
			}
		})
	}
}
