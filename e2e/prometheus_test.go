//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	alerts    = "../deploy/prometheus-rules.yaml"
	dashboard = "../deploy/grafana/twinhop.json"
)

// The alerts are valid, and each one fires and keeps still when it should.
func TestAlerts(t *testing.T) {
	need(t, "promtool")
	for _, argv := range [][]string{{"check", "rules", alerts}, {"test", "rules", "testdata/alerts.yaml"}} {
		if out, err := exec.Command("promtool", argv...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(argv, " "), err, out)
		}
	}
	text, err := os.ReadFile(alerts)
	if err != nil {
		t.Fatal(err)
	}
	tried, err := os.ReadFile("testdata/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "- alert: "); ok && !strings.Contains(string(tried), "alertname: "+name+"\n") {
			t.Errorf("%s is tried by nothing in testdata/alerts.yaml", name)
		}
	}
}

// prometheus is a real one that scrapes a gateway.
type prometheus struct {
	t   *testing.T
	url string
}

func startPrometheus(t *testing.T, dir, target string) *prometheus {
	t.Helper()
	need(t, "prometheus", "promtool")
	rules, err := filepath.Abs(alerts)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "prometheus.yaml"), fmt.Sprintf(`global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: [%q]
scrape_configs: [{job_name: twinhop, static_configs: [{targets: [%q]}]}]
`, rules, target))
	p := &prometheus{t: t, url: fmt.Sprintf("http://127.0.0.1:%d", freePort(t))}
	proc, err := launch(dir, "prometheus", "prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=data",
		"--web.listen-address="+strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.kill)
	eventually(t, 30*time.Second, "prometheus is ready", func() error {
		r, err := directly.Get(p.url + "/-/ready")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if r.StatusCode != 200 {
			return fmt.Errorf("%s", r.Status)
		}
		return nil
	})
	return p
}

// ask gives the data of an answer of its API.
func (p *prometheus) ask(path string, data any) error {
	r, err := directly.Get(p.url + "/api/v1/" + path)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<22)).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s", answer.Error)
	}
	return nil
}

// values are the numbers that an expression gives now.
func (p *prometheus) values(expr string) ([]float64, error) {
	var data struct {
		Result []struct {
			Value [2]any
		}
	}
	if err := p.ask("query?query="+url.QueryEscape(expr), &data); err != nil {
		return nil, err
	}
	var all []float64
	for _, x := range data.Result {
		text, _ := x.Value[1].(string)
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

type board struct {
	UID    string
	Panels []struct {
		ID      int
		Title   string
		Type    string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr string }
	}
	Annotations struct{ List []struct{ Expr string } }
}

func readBoard(t *testing.T) *board {
	t.Helper()
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	b := &board{}
	if err := json.Unmarshal(text, b); err != nil {
		t.Fatal(err)
	}
	if b.UID != "twinhop" || len(b.Panels) < 40 {
		t.Fatalf("%s: uid %q, %d panels", dashboard, b.UID, len(b.Panels))
	}
	return b
}

// Panels of what this scenario has not: it is a healthy pair of configured nodes without TLS.
var quiet = []string{"Since the last heartbeat", "Resources in use", "Words of heartbeats", "httpFollowsSip", "Moves by cause", "Refused",
	"INVITEs that left a node", "TLS handshakes that failed", "Certificates expire in", "Refused or dropped before routing"}

// A real Prometheus scrapes a gateway with traffic: every query of the dashboard and of the
// alerts is understood, the panels show something, and no alert is raised.
func TestPrometheus(t *testing.T) {
	var web [2]string
	for i := range web {
		node := fmt.Sprintf("node%d", i+1)
		origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "D0" + strconv.FormatInt(time.Now().UnixNano(), 36) + "." + node})
		}))
		t.Cleanup(origin.Close)
		web[i] = origin.URL
	}
	w := set(t, stage{Web: web, Agents: true, Also: []string{"tcp"}})
	p := startPrometheus(t, w.dir, strings.TrimPrefix(w.admin, "http://"))
	phone := newAgent(t, "phone")
	mustCall(t, w, phone, alice, bob) // it stays
	work := func() {
		for range 3 {
			if _, err := fetch(browser(t), "GET", w.http+"/app/plain.jsp", nil); err != nil {
				t.Fatal(err)
			}
		}
		c := mustCall(t, w, phone, alice, bob)
		if _, err := c.bye(); err != nil {
			t.Fatal(err)
		}
	}
	fill := strings.NewReplacer("$__rate_interval", "10s", "$instance", ".*", "$node", ".*")
	b := readBoard(t)
	empty := map[string]bool{}
	eventually(t, 40*time.Second, "every panel shows something", func() error {
		work()
		clear(empty)
		for _, panel := range b.Panels {
			for _, x := range panel.Targets {
				all, err := p.values(fill.Replace(x.Expr))
				if err != nil {
					t.Fatalf("%s: %v\n%s", panel.Title, err, x.Expr)
				}
				if len(all) == 0 && !slices.Contains(quiet, panel.Title) {
					empty[panel.Title] = true
				}
			}
		}
		if len(empty) > 0 {
			return fmt.Errorf("empty: %s", strings.Join(slices.Sorted(maps.Keys(empty)), ", "))
		}
		return nil
	})
	for _, a := range b.Annotations.List {
		if _, err := p.values(fill.Replace(a.Expr)); err != nil {
			t.Errorf("annotation: %v\n%s", err, a.Expr)
		}
	}
	var state struct {
		Groups []struct {
			Rules []struct {
				Name, Health, State, LastError string
			}
		}
	}
	if err := p.ask("rules", &state); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, g := range state.Groups {
		for _, r := range g.Rules {
			if count++; r.Health != "ok" || r.State != "inactive" {
				t.Errorf("alert %s: %s, %s %s", r.Name, r.Health, r.State, r.LastError)
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d alerts", count)
	}
	page, err := directly.Get(w.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	lint := exec.Command("promtool", "check", "metrics")
	lint.Stdin = page.Body
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// No panel of the dashboard lies on another one.
func TestDashboardIsLaidOut(t *testing.T) {
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range readBoard(t).Panels {
		if ids[p.ID] {
			t.Errorf("%s: the number %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies on %q at %d,%d", p.Title, other, x, y)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}
