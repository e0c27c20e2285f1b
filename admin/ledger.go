package admin

import (
	"cmp"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/audit"
	"twinhop/admin/frame"
	"twinhop/admin/listing"
	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
)

// action is what the audit calls a route: what it is about, and what is done
// with it. "POST /nodes/:id/actions/drain" is "node.drain".
func (r *route) action() string {
	var static []string
	for _, part := range strings.Split(strings.TrimPrefix(r.path, "/api/v1/"), "/") {
		if part != "actions" && !strings.HasPrefix(part, ":") {
			static = append(static, part)
		}
	}
	verb := map[string]string{"GET": "read", "POST": "add", "PUT": "set", "PATCH": "set", "DELETE": "remove"}[r.method]
	if r.method == http.MethodPost && len(static) > 1 { // the last word is what to do
		static, verb = static[:len(static)-1], static[len(static)-1]
		if static[0] == "config" {
			static = static[:1]
		}
	}
	for i, word := range static {
		static[i] = strings.TrimSuffix(word, "s")
	}
	if r.method == http.MethodPost && len(static) == 1 && !strings.HasSuffix(r.path, "s") && verb == "add" {
		return static[0] // "switchover"
	}
	return strings.Join(append(static, verb), ".")
}

// object is what a route is about, as its path says.
func (r *route) object(c *gin.Context) string {
	var words []string
	kind := ""
	for _, part := range strings.Split(strings.TrimPrefix(r.path, "/api/v1/"), "/") {
		name, param := strings.CutPrefix(part, ":")
		switch {
		case !param:
			kind = strings.TrimSuffix(part, "s")
		case kind != "":
			words = append(words, kind+":"+nodes.Clean(c.Param(name)))
		}
	}
	if len(words) == 0 && (kind == "affinity" || strings.HasPrefix(r.path, "/api/v1/config/")) {
		return strings.Split(strings.TrimPrefix(r.path, "/api/v1/"), "/")[0]
	}
	return strings.Join(words, " ")
}

// openBook opens the audit.
func (s *Server) openBook(secret []byte) (err error) {
	path := ""
	if s.StateDir != "" {
		path = filepath.Join(s.StateDir, "audit.jsonl")
	}
	s.cursors = listing.NewCursors(secret)
	s.book, err = audit.Open(path, audit.MaxBytes, s.log)
	return err
}

// audited writes down what a request did, or was refused.
func (s *Server) audited(c *gin.Context, r *route, status int) {
	a, who := act.Of(c), actor(c)
	if a.Who != nil {
		who = *a.Who
	}
	refused := status >= 400
	stranger := who.Role == RoleNone && (r.role > RoleNone || status != http.StatusUnauthorized && status != http.StatusForbidden)
	if a.Silent && !refused || refused && stranger {
		return // nothing was done; and strangers could fill the file, but for those who fail to log in: they are slowed down
	}
	e := audit.Entry{At: stamp.Of(s.now()), Actor: nodes.Clean(who.Name), Via: who.Via, IP: peerAddr(c.Request), Action: r.action(), Object: a.Object,
		Before: audit.Value(a.Before), After: audit.Value(a.After), Reason: a.Reason, RequestID: frame.RequestID(c),
		Result: audit.OK, Status: status, DryRun: dry(c)}
	if who.Role > RoleNone {
		e.Role = who.Role.String()
	}
	if refused {
		e.Result = audit.Refused
	}
	if e.Object == "" {
		e.Object = r.object(c)
	}
	s.heard(c, s.book.Add(e))
}

// heard makes an event of what was written down, unless one tells of it already.
func (s *Server) heard(c *gin.Context, e audit.Entry) {
	o := occurrence{At: e.At, Type: "audit", Actor: e.Actor, From: e.IP, Reason: e.Reason, Is: e.Result, Words: strings.TrimSpace(e.Action + " " + e.Object)}
	switch {
	case e.Action == "auth.login" && e.Result == audit.OK:
		o.Type, o.Words, o.Is = "auth.login", "", ""
	case e.Action == "auth.login":
		o.Type, o.Actor, o.Words, o.Is = "auth.failed", strings.TrimPrefix(e.Object, "user:"), "", ""
	case e.DryRun || act.Of(c).Noted:
		return
	}
	s.hub.Note(o)
}

// Deed is what an operator did, or tried, who did not come by the API.
type Deed struct {
	Actor  string // "" when nobody is named
	Via    string // "signal", "jkstatus"
	IP     string
	Action string // "config.reload"
	Object string
	After  any // small, without secrets, and says itself in JSON
	Reason string
	Err    error // why it was refused; its text is not kept
}

// Record writes a deed down.
func (s *Server) Record(d Deed) {
	if s.ready() != nil {
		return
	}
	e := audit.Entry{At: stamp.Of(s.now()), Actor: nodes.Clean(d.Actor), Via: d.Via, IP: nodes.Clean(d.IP), Action: d.Action, Object: nodes.Clean(d.Object),
		After: audit.Value(d.After), Reason: nodes.Clean(d.Reason), Result: audit.OK}
	if d.Err != nil {
		e.Result, e.After = audit.Refused, nil
	}
	s.book.Add(e)
	o := occurrence{At: e.At, Type: "audit", Actor: cmp.Or(e.Actor, d.Via), Reason: e.Reason, Is: e.Result, Words: strings.TrimSpace(e.Action + " " + e.Object)}
	if d.Action == "config.reload" {
		o.Type, o.Words, o.Is = "config.reloaded", "", ""
		if d.Err != nil {
			o.Type = "config.rejected"
		}
	}
	s.hub.Note(o)
}

func (s *Server) getEvents(c *gin.Context) (any, error) { return s.hub.Events.List(c, s.cursors) }

func (s *Server) getStream(c *gin.Context) (any, error) { return s.hub.Stream(c) }

func (s *Server) getAudit(c *gin.Context) (any, error) { return s.book.List(c, s.cursors) }
