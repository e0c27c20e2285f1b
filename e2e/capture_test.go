package e2e

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sngrep, listening as people have it listen on their desk, sees every message of every call twice: as it came to the gateway, and as it
// left.
func TestSngrepSeesCalls(t *testing.T) {
	need(t, "sngrep", "tshark", "sipp")
	desk := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	w := set(t, stage{Sipp: true, Config: "telemetry: {hep: {addr: \"udp://" + desk + "\", node: gw-1}}"})
	file := filepath.Join(w.dir, "seen.pcap")
	p, err := launch(w.dir, "sngrep", "sngrep", "-N", "-q", "-F", "-L", "udp:"+desk, "-O", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	eventually(t, 20*time.Second, "sngrep listens", func() error {
		c, err := net.ListenPacket("udp", desk)
		if err != nil {
			return nil // it has the port
		}
		return errors.Join(errors.New("the port is free"), c.Close())
	})
	const calls = 5
	sippCalls(t, w.dir, w.external, load{rate: 10, calls: calls, hold: 100 * time.Millisecond})
	_, clients, _ := net.SplitHostPort(w.external)
	eventually(t, 20*time.Second, "every message is seen", func() error {
		out, err := exec.Command("tshark", "-r", file, "-T", "fields", "-E", "separator=|", "-e", "udp.srcport", "-e", "udp.dstport", "-e", "sip.Method", "-e", "sip.Status-Code").Output()
		seen := map[string]int{}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimSpace(line), "|")
			if len(f) != 4 {
				return fmt.Errorf("%q, %v", line, err)
			}
			switch clients {
			case f[0]:
				f[0] = "left"
			case f[1]:
				f[0] = "came"
			default:
				f[0] = "inside"
			}
			seen[f[0]+" "+f[2]+f[3]]++
		}
		for _, what := range []string{"came INVITE", "came ACK", "came BYE", "left 180", "left 200"} {
			want := calls
			if what == "left 200" {
				want *= 2
			}
			_, message, _ := strings.Cut(what, " ")
			if inside := seen["inside "+message]; seen[what] != want || inside != want {
				return fmt.Errorf("%s: %d, toward the node %d, want %d", what, seen[what], inside, want)
			}
		}
		return nil
	})
}
