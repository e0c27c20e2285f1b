package admin

import (
	"cmp"
	"context"
	"maps"
	"mime"
	"net/http"
	"runtime"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/accounts"
	"twinhop/admin/act"
	"twinhop/admin/affinity"
	"twinhop/admin/caller"
	"twinhop/admin/configuration"
	"twinhop/admin/explain"
	"twinhop/admin/frame"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/admin/trail"
	"twinhop/admin/versions"
	"twinhop/gateway/cluster"
)

// route is one thing that can be asked for, and the least role that may.
type route struct {
	method, path string
	role         Role
	handle       func(*Server, *gin.Context) (any, error)
}

// routes is everything but the pages of the user interface.
var routes = []route{
	{"GET", "/healthz", RoleNone, (*Server).getHealth},
	{"GET", "/readyz", RoleNone, (*Server).getReady},
	{"GET", "/startupz", RoleNone, (*Server).getStartup},
	{"GET", "/metrics", RoleNone, (*Server).getMetrics}, // decides itself: free on loopback
	{"GET", "/problems/:kind", RoleNone, (*Server).getProblem},
	{"GET", "/api/v1/metrics", RoleViewer, (*Server).getMetrics}, // the same page where the cookie goes
	{"GET", "/openapi.yaml", RoleNone, (*Server).getDescriptionYAML},
	{"GET", "/openapi.json", RoleNone, (*Server).getDescriptionJSON},
	{"GET", "/docs/api", RoleNone, (*Server).getDescriptionPage},
	{"GET", "/docs/api.css", RoleNone, (*Server).getDescriptionCSS},
	{"GET", "/api/v1/version", RoleViewer, (*Server).getVersion},
	{"GET", "/api/v1/loglevel", RoleViewer, (*Server).getLogLevel},
	{"PUT", "/api/v1/loglevel", RoleAdmin, (*Server).putLogLevel},
	{"GET", "/api/v1/overview", RoleViewer, (*Server).getOverview},
	{"GET", "/api/v1/overview/traffic", RoleViewer, (*Server).getTraffic},
	{"GET", "/api/v1/nodes", RoleViewer, (*Server).getNodes},
	{"GET", "/api/v1/nodes/:id", RoleViewer, (*Server).getNode},
	{"POST", "/api/v1/nodes", RoleOperator, (*Server).postNode},
	{"DELETE", "/api/v1/nodes/:id", RoleOperator, (*Server).deleteNode},
	{"PATCH", "/api/v1/nodes/:id", RoleOperator, (*Server).patchNode},
	{"POST", "/api/v1/nodes/:id/actions/drain", RoleOperator, (*Server).postDrain},
	{"POST", "/api/v1/nodes/:id/actions/activate", RoleOperator, activation(cluster.Active)},
	{"POST", "/api/v1/nodes/:id/actions/disable", RoleOperator, activation(cluster.Disabled)},
	{"POST", "/api/v1/nodes/:id/actions/stop", RoleOperator, activation(cluster.Stopped)},
	{"POST", "/api/v1/nodes/:id/actions/recover", RoleOperator, (*Server).postRecover},
	{"POST", "/api/v1/nodes/:id/actions/probe", RoleOperator, (*Server).postProbe},
	{"POST", "/api/v1/nodes/:id/actions/reset", RoleOperator, (*Server).postReset},
	{"GET", "/api/v1/resources", RoleViewer, (*Server).getResources},
	{"PATCH", "/api/v1/nodes/:id/resources/:name", RoleOperator, (*Server).patchResource},
	{"POST", "/api/v1/rpc", RoleViewer, (*Server).postRPC}, // decides itself who may change what
	{"GET", "/api/v1/operations", RoleViewer, (*Server).getOperations},
	{"GET", "/api/v1/operations/:id", RoleViewer, (*Server).getOperation},
	{"DELETE", "/api/v1/operations/:id", RoleOperator, (*Server).deleteOperation},
	{"POST", "/api/v1/switchover", RoleOperator, (*Server).postSwitchover},
	{"GET", "/api/v1/config", RoleViewer, settings((*configuration.Panel).Get)},
	{"POST", "/api/v1/config/validate", RoleAdmin, settings((*configuration.Panel).Validate)},
	{"POST", "/api/v1/config/reload", RoleAdmin, (*Server).postReload},
	{"GET", "/api/v1/config/versions", RoleViewer, ofVersions((*versions.Panel).List)},
	{"GET", "/api/v1/config/versions/:version", RoleAdmin, ofVersions((*versions.Panel).Get)},
	{"POST", "/api/v1/config/versions/:version/rollback", RoleAdmin, ofFile((*versions.Panel).Rollback)},
	{"POST", "/api/v1/config/diff", RoleViewer, ofVersions((*versions.Panel).Diff)}, // with a text it needs admin
	{"POST", "/api/v1/config/apply", RoleAdmin, ofFile((*versions.Panel).Apply)},
	{"GET", "/api/v1/affinity", RoleViewer, visit((*affinity.Visit).Get)},
	{"GET", "/api/v1/affinity/sources", RoleViewer, visit((*affinity.Visit).List)},
	{"POST", "/api/v1/affinity/preview", RoleOperator, visit((*affinity.Visit).Try)},
	{"PUT", "/api/v1/affinity", RoleAdmin, visit((*affinity.Visit).Put)},
	{"DELETE", "/api/v1/affinity", RoleAdmin, visit((*affinity.Visit).Delete)},
	{"GET", "/api/v1/limits", RoleViewer, (*Server).getLimits},
	{"DELETE", "/api/v1/limits/bans/:ip", RoleOperator, (*Server).deleteBan},
	{"GET", "/api/v1/sessions", RoleViewer, (*Server).getSessions},
	{"GET", "/api/v1/sessions/:sid", RoleViewer, (*Server).getSession},
	{"GET", "/api/v1/sessions/:sid/timeline", RoleViewer, ofSession(trail.Desk.Timeline)},
	{"GET", "/api/v1/sessions/:sid/messages/:n", RoleOperator, ofSession(trail.Desk.Message)},
	{"GET", "/api/v1/sessions/:sid/export", RoleOperator, ofSession(trail.Desk.Export)},
	{"POST", "/api/v1/sessions/:sid/actions/watch", RoleOperator, ofSession(trail.Desk.Watch)},
	{"DELETE", "/api/v1/sessions/:sid", RoleOperator, (*Server).deleteSession},
	{"POST", "/api/v1/sessions/:sid/actions/move", RoleOperator, (*Server).postMove},
	{"POST", "/api/v1/route/explain", RoleViewer, explained(explain.Desk.Post)},
	{"GET", "/api/v1/audit", RoleAdmin, (*Server).getAudit},
	{"GET", "/api/v1/events", RoleViewer, (*Server).getEvents},
	{"GET", "/api/v1/stream", RoleViewer, (*Server).getStream},
	{"POST", "/api/v1/auth/setup", RoleNone, byDesk((*accounts.Desk).Setup)},
	{"POST", "/api/v1/auth/login", RoleNone, byDesk((*accounts.Desk).Login)},
	{"POST", "/api/v1/auth/logout", RoleViewer, byDesk((*accounts.Desk).Logout)},
	{"GET", "/api/v1/auth/me", RoleNone, byDesk((*accounts.Desk).Me)},
	{"POST", "/api/v1/auth/password", RoleViewer, byDesk((*accounts.Desk).SetPassword)},
	{"GET", "/api/v1/auth/logins", RoleViewer, byDesk((*accounts.Desk).ListLogins)},
	{"DELETE", "/api/v1/auth/logins/:login", RoleViewer, byDesk((*accounts.Desk).EndLogin)},
	{"GET", "/api/v1/users", RoleAdmin, byDesk((*accounts.Desk).ListUsers)},
	{"POST", "/api/v1/users", RoleAdmin, byDesk((*accounts.Desk).AddUser)},
	{"PATCH", "/api/v1/users/:name", RoleAdmin, byDesk((*accounts.Desk).SetUser)},
	{"DELETE", "/api/v1/users/:name", RoleAdmin, byDesk((*accounts.Desk).RemoveUser)},
	{"GET", "/api/v1/tokens", RoleAdmin, byDesk((*accounts.Desk).ListTokens)},
	{"POST", "/api/v1/tokens", RoleAdmin, byDesk((*accounts.Desk).CreateToken)},
	{"DELETE", "/api/v1/tokens/:token", RoleAdmin, byDesk((*accounts.Desk).RevokeToken)},
}

