package ask

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/cmd/twinhop/remote"
	"twinhop/cmd/twinhop/typed"
)

// Global is what the command line says for every verb that asks a gateway.
type Global struct {
	Addr, Socket, Token, CA string
	Output                  typed.Form
	NoColor, Quiet          bool
	Timeout                 time.Duration // of one question; 0: none
}

// Flags adds the global flags.
func (g *Global) Flags(f *pflag.FlagSet) {
	g.Output = "table"
	f.StringVar(&g.Addr, "addr", "", "the `address` of the gateway's admin: http://host:port, https://host:port, or unix:PATH (default $TWINHOP_ADDR, the file cli.yaml, or admin.sock in the usual state directory)")
	f.StringVar(&g.Socket, "socket", "", "the unix socket `FILE`, as --addr unix:FILE (default $TWINHOP_SOCKET)")
	f.StringVar(&g.Token, "token", "", "a `text`, the token for an --addr by network; better in $TWINHOP_TOKEN, where ps does not show it")
	f.StringVar(&g.CA, "ca", "", "a PEM `file` with the authorities that the admin's certificate may be of (default the system's)")
	f.VarP(&g.Output, "output", "o", "table, wide, json, yaml or name")
	f.BoolVar(&g.NoColor, "no-color", false, "no colours (also $NO_COLOR; there are none unless a terminal shows them)")
	f.BoolVarP(&g.Quiet, "quiet", "q", false, "results only: no hints, no progress")
	f.DurationVar(&g.Timeout, "timeout", 30*time.Second, "`time` that an answer may take; the exit code is 6 then. 0: any")
}

// Client returns who asks the gateway that is meant: the one of the command line, of the environment, of cli.yaml, or the
// one whose socket is in the usual state directory.
func (g *Global) Client() (*remote.Client, error) {
	t, err := g.target()
	if err != nil {
		return nil, err
	}
	c, err := remote.To(t)
	if err != nil {
		return nil, Usage("%w", err)
	}
	return c, nil
}

// Where is the gateway in words for people: what --addr would be.
func (g *Global) Where() string {
	t, err := g.target()
	switch {
	case err != nil:
		return "?"
	case t.Socket != "":
		return "unix:" + t.Socket
	}
	return t.URL
}

func (g *Global) target() (remote.Target, error) {
	if g.Addr != "" && g.Socket != "" {
		return remote.Target{}, Usage("--addr and --socket both say which gateway: give one of them")
	}
	kept, err := readFile()
	if err != nil {
		return remote.Target{}, err
	}
	t := remote.Target{Token: first(g.Token, os.Getenv("TWINHOP_TOKEN")), CA: g.CA}
	addr := first(g.Addr, unixAddr(g.Socket), os.Getenv("TWINHOP_ADDR"), unixAddr(os.Getenv("TWINHOP_SOCKET")))
	if addr == "" && kept.Addr != "" { // the token of the file is for its address alone
		addr, t.CA = kept.Addr, first(t.CA, kept.CA)
		if t.Token == "" {
			if t.Token, err = kept.token(); err != nil {
				return t, err
			}
		}
	}
	if addr == "" {
		addr = unixAddr(filepath.Join(assembly.StateDir(), "admin.sock"))
	}
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		t.Socket = strings.TrimPrefix(path, "//")
		return t, nil
	}
	u, err := url.Parse(addr)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return t, Usage("%q is no address of an admin: http://host:port, https://host:port or unix:PATH", addr)
	}
	t.URL = u.Scheme + "://" + u.Host
	return t, nil
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

func unixAddr(path string) string {
	if path == "" {
		return ""
	}
	return "unix:" + path
}

// Screen tells whether w is a terminal, and how wide and high it is.
func Screen(w io.Writer) (width, height int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile {
		return 0, 0, false
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	return int(size.Col), int(size.Row), true
}

// The colours of Paint.
const (
	Green  = 32
	Yellow = 33
	Red    = 31
	Dim    = 2
	Bold   = 1
)

// Paint returns the text in a colour, when w is a terminal that is to have any.
func (g *Global) Paint(w io.Writer, colour int, text string) string {
	if _, _, ok := Screen(w); !ok || g.NoColor || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, text)
}

// asks marks the verbs that ask a gateway: for others the global flags mean nothing.
const asks = "asks a gateway"

// Mark says of a command, and of those below it, that they ask a gateway.
func Mark(all ...*cobra.Command) []*cobra.Command {
	for _, c := range all {
		if c.Annotations == nil {
			c.Annotations = map[string]string{}
		}
		c.Annotations[asks] = "yes"
		Mark(c.Commands()...)
	}
	return all
}

// Asks tells whether a command was marked.
func Asks(c *cobra.Command) bool { return c.Annotations[asks] != "" }

// Hide keeps the global flags out of the help of a command that asks no gateway, until it is told to show them again.
func Hide(c *cobra.Command) (show func()) {
	if Asks(c) || !c.HasParent() {
		return func() {}
	}
	var hidden []*pflag.Flag
	c.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			f.Hidden = true
			hidden = append(hidden, f)
		}
	})
	return func() {
		for _, f := range hidden {
			f.Hidden = false
		}
	}
}

// Meaningless complains of global flags of a command that asks no gateway.
func Meaningless(c *cobra.Command) (err error) {
	if Asks(c) {
		return nil
	}
	c.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && err == nil {
			err = Usage("%s asks no gateway: --%s means nothing to it", c.Name(), f.Name)
		}
	})
	return err
}
