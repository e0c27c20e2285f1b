//go:build !race

package stale

const racing = false
