package sessions

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

func sessionsMove(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("move WHAT NODE", "move a session and its calls to another node", 2, func(c *cobra.Command, args []string) error {
		id, err := a.resolve(c.Context(), args[0])
		if err != nil {
			return err
		}
		var before session
		if _, err := a.Read(c.Context(), "/sessions/"+id, &before); err != nil {
			return err
		}
		var raw json.RawMessage
		body := map[string]any{"to": args[1], "force": a.Force, "reason": a.Reason}
		if err := a.Do(c.Context(), "POST /sessions/"+id+"/actions/move", body, &raw); err != nil {
			return err
		}
		if a.Trial {
			return a.ShowTrial(c, raw)
		}
		a.Talk(c, "%s was on %s and is on %s.", id, before.Node, args[1])
		a.Undo(c, fmt.Sprintf("twinhop sessions move %s %s", id, before.Node))
		return a.showSession(c.OutOrStdout(), raw)
	})
	a.Tries(c)
	a.Changes(c, "even to a node that is stopped or down")
	return c
}

func sessionsForget(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("forget SESSION", "forget a session: its next message is placed anew", 1, func(c *cobra.Command, args []string) error {
		id, err := a.resolve(c.Context(), args[0])
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := a.Do(c.Context(), "DELETE /sessions/"+id, map[string]any{"reason": a.Reason}, &raw); err != nil {
			return err
		}
		if a.Trial {
			return a.ShowTrial(c, raw)
		}
		a.Talk(c, "%s is forgotten. This cannot be undone; calls that are up stay where they are by their Route.", id)
		return nil
	})
	a.Tries(c)
	a.Changes(c, "")
	return c
}

func sessionsWatch(g *ask.Global) *cobra.Command {
	a, minutes, end := of(g), 30, false
	c := ask.Verb("watch WHAT", "keep the texts of what passes for a session, for a while", 1, func(c *cobra.Command, args []string) error {
		id, err := a.resolve(c.Context(), args[0])
		if err != nil {
			return err
		}
		if end {
			minutes = 0
		}
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST /sessions/"+id+"/actions/watch", map[string]any{"minutes": minutes}, &raw); err != nil {
			return err
		}
		var watched struct{ WatchedUntil *time.Time }
		if err := json.Unmarshal(raw, &watched); err != nil {
			return err
		}
		if minutes > 0 {
			a.Undo(c, fmt.Sprintf("twinhop sessions watch %s --end", id))
		}
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			if watched.WatchedUntil == nil {
				fmt.Fprintln(w, id, "is not watched any more")
				return
			}
			fmt.Fprintln(w, id, "is watched until", ask.Clock(*watched.WatchedUntil))
		})
	})
	c.Flags().IntVar(&minutes, "minutes", minutes, "how `many`, up to 1440")
	c.Flags().BoolVar(&end, "end", false, "keep no more texts")
	return c
}

func sessionsExport(g *ask.Global) *cobra.Command {
	a, format, file := of(g), "txt", ""
	c := ask.Verb("export WHAT", "what passed for a session, as a file", 1, func(c *cobra.Command, args []string) error {
		id, err := a.resolve(c.Context(), args[0])
		if err != nil {
			return err
		}
		if _, _, terminal := ask.Screen(c.OutOrStdout()); terminal && file == "" && format == "pcap" {
			return ask.Usage("export: a capture is nothing for a terminal: give --file call.pcap")
		}
		client, err := a.Client()
		if err != nil {
			return err
		}
		defer client.Close()
		what := "GET /sessions/" + id + "/export?format=" + format
		if file == "" {
			return ask.Coded(client.Copy(c.Context(), what, c.OutOrStdout()))
		}
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // what people say to each other
		if err != nil {
			return err
		}
		err = ask.Coded(client.Copy(c.Context(), what, f))
		if late := f.Close(); err == nil {
			err = late
		}
		if err != nil {
			os.Remove(file)
		}
		return err
	})
	c.Flags().StringVar(&format, "format", format, "txt, json or pcap")
	c.Flags().StringVar(&file, "file", "", "a `file` that does not exist yet (default standard output)")
	c.Example = "  twinhop sessions export alice --format pcap --file call.pcap\n  twinhop sessions export alice --format pcap | wireshark -k -i -"
	return c
}
