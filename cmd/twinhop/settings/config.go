package settings

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// Config returns the verb "config".
func Config(g *ask.Global) *cobra.Command {
	return ask.Group("config", "the configuration of a running gateway", configShow(g), configValidate(g), configDiff(g), configVersions(g),
		configReload(g), configApply(g), configRollback(g))
}

// effective is what the API says of the configuration in force.
type effective struct {
	Lines []struct {
		Text, Key, Origin, Place string
		Restart                  bool
	}
	ETag, Version, ReadOnlyWhy string
	Writable                   bool
	File                       *struct {
		Path, Text string
		Differs    bool
	}
	Withheld string
}

func configShow(g *ask.Global) *cobra.Command {
	a, file, changed, version := of(g), false, false, ""
	c := ask.Verb("show", "the configuration in force, defaults included; -o wide tells where each line comes from", 0, func(c *cobra.Command, _ []string) error {
		if version != "" {
			return a.showVersion(c, version)
		}
		var v effective
		raw, err := a.Read(c.Context(), "/config", &v)
		switch {
		case err != nil:
			return err
		case file:
			return a.showFile(c, &v)
		}
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			for _, l := range v.Lines {
				if changed && l.Origin == "default" {
					continue
				}
				if !a.Output.Wide() || l.Origin == "" {
					fmt.Fprintln(w, l.Text)
					continue
				}
				from := strings.TrimSpace(l.Origin + " " + l.Place)
				if l.Restart {
					from += ", counts from a start on"
				}
				fmt.Fprintf(w, "%s\t# %s\n", l.Text, from)
			}
		})
	})
	c.Flags().BoolVar(&file, "file", false, "the file itself, to be edited and applied; secrets are placeholders, which keep what stands")
	c.Flags().BoolVar(&changed, "changed", false, "only what is not a default")
	c.Flags().StringVar(&version, "version", "", "the text of an earlier `version`: v12")
	c.Example = "  twinhop config show -o wide\n  twinhop config show --file > new.yaml"
	return c
}

// showFile prints the text of the file.
func (a *asker) showFile(c *cobra.Command, v *effective) error {
	switch {
	case v.File == nil:
		return ask.End(ask.NotFound, fmt.Errorf("the gateway does not run by a configuration of its own: see twinhop config show"))
	case v.File.Text == "" && v.Withheld != "":
		return ask.End(ask.Failed, fmt.Errorf("%s: %s", v.File.Path, v.Withheld))
	case v.File.Text == "":
		return ask.End(ask.NotAllowed, fmt.Errorf("%s: only an admin may read it", v.File.Path))
	case v.File.Differs:
		a.Talk(c, "%s was changed since the gateway read it: twinhop config diff", v.File.Path)
	}
	_, err := io.WriteString(c.OutOrStdout(), v.File.Text)
	return err
}

// version is what the API says of a configuration that was put into force.
type version struct {
	ID, Actor, Reason, Hash, Source, Restored, Text, Withheld string
	At                                                        time.Time
	Current                                                   bool
	Changed                                                   []string
}

func (a *asker) showVersion(c *cobra.Command, id string) error {
	var v version
	raw, err := a.Read(c.Context(), "/config/versions/"+url.PathEscape(id), &v)
	if err != nil {
		return err
	}
	if v.Text == "" && v.Withheld != "" {
		return ask.End(ask.Failed, fmt.Errorf("%s: %s", id, v.Withheld))
	}
	return a.Show(c.OutOrStdout(), raw, func(io.Writer) { fmt.Fprint(c.OutOrStdout(), v.Text) })
}

func configVersions(g *ask.Global) *cobra.Command {
	a := of(g)
	return ask.Verb("versions", "the configurations that were put into force, the newest first", 0, func(c *cobra.Command, _ []string) error {
		var list struct{ Items []version }
		raw, err := a.Read(c.Context(), "/config/versions", &list)
		if err != nil {
			return err
		}
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			ask.Line(w, "VERSION", "AT", "BY", "HOW", "CHANGED", "REASON")
			for _, v := range list.Items {
				id, how := v.ID, v.Source
				if v.Current {
					id += " *"
				}
				if v.Restored != "" {
					how += " of " + v.Restored
				}
				ask.Line(w, id, ask.Clock(v.At), ask.Dash(v.Actor), how, ask.Dash(strings.Join(v.Changed, " ")), ask.Dash(v.Reason))
			}
		})
	})
}

func configReload(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("reload", "read the files again and put them into force; if they are not valid, nothing changes", 0, func(c *cobra.Command, _ []string) error {
		return a.put(c, "POST /config/reload", map[string]any{})
	})
	a.Changes(c, "")
	return c
}

// effect is what the API says became of a configuration.
type effect struct {
	Changed  []string `json:"changed"`
	Restart  []string `json:"restart"`
	Kept     []string `json:"kept"`
	Version  string   `json:"version"`
	Same     bool     `json:"same"`
	Warnings []fault  `json:"warnings"`
}

// put asks for another configuration and prints what became of it.
func (a *asker) put(c *cobra.Command, what string, body map[string]any) error {
	var before struct{ Config struct{ Version string } }
	if _, err := a.Read(c.Context(), "/overview", &before); err != nil {
		return err
	}
	body["reason"] = a.Reason
	var raw json.RawMessage
	if err := a.Do(c.Context(), what, body, &raw); err != nil {
		return err
	}
	var r effect
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	if a.Trial {
		a.Talk(c, "Nothing was changed. It would be:")
	} else if v := before.Config.Version; v != "" && r.Version != "" && r.Version != v {
		a.Undo(c, "twinhop config rollback "+v)
	}
	return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
		ask.Line(w, "changed", ask.Dash(strings.Join(r.Changed, " ")))
		if len(r.Restart) > 0 {
			ask.Line(w, "after a restart", strings.Join(r.Restart, " "))
		}
		if len(r.Kept) > 0 {
			ask.Line(w, "kept as an operator said", strings.Join(r.Kept, " "))
		}
		if r.Version != "" {
			ask.Line(w, "version", r.Version)
		}
		for _, f := range r.Warnings {
			ask.Line(w, "warning", f.String())
		}
	})
}
