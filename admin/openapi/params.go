package openapi

import (
	"encoding/json"
	"strings"
	"sync"
)

// Params are the query parameters that each operation minds, in the order of
// the description, by method and path as "GET /api/v1/nodes/{id}".
var Params = sync.OnceValues(func() (map[string][]string, error) {
	text, err := JSON()
	if err != nil {
		return nil, err
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	params := map[string][]string{}
	for path, item := range doc.Paths {
		for method, text := range item {
			var op struct {
				Parameters []struct{ Name, In string }
			}
			if method == "parameters" || json.Unmarshal(text, &op) != nil {
				continue // those of a path stand in it
			}
			name := strings.ToUpper(method) + " " + path
			params[name] = []string{}
			for _, p := range op.Parameters {
				if p.In == "query" {
					params[name] = append(params[name], p.Name)
				}
			}
		}
	}
	return params, nil
})
