//go:build linux && (amd64 || 386 || arm64)

package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const reportsHere = true

// spent is the processor time of all threads of a process, in nanoseconds.
func spent(b *testing.B, pid int) (total int64) {
	all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(all) == 0 {
		b.Skip("the system does not tell: ", err)
	}
	for _, name := range all {
		text, _ := os.ReadFile(name)
		var n int64
		fmt.Sscan(string(text), &n)
		total += n
	}
	return total
}

// BenchmarkServer measures what another process spends on a message it receives and sends back, at a rate of messages a second. It falls
// with the rate, because waking up is shared: compare equal rates only.
func BenchmarkServer(b *testing.B) {
	for _, rate := range []int{7_000, 21_000, 60_000} {
		for _, mode := range []string{"batched", "plain"} {
			b.Run(fmt.Sprint(mode, "/", rate), func(b *testing.B) {
				server := exec.Command(os.Args[0])
				server.Env = append(os.Environ(), echoMode+"="+mode)
				stop, err := server.StdinPipe()
				out, err2 := server.StdoutPipe()
				if err := errors.Join(err, err2, server.Start()); err != nil {
					b.Fatal(err)
				}
				defer server.Wait()
				defer stop.Close()
				var port int
				if _, err := fmt.Fscan(out, &port); err != nil {
					b.Fatal(err)
				}
				client := open(b, "udp4", "127.0.0.1:0", true)
				var h nobody
				run(b, client, &h)
				to, message := at(fmt.Sprint("127.0.0.1:", port)), make([]byte, 900)
				client.Send(message, to)
				for h.n.Load() == 0 {
					runtime.Gosched()
				}
				before := spent(b, server.Process.Pid)
				b.ResetTimer()
				begin := time.Now()
				pace := time.NewTicker(50 * time.Microsecond)
				defer pace.Stop()
				for sent := 0; sent < b.N; <-pace.C {
					for due := int(time.Since(begin).Seconds() * float64(rate)); sent < due; sent++ {
						client.Send(message, to)
					}
				}
				b.ReportMetric(float64(spent(b, server.Process.Pid)-before)/float64(b.N), "cpu-ns/msg")
				b.ReportMetric(float64(max(0, b.N-int(h.n.Load()))), "lost")
			})
		}
	}
}

// rig opens a socket whose system calls are the test's.
func rig(t *testing.T, receive, send call) *Socket {
	s := open(t, "udp4", "127.0.0.1:0", false)
	s.once.Do(s.open)
	if receive != nil {
		s.sys.receive = receive
	}
	if send != nil {
		s.sys.send = send
	}
	return s
}

// after gives each error once, and then the real call.
func after(real call, errs ...syscall.Errno) call {
	return func(fd uintptr, v []unix.Mmsghdr, flags int) (int, syscall.Errno) {
		if len(errs) > 0 && flags&unix.MSG_ERRQUEUE == 0 {
			errno := errs[0]
			errs = errs[1:]
			return 0, errno
		}
		return real(fd, v, flags)
	}
}

