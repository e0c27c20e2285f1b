//go:build !race

package lean

const racing = false
