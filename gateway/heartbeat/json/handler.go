package json

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strings"

	"twinhop/gateway/cluster"
	"twinhop/gateway/heartbeat"
)

// ServeHTTP answers one message.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := source(r.RemoteAddr)
	body, status, err := s.read(w, r)
	if err != nil {
		s.Roster.Alarm(from, "a message with JSON: "+err.Error())
		refuse(w, status, err)
		return
	}
	m, err := parse(body)
	if err != nil {
		s.Roster.Alarm(from, "a body with JSON that cannot be read", "err", err)
		refuse(w, http.StatusBadRequest, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Limits.whole().Answer)
	defer cancel()
	err = s.obey(ctx, from, &m)
	switch {
	case err == nil:
		answer(w, m.command, "OK")
	case m.command == "start" || errors.As(err, new(badMessage)): // a node that is told NOK would believe to be registered
		if reason(err) == err {
			s.Roster.Alarm(from, "a message with JSON that cannot be taken", "err", err)
		}
		refuse(w, statusOf(err), reason(err))
	default:
		s.log().Debug("JSON heartbeat not taken", "peer", from, "command", m.command, "err", err)
		answer(w, m.command, "NOK")
	}
}

// badMessage is what is wrong with what a node said.
type badMessage struct{ error }

func bad(text string) error { return badMessage{errors.New(text)} }

// read returns the body of a request that may be a message, or how it is to be
// answered.
func (s *Server) read(w http.ResponseWriter, r *http.Request) (body []byte, status int, err error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.URL.Path != "/" || r.URL.RawQuery != "":
		return nil, http.StatusNotFound, errors.New("the path is not /")
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return nil, http.StatusMethodNotAllowed, errors.New("the method is not POST")
	case kind != "application/json":
		return nil, http.StatusUnsupportedMediaType, errors.New("the Content-Type is not application/json")
	case r.Header.Get("Origin") != "": // a page in somebody's browser, on a host that may register
		return nil, http.StatusForbidden, errors.New("browsers do not register")
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if errors.As(err, new(*http.MaxBytesError)) {
			return nil, http.StatusRequestEntityTooLarge, errors.New("the body is longer than 8 KiB")
		}
		return nil, http.StatusBadRequest, errors.New("the body did not come")
	}
	if s.Secret != nil {
		if err := s.nonces.Verify(s.Secret, r, body); err != nil {
			return nil, http.StatusUnauthorized, err
		}
	}
	return body, 0, nil
}

// obey does what a message says.
func (s *Server) obey(ctx context.Context, from netip.Addr, m *message) error {
	session := m.said("sessionId")
	switch m.command {
	case "start", "heartbeat", "shutdown", "stop":
		if session == "" {
			return bad("there is no sessionId")
		}
	}
	switch m.command {
	case "start":
		a, err := heartbeat.ReadProperties(m.members)
		if err != nil {
			return badMessage{err}
		}
		a.By = "json"
		return s.Roster.Ping(from, a)
	case "heartbeat":
		return s.Roster.Beat(from, session)
	case "shutdown":
		return s.Roster.Drain(from, session)
	case "stop":
		return s.Roster.Leave(from, session)
	case "switchover":
		one, other := m.said("fromJvmRoute"), m.said("toJvmRoute")
		if !cluster.ValidRoute(one) || !cluster.ValidRoute(other) {
			return bad("fromJvmRoute or toJvmRoute is not a route")
		}
		return s.Roster.Switchover(ctx, from, one, other)
	}
	return bad("the command is not known")
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, heartbeat.ErrRefused):
		return http.StatusForbidden
	case errors.Is(err, heartbeat.ErrTaken):
		return http.StatusConflict
	case errors.Is(err, heartbeat.ErrFull):
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// reason is what a node is told of an error: what is wrong with its message,
// and nothing of other nodes.
func reason(err error) error {
	for _, known := range []error{heartbeat.ErrRefused, heartbeat.ErrTaken, heartbeat.ErrFull} {
		if errors.Is(err, known) {
			return known
		}
	}
	return err
}

// refuse answers with an error. The text never has the word that nodes look
// for to see whether they are registered.
func refuse(w http.ResponseWriter, status int, err error) {
	text := err.Error()
	if strings.Contains(text, "start") { // of its own words
		text = "the message cannot be taken"
	}
	write(w, status, map[string]string{"error": text})
}

func answer(w http.ResponseWriter, command, word string) {
	write(w, http.StatusOK, map[string]string{command: word})
}

func write(w http.ResponseWriter, status int, what map[string]string) {
	text, err := json.Marshal(what)
	if err != nil {
		text, status = []byte("{}"), http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who does not take the answer asks again
}
