package json

import (
	"encoding/json"
	"strings"
	"testing"

	"twinhop/gateway/heartbeat"
)

// Whatever is taken is what anybody else who reads JSON would take it for.
func FuzzParse(f *testing.F) {
	for _, s := range []string{startBody, `{"heartbeat":{"sessionId":1485157008580}}`, `{"switchover":{"fromJvmRoute":"a","toJvmRoute":"b"}}`, `{"stop":{}}`,
		`{"a":{"b":1,"b":2}}`, `{"a":{"b":[{}]}}`, `{"a":{"b":-1.5e3,"c":null,"d":false}}`, `{}{}`, "{\"\\u0000\":{\"\\ud800\":\"\xff\"}}", strings.Repeat(`{"a":`, 50)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parse(body)
		if err != nil {
			return
		}
		var twin map[string]map[string]any
		if err := json.Unmarshal(body, &twin); err != nil || len(twin) != 1 || twin[m.command] == nil || len(twin[m.command]) != len(m.members) {
			t.Fatalf("%q: %v, taken as %+v, is %+v", body, err, m, twin)
		}
		for name, value := range twin[m.command] {
			if text, ok := value.(string); ok && m.members[name] != text {
				t.Fatalf("%q: %q is %q", body, name, m.members[name])
			}
		}
		if a, err := heartbeat.ReadProperties(m.members); err == nil && (!a.IP.IsValid() || a.Ports.UDP+a.Ports.TCP+a.Ports.HTTP == 0) {
			t.Fatalf("%q: %+v", body, a)
		}
	})
}
