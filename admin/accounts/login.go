package accounts

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/act"
	"twinhop/admin/problem"
)

type loginBody struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Token    string `json:"token"`
}

// Login logs in by name and password, or by the token of a printed link.
func (d *Desk) Login(c *gin.Context) (any, error) {
	var body loginBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	peer := Peer(c.Request)
	if err := d.slow(c, peer, body.Name); err != nil {
		return nil, err
	}
	d.Guard.Failed(peer, body.Name) // until proved otherwise
	who, user, ok := access.Me{}, access.User{}, false
	if body.Token != "" {
		who, ok = d.Links.Use(access.TokenLogin, body.Token, false)
	} else {
		user, ok = d.password(body.Name, body.Password)
		who = access.Me{Name: user.Name, Role: user.Role}
	}
	if !ok {
		if _, known := d.Users.Find(body.Name); known { // others may have put a password there
			act.Of(c).Object = "user:" + body.Name
		}
		return nil, d.refuse(peer)
	}
	d.Guard.Succeeded(peer, body.Name)
	how := "password"
	if body.Token != "" {
		how = "link"
	}
	act.Of(c).Object, act.Of(c).Who = "user:"+who.Name, &access.Me{Name: who.Name, Role: who.Role, Via: how}
	if now := d.Who(c); body.Token != "" && now.Via == "cookie" && now.Name == who.Name && now.Role == who.Role {
		return d.viewMe(now), nil // another tab of theirs stays logged in
	}
	return d.welcome(c, who, user)
}

// refuse counts a failure, and tells no more than that it was one.
func (d *Desk) refuse(peer string) *problem.Problem {
	d.Guard.Refused()
	d.Log.Warn("admin log in failed", "peer", peer)
	return problem.New(http.StatusUnauthorized, "login-failed", "Check both and try again.")
}

// password finds the user of a name and password. Who does not exist takes as
// long as who does.
func (d *Desk) password(name, password string) (access.User, bool) {
	if len(password) > access.MaxPassword || len(name) > access.MaxUserName {
		return access.User{}, false
	}
	u, known := d.Users.Find(name)
	hash := u.Hash
	if !known {
		hash = access.NobodysHash()
	}
	good := access.CheckPassword(hash, password)
	return u, good && known
}

// welcome logs in. Whoever was logged in with this browser before is out. user
// is whose password was right; somebody else may have changed or removed that
// user meanwhile, and did not see this log in.
func (d *Desk) welcome(c *gin.Context, who access.Me, user access.User) (any, error) {
	if old := d.Cookies.Key(c.Request); old != "" {
		d.Logins.Close(old)
	}
	who.From = Peer(c.Request)
	key, who := d.Logins.Open(who)
	if now, _ := d.Users.Find(user.Name); user.Name != "" && now != user {
		d.Logins.Close(key)
		return nil, d.refuse(who.From)
	}
	if err := d.Cookies.Set(c.Writer, c.Request, key); err != nil {
		return nil, err
	}
	d.Log.Info("admin log in", "user", who.Name, "role", who.Role.String(), "peer", who.From)
	return d.viewMe(who), nil
}

// Logout ends the log in of who asks.
func (d *Desk) Logout(c *gin.Context) (any, error) {
	d.Logins.Close(d.Who(c).Login)
	d.Cookies.Clear(c.Writer, c.Request)
	d.Log.Info("admin log out", "user", d.Who(c).Name)
	return nil, nil
}

type setupBody struct {
	Token    string `json:"token"`
	Name     string `json:"name"`
	Password string `json:"password"`
}

// Setup makes the first user, an admin. It needs the token of the set-up link,
// or to come from this machine by the unix socket.
func (d *Desk) Setup(c *gin.Context) (any, error) {
	var body setupBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	peer := Peer(c.Request)
	if err := d.slow(c, peer, ""); err != nil {
		return nil, err
	}
	if !d.Users.Empty() {
		return nil, problem.New(http.StatusConflict, "conflict", "The first user was made already: log in.")
	}
	if d.Who(c).Via != "socket" {
		d.Guard.Failed(peer, "")
		if _, ok := d.Links.Use(access.TokenSetup, body.Token, true); !ok {
			d.Guard.Refused()
			return nil, problem.New(http.StatusForbidden, "forbidden",
				"This set-up link is not valid any more. Restart the gateway to get a new one.")
		}
		d.Guard.Succeeded(peer, "")
	}
	if err := access.CheckUser(body.Name, body.Password); err != nil {
		return nil, unfit(err)
	}
	user := access.User{Name: body.Name, Role: access.RoleAdmin, Hash: access.HashPassword(body.Password)}
	err := d.Users.AddFirst(user)
	if errors.Is(err, access.ErrTaken) {
		return nil, problem.New(http.StatusConflict, "conflict", "The first user was made already: log in.")
	}
	if err != nil {
		return nil, err
	}
	d.Links.Use(access.TokenSetup, body.Token, false)
	d.SetUp()
	how := cmp.Or(d.Who(c).Via, "link")
	act.Of(c).Object, act.Of(c).Who = "user:"+user.Name, &access.Me{Name: user.Name, Role: user.Role, Via: how}
	d.Log.Info("first admin user made", "user", body.Name)
	return d.welcome(c, access.Me{Name: user.Name, Role: user.Role}, user)
}
