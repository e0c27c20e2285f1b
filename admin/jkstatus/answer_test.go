package jkstatus

import (
	"encoding/xml"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"twinhop/admin/jkstatus/workers"
)

var update = flag.Bool("update", false, "write what is answered into testdata")

// The answers, each under its query. Their shapes are those of mod_jk; the
// end-to-end tests hold them against the real one.
func TestAnswers(t *testing.T) {
	const file = "testdata/answers.txtar"
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) < 20 {
		t.Fatalf("only %d answers", len(a.Files))
	}
	for i := range a.Files {
		f := &a.Files[i]
		s := newStage(t, Words{})
		if strings.Contains(f.Name, "bare") {
			s = newStage(t, Words{NS: "-", XMLNS: "-", Prefix: "w", CSS: "/x.css", Doctype: "<!DOCTYPE status>"})
		}
		rec := s.do("GET", f.Name, "user: olga")
		got := rec.Header().Get("Content-Type") + "\n" + rec.Body.String()
		if rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != "no-cache" || rec.Header().Get("Pragma") != "no-cache" {
			t.Errorf("%s: %d %v", f.Name, rec.Code, rec.Header())
		}
		if strings.Contains(got, hush) {
			t.Errorf("%s tells the secret", f.Name)
		}
		if strings.Contains(f.Name, "xml") {
			wellFormed(t, rec.Body.String())
		}
		if *update {
			f.Data = []byte(got)
		} else if d := cmp.Diff(string(f.Data), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, d)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
}

// Whatever stands in names and values, it stays text.
func TestEverythingIsEscaped(t *testing.T) {
	const evil = "\"><script>alert('1')</script>\n\x01\u009b\u2028x=1 \xff"
	s := newStage(t, Words{})
	s.Panel.State = func() *workers.State {
		state := sample()
		b := &state.Balancers[0]
		b.Name, b.Method, b.Members[0].Name, b.Members[0].Route, b.Maps[0].URI, b.Maps[0].Active = evil, evil, evil, evil, evil, evil
		state.AJP[0].Name, state.AJP[0].Source = evil, evil
		return state
	}
	s.Panel.Dump = func() []workers.Property { return []workers.Property{{Key: evil, Value: evil}} }
	name := url.QueryEscape(evil)
	for _, cmd := range []string{"list", "show&w=" + name, "show&sw=" + name + "&w=" + name, "edit&w=" + name, "edit&att=vwn&w=" + name, "edit&sw=" + name + "&w=" + name, "dump"} {
		for _, mime := range forms[1:] {
			rec := s.do("GET", "mime="+mime+"&cmd="+cmd, "user: olga")
			text := rec.Body.String()
			if !strings.Contains(text, "alert(") && (mime == "html" || !strings.HasPrefix(cmd, "edit")) {
				t.Errorf("%s %s: the name is not there", cmd, mime)
			}
			if (mime == "html" || mime == "xml") && strings.Contains(text, "<script") {
				t.Errorf("%s %s:\n%s", cmd, mime, text)
			}
			if mime == "xml" {
				wellFormed(t, text)
			}
			if mime == "txt" || mime == "prop" {
				for line := range strings.Lines(text) {
					if strings.HasPrefix(strings.TrimSpace(line), "x=1") {
						t.Errorf("%s %s: a value makes a line of its own", cmd, mime)
					}
				}
			}
			if strings.ContainsAny(text, "\x01\u009b\u2028") || !utf8.ValidString(text) {
				t.Errorf("%s %s: control characters", cmd, mime)
			}
		}
	}
}

// opt hides parts of the answer.
func TestOptionsHide(t *testing.T) {
	s := newStage(t, Words{})
	for _, tt := range []struct{ query, gone, left string }{
		{"mime=txt&opt=1", "Member:", "Map:"},
		{"mime=txt&opt=2", "Map:", "Member:"},
		{"mime=txt&opt=8", "Balancer", "AJP Worker:"},
		{"mime=txt&opt=16", "AJP Worker", "Balancer Worker:"},
		{"mime=xml&opt=3", "<jk:m", "<jk:ajp"},
		{"mime=prop&opt=9", "lb_count", "ajp_count"},
		{"opt=1", "Balancer Members [", "Show Balancer Members"},
		{"opt=2", "/mounted/", "Show URI Mappings"},
		{"opt=4", "activation:", "Show Legend"},
		{"opt=8", "node1", "Show Load Balancing Workers"},
		{"opt=16", "exact.jsp", "Show AJP Workers"},
		{"opt=32", "cmd=reset", "(read only)"},
		{"opt=64", "Escalation", "Show LB Configuration"},
		{"opt=128", "Degraded", "Show LB Summary"},
		{"opt=256", "Address:Port", "Show AJP Configuration"},
	} {
		text := s.do("GET", tt.query).Body.String()
		if strings.Contains(text, tt.gone) || !strings.Contains(text, tt.left) {
			t.Errorf("%s:\n%s", tt.query, text)
		}
	}
}

func TestAutoRefresh(t *testing.T) {
	s := newStage(t, Words{})
	for query, want := range map[string]bool{"re=7": true, "re=7&cmd=show&w=lb": true, "": false, "re=-1": false, "re=x": false, "re=7&cmd=dump": false} {
		if text := s.do("GET", query).Body.String(); strings.Contains(text, `http-equiv="Refresh" content="7;url=?`) != want {
			t.Errorf("%s: %s", query, text)
		}
	}
}
