package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// release is set by the linker for a release; otherwise the version is that
// of the checkout.
var release string

// version returns what this binary was built from.
func version() string {
	if release != "" {
		return release
	}
	v := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		var revision, dirty string
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value[:min(len(s.Value), 12)]
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = "+changes"
			}
		}
		if revision != "" {
			v += "-" + revision + dirty
		}
	}
	return v
}

// built is when the checkout was committed that this binary was built from, else now.
func built() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil && s.Key == "vcs.time" {
				return t
			}
		}
	}
	return time.Now()
}

func versionCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:     "version",
		Short:   "print the version",
		Example: "  twinhop version\n  twinhop version -o json",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			info := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				System  string `json:"system"`
			}{version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			if output == "json" {
				return json.NewEncoder(c.OutOrStdout()).Encode(info)
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "twinhop %s (%s, %s)\n", info.Version, info.Go, info.System)
			return err
		},
	}
	outputFlag(c, &output)
	return c
}