func actor(c *gin.Context) access.Me { return caller.Of(c) }

func (s *Server) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	s.frame = &frame.Frame{Hosts: func() []string { return s.Hosts }, Log: s.log}
	e := gin.New()
	e.SetTrustedProxies(nil) // the peer is who the connection says
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.ContextWithFallback = true
	cross := http.NewCrossOriginProtection()
	e.Use(s.frame.Around, func(c *gin.Context) {
		if err := cross.Check(c.Request); err != nil {
			s.fail(c, problem.New(http.StatusForbidden, "cross-site", "Only pages of this very address may do this."))
		}
	})
	for _, r := range routes {
		e.Handle(r.method, r.path, s.serve(r))
	}
	e.NoMethod(func(c *gin.Context) {
		s.fail(c, problem.New(http.StatusMethodNotAllowed, "method", "%s is not possible here.", c.Request.Method))
	})
	e.NoRoute(s.page)
	return e
}

// serve checks who asks, calls the handler, writes what it returns, and down
// what was done.
func (s *Server) serve(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		caller.Set(c, s.accounts.Whoami(c.Request))
		if !r.isDeed() {
			if s.admit(c, &r) {
				s.handle(c, &r)
			}
			return
		}
		var body []byte
		if actor(c).Role > RoleNone || r.role == RoleNone { // nothing is read of what strangers send to others
			body = peek(c)
			act.Of(c).Reason = reason(body)
		}
		status := http.StatusInternalServerError // unless it comes to an end
		defer func() { s.audited(c, &r, status) }()
		if s.admit(c, &r) {
			s.answerOnce(c, &r, body)
		}
		status = c.Writer.Status()
	}
}

