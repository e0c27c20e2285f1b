package form

import (
	"strings"
)

// Nearest returns the word that was probably meant by s, or "" when none is
// near: two edits for short words, a third of the length for long ones, case
// ignored. A neighbour swap counts as one edit.
func Nearest(s string, words []string) string {
	best, least := "", min(len(s), 64)/3+1
	if len(s) > 2 {
		least = max(least, 2)
	}
	for _, w := range words {
		if d := distance(strings.ToLower(s), strings.ToLower(w)); d <= least && d < max(len(w), 2) && (best == "" || d < least) {
			best, least = w, d
		}
	}
	return best
}

// DidYouMean returns the sentence for a hint, or "".
func DidYouMean(s string, words []string) string {
	if w := Nearest(s, words); w != "" && w != s {
		return `did you mean "` + w + `"?`
	}
	return ""
}

// Meant is the hint for a name that nobody has: the one that was probably meant, or else those that there are.
func Meant(s string, names []string) string {
	if hint := DidYouMean(s, names); hint != "" || len(names) == 0 {
		return hint
	}
	const most = 8
	if len(names) > most {
		return "there are " + strings.Join(names[:most], ", ") + " and others"
	}
	return "there is " + strings.Join(names, ", ")
}

// distance is the optimal string alignment distance of two words; words
// longer than 64 bytes are compared by their beginnings.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	var rows [3][65]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		now, last, before := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}
