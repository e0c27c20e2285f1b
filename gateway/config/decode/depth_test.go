package decode

import (
	"fmt"
	"strings"
	"testing"
)

// What is long and flat is read; what is deep is refused, however it gets deep.
func TestDepth(t *testing.T) {
	var long, deep, stairs strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&long, "k%d:\n  - a: 1\n    b: {c: [x, y]}\n  - |\n%stext\n", i, strings.Repeat(" ", 4))
	}
	for i := range 300 {
		fmt.Fprintf(&deep, "%sa:\n", strings.Repeat(" ", i))
		fmt.Fprintf(&stairs, "%s-\n", strings.Repeat(" ", i))
	}
	for name, c := range map[string]struct{ text, want string }{
		"long":      {long.String(), ""},
		"mappings":  {deep.String() + strings.Repeat(" ", 300) + "b: 1\n", "nested too deep"},
		"lists":     {stairs.String() + strings.Repeat(" ", 300) + "- 1\n", "nested too deep"},
		"one line":  {strings.Repeat("- ", 300) + "1\n", "nested too deep"},
		"far right": {"a: |\n" + strings.Repeat(" ", 400) + "text\n" + strings.Repeat(" ", 400) + "# no comment\n# a comment\n" + strings.Repeat(" ", 0) + "b: 1\n", ""},
	} {
		_, err := JSON([]byte(c.text))
		if got := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("%s: %.200s, want %q", name, got, c.want)
		}
	}
}
