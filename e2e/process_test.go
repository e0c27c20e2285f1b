package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program started by a scenario, with everything it says in one log file.
// It leads a process group of its own, so that nothing it started outlives it.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error     // valid after done
	end  time.Time // valid after done
}

// launch starts a program. dir is where its log goes and where it runs.
func launch(dir, name string, argv ...string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{name: name, log: log.Name(), cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=0 atexit_sleep_ms=10") // it would sleep for a second before each exit
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go p.reap()
	return p, nil
}

func (p *process) reap() {
	p.err = p.cmd.Wait()
	p.end = time.Now()
	close(p.done)
}

// kill takes the process and whatever it started off the machine at once, as a power cut would.
func (p *process) kill() {
	if !p.running() {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// wait returns how the process ended; when the grace is over it kills.
func (p *process) wait(grace time.Duration) error {
	select {
	case <-p.done:
		return p.err
	case <-time.After(grace):
		p.kill()
		return fmt.Errorf("%s did not end within %v", p.name, grace)
	}
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// ports hands out ports below the range from which the kernel takes its own, each free for
// TCP and UDP at the time, and none twice.
var ports = struct {
	sync.Mutex
	next int
}{next: 11000 + 2*rand.IntN(9000)}

func freePort(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range 2000 {
		port := ports.next
		if ports.next++; ports.next >= 32000 {
			ports.next = 11000
		}
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		l.Close()
		u, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		u.Close()
		return port
	}
	t.Fatal("no free port")
	return 0
}

// need skips a scenario whose peer is not installed; on a build machine that is an error.
func need(t testing.TB, files ...string) {
	t.Helper()
	for _, f := range files {
		_, err := exec.LookPath(f)
		if filepath.IsAbs(f) {
			_, err = os.Stat(f)
		}
		if err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: run .ci/setup", f)
		}
		t.Skipf("skipped, %s is missing: .ci/setup installs it", f)
	}
}

// eventually asks again and again until cond returns nil, and fails with its last answer.
func eventually(t testing.TB, limit time.Duration, what string, cond func() error) {
	t.Helper()
	err := errors.New("never asked")
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = cond(); err == nil {
			return
		}
	}
	t.Fatalf("%s: not within %v: %v", what, limit, err)
}

// scratch is a folder for one scenario's files. It goes away when the scenario passes and is
// kept, under logs/, when it fails.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			keep := filepath.Join("logs", t.Name())
			_ = os.RemoveAll(keep)
			if err := os.CopyFS(keep, logsOnly(dir)); err == nil {
				t.Logf("logs are kept in e2e/%s", keep)
			}
		}
		os.RemoveAll(dir)
	})
	return dir
}
