package openapi

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"sync"

	"twinhop/gateway/config/decode"
)

//go:embed *.yaml
var pieces embed.FS

// Of the pieces head.yaml goes first, and common.yaml, whose last key is
// components.schemas, between the paths and the schemas of the others.
const (
	first   = "head.yaml"
	between = "common.yaml"
)

// YAML is the description.
var YAML = sync.OnceValue(func() []byte {
	var paths, schemas bytes.Buffer
	names, _ := fs.Glob(pieces, "*.yaml")
	for _, name := range names {
		if name == first || name == between {
			continue
		}
		before, after, _ := bytes.Cut(read(name), []byte("\nschemas:\n"))
		paths.Write(bytes.TrimPrefix(before, []byte("paths:\n")))
		paths.WriteString("\n")
		schemas.Write(after)
	}
	return bytes.Join([][]byte{read(first), []byte("paths:\n"), paths.Bytes(), read(between), schemas.Bytes()}, nil)
})

func read(name string) []byte {
	text, err := pieces.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("openapi: %v", err)) // it is in the program
	}
	return text
}

// JSON is the same in JSON.
var JSON = sync.OnceValues(func() ([]byte, error) { return decode.JSON(YAML()) })
