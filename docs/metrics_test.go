package docs_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"twinhop/gateway"
)

var metricName = regexp.MustCompile(`twinhop_[a-z_]*[a-z]`)

// Every metric is on the operations' page, and neither an alert nor a panel asks for another.
func TestMetricsExist(t *testing.T) {
	known, written := map[string]bool{}, ""
	sources(t, func(path, text string) {
		if strings.HasSuffix(path, "/metrics.go") {
			written += text
			for _, m := range regexp.MustCompile(`"(twinhop_[a-z_]+)"`).FindAllStringSubmatch(text, -1) {
				known[m[1]] = true
			}
		}
	})
	if len(known) < 15 {
		t.Fatalf("only %d metrics found", len(known))
	}
	listed := map[string]bool{}
	for _, r := range rows(read(t, "operations.md")) {
		if name := metricName.FindString(r[0]); name != "" {
			if listed[name] = true; !known[name] {
				t.Errorf("operations.md: %s does not exist", name)
			}
		}
	}
	for name := range known {
		if !listed[name] {
			t.Errorf("operations.md: %s is not listed", name)
		}
	}
	for _, q := range queries(t) {
		askedOf(t, q, known, written)
	}
}

// query is an expression of Prometheus in a file of deploy.
type query struct{ file, expr string }

func queries(t *testing.T) (all []query) {
	t.Helper()
	for file, pattern := range map[string]string{"prometheus-rules.yaml": `(?m)^ +expr: (.*)$`, "grafana/twinhop.json": `(?m)^ +"(?:expr|definition)": (".*"),?$`} {
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(read(t, "../deploy/"+file), -1)
		if len(found) < 20 {
			t.Errorf("%s: only %d expressions found", file, len(found))
		}
		for _, m := range found {
			expr := m[1]
			if strings.HasSuffix(file, ".json") {
				if err := json.Unmarshal([]byte(m[1]), &expr); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
			}
			all = append(all, query{file, expr})
		}
	}
	return all
}

// askedOf checks that what an expression names exists: metrics, values of labels, rules.
func askedOf(t *testing.T, q query, known map[string]bool, written string) {
	t.Helper()
	for _, name := range metricName.FindAllString(q.expr, -1) {
		if !known[name] && !known[strings.TrimSuffix(name, "_bucket")] {
			t.Errorf("%s: %s does not exist", q.file, name)
		}
	}
	for _, label := range regexp.MustCompile(`(?:reason|event|direction|kind)(?:=|=~|!~)"([^"]+)"`).FindAllStringSubmatch(q.expr, -1) {
		for word := range strings.SplitSeq(label[1], "|") {
			if !strings.Contains(written, `"`+word+`"`) {
				t.Errorf("%s: no metric has the label value %s", q.file, word)
			}
		}
	}
	for _, rule := range regexp.MustCompile(`rule(?:=|=~)"([^"]+)"`).FindAllStringSubmatch(q.expr, -1) {
		for word := range strings.SplitSeq(rule[1], "|") {
			if !slices.ContainsFunc(gateway.Rules(), func(r gateway.Rule) bool { return r.String() == word }) {
				t.Errorf("%s: %s is no rule", q.file, word)
			}
		}
	}
}
