package decode

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxProblems is how many are told; nobody mends more at once.
const maxProblems = 500

func (r *Reader) add(at Place, s Severity, p Problem) {
	if s == Error {
		r.errs[p.Path] = true
	}
	if len(r.problems) == maxProblems {
		p = Problem{Message: "too many problems: the rest is not shown"}
		s = Error
	}
	if len(r.problems) > maxProblems {
		return
	}
	p.File, p.Line, p.Col, p.Severity = r.File, at.Line, at.Col, s
	r.problems = append(r.problems, p)
}

// spot is where a value stands, for people and in the file.
type spot struct {
	Place
	path string
}

func (r *Reader) wrong(at spot, hint, format string, args ...any) {
	r.add(at.Place, Error, Problem{Path: at.path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Bad complains of the value at path. The problem stands where the value stands, or at the nearest key around it when it was left out.
func (r *Reader) Bad(path, hint, format string, args ...any) {
	r.wrong(spot{r.At(path), path}, hint, format, args...)
}

// BadAt is Bad for what stands at another value than the one that is meant.
func (r *Reader) BadAt(where string, p Problem) {
	r.add(r.At(where), Error, p)
}

// Warn is Bad for what does not keep the process from starting.
func (r *Reader) Warn(path, hint, format string, args ...any) {
	r.add(r.At(path), Warn, Problem{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// At returns where path stands in the file.
func (r *Reader) At(path string) Place {
	for path != "" {
		if p, ok := r.marks[path]; ok {
			return p
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return Place{1, 1}
}

// Places tells where each value begins that the file has, by path.
func (r *Reader) Places() map[string]Place { return maps.Clone(r.marks) }

// Given tells whether the file says something at path.
func (r *Reader) Given(path string) bool {
	_, ok := r.marks[path]
	return ok
}

// Failed tells whether the value at path was already complained of.
func (r *Reader) Failed(path string) bool { return r.errs[path] }

// FailedUnder tells whether anything at or below path was complained of.
func (r *Reader) FailedUnder(path string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool {
		return p.Severity == Error && (p.Path == path || strings.HasPrefix(p.Path, path+".") || strings.HasPrefix(p.Path, path+"["))
	})
}
