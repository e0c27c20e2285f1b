package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// told is what the API answers.
type told struct {
	code int
	tag  string
	text string
}

// at reads a part of a JSON answer: "items.0.id".
func (a told) at(path string) any {
	var v any
	if json.Unmarshal([]byte(a.text), &v) != nil {
		return nil
	}
	for key := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			i := 0
			if fmt.Sscan(key, &i); i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// asker asks a gateway by its socket.
func asker(t *testing.T, dir string) func(what, match string, body any) told {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, "state", "admin.sock"))
	}}}
	return func(what, match string, body any) told {
		t.Helper()
		method, path, _ := strings.Cut(what, " ")
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost/api/v1"+path, strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if match != "" {
			r.Header.Set("If-Match", match)
		}
		a, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		answer, _ := io.ReadAll(a.Body)
		return told{a.StatusCode, a.Header.Get("ETag"), string(answer)}
	}
}

// body is a JSON object.
type body map[string]any

// runWith runs a gateway with more in its file, which it returns.
func runWith(t *testing.T, more string) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "twinhop.yaml")
	text := fmt.Sprintf(`# ours
listen: {http: [{addr: "127.0.0.1:0"}]}
nodes: [{name: node1, http: %q}]
state: {dir: state}
heartbeat:
  json: {listen: "127.0.0.1:0"}
  secret: correct-horse-battery # keep it
shutdown: {announce: 0, grace: 1s}
affinity:
  leader: http
%s`, startNode(t).http.URL, more)
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	begin(t, dir)
	return dir, file
}

// begin runs a gateway whose file is there, and returns what ends it.
func begin(t *testing.T, dir string) (end func()) {
	t.Helper()
	log := &lines{}
	c := program(t, dir, "run", "-c", "twinhop.yaml")
	c.Stderr = log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		c.Process.Kill()
		if t.Failed() {
			t.Logf("the program said:\n%s", log)
		}
	})
	until(t, "the program is ready", func() bool { return strings.Contains(log.String(), "msg=ready") })
	return func() {
		c.Process.Signal(syscall.SIGTERM)
		<-ended
	}
}

