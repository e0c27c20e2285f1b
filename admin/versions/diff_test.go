package versions

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shown is a difference as diff -u writes its lines.
func shown(lines []DiffLine) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s%s %d:%d\n", l.Op, l.Text, l.Old, l.New)
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	for _, x := range [][3]string{
		{"", "", ""},
		{"a\nb\n", "a\nb\n", ""},
		{"a\nb", "a\nb\n", ""},
		{"", "a\n", "+a 0:1\n"},
		{"a\n", "", "-a 1:0\n"},
		{"a\nb\nc\n", "a\nx\nc\n", " a 1:1\n-b 2:0\n+x 0:2\n c 3:3\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n9\n", " 2 2:2\n 3 3:3\n 4 4:4\n+x 0:5\n 5 5:6\n 6 6:7\n 7 7:8\n"},
		{"a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc", "-a 1:0\n-b 2:0\n c 3:1\n+b 0:2\n a 4:3\n b 5:4\n-b 6:0\n a 7:5\n+c 0:6\n"},
	} {
		if got := shown(Diff(x[0], x[1])); got != x[2] {
			t.Errorf("%q -> %q:\n%swant\n%s", x[0], x[1], got, x[2])
		}
	}
}

// longest is how many lines two texts have in common, in their order, found the slow way.
func longest(a, b []string) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			up := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(up, row[j])
			}
			diagonal = up
		}
	}
	return row[len(b)]
}

// A difference leads from the one text to the other, in as few lines as there can be.
func TestDiffIsAPatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a", "b", "c", "d", ""})
		a, b := rapid.SliceOfN(line, 0, 40).Draw(t, "a"), rapid.SliceOfN(line, 0, 40).Draw(t, "b")
		var old, now []string
		same, x, y := 0, a, b
		for _, op := range edits(a, b) {
			switch op {
			case '+':
				now, y = append(now, y[0]), y[1:]
			case '-':
				old, x = append(old, x[0]), x[1:]
			default:
				if x[0] != y[0] {
					t.Fatalf("%q and %q are taken for the same", x[0], y[0])
				}
				old, now, same, x, y = append(old, x[0]), append(now, y[0]), same+1, x[1:], y[1:]
			}
		}
		if strings.Join(old, "\n") != strings.Join(a, "\n") || strings.Join(now, "\n") != strings.Join(b, "\n") || same != longest(a, b) {
			t.Fatalf("%q and %q from %q and %q, %d the same of %d", old, now, a, b, same, longest(a, b))
		}
	})
}

// Texts that have nothing in common cost no more than their lines.
func TestDiffOfStrangers(t *testing.T) {
	var a, b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&a, "a%d\n", i)
		fmt.Fprintf(&b, "b%d\n", i)
	}
	if n := len(Diff(a.String(), b.String())); n != 40_000 {
		t.Error(n)
	}
}
