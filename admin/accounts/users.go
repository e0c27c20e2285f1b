package accounts

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/act"
	"twinhop/admin/problem"
)

// userView is a user as the API shows it.
type userView struct {
	Name   string      `json:"name"`
	Role   access.Role `json:"role"`
	Logins int         `json:"logins"` // how often logged in now
	Tokens []string    `json:"tokens"` // names of those that the user made and that still work
}

func (d *Desk) view(u access.User) userView {
	v := userView{u.Name, u.Role, len(d.Logins.Of(u.Name)), []string{}}
	for _, t := range d.Tokens.List() {
		if t.By == u.Name && t.Revoked.IsZero() {
			v.Tokens = append(v.Tokens, t.Name)
		}
	}
	return v
}

// ListUsers answers who may log in.
func (d *Desk) ListUsers(*gin.Context) (any, error) {
	all := []userView{}
	for _, u := range d.Users.List() {
		all = append(all, d.view(u))
	}
	return listed(all), nil
}

type userBody struct {
	why
	Name     string      `json:"name"`
	Role     access.Role `json:"role"`
	Password string      `json:"password"`
}

// AddUser makes a user.
func (d *Desk) AddUser(c *gin.Context) (any, error) {
	var body userBody
	if err := d.change(c, &body); err != nil {
		return nil, err
	}
	if body.Role == access.RoleNone {
		return nil, problem.Invalid("#/role", "viewer, operator or admin")
	}
	if err := access.CheckUser(body.Name, body.Password); err != nil {
		return nil, unfit(err)
	}
	u := access.User{Name: body.Name, Role: body.Role, Hash: access.HashPassword(body.Password)}
	if err := d.Users.Add(u); err != nil {
		return nil, refused(err)
	}
	d.SetUp()
	act.Of(c).Object, act.Of(c).After = "user:"+u.Name, map[string]any{"role": u.Role}
	d.Record(c, Change{"user.added", fmt.Sprintf("user=%s role=%v", u.Name, u.Role), body.Reason})
	c.JSON(http.StatusCreated, d.view(u))
	return nil, nil
}

// refused says what an error of access.Users means to who asked.
func refused(err error) error {
	switch {
	case errors.Is(err, access.ErrNoUser):
		return problem.New(http.StatusNotFound, "not-found", "There is no user of this name.")
	case errors.Is(err, access.ErrTaken):
		return problem.New(http.StatusConflict, "conflict", "There is a user of this name.")
	case errors.Is(err, access.ErrLastAdmin):
		return problem.New(http.StatusConflict, "conflict", "There would be no admin.")
	case errors.Is(err, access.ErrManyUsers):
		return problem.New(http.StatusConflict, "conflict", "There are too many users.")
	}
	return err
}

type userPatch struct {
	why
	Role     *access.Role `json:"role"`
	Password *string      `json:"password"`
}

// SetUser gives a user another role or another password. A role counts at once,
// for who is logged in, too; another password ends the log ins.
func (d *Desk) SetUser(c *gin.Context) (any, error) {
	var body userPatch
	if err := d.change(c, &body); err != nil {
		return nil, err
	}
	name, role, hash, words := c.Param("name"), access.RoleNone, "", "user="+c.Param("name")
	before, ok := d.Users.Find(name)
	if !ok {
		return nil, refused(access.ErrNoUser)
	}
	if body.Role == nil && body.Password == nil {
		return nil, problem.Invalid("#/role", "a role or a password is needed")
	}
	if body.Role != nil {
		role = *body.Role
		words += " role=" + role.String()
	}
	if body.Password != nil {
		if err := access.CheckUser(name, *body.Password); err != nil {
			return nil, unfit(err)
		}
		hash = access.HashPassword(*body.Password)
		words += " password"
	}
	u, err := d.Users.Set(name, role, hash)
	if err != nil {
		return nil, refused(err)
	}
	d.Logins.Turn(name, u.Role)
	if hash != "" {
		mine := d.Who(c).Login
		d.Logins.CloseOf(name, func(e access.Entry) bool { return e.Me.Login != mine })
	}
	act.Of(c).Before, act.Of(c).After = map[string]any{"role": before.Role}, map[string]any{"role": u.Role, "password": hash != ""}
	d.Record(c, Change{"user.changed", words, body.Reason})
	return d.view(u), nil
}

type removal struct {
	why
	RevokeTokens bool `json:"revokeTokens"`
}

// RemoveUser takes a user away and ends its log ins. Tokens that it made go on,
// unless revokeTokens says otherwise: they are of programs.
func (d *Desk) RemoveUser(c *gin.Context) (any, error) {
	var body removal
	if err := d.change(c, &body); err != nil {
		return nil, err
	}
	name := c.Param("name")
	if err := d.Users.Remove(name); err != nil {
		return nil, refused(err)
	}
	d.Logins.CloseOf(name, func(access.Entry) bool { return true })
	d.Record(c, Change{"user.removed", "user=" + name, body.Reason})
	if !body.RevokeTokens {
		return nil, nil
	}
	for _, t := range d.Tokens.List() {
		if t.By != name || !t.Revoked.IsZero() {
			continue
		}
		if _, _, err := d.Tokens.Revoke(t.ID); err != nil {
			return nil, err
		}
		d.Record(c, Change{"token.revoked", "token=" + t.Name, body.Reason})
	}
	return nil, nil
}

// change reads the body of a change of users or tokens.
func (d *Desk) change(c *gin.Context, body interface{ check() error }) error {
	if err := d.human(c); err != nil {
		return err
	}
	return read(c, body)
}
