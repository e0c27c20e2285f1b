package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// linphone is the real one, told what to do line by line.
type linphone struct {
	*process
	orders *os.File
}

func newLinphone(t testing.TB, root *authority, dir, name string) *linphone {
	t.Helper()
	need(t, "linphonec")
	home := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Join(home, ".local", "share", "linphone"), 0o700); err != nil { // without it, it begins nothing
		t.Fatal(err)
	}
	put(t, filepath.Join(home, "root.pem"), root.pem())
	put(t, filepath.Join(home, "rc"), fmt.Appendf(nil, "[sip]\nsip_port=%d\nsip_tcp_port=%d\nsip_tls_port=%d\nbind_address=127.0.0.1\nguess_hostname=0\nuse_ipv6=0\nroot_ca=%s\nverify_server_certs=1\nverify_server_cn=1\n"+
		"[net]\nmtu=1300\n[rtp]\naudio_rtp_port=%d\n", freePort(t), freePort(t), freePort(t), filepath.Join(home, "root.pem"), freePort(t)))
	orders := filepath.Join(home, "orders")
	if err := syscall.Mkfifo(orders, 0o600); err != nil {
		t.Fatal(err)
	}
	l := &linphone{}
	var err error
	if l.orders, err = os.OpenFile(orders, os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.orders.Close() })
	if l.process, err = launch(dir, name, "sh", "-c", fmt.Sprintf("HOME=%s XDG_RUNTIME_DIR=%[1]s exec linphonec -a -c %[1]s/rc -d 3 -l %[1]s/linphone.log < %s", home, orders)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.kill)
	l.says(t, "linphonec>", 1)
	l.do(t, "soundcard use files")
	l.says(t, "Using wav files", 1)
	return l
}

func (l *linphone) do(t testing.TB, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(l.orders, format+"\n", args...); err != nil {
		t.Fatal(err)
	}
}

// says waits until it has said something so often.
func (l *linphone) says(t testing.TB, words string, times int) {
	t.Helper()
	eventually(t, 20*time.Second, l.name+" says "+words, func() error {
		text, err := os.ReadFile(l.log)
		if err == nil && bytes.Count(text, []byte(words)) < times {
			err = fmt.Errorf("it says %s", text[max(0, len(text)-600):])
		}
		return err
	})
}

// linphone registers over TLS and TCP, is called by the connection that it opened, and calls; each side hangs up.
func TestEdgeLinphone(t *testing.T) {
	t.Parallel() // it waits more than it works
	root := newAuthority(t, "root")
	w := set(t, edgeStage(t, root))
	o := newOffices(w)
	friend := w.mustEdge(t, root, "ws", nil)
	if r, err := friend.register("friend"); err != nil || r.status() != 200 {
		t.Fatalf("%v, %v", r, err)
	}
	for transport, at := range map[string]string{"tls": strings.Replace(w.edge["tls"], "127.0.0.1", "localhost", 1), "tcp": w.external} {
		name := "linphone-" + transport // it finds no address in a certificate, but names
		l := newLinphone(t, root, w.dir, name)
		l.do(t, "register sip:%s@e2e.invalid sip:%s;transport=%s", name, at, transport)
		eventually(t, 20*time.Second, name+" is registered", func() error {
			if h, ok := o.at(name); !ok {
				text, _ := os.ReadFile(l.log)
				return fmt.Errorf("%+v; it says %s", h, text)
			}
			return nil
		})
		h, _ := o.at(name)
		t.Logf("%s: Contact %s, Path %s", name, h.contact, strings.Join(h.path, ", "))
		c, err := o.begin(w.agents[0], name, offer)
		if err != nil {
			t.Fatal(err)
		}
		l.says(t, "connected", 1)
		if r, err := c.bye(); err != nil || r.status() != 200 {
			t.Errorf("BYE: %v, %v", r, err)
		}
		l.says(t, "ended", 1)
		l.do(t, "call sip:friend@%s;transport=%s", at, transport)
		for _, method := range []string{"INVITE", "ACK"} {
			if _, err := friend.answer(method, 10*time.Second); err != nil {
				t.Fatalf("%s: %s: %v", name, method, err)
			}
		}
		l.says(t, "connected", 2)
		l.do(t, "terminate")
		if _, err := friend.answer("BYE", 10*time.Second); err != nil {
			t.Errorf("%s: BYE: %v", name, err)
		}
	}
	o.faultless(t)
}
