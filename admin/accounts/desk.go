package accounts

import (
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/admin/tokens"
)

// Desk answers the requests. All fields are needed.
type Desk struct {
	Users   *access.Users
	Logins  *access.Logins
	Links   *access.Tokens // of printed links
	Guard   *access.Guard
	Cookies access.Cookies
	Tokens  *tokens.Book
	// Who sends a request: what Whoami said of it, unless the route is open.
	Who func(*gin.Context) access.Me
	// Record notes a change for operators.
	Record func(*gin.Context, Change)
	// SetUp is told that there is a first user.
	SetUp func()
	// Insecure: passwords cross the network in clear.
	Insecure bool
	Now      func() time.Time
	Log      *slog.Logger
}

// Change is what happened to a user or a token.
type Change struct {
	Type   string // "user.added", "user.changed", "user.removed", "token.created", "token.revoked"
	Words  string // "user=ada role=viewer"
	Reason string
}

// why is what every change may carry for those who read the log later.
type why struct {
	Reason string `json:"reason"`
}

const maxReason = 500

func (w *why) check() error {
	if len(w.Reason) > maxReason {
		return problem.Invalid("#/reason", "at most %d bytes", maxReason)
	}
	return nil
}

// read reads the body of a change. Without one there is nothing to read.
func read(c *gin.Context, into interface{ check() error }) error {
	if c.Request.ContentLength != 0 {
		if err := problem.ReadJSON(c, into); err != nil {
			return err
		}
	}
	return into.check()
}

// list is all of something.
type list[T any] struct {
	Items []T   `json:"items"`
	Total total `json:"total"`
}

type total struct {
	Value    int    `json:"value"`
	Relation string `json:"relation"`
}

func listed[T any](items []T) list[T] { return list[T]{items, total{len(items), "eq"}} }

// Whoami finds out who sends a request. The zero Me is a stranger.
func (d *Desk) Whoami(r *http.Request) access.Me {
	if socket, trusted := access.SocketPeer(r.Context()); socket {
		if !trusted {
			return access.Me{}
		}
		return access.Me{Name: "local", Role: access.RoleAdmin, Via: "socket"}
	}
	// Who shows a token is who the token says, or nobody: a cookie beside it is
	// not looked at.
	if shown := r.Header.Values("Authorization"); len(shown) > 0 {
		return d.bearer(shown)
	}
	// The stream of an open page is no activity of its user.
	touch := r.URL.Path != "/api/v1/stream"
	if key := d.Cookies.Key(r); key != "" {
		who, _ := d.Logins.Find(key, touch)
		return who
	}
	return access.Me{}
}

func (d *Desk) bearer(shown []string) access.Me {
	scheme, signed, _ := strings.Cut(shown[0], " ")
	if len(shown) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return access.Me{}
	}
	t, ok := d.Tokens.Check(strings.TrimSpace(signed))
	if !ok {
		d.Log.Debug("a token was refused")
		return access.Me{}
	}
	return access.Me{Name: "token:" + t.Name, Role: t.Role, Via: "token", Expires: t.Expires}
}

// Stranger is what somebody is answered who has to log in.
func (d *Desk) Stranger(c *gin.Context) *problem.Problem {
	c.Header("WWW-Authenticate", `Bearer realm="twinhop"`)
	p := problem.New(http.StatusUnauthorized, "login-needed", "Log in first.")
	if c.GetHeader("Authorization") != "" {
		c.Header("WWW-Authenticate", `Bearer realm="twinhop", error="invalid_token"`)
		p.Detail = "This token is not, or no longer, valid here."
	}
	setup := d.Users.Empty()
	p.Setup = &setup
	return p
}

// human refuses tokens: one that leaks must not be able to outlive its
// revocation by making others.
func (d *Desk) human(c *gin.Context) error {
	if d.Who(c).Via == "token" {
		return problem.New(http.StatusForbidden, "forbidden", "Not with a token: log in, or use the unix socket.")
	}
	return nil
}

// slow refuses those who failed too often.
func (d *Desk) slow(c *gin.Context, peer, user string) error {
	wait := d.Guard.Wait(peer, user)
	if wait <= 0 {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	c.Header("Retry-After", strconv.Itoa(seconds))
	return problem.New(http.StatusTooManyRequests, "slow-down", "Try again in %v.", time.Duration(seconds)*time.Second)
}

// unfit says which part of a request an error of access.CheckUser is about.
func unfit(err error) error {
	if x := (*access.Unfit)(nil); errors.As(err, &x) {
		return problem.Invalid("#/"+x.Field, "%s", x.Why)
	}
	return err
}

// Peer is the address that a request comes from.
func Peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "local"
	}
	return host
}

// meView is who one is, as the API tells it.
type meView struct {
	Name    string      `json:"name"`
	Role    access.Role `json:"role"`
	Via     string      `json:"via"`
	Expires *stamp.Time `json:"expires,omitempty"`
	// Insecure: passwords cross the network in clear, and whoever sees this should know.
	Insecure bool `json:"insecure,omitempty"`
}

func (d *Desk) viewMe(m access.Me) meView {
	return meView{Name: m.Name, Role: m.Role, Via: m.Via, Expires: stamp.Of(m.Expires), Insecure: d.Insecure}
}

// Me answers who asks.
func (d *Desk) Me(c *gin.Context) (any, error) {
	who := d.Who(c)
	if who.Role == access.RoleNone {
		return nil, d.Stranger(c)
	}
	return d.viewMe(who), nil
}
