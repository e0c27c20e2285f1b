package admin

import (
	"io/fs"
	"mime"
	"net/http"
	"net/netip"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/lbstat"
	"twinhop/admin/problem"
	"twinhop/web"
)

// page serves the files of the user interface. Its screens are behind the
// fragment of the one page, so there is nothing to rewrite.
func (s *Server) page(c *gin.Context) {
	if old, ok := lbstat.Page(c.Request.URL.Path); ok && s.Old != nil {
		s.oldPage(c, old)
		return
	}
	name := strings.TrimPrefix(c.Request.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		s.fail(c, problem.New(http.StatusMethodNotAllowed, "method", "%s is not possible here.", c.Request.Method))
		return
	}
	data, err := fs.ReadFile(web.Files(), name)
	if err != nil {
		s.fail(c, problem.New(http.StatusNotFound, "not-found", "There is nothing at this path."))
		return
	}
	if name != "index.html" { // all others carry a hash in their names
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	c.Data(http.StatusOK, kind, data)
}

// getProblem explains a kind of problem, as its type names it.
func (s *Server) getProblem(c *gin.Context) (any, error) {
	k, ok := problem.Of(c.Param("kind"))
	if !ok {
		return nil, problem.New(http.StatusNotFound, "not-found", "There is no such kind of problem.")
	}
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(k.Page(c.Param("kind"))))
	return nil, nil
}

// oldPage serves a page of the Mobicents and Restcomm balancers to who may
// read the API, and to monitors that cannot log in. None changes anything.
func (s *Server) oldPage(c *gin.Context, page string) {
	from, _ := netip.ParseAddr(peerAddr(c.Request))
	switch instead := lbstat.Instead(page); {
	case s.accounts.Whoami(c.Request).Role < RoleViewer && !s.Old.Lets(from):
		s.fail(c, s.accounts.Stranger(c))
	case instead != "":
		s.fail(c, problem.New(http.StatusGone, "gone", "%s", instead))
	case c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead:
		s.fail(c, problem.New(http.StatusMethodNotAllowed, "method", "%s is not possible here.", c.Request.Method))
	default:
		c.JSON(http.StatusOK, s.Old.Answer(page, s.now()))
	}
}

// fail answers with the problem that err is, or with a plain one that keeps
// what went wrong for the log.
func (s *Server) fail(c *gin.Context, err error) { s.frame.Fail(c, err) }
