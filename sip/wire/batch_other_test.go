//go:build !(linux && (amd64 || 386 || arm64))

package wire

const reportsHere = false
