//go:build race

package stale

const racing = true
