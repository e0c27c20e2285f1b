package trail

import (
	"bytes"
	"fmt"
	"time"

	"twinhop/admin/show"
	"twinhop/gateway/trace/messages"
)

// plain writes a timeline for people: a line for each item, and below it the
// text that is kept.
func plain(items []any, passed []messages.Kept) []byte {
	var b bytes.Buffer
	for _, item := range items {
		switch v := item.(type) {
		case show.Event:
			fmt.Fprintf(&b, "%s %s %s %s: %s", clock(time.Time(*v.At)), v.Type, v.Proto, v.Rule, v.Node)
			if v.From != "" {
				fmt.Fprintf(&b, " (from %s)", v.From)
			}
			b.WriteByte('\n')
		case Message:
			way := "<-"
			if v.Direction == "out" {
				way = "->"
			}
			fmt.Fprintf(&b, "%s %s %s %s %s", clock(time.Time(*v.At)), v.Proto, way, v.Side, v.Peer)
			for _, word := range []string{v.Node, v.Method, v.Path} {
				if word != "" {
					b.WriteString(" " + word)
				}
			}
			if v.Status > 0 {
				fmt.Fprintf(&b, " %d", v.Status)
			}
			b.WriteByte('\n')
			if w, ok := wholeOf(v.N, v, passed).(whole); ok {
				fmt.Fprintf(&b, "\n%s\n%s\n", w.Text, w.Answer)
			}
		}
	}
	return b.Bytes()
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
