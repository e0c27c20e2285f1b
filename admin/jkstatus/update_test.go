package jkstatus

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twinhop/admin/jkstatus/workers"
)

// What a query of update changes, as "member attribute=value", or the message
// it is refused with.
var updates = map[string]string{
	// balancers
	"w=lb&vlr=3":            "retries=3",
	"w=lb&vlri=250":         "retry_interval=250",
	"w=lb&vlt=90":           "recover_time=90",
	"w=lb&vlee=0":           "error_escalation_time=0",
	"w=lb&vlx=4":            "max_reply_timeouts=4",
	"w=lb&vls=off&vlf=Y":    "sticky_session=0 sticky_session_force=1",
	"w=lb&vls=1&vlf=0":      "",
	"w=lb&vlm=Traffic":      "method=1",
	"w=lb&vlm=b":            "method=2",
	"w=lb&vlm=3":            "method=3",
	"w=lb&vlm=n":            "method=4",
	"w=lb&vlm=R":            "",
	"w=lb&vll=o":            "",
	"w=lb&vll=0&vlx=1":      "max_reply_timeouts=1",
	"w=lb&vll=p":            "vll (lock): there is no other locking than Optimistic here",
	"w=lb&vlr=2":            "",
	"w=lb&lr=3&lt=5&lx=6":   "retries=3 recover_time=5 max_reply_timeouts=6",
	"w=lb&ls=f&lf=t&lm=2":   "sticky_session=0 sticky_session_force=1 method=2",
	"w=lb&lr=9&vlr=3":       "retries=3",
	"w=lb":                  "",
	"w=lb&vlr=0":            `vlr (retries): "0" is not a number from 1 to 100`,
	"w=lb&vlr=3x":           `vlr (retries): "3x" is not a number from 1 to 100`,
	"w=lb&vlr=":             `vlr (retries): "" is not a number from 1 to 100`,
	"w=lb&vlr=3&vlt=-1":     `vlt (recover_time): "-1" is not a number from 1 to 86400`,
	"w=lb&vls=maybe":        `vls (sticky_session): "maybe" is not on or off`,
	"w=lb&vlm=zebra":        `vlm (method): "zebra" is not Request, Traffic, Busyness, Sessions or Next`,
	"w=lb&vlm=7":            `vlm (method): "7" is not Request, Traffic, Busyness, Sessions or Next`,
	"w=lb&vlm=":             `vlm (method): "" is not Request, Traffic, Busyness, Sessions or Next`,
	"w=lb&vwf=3":            "vwf (lbfactor) is not a setting of this worker",
	"w=lb&vart=3":           "vart (reply_timeout) is not a setting of this worker",
	"w=lb&vlr=99999999999":  `vlr (retries): "99999999999" is not a number from 1 to 100`,
	"w=lb&from=list&opt=64": "",
	// members
	"w=lb&sw=node1&vwa=d":                "node1 activation=1",
	"w=lb&sw=node1&vwa=Stopped":          "node1 activation=2",
	"w=lb&sw=node1&vwa=1":                "node1 activation=1",
	"w=lb&sw=node1&vwa=active":           "",
	"w=lb&sw=node1&vwa=z":                `vwa (activation): "z" is not active, disabled or stopped`,
	"w=lb&sw=node1&vwf=5&vwd=2":          "node1 lbfactor=5 node1 distance=2",
	"w=lb&sw=node1&vwd=abc":              `vwd (distance): "abc" is not a number from 0 to 1000000`,
	"w=lb&sw=node1&vwf=0":                `vwf (lbfactor): "0" is not a number from 1 to 1000000`,
	"w=lb&sw=node1&vwn=a.b&vwr=&vwc=":    "node1 route=a.b node1 redirect= node1 domain=",
	"w=lb&sw=node1&vwn=":                 `vwn (route): "" is not 1 to 60 letters, digits, dots, - or _`,
	"w=lb&sw=node1&vwr=a%3Cb":            `vwr (redirect): "a<b" is not 1 to 60 letters, digits, dots, - or _`,
	"w=lb&sw=node1&wa=2&wf=4&wn=x":       "node1 activation=2 node1 lbfactor=4 node1 route=x",
	"w=lb&sw=node1&wr=r&wc=c&wd=1":       "node1 redirect=r node1 domain=c node1 distance=1",
	"w=lb&sw=node*&vwd=3":                "node1 distance=3 node2 distance=3",
	"w=lb&sw=*2&vwd=3":                   "node2 distance=3",
	"w=lb&sw=node%3F&vwd=1":              "node1 distance=1",
	"w=lb&sw=x*&vwd=1":                   "could not find sub worker",
	"w=lb&sw=node1&vlt=3":                "vlt (recover_time) is not a setting of this worker",
	"w=lb&sw=node1&vahst=10.0.0.9":       "node1 host=10.0.0.9",
	"w=lb&sw=node1&vahst=a%20b":          `vahst (host): "a b" is not a host name or an IP address of at most 60 characters`,
	"w=lb&sw=node1&vaprt=8009":           "node1 port=8009",
	"w=lb&sw=node1&vaprt=0":              `vaprt (port): "0" is not a number from 1 to 65535`,
	"w=lb&sw=node1&vacpt=60&vapng=500":   "node1 connection_pool_timeout=60 node1 ping_timeout=500",
	"w=lb&sw=node1&vact=500&vapt=600":    "node1 connect_timeout=500 node1 prepost_timeout=600",
	"w=lb&sw=node1&vart=700&var=3":       "node1 reply_timeout=700 node1 retries=3",
	"w=lb&sw=node1&vari=200&vacpi=30":    "node1 retry_interval=200 node1 connection_ping_interval=30",
	"w=lb&sw=node1&varo=17&vabl=8":       "node1 recovery_options=17 node1 busy_limit=8",
	"w=lb&sw=node1&varo=32":              `varo (recovery_options): "32" is not a number from 0 to 31`,
	"w=lb&sw=node1&vamps=9000":           "node1 max_packet_size=9216",
	"w=lb&sw=node1&vamps=8192":           "",
	"w=lb&sw=node1&vamps=8000":           `vamps (max_packet_size): "8000" is not a number from 8192 to 65536`,
	"w=lb&sw=node1&vamps=70000&vwa=stop": `vamps (max_packet_size): "70000" is not a number from 8192 to 65536`,
	// all members
	"w=lb&att=vwf&val0=3&val1=1":   "node1 lbfactor=3",
	"w=lb&att=wf&val1=7":           "node2 lbfactor=7",
	"w=lb&att=vwa&val0=d&val1=d":   "node1 activation=1",
	"w=lb&att=vwd&val0=1&val1=x":   `val1: vwd (distance): "x" is not a number from 0 to 1000000`,
	"w=lb&att=vwd&val9=1":          "",
	"w=lb&att=bogus&val0=1":        `att: "bogus" is not a setting of members`,
	"w=lb&att=vlt&val0=1":          `att: "vlt" is not a setting of members`,
	"w=lb&att=vwd&sw=node1&val0=1": "",
	// single workers and what there is not
	"w=solo&vart=100":     "reply_timeout=100",
	"w=solo&vwf=2":        "vwf (lbfactor) is not a setting of this worker",
	"w=solo&sw=x&vwf=2":   "worker type has no sub workers",
	"w=jkstatus&vwf=2":    "Update failed",
	"w=none&vwf=2":        "Could not find given worker",
	"vwf=2":               "NULL or EMPTY worker param",
	"w=&vwf=2":            "NULL or EMPTY worker param",
	"w=lb&sw=&vwf=2":      "EMPTY sub worker param",
	"w=lb&sw=nodeX&vwf=2": "could not find sub worker",
	"w=*&vlr=2":           "Could not find given worker",
	"w=lb&vlr=%zz":        "Error during parsing of URI",
}

