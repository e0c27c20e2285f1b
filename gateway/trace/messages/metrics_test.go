package messages

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetrics(t *testing.T) {
	l := clocked(1 << 12)
	if err := l.Watch(id(1), nil, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	big := written{"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 1200) + "\r\n\r\n", "HTTP/1.1 200 \r\n\r\n"}
	l.Exchange(&Exchange{Session: id(1), Method: "GET", Heads: big})
	for range minRing + 5 {
		l.Message(invite("a@x"))
	}
	got := func(want string) {
		t.Helper()
		if err := testutil.CollectAndCompare(l.Metrics(), strings.NewReader(want), "twinhop_messages_evicted_total", "twinhop_messages_watched"); err != nil {
			t.Error(err)
		}
	}
	const heads = `
# HELP twinhop_messages_evicted_total What was remembered of messages and made room: summaries one by one, texts by calls and sessions.
# TYPE twinhop_messages_evicted_total counter
# HELP twinhop_messages_watched Sessions whose texts somebody has kept.
# TYPE twinhop_messages_watched gauge
`
	got(heads + "twinhop_messages_evicted_total{kind=\"summaries\"} 5\ntwinhop_messages_evicted_total{kind=\"texts\"} 0\ntwinhop_messages_watched 1\n")
	l.Exchange(&Exchange{Session: id(1), Method: "GET", Heads: big})
	got(heads + "twinhop_messages_evicted_total{kind=\"summaries\"} 5\ntwinhop_messages_evicted_total{kind=\"texts\"} 1\ntwinhop_messages_watched 1\n")
	if n := testutil.CollectAndCount((&Log{}).Metrics()); n != 5 {
		t.Errorf("%d when nothing is remembered", n)
	}
}
