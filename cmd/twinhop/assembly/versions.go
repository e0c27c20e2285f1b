package assembly

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"twinhop/admin/configuration"
	"twinhop/admin/problem"
	"twinhop/admin/versions"
	"twinhop/cmd/twinhop/secrets"
	"twinhop/gateway/config"
	"twinhop/gateway/config/veil"
)

// openVersions takes up which configurations were in force before the process
// started, and notes the one that it starts with.
func (g *Gateway) openVersions(text []byte) {
	key, _ := g.secrets.Key(secrets.Versions, 32)
	g.veil = &veil.Veil{Key: key}
	g.versions = &versions.Book{File: filepath.Join(g.places.state, "config-versions.json")}
	if err := g.versions.Load(); err != nil {
		g.log.Error("which configurations were in force before is not known", "err", err)
	}
	given, before := g.basis.Load(), g.versions.Now()
	var changed []string
	if before.Number > 0 && !before.Made && text != nil {
		last, _ := config.Parse("last", []byte(before.Text), Words())
		changed = config.Changes(&last, given)
	}
	g.noteVersion(given, text, &versions.Version{By: versions.By{Source: versions.Start}, Changed: changed})
}

// noteVersion notes that a configuration is in force. A nil text is none of a
// file: then what the configuration says is kept, without secrets.
func (g *Gateway) noteVersion(c *config.Config, text []byte, v *versions.Version) {
	v.At, v.Text, v.Made = time.Now(), string(text), text == nil
	if v.Made {
		var all strings.Builder
		for _, l := range configuration.Lines(c) {
			all.WriteString(l.Text + "\n")
		}
		v.Text = all.String()
	}
	if _, err := g.versions.Add(*v); err != nil {
		g.log.Error("this version of the configuration is forgotten when the process ends", "err", err)
	}
}

// versionsPanel lets the admin see which configurations were in force, and give
// another one.
func (g *Gateway) versionsPanel(f *Files) *versions.Panel {
	return &versions.Panel{Book: g.versions, Veil: g.veil, Compare: compare,
		File: func() versions.OnDisk {
			var d versions.OnDisk
			if f != nil && f.Path != "" {
				d.Path = f.Path
				d.Text, d.Err = config.ReadFile(f.Path)
			}
			d.Why = g.readOnly(f)
			return d
		},
		Put: func(ctx context.Context, o *versions.Order) (*versions.Outcome, error) {
			if why := g.readOnly(f); why != "" {
				return nil, &versions.ReadOnly{Why: why}
			}
			return f.Put(ctx, o)
		}}
}

// readOnly tells people why the API cannot write the configuration, and what to
// do; "": it can.
func (g *Gateway) readOnly(f *Files) string {
	if f == nil || f.Path == "" || f.Put == nil {
		return "The configuration does not come from one file in YAML: change the files that it comes from, and have them read again."
	}
	if !g.config.Admin.ConfigWritable {
		return "Change " + f.Path + " by hand and have it read again; or set admin.configWritable: true there and restart, if admins may write it from here."
	}
	if err := f.Writable(); err != nil {
		return "Change " + f.Path + " by hand and have it read again: " + err.Error() + ". Under systemd the unit needs ReadWritePaths= for it."
	}
	return ""
}

// compare tells what the step between two texts changes. Files that they name
// are not looked at.
func compare(from, to string) *versions.Outcome {
	old, _ := config.Parse("from", []byte(from), Words())
	now, problems := config.Parse("to", []byte(to), Words())
	o := &versions.Outcome{Faults: Faults(problems)}
	o.Changed, o.Restart = apart(config.Changes(&old, &now))
	return o
}

// apart puts the keys that count at once apart from those that count after a restart.
func apart(keys []string) (now, restart []string) {
	now = slices.DeleteFunc(slices.Clone(keys), restarts)
	return now, slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !restarts(key) })
}

// Try tells what would become of a configuration, with what was found wrong
// with it. A *problem.Rejected says that nothing would.
func (g *Gateway) Try(ctx context.Context, c config.Config, faults []problem.Fault) (*versions.Outcome, error) {
	v, err := g.judge(ctx, c, faults, true)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(v.Faults, func(f problem.Fault) bool { return f.Severity == "error" }) {
		return nil, &problem.Rejected{Faults: v.Faults}
	}
	return &versions.Outcome{Changed: v.Changed, Restart: v.Restart, Faults: v.Faults}, nil
}
