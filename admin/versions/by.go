package versions

import "context"

type byKey struct{}

// With tells whoever puts a configuration into force who wants it.
func With(ctx context.Context, by By) context.Context { return context.WithValue(ctx, byKey{}, by) }

// Of tells who wants a configuration; of nobody's it is the file that was read again.
func Of(ctx context.Context) By {
	if by, ok := ctx.Value(byKey{}).(By); ok {
		return by
	}
	return By{Source: File}
}
