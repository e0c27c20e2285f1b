package resources

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/config"
	sipfront "twinhop/sip"
	"twinhop/sip/needs"
)

// Settings say the same as the configuration in the words of the SIP front;
// nil: calls take nothing.
func Settings(c *config.Config) *sipfront.Resources {
	x := c.SIP.Resources
	if x == nil {
		return nil
	}
	r := &sipfront.Resources{FromNodes: x.FromNodes, InvitesOnly: x.NonInvite == "refuse", Full500: x.Full == "500",
		Rules: needs.Rules{Default: x.Default, Refuse: x.Unmatched == "refuse", Relative: x.Relative, Spread: x.Ties == "random"}}
	for _, rule := range x.Rules {
		r.Rules.List = append(r.Rules.List, needs.Rule{User: pattern(rule.User), Header: strings.ToLower(rule.Header), Match: pattern(rule.Match),
			Codecs: rule.Codec, Without: rule.WithoutCodec, Pool: rule.Pool, Resources: rule.Needs, Overload: rule.Overload, Continue: rule.Continue})
	}
	return r
}

// pattern compiles what the configuration has checked; nil for none.
func pattern(text string) *regexp.Regexp {
	if text == "" {
		return nil
	}
	return regexp.MustCompile(text)
}

// Codes are the refusals that lead a call to another node.
func Codes(c *config.Config) []int {
	codes := slices.Clone(c.SIP.Failover.Codes)
	if c.SIP.Resources != nil {
		for _, class := range c.SIP.Resources.Next {
			var first int
			if _, err := fmt.Sscanf(class, "%dxx", &first); err == nil {
				for code := 100 * first; code < 100*first+100; code++ {
					codes = append(codes, code)
				}
			}
		}
	}
	return codes
}

// Bench is for how long a node of a pool that failed a call gets no new ones.
func Bench(c *config.Config, pool string) time.Duration {
	if c.SIP.Resources == nil || !c.ServesSIP(pool) {
		return 0
	}
	return c.SIP.Resources.Bench
}
