package trail

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/nodes"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/appsession"
	"twinhop/gateway/trace"
	"twinhop/gateway/trace/messages"
)

// Desk answers questions about the messages of a session.
type Desk struct {
	Trace    *trace.Log
	Messages *messages.Log // nil: nothing is remembered
	Now      func() time.Time
}

// Timeline shows what passed, and what was decided.
func (d Desk) Timeline(_ *gin.Context, x *appsession.Session) (any, error) { return d.trail(x), nil }

// whole is a message with its text.
type whole struct {
	Message
	Text   string  `json:"text"`             // of an exchange: the head of the request as it left, or as it came
	Answer string  `json:"answer,omitempty"` // of an exchange: the head of the answer as it left
	Texts  []named `json:"texts,omitempty"`  // of an exchange: every head there is, in the order of time
}

// named is a head of an exchange.
type named struct {
	Name string `json:"name"` // as messages.Head has it
	Text string `json:"text"`
}

func withText(m Message, k *messages.Kept) whole {
	w := whole{Message: m, Text: readable(k.Text)}
	if k.Proto != "http" {
		return w
	}
	w.Text, w.Answer = readable(first(k.Heads[messages.Left], k.Heads[messages.Came])), readable(k.Heads[messages.AnswerLeft])
	for h, text := range k.Heads {
		if text != nil {
			w.Texts = append(w.Texts, named{messages.Head(h).String(), readable(text)})
		}
	}
	return w
}

// Message shows one message whose text is kept.
func (d Desk) Message(c *gin.Context, x *appsession.Session) (any, error) {
	n, err := strconv.ParseUint(c.Param("n"), 10, 64)
	passed := d.passed(x, calls(x, d.Trace.Timeline(x.ID)))
	i := slices.IndexFunc(passed, func(k messages.Kept) bool { return k.N == n && k.HasText() })
	if err != nil || i < 0 {
		return nil, problem.New(http.StatusNotFound, "not-found", "The text of this message is not kept. Texts are kept while a session is watched.")
	}
	m := messageOf(&passed[i])
	m.Twin = messages.Twins(passed)[n]
	return withText(m, &passed[i]), nil
}

// first is the first text that there is.
func first(texts ...[]byte) []byte {
	for _, t := range texts {
		if t != nil {
			return t
		}
	}
	return nil
}

// readable is a text with its lines, and nothing that moves a cursor or turns
// the direction of writing.
func readable(b []byte) string {
	lines := strings.Split(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = nodes.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

type watchBody struct {
	Minutes *int   `json:"minutes"`
	Reason  string `json:"reason"` // for those who read what was done
}

type watchView struct {
	Watched *stamp.Time `json:"watchedUntil,omitempty"`
}

// Watch has the texts of a session's messages kept for some minutes; 0 ends it.
func (d Desk) Watch(c *gin.Context, x *appsession.Session) (any, error) {
	var body watchBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	most := int(messages.MaxWatch / time.Minute)
	if body.Minutes == nil || *body.Minutes < 0 || *body.Minutes > most {
		return nil, problem.Invalid("#/minutes", "0 to %d", most)
	}
	err := d.Messages.Watch(x.ID, calls(x, d.Trace.Timeline(x.ID)), d.Now().Add(time.Duration(*body.Minutes)*time.Minute))
	switch {
	case errors.Is(err, messages.ErrWatched):
		return nil, problem.New(http.StatusConflict, "conflict", "As many sessions are watched as can be. End one of those first.")
	case err != nil:
		return nil, problem.New(http.StatusConflict, "conflict", "No messages are remembered: telemetry.trace.maxBytes is 0.")
	}
	return watchView{stamp.Of(d.Messages.Watched(x.ID))}, nil
}

// Export gives the whole timeline away as a file: txt, json or pcap.
func (d Desk) Export(c *gin.Context, x *appsession.Session) (any, error) {
	format := c.Query("format")
	attach := func(kind string, data []byte) {
		c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, x.ID, format))
		c.Data(http.StatusOK, kind, data)
	}
	passed := d.passed(x, calls(x, d.Trace.Timeline(x.ID)))
	switch format {
	case "txt":
		attach("text/plain; charset=utf-8", plain(d.trail(x).Items, passed))
	case "pcap":
		attach("application/vnd.tcpdump.pcap", capture(passed))
	case "json":
		t := d.trail(x)
		for i, item := range t.Items {
			if m, ok := item.(Message); ok && m.Kept {
				t.Items[i] = wholeOf(m.N, m, passed)
			}
		}
		c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.json"`, x.ID))
		return t, nil
	default:
		return nil, problem.Invalid("?format", "txt, json or pcap")
	}
	return nil, nil
}

func wholeOf(n uint64, m Message, passed []messages.Kept) any {
	for i := range passed {
		if passed[i].N == n && passed[i].HasText() {
			return withText(m, &passed[i])
		}
	}
	return m // dropped just now
}
