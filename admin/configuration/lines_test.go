package configuration

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"twinhop/gateway/balance"
	"twinhop/gateway/config"
)

var words = config.Words{Balance: balance.Names(), HTTPSources: []string{"cookie", "query", "header"},
	SIPSources: []string{"call-id", "from.user", "to.user", "from.aor", "to.aor", "header:"}}

func text(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

// What is shown is a configuration that means the same.
func TestLinesAreTheConfiguration(t *testing.T) {
	example, err := os.ReadFile("../../docs/twinhop.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, yaml := range map[string]string{
		"example": string(example),
		"short":   "listen: {http: [':80']}\nnodes: [{name: a, http: 'http://10.0.0.1'}]",
		"odd": `listen: {http: [":80"], sip: {external: ["udp://:5060"], internal: ["udp://:5065"]}}
nodes: [{name: "1", http: "ajp://10.0.0.1:8009", sip: ["udp://10.0.0.1:5080"]}, {name: "no", http: "http://10.0.0.2"}]
affinity: {sip: [{source: from.user, exclude: {pattern: "\\+1\"'#: .*<é", users: ["a b"]}}], ttl: {idle: 0, max: 0}}
pools: {default: {recovery: {}, retries: {}, nodes: [{name: "*", weight: 3}]}}`,
	} {
		c, problems := config.Parse(name, []byte(yaml), words)
		lines := Lines(&c)
		again, after := config.Parse(name, []byte(text(lines)), words)
		n, _ := problems.Count()
		if m, _ := after.Count(); m > n || len(lines) < 100 {
			t.Fatalf("%s: %v before, %v after, in\n%s", name, problems, after, text(lines))
		}
		if diff := config.Changes(&c, &again); len(diff) > 0 && !reflect.DeepEqual(text(lines), text(Lines(&again))) {
			t.Errorf("%s: %v in\n%s", name, diff, text(lines))
		}
	}
}

func TestLinesHideSecrets(t *testing.T) {
	c := config.Default()
	c.Heartbeat.Secret = "correct horse"
	c.Nodes = []config.Node{{Name: "a", HTTP: "ajp://10.0.0.1:8009", AJP: config.AJP{Secret: "battery staple"}}}
	shown := text(Lines(&c))
	for _, secret := range []string{"correct", "battery"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown in\n%s", secret, shown)
		}
	}
	if strings.Count(shown, `"***"`) != 2 || strings.Contains(text(Lines(&config.Config{})), "***") {
		t.Errorf("%s", shown)
	}
}
