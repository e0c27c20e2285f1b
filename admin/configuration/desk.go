package configuration

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/problem"
	"twinhop/admin/versions"
	"twinhop/gateway/config"
)

// State is the configuration of a running gateway.
type State struct {
	Now     *config.Config        // in force
	Places  map[string]string     // file:line of the keys that stand in a file; nil: nobody knows
	Said    []string              // keys, with what is below them, that operators changed by the API
	Restart []string              // keys that are other in the files than at the start, and count after the next
	Fixed   func(key string) bool // tells whether a key counts from one start to the next
}

// Verdict is what would become of a configuration.
type Verdict struct {
	Changed []string        `json:"changed"` // keys that would count at once
	Restart []string        `json:"restart"` // keys that would count after a restart
	Faults  []problem.Fault `json:"faults"`  // warnings included
}

// Panel is what can be seen and asked.
type Panel struct {
	State func() State
	// Check tells what would become of the files as they are now, or with a
	// text of that. It changes nothing.
	Check func(ctx context.Context, text *string) (*Verdict, error)
	// Versions are those that were in force; nil: nobody knows.
	Versions *versions.Panel
}

type view struct {
	Lines   []Line   `json:"lines"`
	Said    []string `json:"said"`    // keys that operators changed by the API
	Restart []string `json:"restart"` // keys that stand in the files and count after a restart
	*versions.Head
}

// Get shows what is in force.
func (p *Panel) Get(c *gin.Context) (any, error) {
	s := p.State()
	usual := config.Default()
	origin := map[string]string{}
	if s.Places == nil {
		for _, key := range config.Changes(&usual, s.Now) {
			origin[key] = "file"
		}
	}
	for key := range s.Places {
		origin[key] = "file"
	}
	lines := Lines(s.Now)
	for i := range lines {
		l := &lines[i]
		l.Origin, l.Restart = "default", s.Fixed(l.Key)
		switch {
		case slices.ContainsFunc(s.Said, func(key string) bool { return below(l.Key, key) }):
			l.Origin = "api"
		case s.Places == nil && slices.ContainsFunc(keysOf(origin), func(key string) bool { return below(l.Key, key) }),
			origin[l.Key] != "":
			l.Origin, l.Place = "file", s.Places[l.Key]
		}
	}
	v := view{lines, list(s.Said), list(s.Restart), nil}
	if p.Versions != nil {
		v.Head = p.Versions.Head(c)
	}
	return v, nil
}

func keysOf(m map[string]string) (all []string) {
	for key := range m {
		all = append(all, key)
	}
	return all
}

// below tells whether a key is another one, or stands below it.
func below(key, other string) bool {
	rest, ok := strings.CutPrefix(key, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// list is an empty list in JSON, too.
func list(l []string) []string { return append([]string{}, l...) }

type question struct {
	Text *string `json:"text"`
}

type answer struct {
	OK bool `json:"ok"`
	Verdict
}

// Validate tells what would become of a text, or without one of the files.
func (p *Panel) Validate(c *gin.Context) (any, error) {
	var body question
	if err := problem.ReadJSONUpTo(c, &body, versions.MaxBody); err != nil {
		return nil, err
	}
	if body.Text != nil && p.Versions != nil {
		text, faults := p.Versions.Uncover(*body.Text)
		if len(faults) > 0 {
			return answer{false, Verdict{list(nil), list(nil), faults}}, nil
		}
		body.Text = &text
	}
	v, err := p.Check(c.Request.Context(), body.Text)
	if err != nil {
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "%s", err.Error())
	}
	a := answer{true, Verdict{list(v.Changed), list(v.Restart), append([]problem.Fault{}, v.Faults...)}}
	a.OK = !slices.ContainsFunc(v.Faults, func(f problem.Fault) bool { return f.Severity == "error" })
	return a, nil
}
