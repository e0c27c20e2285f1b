package accounts

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
)

// entryView is a log in as the API shows it to its owner.
type entryView struct {
	ID      string      `json:"id"`
	From    string      `json:"from"`
	Since   *stamp.Time `json:"since"`
	Seen    *stamp.Time `json:"seen"`
	Expires *stamp.Time `json:"expires"`
	Current bool        `json:"current"` // the one that asks
}

// ListLogins answers the log ins of who asks.
func (d *Desk) ListLogins(c *gin.Context) (any, error) {
	who, all := d.Who(c), []entryView{}
	if who.Via == "cookie" {
		for _, e := range d.Logins.Of(who.Name) {
			all = append(all, entryView{e.ID, e.Me.From, stamp.Of(e.Born), stamp.Of(e.Seen), stamp.Of(e.Me.Expires), e.Me.Login == who.Login})
		}
	}
	return listed(all), nil
}

// EndLogin ends a log in of who asks.
func (d *Desk) EndLogin(c *gin.Context) (any, error) {
	who, n := d.Who(c), 0
	if who.Via == "cookie" {
		n = d.Logins.CloseOf(who.Name, func(e access.Entry) bool { return e.ID == c.Param("login") })
	}
	if n == 0 {
		return nil, problem.New(http.StatusNotFound, "not-found", "You have no such log in.")
	}
	d.Log.Info("admin log in ended by its owner", "user", who.Name)
	return nil, nil
}

type passwordBody struct {
	Current  string `json:"current"`
	Password string `json:"password"`
}

// SetPassword lets somebody change the own password. The other log ins end.
func (d *Desk) SetPassword(c *gin.Context) (any, error) {
	var body passwordBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	who, peer := d.Who(c), Peer(c.Request)
	if _, ok := d.Users.Find(who.Name); !ok || who.Via != "cookie" {
		return nil, problem.New(http.StatusConflict, "conflict", "Only a user who logged in has a password to change.")
	}
	if err := d.slow(c, peer, who.Name); err != nil {
		return nil, err
	}
	d.Guard.Failed(peer, who.Name) // until proved otherwise
	if _, ok := d.password(who.Name, body.Current); !ok {
		d.Guard.Refused()
		return nil, problem.Invalid("#/current", "this is not the password")
	}
	d.Guard.Succeeded(peer, who.Name)
	if err := access.CheckUser(who.Name, body.Password); err != nil {
		return nil, unfit(err)
	}
	if _, err := d.Users.Set(who.Name, access.RoleNone, access.HashPassword(body.Password)); err != nil {
		return nil, refused(err)
	}
	d.Logins.CloseOf(who.Name, func(e access.Entry) bool { return e.Me.Login != who.Login })
	d.Record(c, Change{Type: "user.changed", Words: "user=" + who.Name + " password"})
	return nil, nil
}
