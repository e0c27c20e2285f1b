package assembly

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"twinhop/gateway/config"
)

// What stops a start names the key to change and what helps.
func TestTroubleNamesPlaceAndRemedy(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	heard, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		change func(c *config.Config)
		is     error
		says   []string
	}{
		"taken HTTP port": {func(c *config.Config) { c.Listen.HTTP[0].Addr = taken.Addr().String() }, syscall.EADDRINUSE,
			[]string{"listen.http: ", taken.Addr().String(), "choose another port"}},
		"taken SIP port": {func(c *config.Config) { c.Listen.SIP.Internal[0] = "udp://" + heard.LocalAddr().String() }, syscall.EADDRINUSE,
			[]string{"listen.sip.internal: ", heard.LocalAddr().String(), "choose another port"}},
		"taken admin port": {func(c *config.Config) { c.Admin.Listen = taken.Addr().String() }, syscall.EADDRINUSE,
			[]string{"admin.listen: ", "choose another port"}},
		"somebody else's address": {func(c *config.Config) { c.Listen.HTTP[0].Addr = "192.0.2.7:8080" }, syscall.EADDRNOTAVAIL,
			[]string{"listen.http: ", "192.0.2.7:8080", "this machine does not have the address"}},
		"state is a file":     {func(c *config.Config) { c.State.Dir = file }, syscall.ENOTDIR, []string{file, "state.dir"}},
		"state for everybody": {func(c *config.Config) { c.State.Dir = open }, errOpen, []string{open, "state.dir", "0777"}},
		"no place for secrets": {func(c *config.Config) { c.Secrets.File = filepath.Join(open, "none", "keys") }, fs.ErrNotExist,
			[]string{"secrets file: cannot make " + filepath.Join(open, "none", "keys")}},
	} {
		t.Run(name, func(t *testing.T) {
			c := settings(t, "http://127.0.0.1:1")
			x.change(&c)
			g, err := Build(Options{Config: c})
			if err == nil {
				g.Close()
				t.Fatal("it is built")
			}
			if !errors.Is(err, x.is) {
				t.Errorf("%v is not %v", err, x.is)
			}
			for _, s := range x.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}
