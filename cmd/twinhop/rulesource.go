package main

import (
	"strings"

	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/config"
	"twinhop/gateway/config/properties"
)

// ruleSource tells, for the status worker, where the rule of a mount was read:
// in a file of httpd, in workers.properties, else in the map. nil: there are
// no such files.
func (l *loaded) ruleSource() func(*config.Mount) string {
	if len(l.result.Files) == 0 {
		return nil
	}
	sources := map[string]string{}
	for _, e := range l.result.Workers {
		if strings.HasPrefix(e.Key, "worker.") && strings.HasSuffix(e.Key, ".mount") {
			for _, pattern := range properties.List(e.Value) {
				sources[pattern] = workers.FromWorkers
			}
		}
	}
	for _, f := range l.result.Findings {
		if pattern, _, ok := strings.Cut(f.Directive, "="); ok && f.File != l.result.MapFile && strings.Contains(pattern, "/") {
			sources[pattern] = workers.FromMount
		}
	}
	if m := l.result.Input.URIMap; m != nil { // what stands in both counts as the map's
		for _, f := range l.result.Findings {
			if pattern, _, ok := strings.Cut(f.Directive, "="); ok && f.File == m.Name {
				delete(sources, pattern)
			}
		}
	}
	return func(m *config.Mount) string {
		if source, ok := sources[m.Path]; ok {
			return source
		}
		return workers.FromMap
	}
}
