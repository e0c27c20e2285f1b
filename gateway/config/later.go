package config

import (
	"regexp"
	"strings"
)

// later holds the keys that the format has but this version does not serve:
// whoever writes one is told so, instead of being told that it is misspelt.
// "*" stands for any name. The value is the hint, if there is one.
var later = map[string]string{
	"store.memory.snapshot": "",
	"store.redis":           "the table is in memory",
}

// notYet returns a hint when a key belongs to a later version, else "".
func notYet(path string) string {
	hint, ok := later[unindexed(path)]
	if !ok {
		parts := strings.Split(unindexed(path), ".")
		if len(parts) > 1 && parts[0] == "pools" {
			parts[1] = "*"
			hint, ok = later[strings.Join(parts, ".")]
		}
	}
	if ok && hint == "" {
		hint = "remove it"
	}
	return hint
}

var index = regexp.MustCompile(`\[\d+\]`)

// unindexed takes the [n] out of a path.
func unindexed(path string) string { return index.ReplaceAllString(path, "") }
