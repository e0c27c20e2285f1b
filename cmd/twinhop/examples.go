package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// exampled are the examples of commands that do not bring their own, a command line each.
const exampled = `
twinhop demo
twinhop demo --script
twinhop nodes list
twinhop nodes list -o wide
twinhop nodes show node1
twinhop nodes activate node1
twinhop nodes disable node1 --reason upgrade
twinhop nodes disable node1 --dry-run
twinhop nodes stop node1 --pool shop
twinhop nodes drain node1 --stop --wait 30m --reason upgrade
twinhop nodes drain node1 --cancel
twinhop nodes drains
twinhop nodes set node1 --distance 1 --redirect node2 --busy-limit 200
twinhop nodes weight node1 3
twinhop nodes recover node1
twinhop nodes probe node1
twinhop nodes reset node1
twinhop nodes add node3 --http http://10.0.0.3:8080 --sip udp://10.0.0.3:5080
twinhop nodes remove node3
twinhop nodes switchover node1 node2
twinhop resources list
twinhop resources status node1
twinhop resources resize node1 pstn 40
twinhop sessions list --node node1 --legs both
twinhop sessions find alice
twinhop sessions show call:1-14346@127.0.0.1
twinhop sessions move alice node2
twinhop sessions forget s_0123456789abcdef0123456789abcdef
twinhop sessions watch alice --minutes 10
twinhop config validate
twinhop config validate new.yaml
twinhop config versions
twinhop config reload --reason 'new mounts'
twinhop config rollback v11 --dry-run
twinhop affinity get
twinhop affinity revert
twinhop affinity preview affinity.yaml --last 2000
twinhop affinity sources
twinhop user add ada --role operator
twinhop user list
twinhop user passwd ada
twinhop user role ada operator
twinhop user rm ada --revoke-tokens
twinhop token create ci --role operator --life 720h
twinhop token list
twinhop token revoke WZSQ2FS6SDBLTGFM
`

// exemplify gives the commands below root their examples.
func exemplify(root *cobra.Command) {
	lines := map[*cobra.Command][]string{}
	for line := range strings.Lines(exampled) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if c, _, err := root.Find(words[1:]); err == nil && c.Example == "" {
			lines[c] = append(lines[c], "  "+strings.TrimSpace(line))
		}
	}
	for c, all := range lines {
		c.Example = strings.Join(all, "\n")
	}
}
