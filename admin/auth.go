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
)

// meView is who one is, as the API tells it.
type meView struct {
	Name    string     `json:"name"`
	Role    Role       `json:"role"`
	Via     string     `json:"via"`
	Expires *timestamp `json:"expires,omitempty"`
}

func (m me) view() meView {
	v := meView{Name: m.Name, Role: m.Role, Via: m.Via}
	if !m.Expires.IsZero() {
		v.Expires = stamp(m.Expires)
	}
	return v
}

// whoami finds out who sends the request. The zero me is a stranger.
func (s *Server) whoami(r *http.Request) me {
	if socket, trusted := socketPeer(r.Context()); socket {
		if !trusted {
			return me{}
		}
		return me{Name: "local", Role: RoleAdmin, Via: "socket"}
	}
	// The stream of an open page is no activity of its user.
	touch := r.URL.Path != "/api/v1/stream"
	if key := s.cookies.key(r); key != "" {
		who, _ := s.logins.find(key, touch)
		return who
	}
	return me{}
}

func (s *Server) stranger() *problem {
	p := newProblem(http.StatusUnauthorized, "login-needed", "Log in first.")
	setup := s.users.empty()
	p.Setup = &setup
	return p
}

func (s *Server) getMe(c *gin.Context) (any, error) {
	who := actor(c)
	if who.Role == RoleNone {
		return nil, s.stranger()
	}
	return who.view(), nil
}

type loginBody struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Token    string `json:"token"`
}

func (s *Server) postLogin(c *gin.Context) (any, error) {
	var body loginBody
	if err := readJSON(c, &body); err != nil {
		return nil, err
	}
	peer := peerAddr(c.Request)
	if err := s.slow(c, peer, body.Name); err != nil {
		return nil, err
	}
	s.guard.failed(peer, body.Name) // until proved otherwise
	who, ok := me{}, false
	if body.Token != "" {
		who, ok = s.tokens.use(tokenLogin, body.Token, false)
	} else {
		who, ok = s.checkPassword(body)
	}
	if !ok {
		s.log.Warn("admin log in failed", "peer", peer)
		return nil, newProblem(http.StatusUnauthorized, "login-failed", "Check both and try again.")
	}
	s.guard.succeeded(peer, body.Name)
	return s.welcome(c, who)
}

func (s *Server) checkPassword(body loginBody) (me, bool) {
	if len(body.Password) > maxPassword || len(body.Name) > maxUserName {
		return me{}, false
	}
	u, known := s.users.find(body.Name)
	hash := u.Hash
	if !known {
		hash = nobodysHash()
	}
	good := checkPassword(hash, body.Password)
	return me{Name: u.Name, Role: u.Role}, good && known
}

// slow refuses those who failed too often.
func (s *Server) slow(c *gin.Context, peer, user string) error {
	wait := s.guard.wait(peer, user)
	if wait <= 0 {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	c.Header("Retry-After", strconv.Itoa(seconds))
	return newProblem(http.StatusTooManyRequests, "slow-down", "Try again in %v.", time.Duration(seconds)*time.Second)
}

// welcome logs in. Whoever was logged in with this browser before is out.
func (s *Server) welcome(c *gin.Context, who me) (any, error) {
	if old := s.cookies.key(c.Request); old != "" {
		s.logins.close(old)
	}
	key, who := s.logins.open(who)
	if err := s.cookies.set(c.Writer, c.Request, key); err != nil {
		return nil, err
	}
	s.log.Info("admin log in", "user", who.Name, "role", who.Role.String(), "peer", peerAddr(c.Request))
	return who.view(), nil
}

func (s *Server) postLogout(c *gin.Context) (any, error) {
	s.logins.close(actor(c).login)
	s.cookies.clear(c.Writer, c.Request)
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
	if err := readJSON(c, &body); err != nil {
		return nil, err
	}
	peer := peerAddr(c.Request)
	if err := s.slow(c, peer, ""); err != nil {
		return nil, err
	}
	if !s.users.empty() {
		return nil, newProblem(http.StatusConflict, "conflict", "The first user was made already: log in.")
	}
	if actor(c).Via != "socket" {
		s.guard.failed(peer, "")
		if _, ok := s.tokens.use(tokenSetup, body.Token, true); !ok {
			return nil, newProblem(http.StatusForbidden, "forbidden",
				"This set-up link is not valid any more. Restart the gateway to get a new one.")
		}
		s.guard.succeeded(peer, "")
	}
	if err := checkUser(body.Name, body.Password); err != nil {
		return nil, err
	}
	err := s.users.addFirst(user{Name: body.Name, Role: RoleAdmin, Hash: hashPassword(body.Password)})
	if errors.Is(err, errTaken) {
		return nil, newProblem(http.StatusConflict, "conflict", "The first user was made already: log in.")
	}
	if err != nil {
		return nil, err
	}
	s.tokens.use(tokenSetup, body.Token, false)
	if s.StateDir != "" {
		os.Remove(filepath.Join(s.StateDir, "setup-url"))
	}
	s.log.Info("first admin user made", "user", body.Name)
	return s.welcome(c, me{Name: body.Name, Role: RoleAdmin})
}

func peerAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "local"
	}
	return host
}
