package assembly

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"twinhop/admin/configuration"
	"twinhop/admin/problem"
	"twinhop/gateway/config"
)

// effective is what the API shows of a gateway's configuration.
func effective(t *testing.T, g *Gateway) (lines map[string]configuration.Line, said, restart []string) {
	t.Helper()
	var v struct {
		Lines         []configuration.Line
		Said, Restart []string
	}
	a := api(t, g, "GET", "/api/v1/config", "", "")
	if err := json.Unmarshal([]byte(a.text), &v); err != nil || a.code != 200 {
		t.Fatal(a, err)
	}
	lines = map[string]configuration.Line{}
	for _, l := range v.Lines {
		lines[l.Key] = l
	}
	return lines, v.Said, v.Restart
}

// The API shows what is in force, and who says so: nobody, a file, an operator.
func TestConfigurationByTheAPI(t *testing.T) {
	c := settings(t, sign(t, "one"))
	c.Heartbeat.Secret = "correct horse battery"
	files, faults := c, []problem.Fault(nil)
	g, err := Build(Options{Config: c, Files: &Files{
		Look: func() (config.Config, []problem.Fault, error) { return files, faults, nil },
		Places: func() map[string]string {
			return map[string]string{"shutdown.grace": "t.yaml:9", "affinity.leader": "t.yaml:3"}
		}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run(t, g))
	<-g.Ready()

	lines, said, restart := effective(t, g)
	for key, want := range map[string]configuration.Line{
		"shutdown.grace":   {Text: "  grace: 1s", Key: "shutdown.grace", Origin: "file", Place: "t.yaml:9"},
		"affinity.leader":  {Text: "  leader: http", Key: "affinity.leader", Origin: "file", Place: "t.yaml:3"},
		"affinity.maxKeys": {Text: "  maxKeys: 64", Key: "affinity.maxKeys", Origin: "default", Restart: true},
		"heartbeat.secret": {Text: `  secret: "***"`, Key: "heartbeat.secret", Origin: "default", Restart: true},
	} {
		if lines[key] != want {
			t.Errorf("%+v, want %+v", lines[key], want)
		}
	}
	if len(said)+len(restart) > 0 {
		t.Error(said, restart)
	}
	if a := api(t, g, "PUT", "/api/v1/affinity", "*", `{"affinity": {"leader": "sip"}}`); a.code != 200 {
		t.Fatal(a)
	}
	lines, said, _ = effective(t, g)
	if l := lines["affinity.leader"]; l.Origin != "api" || l.Text != "  leader: sip" || l.Place != "" || !slices.Equal(said, []string{"affinity.leader"}) {
		t.Errorf("%+v, %v", l, said)
	}

	validate := func(body, want string) {
		t.Helper()
		if a := api(t, g, "POST", "/api/v1/config/validate", "", body); a.code != 200 || !strings.Contains(a.text, want) {
			t.Errorf("%s: %+v, want %s", body, a, want)
		}
	}
	validate(`{}`, `{"ok":true,"changed":[],"restart":[],"faults":[]}`)
	files.Affinity.Leader, files.Shutdown.Grace, files.Store.Memory.MaxEntries = "sip", c.Shutdown.Grace*2, 5000
	validate(`{}`, `{"ok":true,"changed":["shutdown.grace"],"restart":["store.memory.maxEntries"],"faults":[]}`)
	files.Nodes = []config.Node{web("node1", "http://nowhere.invalid:80")}
	validate(`{}`, `has no address`)
	faults = []problem.Fault{{Place: "t.yaml:1:2", Severity: "error", Message: "no"}}
	validate(`{}`, `{"ok":false,"changed":[],"restart":[],"faults":[{"place":"t.yaml:1:2"`)
	validate(`{"text": "nodes: 7"}`, `"place":"text:1:8","pointer":"nodes","severity":"error"`)
	validate(`{"text": ""}`, `"ok":false`)
	validate(`{"text": "listen: {http: [':80']}\nnodes: [{name: a, http: 'http://nowhere.invalid'}]"}`, `{"ok":true,"changed":["`)
	if lines, _, restart = effective(t, g); lines["shutdown.grace"].Text != "  grace: 1s" || len(restart) > 0 {
		t.Error("asking changed something")
	}
	if _, err := g.Reload(t.Context(), func() config.Config { n := c; n.Store.Memory.MaxEntries = 5000; return n }()); err != nil {
		t.Fatal(err)
	}
	if _, _, restart = effective(t, g); !slices.Equal(restart, []string{"store.memory.maxEntries"}) {
		t.Error(restart)
	}
}
