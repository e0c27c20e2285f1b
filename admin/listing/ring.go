package listing

import "iter"

// Ring keeps the newest Size things. It is not safe for use at the same time.
type Ring[T any] struct {
	Size int

	list []T
	next int // where the next one goes, once the list is full
}

// Add adds one; the oldest makes room.
func (r *Ring[T]) Add(x T) *T {
	if len(r.list) < r.Size {
		r.list = append(r.list, x)
		return &r.list[len(r.list)-1]
	}
	at := &r.list[r.next]
	*at, r.next = x, (r.next+1)%r.Size
	return at
}

// Back goes from the newest to the oldest.
func (r *Ring[T]) Back() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range r.list {
			if !yield(&r.list[(r.next+len(r.list)-1-i)%len(r.list)]) {
				return
			}
		}
	}
}
