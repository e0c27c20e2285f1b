package hep

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tool finds a program that .ci/setup installs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("no %s here; .ci/setup installs it", name)
	default:
		t.Skipf("no %s here; .ci/setup installs it", name)
	}
	return path
}

// sngrep listens at an address, in a folder of its own.
func sngrep(t *testing.T, at netip.AddrPort) (file string, stop func()) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "seen.pcap")
	cmd := exec.Command(tool(t, "sngrep"), "-N", "-q", "-F", "-L", "udp:"+at.String(), "-O", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ended bool
	stop = func() {
		if ended {
			return
		}
		ended = true
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		_ = cmd.Wait()
	}
	t.Cleanup(stop)
	return file, stop
}

// The capture server that people have on their desk sees the messages, from
// whom they came, and none of their secrets.
func TestSngrepSeesMessages(t *testing.T) {
	tshark := tool(t, "tshark")
	s := newServer(t) // a port that is free
	at := s.LocalAddr().(interface{ AddrPort() netip.AddrPort }).AddrPort()
	s.Close()
	file, stop := sngrep(t, at)
	x := &Exporter{Addr: at.String(), ID: 2001, Node: "gw-1"}
	running(t, x)
	left := came()
	left.Out, left.Peer = true, netip.MustParseAddrPort("10.0.0.2:5080")
	// It listens some time after it was started: the messages are given to it until it has written some down.
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(100 * time.Millisecond) {
		x.Message(came())
		x.Message(left)
		if info, err := os.Stat(file); err == nil && info.Size() > 2000 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it wrote nothing down")
		}
	}
	stop()
	out, err := exec.Command(tshark, "-r", file, "-T", "fields", "-E", "separator=|", "-e", "ip.src", "-e", "ip.dst", "-e", "ipv6.src", "-e", "ipv6.dst",
		"-e", "udp.srcport", "-e", "udp.dstport", "-e", "sip.Method", "-e", "sip.Call-ID", "-e", "sip.auth.digest.response", "-e", "frame.time_epoch").CombinedOutput()
	t.Logf("%s", out)
	seen := strings.Split(string(out), "\n")
	for _, want := range []string{
		"198.51.100.7|192.0.2.1|||5062|5060|INVITE|c1@phone||1767355200.001234000",
		"192.0.2.1|10.0.0.2|||5060|5080|INVITE|c1@phone||1767355200.001234000",
	} {
		if !slices.Contains(seen, want) {
			t.Errorf("not seen: %s (%v)", want, err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), "SECRET") || !strings.Contains(string(text), "Authorization: Digest ***") {
		t.Errorf("not masked (%v)", err)
	}
}
