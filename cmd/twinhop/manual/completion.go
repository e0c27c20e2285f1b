package manual

import (
	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// Completion returns the verb "completion".
func Completion() *cobra.Command {
	c := ask.Verb("completion SHELL", "print what makes a shell complete commands and flags: bash, zsh or fish", 1, func(c *cobra.Command, args []string) error {
		root, out := c.Root(), c.OutOrStdout()
		switch args[0] {
		case "bash":
			return root.GenBashCompletionV2(out, true)
		case "zsh":
			return root.GenZshCompletion(out)
		case "fish":
			return root.GenFishCompletion(out, true)
		}
		return ask.Usage("completion: %q is none of bash, zsh, fish", args[0])
	})
	c.Example = "  twinhop completion bash > /etc/bash_completion.d/twinhop\n  twinhop completion zsh > /usr/local/share/zsh/site-functions/_twinhop\n  twinhop completion fish > ~/.config/fish/completions/twinhop.fish"
	return c
}