func content(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A text that was shown, changed and given back is in the file and in force, its secrets are what they were, and what was before comes back.
func TestConfigurationByTheAPI(t *testing.T) {
	dir, file := runWith(t, "admin: {listen: \"127.0.0.1:0\", configWritable: true}\n")
	ask := asker(t, dir)
	first := content(t, file)
	page := ask("GET /config", "", nil)
	shown, _ := page.at("file.text").(string)
	if page.code != 200 || page.at("version") != "v1" || page.at("writable") != true || page.tag == "" || page.at("etag") != page.tag || page.at("file.path") != file ||
		strings.Contains(page.text, "correct-horse") || !strings.Contains(shown, "# keep it") {
		t.Fatalf("%+v", page)
	}
	if o := ask("GET /overview", "", nil); o.at("config.version") != "v1" || `"`+o.at("config.hash").(string)+`"` != page.tag {
		t.Errorf("%s", o.text)
	}
	next := strings.Replace(shown, "leader: http", "leader: sip", 1)
	wanted := strings.Replace(first, "leader: http", "leader: sip", 1)

	d := ask("POST /config/diff", "", body{"from": "now", "text": next})
	if d.code != 200 || d.at("changed.0") != "affinity.leader" || d.at("same") != false || !strings.Contains(d.text, `{"op":"-","text":"  leader: http","key":"affinity.leader","old":10}`) ||
		!strings.Contains(d.text, `{"op":"+","text":"  leader: sip","key":"affinity.leader","new":10}`) || strings.Contains(d.text, "correct-horse") {
		t.Errorf("%s", d.text)
	}
	if a := ask("POST /config/validate", "", body{"text": next}); a.at("ok") != true || a.at("changed.0") != "affinity.leader" {
		t.Errorf("%s", a.text)
	}
	if a := ask("POST /config/validate", "", body{"text": "heartbeat: {secret: '***00000000'}"}); a.at("ok") != false || a.at("faults.0.place") != "text:1:21" {
		t.Errorf("%s", a.text)
	}
	for match, code := range map[string]int{"": 428, `"000000000000"`: 412} {
		if a := ask("POST /config/apply", match, body{"text": next}); a.code != code {
			t.Errorf("If-Match %s: %+v", match, a)
		}
	}
	if a := ask("POST /config/apply?dryRun=true", page.tag, body{"text": next}); a.code != 200 || a.at("changed.0") != "affinity.leader" || a.at("version") != nil || content(t, file) != first {
		t.Errorf("dry: %+v", a)
	}
	for text, want := range map[string]string{
		"nodes: 7\n":                             `"place":"twinhop.yaml:1:8"`,
		strings.Replace(next, "***", "***00", 1): `this stands for no secret that is known`,
		strings.Replace(next, "heartbeat:", "x: {secret: '***'}\nheartbeat:", 1): `stars are no secret`,
		strings.Replace(next, "127.0.0.1", "nowhere.", 9):                        `"severity":"error"`,
		strings.Replace(next, "leader: sip", "leader: spi", 1):                   `did you mean`,
	} {
		if a := ask("POST /config/apply", page.tag, body{"text": text}); a.code != 422 || !strings.Contains(a.text, want) || content(t, file) != first {
			t.Errorf("%+v, want %s", a, want)
		}
	}
	a := ask("POST /config/apply", page.tag, body{"text": next, "reason": "phones first"})
	if a.code != 200 || a.at("changed.0") != "affinity.leader" || a.at("version") != "v2" || a.tag == page.tag {
		t.Fatalf("%+v", a)
	}
	if text := content(t, file); text != wanted {
		t.Errorf("the file is\n%s", text)
	}
	if info, _ := os.Stat(file); info.Mode() != 0o640 {
		t.Error(info.Mode())
	}
	if now := ask("GET /affinity", "", nil); now.at("affinity.leader") != "sip" && !strings.Contains(now.text, `"leader":"sip"`) {
		t.Errorf("%s", now.text)
	}
	v := ask("GET /config/versions", "", nil)
	if v.at("items.0.id") != "v2" || v.at("items.0.actor") != "local" || v.at("items.0.reason") != "phones first" || v.at("items.0.source") != "api" || v.at("items.0.current") != true ||
		v.at("items.0.changed.0") != "affinity.leader" || v.at("items.1.source") != "start" || v.at("items.1.current") != false {
		t.Errorf("%s", v.text)
	}
	if e := ask("GET /audit?action=config.apply", "", nil); e.at("items.0.reason") != "phones first" || e.at("items.0.before.version") != "v1" || e.at("items.0.after.version") != "v2" || e.at("items.1.result") != "refused" {
		t.Errorf("%s", e.text)
	}
	if one := ask("GET /config/versions/v1", "", nil); one.at("text") != shown {
		t.Errorf("%s", one.text)
	}
	if a := ask("POST /config/apply", a.tag, body{"text": next}); a.code != 200 || a.at("same") != true || a.at("version") != "v2" {
		t.Errorf("once more: %+v", a)
	}
	back := ask("POST /config/versions/v1/rollback", "", body{"reason": "no"})
	if back.code != 200 || back.at("version") != "v3" || back.tag != page.tag || content(t, file) != first {
		t.Errorf("%+v", back)
	}
	if v := ask("GET /config/versions", "", nil); v.at("items.0.restored") != "v1" || v.at("items.0.source") != "rollback" {
		t.Errorf("%s", v.text)
	}
	for _, id := range []string{"v0", "v99", "v01", "1", "x"} {
		if a := ask("POST /config/versions/"+id+"/rollback", "", body{}); a.code != 404 {
			t.Errorf("%s: %+v", id, a)
		}
	}
}

// What somebody wrote into the file is not lost, and who had it read is known.
func TestConfigurationChangedOnDisk(t *testing.T) {
	dir, file := runWith(t, "admin: {listen: \"127.0.0.1:0\", configWritable: true}\n")
	ask := asker(t, dir)
	page := ask("GET /config", "", nil)
	theirs := content(t, file) + "limits: {http: {idleTimeout: 7s}}\n"
	if err := os.WriteFile(file, []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"POST /config/apply", "POST /config/versions/v1/rollback"} {
		b := body{}
		if strings.HasSuffix(what, "apply") {
			b["text"] = page.at("file.text")
		}
		if a := ask(what, page.tag, b); a.code != 409 || a.at("type") != "/problems/config-differs" || content(t, file) != theirs {
			t.Errorf("%s: %+v", what, a)
		}
	}
	if now := ask("GET /config", "", nil); now.at("file.differs") != true {
		t.Errorf("%s", now.text)
	}
	if d := ask("POST /config/diff", "", body{"from": "now", "to": "file"}); d.at("restart.0") != "limits.http.idleTimeout" || len(d.at("changed").([]any)) > 0 {
		t.Errorf("%s", d.text)
	}
	if a := ask("POST /config/reload", "", body{"reason": "theirs"}); a.code != 200 {
		t.Fatalf("%+v", a)
	}
	v := ask("GET /config/versions", "", nil)
	if v.at("items.0.id") != "v2" || v.at("items.0.source") != "file" || v.at("items.0.actor") != "local" || v.at("items.0.reason") != "theirs" {
		t.Errorf("%s", v.text)
	}
	if now := ask("GET /config", "", nil); now.at("file.differs") != nil {
		t.Errorf("%s", now.text)
	}
}

// Unless the file says so nobody writes it, and the answer says what to do. Versions outlive a restart.
func TestConfigurationReadOnly(t *testing.T) {
	dir, file := runWith(t, "admin: {listen: \"127.0.0.1:0\"}\n")
	ask := asker(t, dir)
	page := ask("GET /config", "", nil)
	if page.at("writable") != false || !strings.Contains(fmt.Sprint(page.at("readOnlyWhy")), "admin.configWritable: true") {
		t.Errorf("%s", page.text)
	}
	before := content(t, file)
	for what, b := range map[string]body{"POST /config/apply": {"text": "version: 1\n"}, "POST /config/apply?dryRun=true": {"text": "version: 1\n"}, "POST /config/versions/v1/rollback": {}} {
		if a := ask(what, page.tag, b); a.code != 409 || a.at("type") != "/problems/config-read-only" || !strings.Contains(fmt.Sprint(a.at("detail")), "admin.configWritable") || content(t, file) != before {
			t.Errorf("%s: %+v", what, a)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "state", "config-versions.json")); err != nil || info.Mode() != 0o600 {
		t.Error(info, err)
	}
}

// A start with another file is another version, one with the same is none.
func TestVersionsOutliveARestart(t *testing.T) {
	dir, file := t.TempDir(), ""
	file = filepath.Join(dir, "twinhop.yaml")
	text := fmt.Sprintf("listen: {http: [{addr: \"127.0.0.1:0\"}]}\nnodes: [{name: node1, http: %q}]\nstate: {dir: state}\nshutdown: {announce: 0, grace: 1s}\nadmin: {listen: \"127.0.0.1:0\"}\n", startNode(t).http.URL)
	ask := asker(t, dir)
	for i, more := range []string{"", "", "followSip: {maxCorrections: 7}\n", ""} {
		if err := os.WriteFile(file, []byte(text+more), 0o600); err != nil {
			t.Fatal(err)
		}
		end := begin(t, dir)
		want := []string{"v1", "v1", "v2", "v3"}[i]
		v := ask("GET /config/versions", "", nil)
		if v.at("items.0.id") != want || v.at("items.0.source") != "start" || i == 2 && v.at("items.0.changed.0") != "followSip.maxCorrections" {
			t.Errorf("start %d: %s", i, v.text)
		}
		end()
	}
}
