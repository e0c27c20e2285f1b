package jkstatus

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"twinhop/admin/jkstatus/workers"
)

// Whatever is asked for: an answer, XML that can be read, no secret, and
// nothing is changed for who may not.
func FuzzQuery(f *testing.F) {
	for query := range updates {
		f.Add("cmd=update&"+query, uint8(0))
	}
	for _, query := range []string{"", "mime=xml", "cmd=show&w=lb&sw=node1&mime=xml", "cmd=dump&mime=xml", "cmd=dump&mime=prop", "opt=511&mime=xml", "cmd=edit&w=lb&att=vwn",
		"cmd=reset&w=lb&mime=xml", "&&=&a&b=&cmd=%6cist", "w=%00", "re=1&from=%22%3E", "cmd=show&w=<script>&mime=html"} {
		f.Add(query, uint8(1))
	}
	f.Fuzz(func(t *testing.T, query string, who uint8) {
		s := newStage(t, Words{})
		var fields []string
		if who%2 == 1 {
			fields = append(fields, "user: olga")
		}
		rec := s.do("GET", query, fields...)
		text := rec.Body.String()
		switch {
		case rec.Code != 200 && rec.Code != 401:
			t.Fatalf("%q: %d", query, rec.Code)
		case strings.Contains(text, hush):
			t.Fatalf("%q tells the secret", query)
		case len(fields) == 0 && len(s.changes)+len(s.acts) > 0:
			t.Fatalf("%q changes something", query)
		case !strings.Contains(text, "OK") && !strings.Contains(text, "ERROR") && !strings.Contains(text, "Start Page"):
			t.Fatalf("%q has no result: %s", query, text)
		}
		for _, c := range s.changes {
			if c.Worker == "" || c.Attribute == workers.Lock || strings.ContainsAny(c.Text, "<>\"'& \r\n") {
				t.Fatalf("%q changes %+v", query, c)
			}
		}
		if rec.Header().Get("Content-Type") == "text/xml" {
			for d := xml.NewDecoder(strings.NewReader(text)); ; {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%q: %v in %s", query, err, text)
				}
			}
		}
		if strings.Contains(text, "<script") {
			t.Fatalf("%q: %s", query, text)
		}
	})
}