func TestUpdate(t *testing.T) {
	for query, want := range updates {
		s := newStage(t, Words{})
		rec := s.do("GET", "cmd=update&mime=txt&"+query, "user: olga")
		var list []string
		for _, c := range s.changes {
			value := c.Text
			if c.Text == "" && c.Attribute != workers.Redirect && c.Attribute != workers.Domain {
				value = fmt.Sprint(c.Number)
			}
			list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s=%s", c.Member, c.Attribute, value)))
		}
		got := strings.Join(list, " ")
		if message := result(rec); message != `OK message="Action finished"` {
			if got != "" {
				t.Errorf("%s: changes %s and says %s", query, got, message)
			}
			got = strings.TrimSuffix(strings.TrimPrefix(message, `ERROR message="`), `"`)
			want = strings.ReplaceAll(want, `"`, "'")
		}
		if rec.Code != 200 || got != want {
			t.Errorf("%s: %d\n got %s\nwant %s", query, rec.Code, got, want)
		}
	}
}

// All members that a pattern names are changed together, or none.
func TestUpdateIsOneStep(t *testing.T) {
	s := newStage(t, Words{})
	calls := 0
	s.Panel.Update = func(c []workers.Change) error {
		calls++
		s.changes = c
		return workers.Refuse("no %s", "way")
	}
	rec := s.do("GET", "cmd=update&mime=txt&w=lb&sw=*&vwd=4&vwf=9", "user: olga")
	if got := result(rec); calls != 1 || len(s.changes) != 4 || got != `ERROR message="no way"` {
		t.Errorf("%d calls with %v: %s", calls, s.changes, got)
	}
	s.Panel.Update = func([]workers.Change) error { return fmt.Errorf("the secret is %s", hush) }
	if got := result(s.do("GET", "cmd=update&mime=txt&w=lb&vlr=9", "user: olga")); got != `ERROR message="Update failed"` {
		t.Error(got)
	}
}

