package listing

// Page is one part of a list.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
	Total      Total  `json:"total"`
	Match      string `json:"match,omitempty"` // how a search found it: "exact" or "scan"
}

// Total is how many there are.
type Total struct {
	Value    int    `json:"value"`
	Relation string `json:"relation"` // "eq", or "gte" when counting stopped early
}

// All is a list that is one page.
func All[T any](items []T) Page[T] {
	return Page[T]{Items: items, Total: Total{len(items), "eq"}}
}
