package storetest

import "unsafe"

// view makes a string of a buffer without copying, as the fronts do: when the
// buffer changes, so does the string.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
