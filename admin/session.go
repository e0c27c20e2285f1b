package admin

import (
	"context"

	"github.com/gin-gonic/gin"

	"twinhop/admin/explain"
	"twinhop/admin/search"
	"twinhop/admin/show"
	"twinhop/admin/trail"
	"twinhop/appsession"
)

// sessionDetail is a session with its history and its explanation.
type sessionDetail struct {
	show.Session
	Why      []explain.Why `json:"why"`
	Timeline []show.Event  `json:"timeline"`
	Moves    []show.Event  `json:"moves"`
}

func (s *Server) getSession(c *gin.Context) (any, error) {
	x, err := s.found(c)
	if err != nil {
		return nil, err
	}
	ctx, id := c.Request.Context(), x.ID
	role := actor(c).Role
	d := sessionDetail{Session: show.SessionOf(&x, role), Why: s.explainer().Session(ctx, &x, role)}
	d.Timeline, d.Moves = show.Events(s.Panel.Trace.Timeline(id))
	return d, nil
}

// ofSession serves what is about the messages of one session.
func ofSession(do func(trail.Desk, *gin.Context, *appsession.Session) (any, error)) func(*Server, *gin.Context) (any, error) {
	return func(s *Server, c *gin.Context) (any, error) {
		x, err := s.found(c)
		if err != nil {
			return nil, err
		}
		return do(trail.Desk{Trace: s.Panel.Trace, Messages: s.Panel.Messages, Now: s.now}, c, &x)
	}
}

// follower tells pages what passes for the session that they show.
func (s *Server) follower() *trail.Follower {
	return &trail.Follower{Desk: trail.Desk{Trace: s.Panel.Trace, Messages: s.Panel.Messages, Now: s.now}, Watched: s.hub.Watched,
		Find: func(ctx context.Context, id appsession.ID) (appsession.Session, error) {
			return search.Session(ctx, s.Panel.Store, id)
		},
		Send: func(session, event string, data any) { s.hub.Send("session:"+session, event, data, false) }}
}

// explainer answers where messages would go.
func (s *Server) explainer() explain.Desk {
	return explain.Desk{View: s.Panel.View, Store: s.Panel.Store, Trace: s.Panel.Trace, Decide: s.Panel.Explain, Play: s.Panel.Play}
}

// explained makes a handler of what the room of decisions answers.
func explained(answer func(explain.Desk, *gin.Context) (any, error)) func(*Server, *gin.Context) (any, error) {
	return func(s *Server, c *gin.Context) (any, error) { return answer(s.explainer(), c) }
}
