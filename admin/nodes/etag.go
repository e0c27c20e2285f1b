package nodes

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// ETag is another one when operators said something of a node, or when it is
// another process or elsewhere. What is observed of it does not count.
func ETag(n View) string {
	words := Brief(n)
	words["gen"], words["name"] = n.Gen, n.Name
	text, err := json.Marshal(words) // maps are written in order
	if err != nil {
		return `""`
	}
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
