package decode

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// OwnJSON writes YAML that is part of the program as JSON. It is not bounded: for what users wrote there is JSON.
func OwnJSON(text []byte) ([]byte, error) {
	out, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("YAML as JSON: %w", err)
	}
	return out, nil
}
