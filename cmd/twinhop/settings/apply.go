package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
)

// fault is what the API says is wrong with a configuration.
type fault struct {
	Place, Pointer, Severity, Code, Message, Text, Hint string
}

func (f fault) String() string {
	where := strings.TrimSpace(f.Place + " " + f.Pointer)
	if where != "" {
		where += ": "
	}
	text := where + f.Message + f.Text
	if f.Hint != "" {
		text += "; " + f.Hint
	}
	return text
}

// readText reads a file, or standard input when its name is "-".
func readText(c *cobra.Command, name string) ([]byte, error) {
	if name != "-" {
		return config.ReadFile(name)
	}
	text, err := io.ReadAll(io.LimitReader(c.InOrStdin(), decode.MaxBytes+1))
	if err == nil && len(text) > decode.MaxBytes {
		err = fmt.Errorf("standard input is larger than %d bytes", decode.MaxBytes)
	}
	return text, err
}

func configValidate(g *ask.Global) *cobra.Command {
	a := of(g)
	c := &cobra.Command{Use: "validate [FILE]", Short: "what would become of a file, or of the gateway's own files as they are now; exit code 3 when not valid"}
	c.RunE = func(c *cobra.Command, args []string) error {
		body := map[string]any{}
		switch len(args) {
		case 0:
		case 1:
			text, err := readText(c, args[0])
			if err != nil {
				return err
			}
			body["text"] = string(text)
		default:
			return ask.Usage("validate takes one file, not %s", strings.Join(args, " "))
		}
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST /config/validate", body, &raw); err != nil {
			return err
		}
		var r struct {
			OK               bool
			Changed, Restart []string
			Faults           []fault
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		err := a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			for _, f := range r.Faults {
				fmt.Fprintf(w, "%s\t%s\n", f.Severity, f)
			}
			if r.OK {
				ask.Line(w, "changed", ask.Dash(strings.Join(r.Changed, " ")))
				ask.Line(w, "after a restart", ask.Dash(strings.Join(r.Restart, " ")))
			}
		})
		if err == nil && !r.OK {
			return ask.Exit{Code: ask.BadConfig}
		}
		return err
	}
	return c
}

func configDiff(g *ask.Global) *cobra.Command {
	a, draft := of(g), ""
	c := &cobra.Command{Use: "diff [FROM [TO]]", Short: "what differs between two configurations: now (in force), file (on disk), or a version such as v12"}
	c.RunE = func(c *cobra.Command, args []string) error {
		body := map[string]any{"from": "now", "to": "file"}
		switch {
		case len(args) > 2 || len(args) == 2 && draft != "":
			return ask.Usage("diff takes two configurations at most")
		case len(args) == 2:
			body["to"] = args[1]
			fallthrough
		case len(args) == 1:
			body["from"] = args[0]
		}
		if draft != "" {
			text, err := readText(c, draft)
			if err != nil {
				return err
			}
			delete(body, "to")
			body["text"] = string(text)
		}
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST /config/diff", body, &raw); err != nil {
			return err
		}
		return a.showDiff(c, raw)
	}
	c.Flags().StringVar(&draft, "draft", "", "instead of TO, this `file`; - is standard input")
	c.Example = "  twinhop config diff\n  twinhop config diff v11 now\n  twinhop config diff --draft new.yaml"
	return c
}

// showDiff prints lines that differ, and those around them.
func (a *asker) showDiff(c *cobra.Command, raw json.RawMessage) error {
	var r struct {
		Lines []struct {
			Op, Text string
			Old, New int
		}
		Changed, Restart []string
		Faults           []fault
		Same             bool
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	out := c.OutOrStdout()
	if !a.Output.Table() {
		return a.Output.Write(out, raw)
	}
	old, new := 0, 0
	for _, l := range r.Lines {
		if l.Old > 0 && l.Old != old+1 || l.New > 0 && l.New != new+1 {
			fmt.Fprintln(out, a.Paint(out, ask.Dim, fmt.Sprintf("@@ line %d @@", max(l.New, l.Old))))
		}
		if l.Old > 0 {
			old = l.Old
		}
		if l.New > 0 {
			new = l.New
		}
		text := l.Op + l.Text
		switch l.Op {
		case "+":
			text = a.Paint(out, ask.Green, text)
		case "-":
			text = a.Paint(out, ask.Red, text)
		}
		fmt.Fprintln(out, text)
	}
	for _, f := range r.Faults {
		a.Talk(c, "%s %s", f.Severity, f)
	}
	if len(r.Lines) == 0 {
		a.Talk(c, "no differences")
	} else if len(r.Restart) > 0 {
		a.Talk(c, "count after a restart: %s", strings.Join(r.Restart, " "))
	}
	return nil
}

func configApply(g *ask.Global) *cobra.Command {
	a, base := of(g), ""
	c := ask.Verb("apply FILE", "write the gateway's configuration file and put it into force; if it is not valid, nothing changes", 1, func(c *cobra.Command, args []string) error {
		text, err := readText(c, args[0])
		if err != nil {
			return err
		}
		var now effective
		if _, err := a.Read(c.Context(), "/config", &now); err != nil {
			return err
		}
		if base != "" && base != now.Version {
			return ask.End(ask.Failed, fmt.Errorf("%s is in force by now, not %s: twinhop config diff %s now", now.Version, base, base))
		}
		if a.Match = now.ETag; a.Match == "" {
			return errors.New("the gateway keeps no versions of its configuration")
		}
		return a.put(c, "POST /config/apply", map[string]any{"text": string(text)})
	})
	a.Tries(c)
	a.Changes(c, "")
	c.Flags().StringVar(&base, "base", "", "the `version` that was edited: refuse when another one is in force")
	c.Long = `apply writes a text into the file that the gateway runs by and reads it again. The
gateway allows that only with admin.configWritable: true; else edit the file where it
is and say: twinhop config reload.`
	c.Example = "  twinhop config show --file > new.yaml\n  twinhop config apply new.yaml --dry-run\n  twinhop config apply new.yaml --reason 'more nodes'"
	return c
}

func configRollback(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("rollback VERSION", "write the text of an earlier version into the file and put it into force", 1, func(c *cobra.Command, args []string) error {
		return a.put(c, "POST /config/versions/"+url.PathEscape(args[0])+"/rollback", map[string]any{})
	})
	a.Tries(c)
	a.Changes(c, "")
	return c
}
