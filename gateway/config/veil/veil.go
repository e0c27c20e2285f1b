package veil

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"twinhop/gateway/config/decode"
)

// Veil covers with a key of its own: who does not have it cannot find out
// whether a guess is right.
type Veil struct{ Key []byte }

// Stars stand for a secret where only that there is one is told.
const Stars = "***"

// Hides tells whether a key, or the last of a path of keys, holds a secret.
func Hides(key string) bool {
	key = strings.ToLower(key[strings.LastIndexByte(key, '.')+1:])
	return key == "secret" || key == "password"
}

var (
	// covered is what stands in the place of a secret.
	covered = regexp.MustCompile(`["']?\*\*\*([0-9a-f]{8})["']?`)
	// commented is a secret that somebody took out of force.
	commented = regexp.MustCompile(`(?i)(?:secret|password)["']?[ \t]*[:=][ \t]*("[^"]*"|'[^']*'|[^\s,}\]#]+)`)
)

// Hash names a text: another one has another name.
func (v *Veil) Hash(text []byte) string { return v.sum("text", string(text))[:12] }

func (v *Veil) sum(of, text string) string {
	h := hmac.New(sha256.New, v.Key)
	fmt.Fprintf(h, "%s\x00%s", of, text)
	return hex.EncodeToString(h.Sum(nil))
}

// tag stands for a value: the same one in every text.
func (v *Veil) tag(value string) string { return v.sum("secret", value)[:8] }

// spot is a secret in a line, by bytes.
type spot struct {
	from, to int
	tag, raw string
	comment  bool // nothing depends on how it stands there
}

// spots finds the secrets of a text by its lines.
func (v *Veil) spots(text []byte) (lines []string, found [][]spot, err error) {
	src, all, err := decode.Scalars(text, Hides)
	if err != nil {
		return nil, nil, err
	}
	lines = strings.Split(src, "\n")
	found = make([][]spot, len(lines))
	for _, s := range all {
		if s.Value == "" || s.Value == Stars {
			continue
		}
		from, ok := offset(lines, s.Place)
		if !ok || !strings.HasPrefix(lines[s.Line-1][from:], s.Raw) {
			return nil, nil, fmt.Errorf("line %d: a secret is not where it should be", s.Line)
		}
		found[s.Line-1] = append(found[s.Line-1], spot{from, from + len(s.Raw), v.tag(s.Value), anywhere(&s), false})
	}
	for i, line := range lines {
		begin := comment(line)
		if begin < 0 {
			continue
		}
		for _, m := range commented.FindAllStringSubmatchIndex(line[begin:], -1) {
			x := spot{from: begin + m[2], to: begin + m[3], raw: line[begin+m[2] : begin+m[3]], comment: true}
			taken := func(o spot) bool { return x.from < o.to && o.from < x.to }
			value := strings.Trim(x.raw, `"'`)
			if value == "" || value == Stars || slices.ContainsFunc(found[i], taken) {
				continue
			}
			x.tag = v.tag(value)
			found[i] = append(found[i], x)
		}
	}
	return lines, found, nil
}

// anywhere is a value as it can stand in a block and in brackets.
func anywhere(s *decode.Scalar) string {
	if strings.HasPrefix(s.Raw, `"`) || strings.HasPrefix(s.Raw, "'") || !strings.ContainsAny(s.Raw, "[]{},") {
		return s.Raw
	}
	quoted, _ := json.Marshal(s.Value) // a text always can be
	return string(quoted)
}

// comment is where one begins in a line, or could; -1: nowhere.
func comment(line string) int {
	if strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
		return 0
	}
	if i := strings.Index(line, " #"); i >= 0 {
		return i
	}
	return strings.Index(line, "\t#")
}

// offset is where a place is in its line, in bytes.
func offset(lines []string, at decode.Place) (int, bool) {
	if at.Line < 1 || at.Line > len(lines) {
		return 0, false
	}
	line, n := lines[at.Line-1], 0
	for range at.Col - 1 {
		_, size := utf8.DecodeRuneInString(line[n:])
		if size == 0 {
			return 0, false
		}
		n += size
	}
	return n, true
}

// Cover returns a text in which nobody can read a secret. Where that cannot be
// made sure it fails, and the error does not tell what stands there.
func (v *Veil) Cover(text []byte) ([]byte, error) {
	lines, found, err := v.spots(text)
	if err != nil {
		return nil, fmt.Errorf("secrets cannot be covered: %w", err)
	}
	for i := range lines {
		slices.SortFunc(found[i], func(a, b spot) int { return b.from - a.from })
		for _, s := range found[i] {
			lines[i] = lines[i][:s.from] + `"` + Stars + s.tag + `"` + lines[i][s.to:]
		}
	}
	return []byte(strings.Join(lines, "\n")), nil
}

// Uncover puts the secrets of texts that are known back into one that was
// covered, wherever their places are now. What it cannot put back is told.
func (v *Veil) Uncover(text []byte, known ...[]byte) ([]byte, decode.Problems) {
	raws := map[string]string{}
	for _, k := range known {
		_, found, _ := v.spots(k) // one that could not be covered was not shown
		for _, line := range found {
			for _, s := range line {
				if raws[s.tag] == "" || !s.comment {
					raws[s.tag] = s.raw
				}
			}
		}
	}
	var problems decode.Problems
	wrong := func(line, byte int, text, message string) {
		problems = append(problems, decode.Problem{File: "text", Line: line, Col: utf8.RuneCountInString(text[:byte]) + 1, Severity: decode.Error,
			Message: message, Hint: "write the secret itself"})
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		for _, m := range slices.Backward(covered.FindAllStringSubmatchIndex(line, -1)) {
			raw, ok := raws[line[m[2]:m[3]]]
			if !ok {
				wrong(i+1, m[0], line, "this stands for no secret that is known")
				continue
			}
			lines[i] = lines[i][:m[0]] + raw + lines[i][m[1]:]
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	done := []byte(strings.Join(lines, "\n"))
	_, all, _ := decode.Scalars(done, Hides) // what is no YAML is told by who reads it
	for _, s := range all {
		if strings.HasPrefix(s.Value, Stars) {
			problems = append(problems, decode.Problem{File: "text", Line: s.Line, Col: s.Col, Severity: decode.Error, Message: "stars are no secret", Hint: "write the secret itself"})
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return done, nil
}