func TestResetAndRecover(t *testing.T) {
	for query, want := range map[string][2]string{
		"cmd=reset&w=lb":             {"reset lb ", "OK"},
		"cmd=reset&w=lb&sw=node1":    {"reset lb node1", "OK"},
		"cmd=reset&w=solo":           {"reset solo ", "OK"},
		"cmd=reset&w=lb&sw=node*":    {"", "wildcard not allowed in sub worker for this command"},
		"cmd=reset&w=jkstatus":       {"", "Reset failed"},
		"cmd=reset&w=*":              {"", "Could not find given worker"},
		"cmd=reset":                  {"", "NULL or EMPTY worker param"},
		"cmd=recover&w=lb&sw=node2":  {"recover lb node2", "OK"},
		"cmd=recover&w=lb&sw=node1":  {"recover lb node1", "Marking worker for recovery failed"},
		"cmd=recover&w=lb":           {"", "Marking worker for recovery failed"},
		"cmd=recover&w=solo":         {"", "Marking worker for recovery failed"},
		"cmd=recover&w=solo&sw=solo": {"", "worker type has no sub workers"},
	} {
		s := newStage(t, Words{})
		got := [2]string{"", result(s.do("GET", "mime=txt&"+query, "user: olga"))}
		got[0] = strings.Join(s.acts, ";")
		message := `ERROR message="` + want[1] + `"`
		if want[1] == "OK" {
			message = `OK message="Action finished"`
		}
		if d := cmp.Diff([2]string{want[0], message}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	s := newStage(t, Words{})
	s.refuse = errAny
	if got := result(s.do("GET", "cmd=reset&mime=txt&w=lb", "user: olga")); got != `ERROR message="Reset failed"` {
		t.Error(got)
	}
	s.Panel.Reset, s.Panel.Update, s.Panel.Recover, s.Panel.Login = nil, nil, nil, nil
	if rec := s.do("GET", "cmd=reset&mime=txt&w=lb", "user: olga"); rec.Code != 401 {
		t.Errorf("without a log in: %d", rec.Code)
	}
}

// What a form shows is what update takes for no change.
func TestFormsSendWhatIsThere(t *testing.T) {
	for _, query := range []string{"w=lb", "w=lb&sw=node1", "w=lb&sw=node2", "w=solo", "w=lb&att=vwa", "w=lb&att=vwr", "w=lb&att=vamps"} {
		s := newStage(t, Words{})
		page := s.do("GET", "cmd=edit&"+query, "user: olga").Body.String()
		sent := "mime=txt"
		for line := range strings.SplitSeq(page, "<input ") {
			name, value := attr(line, "name"), attr(line, "value")
			if name != "" && name != "mime" && (!strings.Contains(line, `type="radio"`) || strings.Contains(line, "checked")) {
				sent += "&" + name + "=" + value
			}
		}
		rec := s.do("GET", sent, "user: olga")
		if !strings.Contains(sent, "cmd=update") || len(s.changes) > 0 || result(rec) != `OK message="Action finished"` {
			t.Errorf("%s sends %s: %v %s", query, sent, s.changes, result(rec))
		}
	}
}

func attr(tag, name string) string {
	tag, _, _ = strings.Cut(tag, ">")
	_, rest, _ := strings.Cut(tag, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
