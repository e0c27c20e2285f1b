//go:build race

package lean

const racing = true
