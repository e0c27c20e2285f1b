package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/typed"
	"twinhop/gateway/config/decode"
)

// Affinity returns the verb "affinity".
func Affinity(g *ask.Global) *cobra.Command {
	return ask.Group("affinity", "what ties messages to application sessions in a running gateway", affinityGet(g), affinitySet(g), affinityRevert(g),
		affinityPreview(g), affinitySources(g))
}

// rules is what the API says of affinity.
type rules struct {
	Affinity json.RawMessage
	Origin   string
	Said     *struct {
		At            time.Time
		Actor, Reason string
	}
}

// now reads what is in force, and remembers which one it is.
func (a *asker) now(ctx context.Context) (r rules, raw json.RawMessage, err error) {
	raw, err = a.Read(ctx, "/affinity", &r)
	a.Match = a.ETag
	return r, raw, err
}

func affinityGet(g *ask.Global) *cobra.Command {
	a := of(g)
	return ask.Verb("get", "what is in force, as YAML that affinity set takes", 0, func(c *cobra.Command, _ []string) error {
		r, raw, err := a.now(c.Context())
		if err != nil {
			return err
		}
		if !a.Output.Table() {
			return a.Output.Write(c.OutOrStdout(), raw)
		}
		if s := r.Said; s != nil {
			a.Talk(c, "# set by %s at %s %s; the configuration says otherwise", s.Actor, ask.Clock(s.At), s.Reason)
		}
		return typed.Form("yaml").Write(c.OutOrStdout(), r.Affinity)
	})
}

// draft reads what somebody wrote: the affinity, or a configuration that has one.
func draft(c *cobra.Command, name string) (json.RawMessage, error) {
	text, err := readText(c, name)
	if err != nil {
		return nil, err
	}
	doc, err := decode.JSON(text)
	if err != nil {
		return nil, ask.End(ask.BadConfig, fmt.Errorf("%s: %w", name, err))
	}
	var whole struct{ Affinity json.RawMessage }
	if json.Unmarshal(doc, &whole) == nil && whole.Affinity != nil {
		doc = whole.Affinity
	}
	return doc, nil
}

func affinitySet(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("set FILE", "replace it by what a file says; - is standard input", 1, func(c *cobra.Command, args []string) error {
		doc, err := draft(c, args[0])
		if err != nil {
			return err
		}
		before, _, err := a.now(c.Context())
		if err != nil {
			return err
		}
		return a.replace(c, "PUT /affinity", map[string]any{"affinity": doc, "reason": a.Reason}, before)
	})
	a.Tries(c)
	a.Changes(c, "")
	c.Long = `set replaces the affinity in force as a whole: a key that is left out has its default.
The file has the keys of "affinity" in the configuration, or is a configuration that has
one. It outlives a restart, until affinity revert.`
	c.Example = "  twinhop affinity get > affinity.yaml\n  twinhop affinity preview affinity.yaml\n  twinhop affinity set affinity.yaml --reason 'users are known by name'"
	return c
}

func affinityRevert(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("revert", "as the configuration says again", 0, func(c *cobra.Command, _ []string) error {
		before, _, err := a.now(c.Context())
		if err != nil {
			return err
		}
		return a.replace(c, "DELETE /affinity", map[string]any{"reason": a.Reason}, before)
	})
	a.Tries(c)
	a.Changes(c, "")
	return c
}

// replace changes the affinity and tells how to have that of before again.
func (a *asker) replace(c *cobra.Command, what string, body map[string]any, before rules) error {
	raw := json.RawMessage("{}")
	if err := a.Do(c.Context(), what, body, &raw); err != nil {
		return err
	}
	var r effect
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	switch {
	case a.Trial:
		a.Talk(c, "Nothing was changed. It would be:")
	case len(r.Changed) == 0 && strings.HasPrefix(what, "PUT"):
	case before.Origin != "api":
		a.Undo(c, "twinhop affinity revert")
	default:
		a.Undo(c, "twinhop affinity set - <<<'"+strings.ReplaceAll(string(before.Affinity), "'", `'\''`)+"'")
	}
	return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
		ask.Line(w, "changed", ask.Dash(strings.Join(r.Changed, " ")))
		if len(r.Restart) > 0 {
			ask.Line(w, "after a restart", strings.Join(r.Restart, " "))
		}
		for _, f := range r.Warnings {
			ask.Line(w, "warning", f.String())
		}
	})
}

func affinitySources(g *ask.Global) *cobra.Command {
	a := of(g)
	return ask.Verb("sources", "what a message can be known by, and the names seen lately", 0, func(c *cobra.Command, _ []string) error {
		type source struct {
			Source, Description string
			Named               bool
			Seen                []struct {
				Name  string
				Share float64
			}
		}
		var all struct{ HTTP, SIP []source }
		raw, err := a.Read(c.Context(), "/affinity/sources", &all)
		if err != nil {
			return err
		}
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			ask.Line(w, "PROTO", "SOURCE", "NAMED", "SEEN", "WHAT")
			for i, list := range [][]source{all.HTTP, all.SIP} {
				for _, s := range list {
					var seen []string
					for _, x := range s.Seen[:min(5, len(s.Seen))] {
						seen = append(seen, fmt.Sprintf("%s %.0f%%", x.Name, 100*x.Share))
					}
					ask.Line(w, []string{"http", "sip"}[i], s.Source, s.Named, ask.Dash(strings.Join(seen, ", ")), s.Description)
				}
			}
		})
	})
}
