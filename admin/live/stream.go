package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/caller"
	"twinhop/admin/feed"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/appsession"
)

const (
	heartbeat   = 15 * time.Second
	writeWithin = 10 * time.Second
	maxTopics   = 16
)

func parseTopics(s string) (map[string]bool, error) {
	topics := map[string]bool{}
	for topic := range strings.SplitSeq(s, ",") {
		switch name, id, _ := strings.Cut(topic, ":"); {
		case topic == "":
			continue
		case topic == "overview" || topic == "nodes" || topic == "sessions" || topic == "events":
		case name == "session":
			if _, ok := appsession.ParseID(id); !ok {
				return nil, problem.Invalid("?topics", "session: and the id of a session")
			}
		default:
			return nil, problem.Invalid("?topics", "overview, nodes, sessions, events or session:id")
		}
		topics[topic] = true
	}
	if len(topics) == 0 || len(topics) > maxTopics {
		return nil, problem.Invalid("?topics", "1 to %d topics", maxTopics)
	}
	return topics, nil
}

// Stream is one stream of server-sent events with everything that a page
// follows. It ends with the log in.
func (h *Hub) Stream(c *gin.Context) (any, error) {
	topics, err := parseTopics(c.DefaultQuery("topics", "overview,nodes,sessions"))
	if err != nil {
		return nil, err
	}
	after, _ := strconv.ParseUint(c.GetHeader("Last-Event-ID"), 10, 64)
	page, last, ok := h.Feed.Join(topics, after)
	if !ok {
		return nil, problem.New(http.StatusServiceUnavailable, "unavailable", "Too many pages follow already.")
	}
	defer h.Feed.Leave(page)
	c.Header("Content-Type", "text/event-stream")
	c.Header("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	w := &eventWriter{c.Writer, http.NewResponseController(c.Writer)}
	w.control.SetReadDeadline(time.Time{}) // the request is read; the stream has no end
	now := stamp.Of(h.Now())
	hello := fmt.Sprintf("retry: 2000\n%s", event(feed.Message{ID: last, Event: "hello"}, map[string]any{
		"serverTime": now, "time": now, "version": h.Version, "lastId": last}))
	if w.write([]byte(hello)) != nil {
		return nil, nil
	}
	h.pump(c, page, w)
	return nil, nil
}

// pump writes what is queued until the page or the log in is gone.
func (h *Hub) pump(c *gin.Context, page *feed.Page, w *eventWriter) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	who := caller.Of(c)
	for {
		if h.Whoami(c.Request).Role < who.Role {
			w.write(event(feed.Message{Event: "auth.expired"}, struct{}{}))
			return
		}
		list, behind, last := h.Feed.Take(page)
		var buf bytes.Buffer
		if behind {
			buf.Write(event(feed.Message{ID: last, Event: "resync"}, struct{}{}))
		}
		for _, m := range list {
			buf.Write(event(m, nil))
		}
		if buf.Len() > 0 && w.write(buf.Bytes()) != nil {
			return
		}
		select {
		case <-c.Request.Context().Done():
			return
		case <-page.Wake:
			continue
		case <-beat.C:
			if w.write([]byte(": still here\n\n")) != nil {
				return
			}
		}
	}
}

// event is a message as it goes over the wire. data replaces the message's own.
func event(m feed.Message, data any) []byte {
	var b bytes.Buffer
	if m.ID > 0 {
		fmt.Fprintf(&b, "id: %d\n", m.ID)
	}
	text := m.Data
	if data != nil {
		text, _ = json.Marshal(data)
	}
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", m.Event, text) // JSON has no line breaks
	return b.Bytes()
}

type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (e *eventWriter) write(b []byte) error {
	e.control.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := e.w.Write(b); err != nil {
		return fmt.Errorf("writing to a page: %w", err)
	}
	if err := e.control.Flush(); err != nil {
		return fmt.Errorf("writing to a page: %w", err)
	}
	return nil
}
