package manual

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// Page is the page of the documentation.
func Page(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(`# Command line

`)
	about, _, _ := strings.Cut(root.Long, "\n\n")
	fmt.Fprintf(&b, "%s\n\nThis page is made of the program's own help. `twinhop man --dir DIR` writes the same as man pages, `twinhop completion SHELL` what completes it.\n\n", strings.ReplaceAll(about, "\n", " "))
	b.WriteString("| command | |\n|---|---|\n")
	for _, c := range commands(root)[1:] {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", strings.TrimPrefix(c.CommandPath(), root.Name()+" "), strings.ReplaceAll(c.CommandPath(), " ", "-"), cell(c.Short))
	}
	b.WriteString("\n## Exit codes\n\n| code | |\n|---|---|\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "| %d | %s |\n", c.number, c.when)
	}
	b.WriteString(habits)
	flagTable(&b, root)
	for _, c := range commands(root)[1:] {
		section(&b, c)
	}
	return b.String()
}

// habits are what all verbs have in common.
const habits = `
Results go to standard output, everything else to standard error. Colours are for terminals, and not with ` + "`NO_COLOR`" + `. Times are those of this machine's zone in tables, and UTC in
` + "`json`" + ` and ` + "`yaml`" + `, which are what the [API](api.md) answers. What changes something tells how to undo it.

## Which gateway

Verbs that ask a running gateway ask the one of ` + "`--addr`" + ` or ` + "`--socket`" + `, else of ` + "`TWINHOP_ADDR`" + ` or ` + "`TWINHOP_SOCKET`" + `, else of the user's own settings, else the one whose ` + "`admin.sock`" + ` is in the
usual state directory. By the socket, root and the gateway's own user need no log in. By network a [token](api.md#tokens) is needed. The settings are in ` + "`~/.config/twinhop/cli.yaml`" + `, where
the token is for that address only; a file with a token has to be for its owner alone:

` + "```text" + `
addr: https://gw1.example.com:8090
tokenFile: gw1.token      # or token: eyJ…
ca: site-ca.pem           # unless the system knows who signed the certificate
` + "```" + `

## Global flags

For all verbs that ask a gateway, before or behind the verb.

`

func flagTable(b *strings.Builder, c *cobra.Command) {
	all := flags(c)
	if len(all) == 0 {
		return
	}
	b.WriteString("| flag | |\n|---|---|\n")
	for _, f := range all {
		written, usage := form(f)
		fmt.Fprintf(b, "| `%s` | %s |\n", cell(written), cell(usage))
	}
	b.WriteByte('\n')
}

// cell is a text as a cell of a table.
func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "|", `\|`) }

func section(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "## %s\n\n", c.CommandPath())
	if len(c.Aliases) > 0 {
		fmt.Fprintf(b, "Also `%s`. ", strings.Join(c.Aliases, "`, `"))
	}
	fmt.Fprintf(b, "%s.\n\n", upper(c.Short))
	if c.HasSubCommands() {
		var names []string
		for _, s := range commands(c)[1:] {
			names = append(names, fmt.Sprintf("[%s](#%s)", s.Name(), strings.ReplaceAll(s.CommandPath(), " ", "-")))
		}
		fmt.Fprintf(b, "Verbs: %s.\n\n", strings.Join(names, ", "))
		return
	}
	fmt.Fprintf(b, "```text\n%s\n```\n\n", synopsis(c))
	if c.Long != "" {
		fmt.Fprintf(b, "```text\n%s\n```\n\n", strings.TrimSpace(c.Long))
	}
	flagTable(b, c)
	if all := examples(c); len(all) > 0 {
		b.WriteString("```console\n")
		for _, line := range all {
			fmt.Fprintf(b, "$ %s\n", strings.TrimSpace(line))
		}
		b.WriteString("```\n\n")
	}
	if ask.Asks(c) {
		return
	}
	b.WriteString("It asks no gateway: the global flags mean nothing to it.\n\n")
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
