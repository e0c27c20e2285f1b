package e2e

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHostileHeartbeats: while strangers in the allowed network send to both ports of RMI what no
// JVM sends, a node goes on to be heard and served. Each of their connections is closed, half
// calls are given up, and afterwards nothing is left of it.
func TestHostileHeartbeats(t *testing.T) {
	j := newJavaWorld(t, true)
	one := j.start(t, 1, "recent", "1001")
	j.health("node1", "http", "up")
	before, err := j.vitals()
	if err != nil {
		t.Fatal(err)
	}
	const hello = "JRMI\x00\x02\x4b\x00\x04evil\x00\x00\x00\x00"
	lookup := "\x50\xac\xed\x00\x05\x77\x22" + strings.Repeat("\x00", 25) + "\x02\x44\x15\x4d\xc9\xd4\xe6\x3b\xdf"
	list := "\x73\x72\x00\x13java.util.ArrayList\x78\x81\xd2\x1d\x99\xc7\x61\x9d\x03\x00\x01I\x00\x04size\x78\x70\x7f\xff\xff\xff\x77\x04\x7f\xff\xff\xff"
	evil := []string{
		strings.Repeat("\xff\x00\x7a", 100000),
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		hello + strings.Repeat("\x51", 1000),
		hello + lookup + "\x7c\x7f\xff\xff\xff\xff\xff\xff\xff" + strings.Repeat("x", 1<<20),
		hello + lookup + "\x74\xff\xff" + strings.Repeat("x", 1<<16),
		hello + lookup + list + strings.Repeat("\x73\x71\x00\x7e\x00\x00\x7f\xff\xff\xff\x77\x04\x7f\xff\xff\xff", 1<<15),
		hello + lookup + list + strings.Repeat("\x70", 1<<20),
		hello + lookup + list + "\x71\x00\x7e\x00\x01",
		hello + lookup + "\x73\x72\x00\x11java.lang.Runtime\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70",
	}
	half := make([]net.Conn, 100) // calls that go no further
	for i := range half {
		c, err := net.Dial("tcp", j.registry)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, hello+lookup[:20])
		half[i] = c
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range 50 {
				if err := hearOut(j.registry, evil[n%len(evil)]); err != nil {
					t.Errorf("%.40q: %v", evil[n%len(evil)], err)
				}
			}
		})
	}
	all.Wait()
	for _, c := range half {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatal("half a call is waited for")
		}
	}
	if beats := one.Does("beats"); !strings.HasSuffix(beats, " 0") {
		t.Errorf("heartbeats that arrived and failed meanwhile: %s", beats)
	}
	if who, err := visit(browser(t), j.http); who != "node1" || err != nil {
		t.Errorf("served by %q, %v", who, err)
	}
	if all := j.list(); len(all) != 1 || all["node1"].Announced == nil {
		t.Errorf("listed: %+v", all)
	}
	j.leakless(t, before)
	after, err := j.vitals()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("resident %d KB, before %d KB", after.resident>>10, before.resident>>10)
	if grown := after.resident - before.resident; grown > 64<<20 {
		t.Errorf("the gateway grew by %d bytes", grown)
	}
}

// hearOut sends something and waits until the other side closes.
func hearOut(addr, words string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	go func() { _, _ = io.WriteString(c, words) }() // it need not be taken
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
		return fmt.Errorf("not closed: %w", err)
	}
	return nil
}
