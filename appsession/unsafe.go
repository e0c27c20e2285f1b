package appsession

import "unsafe"

// bytesOf views a string as bytes that must not be written. It exists because
// hashing a key happens on every message and must not copy it.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
