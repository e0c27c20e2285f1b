//go:build !race

package http

const racing = false
