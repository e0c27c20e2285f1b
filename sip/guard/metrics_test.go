package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetricsOfWhatIsKeptOut(t *testing.T) {
	var sources Sources
	sources.Apply(SourceSettings{Rate: 1, Burst: 1, Above: time.Nanosecond, Ban: time.Hour, Max: 1000})
	for range 5 {
		sources.Take(time.Now(), invented(1))
	}
	sources.Take(time.Now(), invented(2))
	var words Scanners
	words.Apply([]string{"sipcli", "b\xffd", "none"})
	words.Match([]byte("sipcli/1"))
	words.Match([]byte("a b\xffd one"))
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(&sources, &words)
	want := `
# HELP twinhop_sip_bans Sources of which nothing is taken now.
# TYPE twinhop_sip_bans gauge
twinhop_sip_bans 1
# HELP twinhop_sip_bans_total Bans that began.
# TYPE twinhop_sip_bans_total counter
twinhop_sip_bans_total 1
# HELP twinhop_sip_scanner_hits_total Requests dropped for a word of their User-Agent.
# TYPE twinhop_sip_scanner_hits_total counter
twinhop_sip_scanner_hits_total{word="b�d"} 1
twinhop_sip_scanner_hits_total{word="none"} 0
twinhop_sip_scanner_hits_total{word="sipcli"} 1
# HELP twinhop_sip_sources Sources whose rate is known now.
# TYPE twinhop_sip_sources gauge
twinhop_sip_sources 2
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if !sources.Unban(time.Now(), invented(1)) || sources.Begun() != 1 {
		t.Error("a ban that was lifted has begun all the same")
	}
}
