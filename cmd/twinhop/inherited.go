package main

import (
	"strings"

	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/config/properties"
)

// maxTemplates is how many templates may refer to each other in a chain.
const maxTemplates = 20

// inherited are the lines of workers.properties as mod_jk has them in mind:
// behind what the files say stands what workers have from their templates.
func inherited(lines []*properties.Entry) []workers.Property {
	t := &templates{known: map[string]bool{}, done: map[string]bool{}}
	for _, e := range lines {
		t.add(e.Key, e.Value)
	}
	for i := 0; i < len(t.all); i++ { // it grows
		if name, ok := strings.CutSuffix(t.all[i].Key, ".reference"); ok && strings.HasPrefix(name, "worker.") {
			t.copy(name, t.all[i].Value, 0)
		}
	}
	return t.all
}

type templates struct {
	all   []workers.Property
	known map[string]bool // keys
	done  map[string]bool // copies
}

func (t *templates) add(key, value string) {
	if !t.known[key] {
		t.known[key] = true
		t.all = append(t.all, workers.Property{Key: key, Value: value})
	}
}

// copy gives a worker what it does not say itself; what its template has from
// another one comes to that first.
func (t *templates) copy(to, from string, depth int) {
	if depth > maxTemplates || t.done[to+" "+from] {
		return
	}
	t.done[to+" "+from] = true
	for _, p := range t.all {
		if p.Key == from+".reference" {
			t.copy(from, p.Value, depth+1)
		}
	}
	for _, p := range t.all {
		if word, ok := strings.CutPrefix(p.Key, from+"."); ok {
			t.add(to+"."+word, p.Value)
		}
	}
}
