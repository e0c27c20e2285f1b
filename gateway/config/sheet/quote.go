package sheet

import (
	"regexp"
	"slices"
	"strings"
)

// plain is text that is a string to YAML without quotation marks.
var plain = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// taken are words that some reader of YAML takes for something else.
var taken = strings.Fields("true false null yes no on off y n")

// Quote writes text as YAML.
func Quote(s string) string {
	if plain.MatchString(s) && !slices.Contains(taken, s) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// List writes a list of text as YAML.
func List(all []string) string {
	var quoted []string
	for _, s := range all {
		quoted = append(quoted, Quote(s))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
