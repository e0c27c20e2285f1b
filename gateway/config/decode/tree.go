package decode

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a file. A gateway of 256 nodes with every key written out
// stays far below them.
const (
	MaxBytes  = 1 << 20
	maxTokens = 50_000  // the parser's time grows with their square
	maxDepth  = 64      // of nesting; the keys need 6
	maxVisits = 200_000 // values read, aliases counted each time they are followed
)

// Place is a line and a column, from 1.
type Place struct{ Line, Col int }

func placeOf(t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{1, 1}
	}
	return Place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

// fault is why a text is no YAML that we read.
type fault struct {
	Place
	message, hint string
}

// normalize removes what only editors put in: a byte order mark and
// carriage returns.
func normalize(text []byte) string {
	s := strings.TrimPrefix(string(text), "\uFEFF")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n")
}

// parseTree returns the one document of a text; nil without a fault is an
// empty text.
func parseTree(text []byte) (root ast.Node, f *fault) {
	if len(text) > MaxBytes {
		return nil, &fault{Place{1, 1}, fmt.Sprintf("the file has %d bytes, more than the %d allowed", len(text), MaxBytes), ""}
	}
	src := normalize(text)
	if f := checkText(src); f != nil {
		return nil, f
	}
	defer func() { // the parser is not ours, and the text may come over the network one day
		if p := recover(); p != nil {
			root, f = nil, &fault{Place{1, 1}, fmt.Sprintf("the YAML parser gave up: %v", p), ""}
		}
	}()
	if f := checkTokens(lexer.Tokenize(src)); f != nil {
		return nil, f
	}
	file, err := parser.ParseBytes([]byte(src), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxFault(err)
	}
	for _, doc := range file.Docs {
		if doc == nil || doc.Body == nil {
			continue
		}
		if d, ok := doc.Body.(*ast.DirectiveNode); ok {
			return nil, &fault{placeOf(d.GetToken()), "YAML directives are not read", "remove this line"}
		}
		if root != nil {
			return nil, &fault{placeOf(firstToken(doc.Body)), "a second YAML document begins here", "keep one document per file"}
		}
		root = doc.Body
	}
	return root, nil
}

// checkText refuses bytes that no text file has.
func checkText(src string) *fault {
	at := Place{1, 1}
	for i, r := range src {
		switch {
		case r == '\n':
			at = Place{at.Line + 1, 1}
			continue
		case r == utf8.RuneError && !strings.HasPrefix(src[i:], string(utf8.RuneError)):
			return &fault{at, "this byte is not UTF-8", "save the file as UTF-8"}
		case r != '\t' && unicode.IsControl(r):
			return &fault{at, fmt.Sprintf("control character %U", r), "remove it"}
		}
		at.Col++
	}
	return nil
}

// checkTokens bounds what the recursive parser will meet: how many tokens,
// and how deep they nest. Brackets nest until they close; "-", "?", ":",
// anchors and tags nest at most as often as they stand on one line, beyond
// what indentation does, which the size of the file bounds.
func checkTokens(tokens token.Tokens) *fault {
	if len(tokens) > maxTokens {
		return &fault{placeOf(tokens[maxTokens]), fmt.Sprintf("more than %d words and marks", maxTokens), "a configuration is much smaller than this"}
	}
	brackets, marks, line, widest := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			if line, marks = t.Position.Line, 0; brackets == 0 && t.Type != token.CommentType && !ofBlock(t) {
				widest = max(widest, t.Position.Column) // each level stands further to the right
			}
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType, token.AliasType:
			if brackets == 0 {
				marks++
			}
		}
		if brackets > maxDepth || marks > maxDepth || widest > 4*maxDepth {
			return &fault{placeOf(t), "nested too deep", fmt.Sprintf("at most %d levels", maxDepth)}
		}
	}
	return nil
}

// ofBlock tells whether a token is the text of a block (| or >), which nests nothing.
func ofBlock(t *token.Token) bool {
	return t.Prev != nil && (t.Prev.Type == token.LiteralType || t.Prev.Type == token.FoldedType)
}

// syntaxFault takes place and message from the parser's error.
func syntaxFault(err error) *fault {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil {
		f := &fault{placeOf(e.GetToken()), "not valid YAML: " + e.GetMessage(), ""}
		switch {
		case strings.Contains(f.message, "cannot start any token"):
			f.hint = "indent with spaces, not tabs"
		case strings.Contains(f.message, "mapping value is not allowed"):
			f.hint = `text with ": " in it needs quotes; keys of one mapping stand in one column`
		case strings.Contains(f.message, "invalid key for this map"):
			f.hint = `text with ":" in it needs quotes, such as "::1/128"`
		case strings.Contains(f.message, "could not find end character"):
			f.hint = "the closing quote is missing"
		case strings.Contains(f.message, "unexpected scalar value type"):
			f.hint = `text that begins with "*" or "&" needs quotes`
		}
		return f
	}
	return &fault{Place{1, 1}, "not valid YAML: " + err.Error(), ""}
}

// pairs returns the entries of a mapping; ok is false for any other node.
func pairs(n ast.Node) (entries []*ast.MappingValueNode, ok bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// firstToken returns where a reader would say that a value begins: a block
// mapping begins with its first key.
func firstToken(n ast.Node) *token.Token {
	switch v := n.(type) {
	case *ast.MappingNode:
		if len(v.Values) > 0 && (v.Start == nil || v.Start.Type != token.MappingStartType) {
			return firstToken(v.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return firstToken(v.Key)
	}
	if n == nil {
		return nil
	}
	return n.GetToken()
}

// anchors collects the values that aliases may name.
type anchors map[string]ast.Node

// Visit implements ast.Visitor.
func (a anchors) Visit(n ast.Node) ast.Visitor {
	if an, ok := n.(*ast.AnchorNode); ok && an.Name != nil && an.Value != nil {
		a[an.Name.GetToken().Value] = an.Value
	}
	return a
}