func TestErrorsOfReceivingAreOutlived(t *testing.T) {
	persistent := make([]syscall.Errno, patience+1) // one of them after a rest
	for i := range persistent {
		persistent[i] = unix.ENOMEM
	}
	for name, errs := range map[string][]syscall.Errno{
		"interrupted":             bytesOf(patience+1, unix.EINTR),
		"earlier datagrams":       {unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ECONNREFUSED},
		"nothing but reports":     bytesOf(rounds*3, unix.ECONNREFUSED),
		"persistent":              persistent,
		"call is not there":       {unix.ENOSYS},
		"call is not allowed":     {unix.EPERM},
		"call is taken away late": {unix.ENOMEM, unix.ECONNREFUSED, unix.EPERM},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := rig(t, after(receiveMany, errs...), nil)
			s.Log = slog.New(slog.NewTextHandler(&log, nil))
			got := make(receiver, 1)
			end := start(s, got)
			s.Send([]byte("x"), s.Local())
			if m := <-got; !strings.HasSuffix(m, " x") {
				t.Error(m)
			}
			if err := end(); err != nil {
				t.Error(err)
			}
			last := errs[len(errs)-1]
			if fell := strings.Contains(log.String(), "no batched receiving"); fell != (last == unix.ENOSYS || last == unix.EPERM) {
				t.Errorf("log: %s", log.String())
			}
			if tired := strings.Contains(log.String(), "keeps failing"); tired != (name == "persistent") {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}

func bytesOf(n int, e syscall.Errno) []syscall.Errno {
	all := make([]syscall.Errno, n)
	for i := range all {
		all[i] = e
	}
	return all
}

type nobody struct{ n atomic.Int64 }

func (h *nobody) Receive([]byte, netip.AddrPort) { h.n.Add(1) }
func (h *nobody) Flush()                         {}

func TestAFloodLetsOthersIn(t *testing.T) {
	first := make(chan struct{}, 1)
	full := func(_ uintptr, v []unix.Mmsghdr, _ int) (int, syscall.Errno) {
		select {
		case first <- struct{}{}:
		default:
		}
		return len(v), 0
	}
	s := rig(t, full, nil)
	var h nobody
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx, &h) }()
	<-first
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	done = make(chan error)
	<-first
	go func() { done <- s.Run(context.Background(), &h) }()
	<-first
	s.Conn.Close()
	if err := <-done; err == nil {
		t.Error("a closed socket ended Run without an error")
	}
}

func TestACutDatagramIsNotHandedOver(t *testing.T) {
	s := open(t, "udp4", "127.0.0.1:0", false)
	s.once.Do(s.open)
	got := make(receiver, 8)
	l := newLoop(s, got, nil, 16)
	for _, m := range []string{"sixteen and more are cut", "exactly sixteen.", "short", ""} {
		s.Send([]byte(m), s.Local())
	}
	s.sys.raw.Read(func(fd uintptr) bool { l.turn(fd); return l.cut > 0 })
	close(got)
	var all []string
	for m := range got {
		all = append(all, strings.TrimPrefix(m, s.Local().String()+" "))
	}
	if fmt.Sprintf("%q", all) != `["exactly sixteen." "short" ""]` {
		t.Errorf("%q", all)
	}
}

func TestSendingMeetsErrors(t *testing.T) {
	for name, c := range map[string]struct {
		errs   []syscall.Errno
		want   string // of Failed
		got    string
		banned bool
	}{
		"interrupted":        {[]syscall.Errno{unix.EINTR}, "", "012", false},
		"earlier datagram":   {[]syscall.Errno{unix.ECONNREFUSED}, "", "012", false},
		"maybe earlier":      {[]syscall.Errno{unix.EHOSTUNREACH}, "", "012", false},
		"unreachable":        {[]syscall.Errno{unix.EHOSTUNREACH, unix.EHOSTUNREACH}, "0 send to TO: no route to host", "12", false},
		"full":               {[]syscall.Errno{unix.EAGAIN}, "0 " + ErrFull.Error(), "12", false},
		"full twice":         {[]syscall.Errno{unix.ENOBUFS, unix.ENOMEM}, "0 " + ErrFull.Error() + "|1 " + ErrFull.Error(), "2", false},
		"too long":           {[]syscall.Errno{unix.EMSGSIZE, unix.EMSGSIZE}, "0 " + ErrSize.Error(), "12", false},
		"call is not there":  {[]syscall.Errno{unix.ENOSYS}, "", "012", true},
		"call not permitted": {[]syscall.Errno{unix.EPERM}, "", "012", true},
		"many earlier ones":  {bytesOf(oldRefusals, unix.ECONNREFUSED), "", "012", false},
		"always refused":     {bytesOf(oldRefusals+1, unix.ECONNREFUSED), "0 send to TO: connection refused", "12", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := rig(t, nil, after(sendMany, c.errs...)), open(t, "udp4", "127.0.0.1:0", false)
			a.Errors = true
			got := make(receiver, 3)
			run(t, b, got)
			var failed []string
			o := Outbox{Failed: func(m []byte, to netip.AddrPort, err error) {
				failed = append(failed, string(m)+" "+strings.ReplaceAll(err.Error(), to.String(), "TO"))
			}}
			for i := range 3 {
				o.Put(a, fmt.Append(nil, i), b.Local())
			}
			o.Flush()
			all := ""
			for range len(c.got) {
				m := <-got
				all += m[len(m)-1:]
			}
			if all != c.got {
				t.Errorf("got %q, want %q", all, c.got)
			}
			if s := strings.Join(failed, "|"); s != c.want {
				t.Errorf("failed %q, want %q", s, c.want)
			}
			if a.sys.noSend.Load() != c.banned {
				t.Error("batched sending given up: ", !c.banned)
			}
		})
	}
}

