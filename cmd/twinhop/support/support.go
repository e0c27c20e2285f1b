package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/remote"
)

// part is a file of the bundle, and what the gateway is asked for it. What is asked for has no secrets: the gateway
// masks them in its configuration, shortens ids in lists, and no text of a message is among it.
type part struct{ name, path string }

var parts = []part{
	{"version.json", "/version"}, {"overview.json", "/overview"}, {"nodes.json", "/nodes"}, {"readyz.json", "/readyz"},
	{"config.json", "/config"}, {"config-versions.json", "/config/versions"}, {"affinity.json", "/affinity"},
	{"limits.json", "/limits"}, {"resources.json", "/resources"}, {"operations.json", "/operations"},
	{"events.json", "/events?limit=500"}, {"audit.json", "/audit?limit=500"}, {"metrics.txt", "/metrics"},
}

// Command returns the verb "support". version is that of this program.
func Command(g *ask.Global, version string) *cobra.Command {
	a, file := g.Asker(), ""
	c := ask.Verb("support", "put the state of a gateway into a file, for who is asked for help", 0, func(c *cobra.Command, _ []string) (err error) {
		now := time.Now().UTC()
		base := "twinhop-support-" + now.Format("20060102-150405")
		if file == "" {
			file = base + ".tar.gz"
		}
		client, err := a.Client()
		if err != nil {
			return err
		}
		defer client.Close()
		if err := ask.Coded(client.Do(c.Context(), "GET /version", nil, nil)); err != nil {
			return err // there is nothing to write
		}
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() {
			if late := f.Close(); err == nil {
				err = late
			}
			if err != nil {
				os.Remove(file) // half a bundle is none
			}
		}()
		b := bundle{dir: base, at: now, a: &a, client: client}
		if err := b.write(c.Context(), f, version); err != nil {
			return err
		}
		a.Talk(c, "%d files, %d of them are missing: see contents.txt. Secrets, users' passwords, tokens and texts of messages are not in it; addresses, names of nodes and users are. Look at it before you give it away.", len(parts), b.missing)
		fmt.Fprintln(c.OutOrStdout(), file)
		return nil
	})
	c.Flags().StringVar(&file, "file", "", "a `file` that does not exist yet (default twinhop-support-TIME.tar.gz)")
	c.Long = `support writes a .tar.gz with the gateway's version, configuration (secrets masked), nodes,
limits, metrics, the last events and what operators did. Who may not see a part gets the
others; contents.txt says what is missing.`
	c.Example = "  twinhop support\n  twinhop support --file gw1.tar.gz"
	return c
}

// bundle is being written.
type bundle struct {
	dir     string // within the archive
	at      time.Time
	a       *ask.Asker
	client  *remote.Client
	missing int
}

func (b *bundle) write(ctx context.Context, to io.Writer, version string) error {
	z := gzip.NewWriter(to)
	t := tar.NewWriter(z)
	contents := fmt.Sprintf("made %s by twinhop %s (%s/%s) of %s\n", b.at.Format(time.RFC3339), version, runtime.GOOS, runtime.GOARCH, b.a.Where())
	for _, p := range parts {
		text, err := b.read(ctx, p.path)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			b.missing++
			contents += fmt.Sprintf("%s is missing: %v\n", p.name, err)
			continue
		}
		contents += fmt.Sprintf("%s %d bytes\n", p.name, len(text))
		if err := b.add(t, p.name, text); err != nil {
			return err
		}
	}
	return errors.Join(b.add(t, "contents.txt", []byte(contents)), t.Close(), z.Close())
}

// read asks for one part.
func (b *bundle) read(ctx context.Context, path string) ([]byte, error) {
	if b.a.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.a.Timeout)
		defer cancel()
	}
	var text bytes.Buffer
	err := b.client.Copy(ctx, "GET "+path, &text)
	return text.Bytes(), err
}

func (b *bundle) add(t *tar.Writer, name string, text []byte) error {
	head := &tar.Header{Name: b.dir + "/" + name, Mode: 0o600, Size: int64(len(text)), ModTime: b.at}
	if err := t.WriteHeader(head); err != nil {
		return err
	}
	_, err := t.Write(text)
	return err
}
