package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// JSON is a YAML text, or a JSON one, as JSON: for who passes on what a user wrote. Aliases are not followed.
func JSON(text []byte) (json.RawMessage, error) {
	root, f := parseTree(text)
	if f != nil {
		return nil, fmt.Errorf("line %d: %s", f.Line, f.message)
	}
	if root == nil {
		return nil, errors.New("the text is empty")
	}
	var b bytes.Buffer
	if err := writeJSON(&b, root, 0); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeJSON(b *bytes.Buffer, n ast.Node, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("line %d: nested too deep", placeOf(n.GetToken()).Line)
	}
	entries, ok := pairs(n)
	if list, isList := n.(*ast.SequenceNode); isList {
		b.WriteByte('[')
		for i, v := range list.Values {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, v, depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	if !ok {
		return writeScalar(b, n)
	}
	b.WriteByte('{')
	for i, e := range entries {
		if i > 0 {
			b.WriteByte(',')
		}
		key, ok := scalarText(e.Key)
		if !ok {
			return fmt.Errorf("line %d: the key is no text", placeOf(e.Key.GetToken()).Line)
		}
		if err := writeValue(b, key); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := writeJSON(b, e.Value, depth+1); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// writeScalar writes what is neither a mapping nor a list. A number that JSON would not read as it stands is text.
func writeScalar(b *bytes.Buffer, n ast.Node) error {
	switch v := n.(type) {
	case *ast.NullNode:
		b.WriteString("null")
		return nil
	case *ast.BoolNode:
		return writeValue(b, v.Value)
	}
	text, ok := scalarText(n)
	if !ok {
		return fmt.Errorf("line %d: %s cannot stand here", placeOf(n.GetToken()).Line, n.Type())
	}
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		if json.Valid([]byte(text)) {
			b.WriteString(text)
			return nil
		}
	}
	return writeValue(b, text)
}

func writeValue(b *bytes.Buffer, v any) error {
	text, err := json.Marshal(v)
	b.Write(text)
	return err
}
