package main

import (
	"fmt"
	"strings"
	"testing"

	"twinhop/gateway/config/properties"
)

// What mod_jk's own dump shows, for the same lines.
func TestInherited(t *testing.T) {
	for lines, want := range map[string]string{
		"": "",
		"worker.list=a;worker.t.port=1;worker.t.type=ajp13;worker.a.reference=worker.t;worker.a.port=2":                           "worker.list=a;worker.t.port=1;worker.t.type=ajp13;worker.a.reference=worker.t;worker.a.port=2;worker.a.type=ajp13",
		"worker.a.reference=worker.t;worker.t.reference=worker.u;worker.t.x=1;worker.u.x=2;worker.u.y=3;other.reference=worker.u": "worker.a.reference=worker.t;worker.t.reference=worker.u;worker.t.x=1;worker.u.x=2;worker.u.y=3;other.reference=worker.u;worker.t.y=3;worker.a.x=1;worker.a.y=3",
		"worker.a.reference=worker.b;worker.b.reference=worker.a;worker.b.x=1":                                                    "worker.a.reference=worker.b;worker.b.reference=worker.a;worker.b.x=1;worker.a.x=1",
		"worker.a.reference=worker.none": "worker.a.reference=worker.none",
	} {
		var list []*properties.Entry
		for line := range strings.SplitSeq(lines, ";") {
			if key, value, ok := strings.Cut(line, "="); ok {
				list = append(list, &properties.Entry{Key: key, Value: value})
			}
		}
		var got []string
		for _, p := range inherited(list) {
			got = append(got, fmt.Sprintf("%s=%s", p.Key, p.Value))
		}
		if strings.Join(got, ";") != want {
			t.Errorf("%s\n got %s\nwant %s", lines, strings.Join(got, ";"), want)
		}
	}
}