// A packet filter that refuses a datagram uses the error of a call that is not allowed.
func TestARefusedDatagramDoesNotEndBatches(t *testing.T) {
	s := rig(t, nil, after(sendMany, unix.EPERM))
	if err := s.Send([]byte("x"), at("127.0.0.1:0")); err == nil {
		t.Error("no error")
	}
	if s.sys.noSend.Load() {
		t.Error("batched sending given up")
	}
}

func TestBuffersAreAsLargeAsAsked(t *testing.T) {
	var log bytes.Buffer
	s := open(t, "udp4", "127.0.0.1:0", false)
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.ReadBuffer = 1 << 20
	s.once.Do(s.open)
	s.enlarge()
	read, write := s.force(0)
	if small := read < s.ReadBuffer || write < s.ReadBuffer; small != strings.Contains(log.String(), "smaller") {
		t.Errorf("receive %d, send %d, log %q", read, write, log.String())
	}
	if syscall.Geteuid() == 0 && read < s.ReadBuffer {
		t.Logf("not even the privileged get %d bytes here: %d", s.ReadBuffer, read)
	}
}

func TestCallsAreAnnouncedWithOneProcessor(t *testing.T) {
	was := runtime.GOMAXPROCS(1)
	measure()
	one := announced.Load()
	runtime.GOMAXPROCS(2)
	measure()
	two := announced.Load()
	runtime.GOMAXPROCS(was)
	measure()
	if !one || two {
		t.Errorf("one: %v, two: %v", one, two)
	}
}

func TestAddressesAsTheSystemWritesThem(t *testing.T) {
	var z seen
	var names scopes
	for _, c := range []struct {
		in     string
		family int
		size   uint32
		out    string
	}{
		{"192.0.2.1:5060", unix.AF_INET, unix.SizeofSockaddrInet4, "192.0.2.1:5060"},
		{"[::ffff:192.0.2.1]:5060", unix.AF_INET, unix.SizeofSockaddrInet4, "192.0.2.1:5060"},
		{"192.0.2.1:5060", unix.AF_INET6, unix.SizeofSockaddrInet6, "192.0.2.1:5060"},
		{"[2001:db8::1]:65535", unix.AF_INET6, unix.SizeofSockaddrInet6, "[2001:db8::1]:65535"},
		{"[fe80::1%7]:1", unix.AF_INET6, unix.SizeofSockaddrInet6, "[fe80::1%7]:1"},
		{"[fe80::1%4294967295]:1", unix.AF_INET6, unix.SizeofSockaddrInet6, "[fe80::1%4294967295]:1"},
		{"[fe80::1%no such interface]:1", unix.AF_INET6, unix.SizeofSockaddrInet6, "[fe80::1]:1"},
		{"[2001:db8::1]:1", unix.AF_INET, unix.SizeofSockaddrInet6, "[2001:db8::1]:1"},
	} {
		var n unix.RawSockaddrInet6
		if size := encode(&n, at(c.in), c.family, &names); size != c.size {
			t.Errorf("%s: %d bytes, want %d", c.in, size, c.size)
		}
		if out := decode(&n, &z).String(); out != c.out {
			t.Errorf("%s: %s, want %s", c.in, out, c.out)
		}
	}
	var n unix.RawSockaddrInet6
	if size := encode(&n, netip.AddrPort{}, unix.AF_INET, &names); size != 0 {
		t.Error("no address: ", size)
	}
	if got := decode(&unix.RawSockaddrInet6{Family: unix.AF_UNIX}, &z); got.IsValid() {
		t.Error("another family: ", got)
	}
	encode(&n, at("[fe80::1%7]:1"), unix.AF_INET6, &names)
	if a := testing.AllocsPerRun(100, func() { decode(&n, &z) }); a > 0 {
		t.Errorf("an address with a zone costs %v allocations", a)
	}
}

