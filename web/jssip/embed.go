package jssip

import _ "embed"

//go:generate go test -count=1 -run TestDistIsBuiltFromVendor . -args -update

//go:embed dist/jssip.js
var script []byte

//go:embed dist/licences.txt
var licences []byte

// Script returns the bundle, an ES module in UTF-8. It is not to be changed.
func Script() []byte { return script }

// Licences returns the licence texts of JsSIP and of what it is bundled with.
func Licences() []byte { return licences }
