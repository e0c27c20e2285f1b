package web

import (
	"embed"
	"io/fs"
)

//go:generate go test -count=1 -run TestDistIsBuiltFromSource . -args -update

//go:embed dist
var dist embed.FS

// Files returns what a browser may ask for: index.html, and files whose names
// carry a hash of their content.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil { // the name is a constant
		panic(err)
	}
	return sub
}
