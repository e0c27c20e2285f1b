package admin

import (
	"log/slog"
	"strings"
	"testing"
)

// Everybody who is logged in sees how much is logged; an admin changes it, which is written down.
func TestLogLevel(t *testing.T) {
	s := newStage(t, "node1").run()
	dial := s.Panel.LogLevel
	b, admin := s.login(RoleViewer), s.login(RoleAdmin)
	const path = "/api/v1/loglevel"
	if a := b.must(200, "GET", path, nil); a.text != `{"level":"info","configured":"info"}` {
		t.Error(a.text)
	}
	s.login(RoleOperator).must(403, "PUT", path, map[string]any{"level": "debug"})
	debug := map[string]any{"level": "debug", "for": "10m", "reason": "calls fail"}
	if a := admin.must(200, "PUT", path+"?dryRun=true", debug); a.at("dryRun") != true || a.at("level") != "debug" || a.at("said", "until") == nil || dial.Level() != slog.LevelInfo {
		t.Errorf("%s", a.text)
	}
	if a := admin.must(200, "PUT", path, debug); a.at("level") != "debug" || a.at("said", "reason") != "calls fail" || a.at("said", "until") == nil || dial.Level() != slog.LevelDebug {
		t.Errorf("%s", a.text)
	}
	if a := b.must(200, "GET", path, nil); a.at("said", "actor") != "test-admin" || a.at("configured") != "info" {
		t.Error(a.text)
	}
	for pointer, body := range map[string]string{"#/level": `{"level":"info+1"}`, "#/for": `{"level":"warn","for":"100h"}`, "#/reason": `{"level":"warn","reason":"` + strings.Repeat("x", 501) + `"}`, "level": `{"levels":"warn"}`} {
		if a := admin.must(422, "PUT", path, body); !strings.Contains(a.text, pointer) || dial.Level() != slog.LevelDebug {
			t.Errorf("%s: %s", pointer, a.text)
		}
	}
	if e := admin.entries("action=loglevel.set&result=ok"); len(e) != 2 || e[1]["dryRun"] != true || e[0]["reason"] != "calls fail" || e[0]["after"].(map[string]any)["for"] != "10m" {
		t.Errorf("%v", e)
	}
}
