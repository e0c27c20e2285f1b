package accounts

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/act"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/admin/tokens"
)

// tokenView is a token as the API shows it. The token itself is in the answer
// to its creation only.
type tokenView struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Role    access.Role `json:"role"`
	By      string      `json:"by"`
	Created *stamp.Time `json:"created"`
	Expires *stamp.Time `json:"expires"`
	Revoked *stamp.Time `json:"revoked,omitempty"`
	Used    *stamp.Time `json:"used,omitempty"`
	Token   string      `json:"token,omitempty"`
}

func viewToken(t tokens.Token) tokenView {
	return tokenView{ID: t.ID, Name: t.Name, Role: t.Role, By: t.By, Created: stamp.Of(t.Created), Expires: stamp.Of(t.Expires),
		Revoked: stamp.Of(t.Revoked), Used: stamp.Of(t.Used)}
}

// ListTokens answers the tokens that are not over.
func (d *Desk) ListTokens(*gin.Context) (any, error) {
	all := []tokenView{}
	for _, t := range d.Tokens.List() {
		all = append(all, viewToken(t))
	}
	return listed(all), nil
}

type tokenBody struct {
	why
	Name string      `json:"name"`
	Role access.Role `json:"role"`
	Life string      `json:"life"` // "720h"; empty: 90 days
}

const usualLife = 90 * 24 * time.Hour

// CreateToken makes a token and answers it, this once.
func (d *Desk) CreateToken(c *gin.Context) (any, error) {
	var body tokenBody
	if err := d.change(c, &body); err != nil {
		return nil, err
	}
	if !access.NameFits(body.Name) {
		return nil, problem.Invalid("#/name", "1 to %d letters, digits, dots, dashes or underscores", access.MaxUserName)
	}
	if body.Role == access.RoleNone {
		return nil, problem.Invalid("#/role", "viewer, operator or admin")
	}
	life := usualLife
	if body.Life != "" {
		var err error
		if life, err = time.ParseDuration(body.Life); err != nil || life < time.Minute || life > tokens.MaxLife {
			return nil, problem.Invalid("#/life", "a duration such as 720h, from 1m to %v", tokens.MaxLife)
		}
	}
	signed, t, err := d.Tokens.Create(tokens.Token{Name: body.Name, Role: body.Role, By: d.Who(c).Name, Expires: d.Now().Add(life)})
	switch {
	case errors.Is(err, tokens.ErrTaken):
		return nil, problem.New(http.StatusConflict, "conflict", "There is a token of this name.")
	case errors.Is(err, tokens.ErrFull):
		return nil, problem.New(http.StatusConflict, "conflict", "There are too many tokens.")
	case err != nil:
		return nil, err
	}
	act.Of(c).Object, act.Of(c).After = "token:"+t.Name, map[string]any{"role": t.Role, "expires": stamp.Of(t.Expires)}
	d.Record(c, Change{"token.created", "token=" + t.Name + " role=" + t.Role.String() + " until=" + t.Expires.Format(time.DateOnly), body.Reason})
	v := viewToken(t)
	v.Token = signed
	c.JSON(http.StatusCreated, v)
	return nil, nil
}

// RevokeToken ends a token at once.
func (d *Desk) RevokeToken(c *gin.Context) (any, error) {
	var body why
	if err := d.change(c, &body); err != nil {
		return nil, err
	}
	t, ok, err := d.Tokens.Revoke(c.Param("token"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, problem.New(http.StatusNotFound, "not-found", "There is no token of this id.")
	}
	act.Of(c).Object, act.Of(c).Before = "token:"+t.Name, map[string]any{"role": t.Role}
	d.Record(c, Change{"token.revoked", "token=" + t.Name, body.Reason})
	return nil, nil
}