func TestReportsAreReadCarefully(t *testing.T) {
	word := func(n ...uint32) (b []byte) {
		for _, n := range n {
			b = append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
		}
		return b
	}
	head := unix.CmsgLen(0)
	note := func(size int, level, kind uint32, body []byte) []byte {
		b := word(uint32(size))
		if head == 16 {
			b = append(b, 0, 0, 0, 0)
		}
		return append(append(b, word(level, kind)...), body...)
	}
	refused := word(uint32(unix.ECONNREFUSED), unix.SO_EE_ORIGIN_ICMP, 0, 0)
	good := note(head+16, unix.SOL_IP, unix.IP_RECVERR, refused)
	for name, c := range map[string]struct {
		control []byte
		want    syscall.Errno
	}{
		"nothing":          {nil, 0},
		"IPv4":             {good, unix.ECONNREFUSED},
		"IPv6":             {note(head+16, unix.SOL_IPV6, unix.IPV6_RECVERR, word(uint32(unix.EHOSTUNREACH), unix.SO_EE_ORIGIN_ICMP6, 0, 0)), unix.EHOSTUNREACH},
		"our own system":   {note(head+16, unix.SOL_IP, unix.IP_RECVERR, word(uint32(unix.ECONNREFUSED), unix.SO_EE_ORIGIN_LOCAL, 0, 0)), 0},
		"too big":          {note(head+16, unix.SOL_IP, unix.IP_RECVERR, word(uint32(unix.EMSGSIZE), unix.SO_EE_ORIGIN_ICMP, 0, 0)), 0},
		"cut":              {good[:len(good)-1], 0},
		"short":            {note(head+8, unix.SOL_IP, unix.IP_RECVERR, refused[:8]), 0},
		"size of nothing":  {note(0, unix.SOL_IP, unix.IP_RECVERR, refused), 0},
		"huge":             {note(1<<30, unix.SOL_IP, unix.IP_RECVERR, refused), 0},
		"after another":    {append(note(head+8, unix.SOL_SOCKET, 1, make([]byte, 8)), good...), unix.ECONNREFUSED},
		"another, at last": {note(head+3, unix.SOL_SOCKET, 1, make([]byte, 3)), 0},
	} {
		if got := reported(c.control); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestReportsDoNotWaitForDatagrams(t *testing.T) {
	s := open(t, "udp4", "127.0.0.1:0", false)
	s.Errors = true
	h := informed{make(receiver, 1), make(chan string, 1)}
	run(t, s, h)
	s.Send([]byte("x"), s.Local())
	<-h.receiver
	gone := dead(t, "127.0.0.1:0")
	for i := range 200 { // a report of a send may be taken by the next send: its reader is woken all the same
		if err := s.Send(fmt.Append(nil, i), gone); err != nil {
			t.Fatal(err)
		}
		if got, want := <-h.reports, fmt.Sprint(i, " ", gone, " connection refused"); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// The poller may refuse to wait, as it does when it has seen nothing of a socket but an error.
func TestASocketThatCannotBeWaitedForIsStillServed(t *testing.T) {
	s := open(t, "udp4", "127.0.0.1:0", false)
	got := make(receiver, 1)
	end := start(s, got)
	for i := range 3 {
		s.Send([]byte("x"), s.Local())
		if m := <-got; !strings.HasSuffix(m, " x") {
			t.Error(i, m)
		}
		s.Conn.SetReadDeadline(time.Unix(1, 0))
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}