// isJSON tells whether the body is said to be JSON, which no form of another
// site can say.
func isJSON(c *gin.Context) bool {
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	return kind == "application/json"
}

// admit tells whether the handler is to be called; if not it has answered.
func (s *Server) admit(c *gin.Context, r *route) bool {
	who := actor(c)
	switch {
	case who.Role < r.role && who.Role == RoleNone:
		s.fail(c, s.accounts.Stranger(c))
		return false
	case who.Role < r.role:
		s.fail(c, problem.New(http.StatusForbidden, "forbidden", "This needs the role %s.", r.role))
		return false
	case r.method != http.MethodGet && !isJSON(c):
		s.fail(c, problem.New(http.StatusUnsupportedMediaType, "media-type", "Send Content-Type: application/json."))
		return false
	}
	if err := cmp.Or(r.understood(c), r.tryable(c)); err != nil {
		s.fail(c, err)
		return false
	}
	return true
}

func (s *Server) handle(c *gin.Context, r *route) {
	answer, err := r.handle(s, c)
	switch {
	case err != nil:
		s.fail(c, err)
	case answer != nil:
		c.JSON(http.StatusOK, answer)
	case !c.Writer.Written():
		c.Status(http.StatusNoContent)
	}
}

func (s *Server) getHealth(*gin.Context) (any, error) {
	return map[string]string{"status": "ok"}, nil
}

// readiness is the answer of /readyz.
type readiness struct {
	Ready  bool    `json:"ready"`
	Checks []check `json:"checks"`
}

type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

func (s *Server) readiness(ctx context.Context) readiness {
	r := readiness{Ready: true, Checks: []check{}}
	if s.Panel.Checks == nil {
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	checks := s.Panel.Checks(ctx)
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		x := check{Name: name, OK: checks[name] == nil}
		if !x.OK {
			x.Detail = checks[name].Error()
			r.Ready = false
		}
		r.Checks = append(r.Checks, x)
	}
	return r
}

func (s *Server) getReady(c *gin.Context) (any, error) {
	r := s.readiness(c.Request.Context())
	if !r.Ready {
		c.JSON(http.StatusServiceUnavailable, r)
		return nil, nil
	}
	return r, nil
}

// getStartup tells whether the process has started, whatever its nodes do; it
// stays so when it stops.
func (s *Server) getStartup(c *gin.Context) (any, error) {
	if s.Panel.Started != nil && !s.Panel.Started() {
		c.JSON(http.StatusServiceUnavailable, map[string]bool{"started": false})
		return nil, nil
	}
	return map[string]bool{"started": true}, nil
}

// getMetrics is free for this machine; others log in.
func (s *Server) getMetrics(c *gin.Context) (any, error) {
	if socket, _ := access.SocketPeer(c.Request.Context()); !socket && !frame.Loopback(peerAddr(c.Request)) && actor(c).Role < RoleViewer {
		return nil, s.accounts.Stranger(c)
	}
	if s.Metrics == nil {
		return nil, problem.New(http.StatusNotFound, "not-found", "Metrics are off.")
	}
	s.Metrics.ServeHTTP(c.Writer, c.Request)
	return nil, nil
}

type versionView struct {
	Product   string      `json:"product"`
	Version   string      `json:"version"`
	Go        string      `json:"go"`
	Instance  string      `json:"instance"`
	StartedAt *stamp.Time `json:"startedAt"`
}

func (s *Server) getVersion(*gin.Context) (any, error) {
	return versionView{"twinhop", s.Version, runtime.Version(), s.Instance, stamp.Of(s.started)}, nil
}
