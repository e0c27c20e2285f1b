package loglevel

import (
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
)

const (
	maxLife   = 24 * time.Hour
	maxReason = 500
)

type change struct {
	Level  string `json:"level"`
	For    string `json:"for"` // "10m"; "": until the configuration is read again
	Reason string `json:"reason"`
}

// Trial is what would be in force.
type Trial struct {
	DryRun bool `json:"dryRun"`
	View
}

// Put sets the level as somebody asks; a dry run only tells what it would be.
func (d *Dial) Put(c *gin.Context, actor string, dry bool) (any, error) {
	var body change
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	l, ok := parse(body.Level)
	if !ok {
		return nil, problem.Invalid("#/level", "debug, info, warn or error")
	}
	var life time.Duration
	if body.For != "" {
		var err error
		if life, err = time.ParseDuration(body.For); err != nil || life < time.Second || life > maxLife {
			return nil, problem.Invalid("#/for", "how long, from 1s to 24h, such as 10m")
		}
	}
	if len(body.Reason) > maxReason {
		return nil, problem.Invalid("#/reason", "at most %d bytes", maxReason)
	}
	before := d.View()
	said := Said{Actor: actor, Reason: body.Reason}
	act.Of(c).Before = map[string]string{"level": before.Level}
	if dry {
		would := Trial{true, View{Level: body.Level, Configured: before.Configured}}
		if body.Level != before.Configured {
			now := time.Now()
			if said.At = stamp.Of(now); life > 0 {
				said.Until = stamp.Of(now.Add(life))
			}
			would.Said = &said
		}
		return would, nil
	}
	d.Set(l, life, said)
	after := map[string]string{"level": body.Level}
	if body.For != "" {
		after["for"] = body.For
	}
	act.Of(c).After = after
	return d.View(), nil
}
