//go:build !unix

package h1

func (x *conn) quiet() bool { return x.quietByDeadline() }

func (x *conn) readable(uintptr) bool { return true }
