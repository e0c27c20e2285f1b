package schema

import (
	_ "embed"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// text is made by the tests of this package: go test ./cmd/twinhop/schema -update.
//
//go:embed twinhop.schema.json
var text []byte

// Command returns the verb "schema".
func Command() *cobra.Command {
	c := ask.Verb("schema", "print the JSON Schema of the configuration, for editors", 0, func(c *cobra.Command, _ []string) error {
		_, err := c.OutOrStdout().Write(text)
		return err
	})
	c.Long = `schema prints the JSON Schema of the configuration. Editors that know the YAML language
server then complete keys and mark mistakes, when the file begins with

  # yaml-language-server: $schema=twinhop.schema.json

It knows keys, words and bounds; what does not fit together only check finds.`
	c.Example = "  twinhop schema > twinhop.schema.json"
	return c
}
