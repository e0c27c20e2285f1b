package resources

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/appsession"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

func TestSettings(t *testing.T) {
	c := config.Default()
	if Settings(&c) != nil || Bench(&c, "default") != 0 || !cmp.Equal(Codes(&c), []int{503}) {
		t.Error("calls take something that nobody spoke of")
	}
	c.SIP.Resources = &config.Resources{}
	c.SIP.Resources.SetDefaults()
	x := c.SIP.Resources
	x.Rules = []config.ResourceRule{{User: "^1", Header: "X-Class", Match: "gold", Codec: []string{"G729"}, WithoutCodec: []string{"PCMU"}, Needs: []string{"vm"}, Overload: true, Continue: true}, {}}
	x.Default, x.FromNodes, x.Relative = []string{"any"}, []string{"pstn"}, true
	s := Settings(&c)
	r := s.Rules.List[0]
	if r.User.String() != "^1" || r.Header != "x-class" || r.Match.String() != "gold" || r.Codecs[0] != "G729" || r.Without[0] != "PCMU" ||
		r.Resources[0] != "vm" || !r.Overload || !r.Continue || s.Rules.List[1].User != nil {
		t.Errorf("%+v", r)
	}
	if s.Rules.Default[0] != "any" || s.FromNodes[0] != "pstn" || !s.Rules.Relative || s.Rules.Refuse || s.Rules.Spread || s.InvitesOnly || s.Full500 {
		t.Errorf("%+v", s)
	}
	if n := len(Codes(&c)); n != 101 || len(c.SIP.Failover.Codes) != 1 {
		t.Errorf("%d codes", n)
	}
	x.Unmatched, x.NonInvite, x.Full, x.Ties, x.Next = "refuse", "refuse", "500", "random", nil
	if s := Settings(&c); !s.Rules.Refuse || !s.InvitesOnly || !s.Full500 || !s.Rules.Spread || len(Codes(&c)) != 1 {
		t.Errorf("%+v", s)
	}
	if Bench(&c, "default") != 10*time.Second || Bench(&c, "other") != 0 {
		t.Error("the bench is not that of the pool for SIP alone")
	}
}

// site is a node with resources, and its file.
func site(t *testing.T) (*File, *cluster.View, *bytes.Buffer) {
	r := &cluster.Registry{}
	n := cluster.NodeSpec{Name: "box1", Capacity: map[string]int{"vm": 5}, SIP: []cluster.Address{{Scheme: "udp", Addr: netip.MustParseAddrPort("10.0.0.1:5080")}}}
	if err := r.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{n}, Pools: []cluster.PoolSpec{{Name: "p", Members: []cluster.MemberSpec{{Node: "*"}}}}}); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	return &File{Book: &calls.Book{}, Log: slog.New(slog.NewTextHandler(&said, nil))}, r.View(), &said
}

var one = appsession.Key{Space: appsession.Call, Value: "secret-id"}

func TestTheFileOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls")
	synctest.Test(t, func(t *testing.T) {
		first, v, said := site(t)
		first.Path = path
		first.Load(v)
		if said.Len() > 0 {
			t.Errorf("a first start has something to say: %s", said)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- first.Run(ctx) }()
		time.Sleep(every + time.Second)
		if _, err := os.Stat(path); err == nil {
			t.Error("a file without calls")
		}
		m := v.Pool("p").Member("box1")
		first.Book.Reserve(one, m, &cluster.Needs{Resources: []string{"vm"}})
		first.Book.Answer(one)
		time.Sleep(every)
		info, err := os.Stat(path) // what a killed process leaves
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v %v", info, err)
		}
		first.Book.Reserve(appsession.Key{Space: appsession.Call, Value: "two"}, m, &cluster.Needs{Resources: []string{"vm"}})
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}

		second, v, said := site(t)
		second.Path = path
		_ = os.WriteFile(filepath.Join(filepath.Dir(path), ".calls-123"), []byte("half"), 0o600)
		second.Load(v)
		m = v.Pool("p").Member("box1")
		if m.Load.Used("vm") != 2 || !strings.Contains(said.String(), "known=2") {
			t.Errorf("%d in use; %s", m.Load.Used("vm"), said)
		}
		second.Book.Close(one) // its BYE
		if m.Load.Used("vm") != 1 {
			t.Errorf("%d in use after the BYE", m.Load.Used("vm"))
		}
		if err := second.Save(); err != nil {
			t.Error(err)
		}
		if text, _ := os.ReadFile(path); bytes.Count(text, []byte("\n")) != 2 || bytes.Contains(text, []byte("c2VjcmV0")) {
			t.Errorf("the file still knows the call:\n%s", text)
		}
		if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 1 {
			t.Errorf("drafts are left: %v", names)
		}
	})
}

func TestAFileThatCannotBeBelieved(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"others can use it": func(path string) error { return os.WriteFile(path, []byte("twinhop calls 1\n"), 0o644) },
		"a directory":       func(path string) error { return os.Mkdir(path, 0o700) },
		"a link":            func(path string) error { return os.Symlink("/dev/zero", path) },
		"something else":    func(path string) error { return os.WriteFile(path, []byte("\x00\x01"), 0o600) },
	} {
		f, v, said := site(t)
		f.Path = filepath.Join(t.TempDir(), "calls")
		if err := make(f.Path); err != nil {
			t.Fatal(err)
		}
		f.Load(v)
		if !strings.Contains(said.String(), "not all known") || f.Book.Total() != 0 {
			t.Errorf("%s: %d calls; %s", name, f.Book.Total(), said)
		}
	}
}

func TestADiskThatIsFull(t *testing.T) {
	f, v, said := site(t)
	f.Path = filepath.Join(t.TempDir(), "gone", "calls")
	f.Book.Reserve(one, v.Pool("p").Member("box1"), &cluster.Needs{Resources: []string{"vm"}})
	over, stop := context.WithCancel(t.Context())
	stop()
	if err := f.Run(over); err != nil || !strings.Contains(said.String(), "calls could not be saved") {
		t.Errorf("%v; said: %s", err, said)
	}
	_ = os.Mkdir(filepath.Dir(f.Path), 0o700)
	if err := f.Save(); err != nil { // what was not saved still is to be
		t.Error(err)
	}
	if _, err := os.Stat(f.Path); err != nil {
		t.Error(err)
	}
}
