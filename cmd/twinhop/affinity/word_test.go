package affinity

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"twinhop/admin/affinity"
	"twinhop/admin/problem"
	"twinhop/gateway/config"
)

var words = config.Words{HTTPSources: []string{"cookie", "query", "header"}, SIPSources: []string{"call-id", "from.user", "header:"}}

func order(text string) *affinity.Order { return &affinity.Order{Text: json.RawMessage(text)} }

// A bad word is refused with its place and the reason.
func TestReadTellsPlaceAndReason(t *testing.T) {
	c := config.Default()
	for text, want := range map[string]string{
		`{"leader": "spi"}`: `#/affinity/leader: `,
		`{"http": [{"source": "cookie", "name": "A"}, {"source": "coke", "name": "B"}]}`:   `#/affinity/http/1/source: `,
		`{"http": [{"source": "cookie", "name": "A"}, {"source": "cookie", "name": "B"}]}`: `#/affinity/http/1: a second session cookie`,
		`{"http": [{"source": "query"}]}`:                                                  `#/affinity/http/0`,
		`{"sip": ["call-id", "call-id"]}`:                                                  `#/affinity/sip/1: `,
		`{"sip": [{"source": "from.user", "exclude": {"pattern": "("}}]}`:                  `#/affinity/sip/0/exclude/pattern: `,
		`{"sip": [{"source": "from.user", "exclude": {"networks": ["x"]}}]}`:               `#/affinity/sip/0/exclude/networks/0: `,
		`{"ttl": {"idle": "30"}}`:                                                          `#/affinity/ttl/idle: "30" has no unit`,
		`{"ttl": {"idle": "2h", "max": "1h"}}`:                                             `#/affinity/ttl/idle: 2h is longer than max`,
		`{"maxKeys": 1}`:                                                                   `#/affinity/maxKeys: `,
		`{"keys": []}`:                                                                     `#/affinity/keys: unknown key`,
		`{"leader": "sip", "leader": "http"}`:                                              `#/affinity/leader: `,
		`{"http": 7}`:                                                                      `#/affinity/http: `,
		`[]`:                                                                               `#/affinity: this is no mapping`,
		`null`:                                                                             `#/affinity: this is no mapping`,
		`{}}, "nodes": [{"name": "n"}`:                                                     `#/affinity: this is no mapping`,
	} {
		_, _, err := Read(order(text), &c, words)
		said := ""
		if wrong := (*problem.Rejected)(nil); errors.As(err, &wrong) {
			for _, f := range wrong.Faults {
				said += f.Pointer + ": " + f.Message + "\n"
			}
		}
		if !strings.Contains(said, want) {
			t.Errorf("%s: %q, %v, want %q", text, said, err, want)
		}
	}
}

// What is checked depends on the fronts that this gateway has.
func TestReadWarns(t *testing.T) {
	both, none, web := config.Default(), config.Default(), config.Default()
	both.Listen.HTTP = []config.HTTPListener{{Addr: "127.0.0.1:0"}}
	both.Listen.SIP.External = []string{"udp://127.0.0.1:0"}
	web.Listen.HTTP = both.Listen.HTTP
	crowd := both
	crowd.Gateways = 3
	for _, x := range []struct {
		c          *config.Config
		text, want string
	}{
		{&both, `{"http": []}`, "no cookie"},
		{&none, `{"http": []}`, ""},
		{&both, `{"leader": "sip", "sip": ["from.user"]}`, ""},
		{&web, `{"leader": "sip", "sip": ["from.user"]}`, "no SIP listener"},
		{&crowd, `{}`, "one gateway of several"},
	} {
		_, warnings, err := Read(order(x.text), x.c, words)
		said := ""
		for _, w := range warnings {
			said += w.Message
		}
		if err != nil || !strings.Contains(said, x.want) || x.want == "" && said != "" {
			t.Errorf("%s: %q, %v, want %q", x.text, said, err, x.want)
		}
	}
}

func TestWordOverAConfiguration(t *testing.T) {
	c := config.Default()
	w, _, err := Read(order(`{"sip": ["from.user"], "ttl": {"max": "1h"}}`), &c, words)
	if err != nil {
		t.Fatal(err)
	}
	over := w.Over(c)
	if len(over.Affinity.SIP) != 1 || over.Affinity.SIP[0].Source != "from.user" || len(over.Affinity.HTTP) != 2 || len(c.Affinity.SIP) != 1 || c.Affinity.SIP[0].Source != "call-id" {
		t.Errorf("%+v over %+v", over.Affinity, c.Affinity)
	}
	if !w.Settle(&c).Says() {
		t.Error("forgotten while the configuration says otherwise")
	}
	if w.Settle(&over).Says() {
		t.Error("said still, though the configuration says the same")
	}
	if got := (Word{}).Over(c); !reflect.DeepEqual(got, c) {
		t.Error("no word changes something")
	}
}

func TestWordOutlivesTheProcess(t *testing.T) {
	name, c := filepath.Join(t.TempDir(), "affinity.json"), config.Default()
	o := order(`{"leader": "sip"}`)
	o.Actor, o.Reason = "ada", "calls first"
	w, _, err := Read(o, &c, words)
	if err := errors.Join(err, w.Keep(name)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	back, err := Load(name, &c, words)
	was, is := w.State(&c), back.State(&c)
	if err != nil || is.Now.Leader != "sip" || is.Said.Reason != "calls first" || is.ETag() != was.ETag() {
		t.Errorf("%+v, %v", is, err)
	}
	for text, want := range map[string]string{`{"affinity": {"leader": "spi"}}`: "#/affinity/leader", `{`: "JSON", `{}`: "no mapping"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if bad, err := Load(name, &c, words); err == nil || !strings.Contains(err.Error(), want) || bad.Says() {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := errors.Join(w.Keep(name), os.Chmod(name, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name, &c, words); err == nil {
		t.Error("a file that others can read is believed")
	}
	for range 2 {
		if err := (Word{}).Keep(name); err != nil {
			t.Error(err)
		}
	}
	if gone, err := Load(name, &c, words); err != nil || gone.Says() {
		t.Error(gone, err)
	}
}
