package admin

import (
	"errors"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
)

// meView is who one is, as the API tells it.
type meView struct {
	Name    string      `json:"name"`
	Role    Role        `json:"role"`
	Via     string      `json:"via"`
	Expires *stamp.Time `json:"expires,omitempty"`
}

func viewMe(m access.Me) meView {
	v := meView{Name: m.Name, Role: m.Role, Via: m.Via}
	if !m.Expires.IsZero() {
		v.Expires = stamp.Of(m.Expires)
	}
	return v
}

// whoami finds out who sends the request. The zero me is a stranger.
func (s *Server) whoami(r *http.Request) access.Me {
	if socket, trusted := access.SocketPeer(r.Context()); socket {
		if !trusted {
			return access.Me{}
		}
		return access.Me{Name: "local", Role: RoleAdmin, Via: "socket"}
	}
	// The stream of an open page is no activity of its user.
	touch := r.URL.Path != "/api/v1/stream"
	if key := s.cookies.Key(r); key != "" {
		who, _ := s.logins.Find(key, touch)
		return who
	}
	return access.Me{}
}

func (s *Server) stranger() *problem.Problem {
	p := problem.New(http.StatusUnauthorized, "login-needed", "Log in first.")
	setup := s.users.Empty()
	p.Setup = &setup
	return p
}

func (s *Server) getMe(c *gin.Context) (any, error) {
	who := actor(c)
	if who.Role == RoleNone {
		return nil, s.stranger()
	}
	return viewMe(who), nil
}

type loginBody struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Token    string `json:"token"`
}

func (s *Server) postLogin(c *gin.Context) (any, error) {
	var body loginBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	peer := peerAddr(c.Request)
	if err := s.slow(c, peer, body.Name); err != nil {
		return nil, err
	}
	s.guard.Failed(peer, body.Name) // until proved otherwise
	who, ok := access.Me{}, false
	if body.Token != "" {
		who, ok = s.tokens.Use(access.TokenLogin, body.Token, false)
	} else {
		who, ok = s.checkPassword(body)
	}
	if !ok {
		s.guard.Refused()
		s.log.Warn("admin log in failed", "peer", peer)
		return nil, problem.New(http.StatusUnauthorized, "login-failed", "Check both and try again.")
	}
	s.guard.Succeeded(peer, body.Name)
	if now := actor(c); body.Token != "" && now.Via == "cookie" && now.Name == who.Name && now.Role == who.Role {
		return viewMe(now), nil // another tab of theirs stays logged in
	}
	return s.welcome(c, who)
}

func (s *Server) checkPassword(body loginBody) (access.Me, bool) {
	if len(body.Password) > access.MaxPassword || len(body.Name) > access.MaxUserName {
		return access.Me{}, false
	}
	u, known := s.users.Find(body.Name)
	hash := u.Hash
	if !known {
		hash = access.NobodysHash()
	}
	good := access.CheckPassword(hash, body.Password)
	return access.Me{Name: u.Name, Role: u.Role}, good && known
}

// Password tells what the user of a name and password may do that came with a
// request to somewhere else, and whether there is one. Attempts count as those
// to log in: whoever at peer failed too often has to wait.
func (s *Server) Password(peer, name, password string) (role Role, wait time.Duration, ok bool) {
	if s.ready() != nil {
		return RoleNone, 0, false
	}
	u, wait, ok := s.callers.Check(peer, name, password)
	if !ok && wait <= 0 {
		s.log.Warn("a password was wrong", "peer", peer)
	}
	return u.Role, wait, ok
}

// slow refuses those who failed too often.
func (s *Server) slow(c *gin.Context, peer, user string) error {
	wait := s.guard.Wait(peer, user)
	if wait <= 0 {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	c.Header("Retry-After", strconv.Itoa(seconds))
	return problem.New(http.StatusTooManyRequests, "slow-down", "Try again in %v.", time.Duration(seconds)*time.Second)
}

// welcome logs in. Whoever was logged in with this browser before is out.
func (s *Server) welcome(c *gin.Context, who access.Me) (any, error) {
	if old := s.cookies.Key(c.Request); old != "" {
		s.logins.Close(old)
	}
	key, who := s.logins.Open(who)
	if err := s.cookies.Set(c.Writer, c.Request, key); err != nil {
		return nil, err
	}
	s.log.Info("admin log in", "user", who.Name, "role", who.Role.String(), "peer", peerAddr(c.Request))
	return viewMe(who), nil
}

func (s *Server) postLogout(c *gin.Context) (any, error) {
	s.logins.Close(actor(c).Login)
	s.cookies.Clear(c.Writer, c.Request)
	s.log.Info("admin log out", "user", actor(c).Name)
	return nil, nil
}

type setupBody struct {
	Token    string `json:"token"`
	Name     string `json:"name"`
	Password string `json:"password"`
}

// postSetup makes the first user, an admin. It needs the token of the set-up
// link, or to come from this machine by the unix socket.
func (s *Server) postSetup(c *gin.Context) (any, error) {
	var body setupBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	peer := peerAddr(c.Request)
	if err := s.slow(c, peer, ""); err != nil {
		return nil, err
	}
	if !s.users.Empty() {
		return nil, problem.New(http.StatusConflict, "conflict", "The first user was made already: log in.")
	}
	if actor(c).Via != "socket" {
		s.guard.Failed(peer, "")
		if _, ok := s.tokens.Use(access.TokenSetup, body.Token, true); !ok {
			s.guard.Refused()
			return nil, problem.New(http.StatusForbidden, "forbidden",
				"This set-up link is not valid any more. Restart the gateway to get a new one.")
		}
		s.guard.Succeeded(peer, "")
	}
	if err := access.CheckUser(body.Name, body.Password); err != nil {
		var unfit *access.Unfit
		if errors.As(err, &unfit) {
			return nil, problem.Invalid("#/"+unfit.Field, "%s", unfit.Why)
		}
		return nil, err
	}
	err := s.users.AddFirst(access.User{Name: body.Name, Role: RoleAdmin, Hash: access.HashPassword(body.Password)})
	if errors.Is(err, access.ErrTaken) {
		return nil, problem.New(http.StatusConflict, "conflict", "The first user was made already: log in.")
	}
	if err != nil {
		return nil, err
	}
	s.tokens.Use(access.TokenSetup, body.Token, false)
	if s.StateDir != "" {
		os.Remove(filepath.Join(s.StateDir, "setup-url"))
	}
	s.log.Info("first admin user made", "user", body.Name)
	return s.welcome(c, access.Me{Name: body.Name, Role: RoleAdmin})
}

func peerAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "local"
	}
	return host
}
