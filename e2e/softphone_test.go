package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A softphone is a real telephone, baresip, without a sound card: what it hears it says. It
// serves as a caller and, answering by itself, as an application node.
type softphone struct {
	*process
	name    string
	addr    string   // where it takes SIP, UDP and TCP
	tls     string   // the same over TLS, if identify was called
	config  []string // further lines
	control net.Conn

	mu     sync.Mutex
	events []event // not yet expected
	acks   chan event
}

// event is what baresip tells over its control port: something that happened, or the outcome
// of a command.
type event struct {
	Response  bool   `json:"response"`
	OK        bool   `json:"ok"`
	Data      string `json:"data"`
	Type      string `json:"type"`
	Direction string `json:"direction"`
	Peer      string `json:"peeruri"`
	Call      string `json:"id"`
	Param     string `json:"param"`
}

// newSoftphone reserves an address; start makes it a telephone.
func newSoftphone(t testing.TB, name string) *softphone {
	t.Helper()
	need(t, "baresip")
	port := freePort(t)
	for port+1 != freePort(t) { // it takes the next one for TLS
		port = freePort(t)
	}
	return &softphone{name: name, addr: fmt.Sprintf("127.0.0.1:%d", port), acks: make(chan event, 16)}
}

func baresipModules(t testing.TB) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/baresip/modules", "/usr/lib/*/baresip/modules"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatal("the modules of baresip are not where they should be")
	return ""
}

// identify gives it a certificate that an authority signed, whom it trusts.
func (p *softphone) identify(t testing.TB, root *authority, dir string) {
	t.Helper()
	root.write(dir, p.name, site())
	var both []byte
	for _, kind := range []string{".key", ".pem"} {
		text, err := os.ReadFile(filepath.Join(dir, p.name+kind))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	put(t, filepath.Join(dir, p.name+".both"), both)
	put(t, filepath.Join(dir, "root.pem"), root.pem())
	p.config = append(p.config, "sip_certificate "+filepath.Join(dir, p.name+".both"), "sip_cafile "+filepath.Join(dir, "root.pem"))
	host, port, _ := net.SplitHostPort(p.addr)
	n, _ := strconv.Atoi(port)
	p.tls = net.JoinHostPort(host, strconv.Itoa(n+1))
}

// at is where it takes SIP by a transport.
func (p *softphone) at(transport string) string {
	if transport == "tls" {
		return p.tls
	}
	return p.addr
}

// start runs it with one account, written as baresip's accounts file wants it.
func (p *softphone) start(t testing.TB, dir, account string) {
	t.Helper()
	home := filepath.Join(dir, p.name)
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	remote, media := fmt.Sprintf("127.0.0.1:%d", freePort(t)), 32100+400*(freePort(t)%80)
	for name, text := range map[string]string{
		"config": strings.Join(append(p.config, "sip_listen "+p.addr, "net_interface 127.0.0.1", "module_path "+baresipModules(t),
			"module g711.so", "module aubridge.so", "audio_source aubridge,line", "audio_player aubridge,line",
			"module_tmp account.so", "module_app menu.so", "module_app ctrl_tcp.so", "ctrl_tcp_listen "+remote,
			fmt.Sprintf("rtp_ports %d-%d", media, media+398), ""), "\n"),
		"accounts": account + "\n", "contacts": "",
	} {
		write(t, filepath.Join(home, name), text)
	}
	var err error
	if p.process, err = launch(dir, p.name, "baresip", "-f", home); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	eventually(t, 10*time.Second, p.name+" takes orders", func() (err error) {
		if !p.running() {
			text, _ := os.ReadFile(p.log)
			t.Fatalf("%s ended at once: %v\n%s", p.name, p.err, text)
		}
		p.control, err = net.Dial("tcp", remote)
		return err
	})
	t.Cleanup(func() { p.control.Close() })
	go p.listen()
}

// listen reads netstrings: length, colon, JSON, comma.
func (p *softphone) listen() {
	in := bufio.NewReader(p.control)
	for {
		prefix, err := in.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.Trim(prefix, ",:"))
		if err != nil || n < 0 || n > 1<<20 {
			return
		}
		text := make([]byte, n+1)
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		var e event
		if json.Unmarshal(text[:n], &e) != nil {
			continue
		}
		if e.Response {
			p.acks <- e
			continue
		}
		p.mu.Lock()
		p.events = append(p.events, e)
		p.mu.Unlock()
	}
}

// do gives an order and waits until it is taken, not until it is carried out.
func (p *softphone) do(t testing.TB, command, params string) {
	t.Helper()
	text, err := json.Marshal(map[string]string{"command": command, "params": params, "token": "e2e"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(p.control, "%d:%s,", len(text), text); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-p.acks:
		if !e.OK {
			t.Fatalf("%s: %s %s: refused: %s", p.name, command, params, e.Data)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: %s %s: no answer", p.name, command, params)
	}
}

// sees waits for an event that was not expected before: of the call, if that is not "", and
// with the parameter, if that is not "".
func (p *softphone) sees(t testing.TB, kind, call, param string) event {
	t.Helper()
	var found event
	eventually(t, 10*time.Second, p.name+" sees "+kind+" "+param+" "+call, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		for i, e := range p.events {
			if e.Type == kind && (call == "" || e.Call == call) && (param == "" || e.Param == param) {
				found, p.events = e, append(p.events[:i:i], p.events[i+1:]...)
				return nil
			}
		}
		if !p.running() {
			return errors.New("it is dead")
		}
		return fmt.Errorf("seen so far: %+v", p.events)
	})
	return found
}

// forget drops what happened so far.
func (p *softphone) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = nil
}
