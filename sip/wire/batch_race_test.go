//go:build race

package wire

const raceEnabled = true // it makes pools forget things
