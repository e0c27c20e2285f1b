package decode

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Scalar is the value of a key as it stands in a text.
type Scalar struct {
	Place        // of Raw
	Value string // what it means
	Raw   string // with its quotes
}

// Scalars returns the values of those keys that are wanted, wherever they
// stand, each once, and the text that their places are in: line ends are "\n",
// columns count characters. A value that stands behind an alias is the one of
// the anchor. It fails when the text is no YAML, or such a value is not a
// single one on a single line.
func Scalars(text []byte, wanted func(key string) bool) (src string, all []Scalar, err error) {
	root, f := parseTree(text)
	if f != nil {
		return "", nil, fmt.Errorf("line %d: %s", f.Line, f.message)
	}
	w := &scalars{wanted: wanted, anchors: anchors{}, seen: map[Place]bool{}}
	if root != nil {
		ast.Walk(w.anchors, root)
		ast.Walk(w, root)
	}
	return normalize(text), w.all, w.err
}

type scalars struct {
	wanted  func(key string) bool
	anchors anchors
	seen    map[Place]bool
	all     []Scalar
	err     error
}

// Visit implements ast.Visitor.
func (w *scalars) Visit(n ast.Node) ast.Visitor {
	if m, ok := n.(*ast.MappingValueNode); ok && w.wanted(m.Key.GetToken().Value) {
		w.take(m.Value)
	}
	return w
}

func (w *scalars) take(n ast.Node) {
	for range maxDepth { // anchors of aliases
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
			continue
		case *ast.AliasNode:
			if v.Value == nil || w.anchors[v.Value.GetToken().Value] == nil {
				return // nobody reads it
			}
			n = w.anchors[v.Value.GetToken().Value]
			continue
		case *ast.NullNode:
			return
		}
		break
	}
	if n == nil {
		return
	}
	t := n.GetToken()
	at, raw := placeOf(t), strings.TrimSpace(t.Origin)
	if _, block := n.(*ast.LiteralNode); block || !isScalar(n) || strings.Contains(raw, "\n") || raw == "" {
		w.err = fmt.Errorf("line %d: not a single value on a single line", at.Line)
		return
	}
	if !w.seen[at] {
		w.seen[at] = true
		w.all = append(w.all, Scalar{at, t.Value, raw})
	}
}
