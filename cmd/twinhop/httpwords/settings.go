package httpwords

import (
	"regexp"

	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	httpfront "twinhop/http"
	"twinhop/jvmroute"
)

// Settings says the same as the configuration in the words of the front.
// They follow from c and page alone, page being read from what c names: whoever
// changes mounts, or words of a pool, while the gateway runs makes them anew
// from a changed copy of c. New variants of a pool have to be in force before.
func Settings(c *config.Config, page httpfront.Unavailable) (*httpfront.Settings, error) {
	mounts, err := httpfront.NewMounts(mountRules(c))
	if err != nil {
		return nil, err
	}
	s := &httpfront.Settings{Mounts: mounts, Pools: map[string]httpfront.PoolWords{}, MaxCorrections: c.FollowSIP.MaxCorrections,
		Trusted: form.Networks(c.HTTP.Forwarded.Trusted), Unavailable: page, Trace: c.HTTP.Trace, Instances: c.Affinity.Instance, Follow: followModes[c.FollowSIP.Mode],
		Dialect: jvmroute.Dialect{LastDot: c.Affinity.Route.Delimiter == "last", Query: c.Affinity.Route.Query, AnyCase: c.Affinity.Route.AnyCase}}
	for scheme, match := range map[string]string{"http": c.Health.HTTP.Errors.Match, "ajp": c.Health.AJP.Errors.Match} {
		if match == "" {
			continue
		}
		if s.Errors == nil {
			s.Errors = map[string]*regexp.Regexp{}
		}
		if s.Errors[scheme], err = regexp.Compile(match); err != nil {
			return nil, err
		}
	}
	for _, k := range c.Affinity.HTTP {
		s.Sources = append(s.Sources, httpfront.KeySource{Source: k.Source, Name: k.Name})
		if k.Source == "cookie" && s.Dialect.Cookie == "" {
			s.Dialect.Cookie = k.Name
		}
	}
	for i := range c.Pools {
		p := &c.Pools[i]
		s.Pools[p.Name] = poolWords(p, c.Members(*p))
	}
	return s, nil
}

var followModes = map[string]httpfront.FollowMode{"rewrite": httpfront.FollowRewrite, "redirect": httpfront.FollowRedirect, "refresh": httpfront.FollowRefresh}

func mountRules(c *config.Config) []httpfront.MountRule {
	pools := map[string]*config.Pool{}
	for i := range c.Pools {
		pools[c.Pools[i].Name] = &c.Pools[i]
	}
	var rules []httpfront.MountRule
	for i := range c.Mounts {
		m := &c.Mounts[i]
		r := httpfront.MountRule{Path: m.Path, Pool: m.Pool, Local: m.Status}
		if p := pools[m.Pool]; p != nil {
			r.Variant, r.Words = m.Variant(), mountWords(m, p)
		}
		rules = append(rules, r)
	}
	return rules
}

// mountWords are what a mount says instead of its pool; nil: nothing.
func mountWords(m *config.Mount, p *config.Pool) *httpfront.RuleWords {
	w := &httpfront.RuleWords{ReplyTimeout: m.ReplyTimeout, SetCookie: m.Session.Set, SetPath: m.Session.SetPath}
	said := m.ReplyTimeout != nil || m.Session.Set != nil || m.Session.SetPath != nil
	text := func(to *string, from *string) {
		if from != nil && *from != "" {
			*to, said = *from, true
		}
	}
	text(&w.Cookie, m.Session.Cookie)
	text(&w.Path, m.Session.Path)
	if m.FailOnStatus != nil {
		w.FailOn, said = append([]int{}, *m.FailOnStatus...), true // none is not nil
	}
	if m.ServerErrors != nil && *m.ServerErrors != p.ServerErrors {
		if w.ServerErrors, said = *m.ServerErrors, true; w.ServerErrors == 0 {
			w.ServerErrors = beyondStatuses
		}
	}
	if !said {
		return nil
	}
	return w
}

// beyondStatuses is more than any status: in a rule 0 is what the pool says.
const beyondStatuses = 1000

// poolWords are what a pool with these members says of its requests.
func poolWords(p *config.Pool, members []config.Member) httpfront.PoolWords {
	w := httpfront.PoolWords{Rule: httpfront.RuleWords{ReplyTimeout: p.ReplyTimeout, ServerErrors: p.ServerErrors, Cookie: p.Session.Cookie, Path: p.Session.Path}}
	if p.Retries != nil {
		w.Retry = httpfront.Retry{Rounds: p.Retries.Rounds, Nodes: p.Retries.Nodes, Interval: p.Retries.Interval}
	}
	if p.FailOnStatus != nil {
		w.Rule.FailOn = append([]int{}, *p.FailOnStatus...)
	}
	if p.Session.Set {
		w.Rule.SetCookie = &p.Session.Set
	}
	if p.Session.SetPath != "/" {
		w.Rule.SetPath = &p.Session.SetPath
	}
	for i := range members {
		if n, said := nodeWords(&members[i]); said {
			if w.Nodes == nil {
				w.Nodes = map[string]httpfront.NodeWords{}
			}
			w.Nodes[members[i].Node] = n
		}
	}
	return w
}

func nodeWords(m *config.Member) (w httpfront.NodeWords, said bool) {
	if m.Retries.Attempts > 1 {
		w.Attempts, w.Interval, said = m.Retries.Attempts, m.Retries.Interval, true
	}
	if len(m.FailOnStatus) > 0 {
		w.FailOn, said = m.FailOnStatus, true
	}
	if m.Repeat != nil {
		w.Repeat, said = &m.Repeat, true
	}
	return w, said
}
