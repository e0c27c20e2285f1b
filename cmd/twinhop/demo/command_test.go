package demo

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestRunStopsWithItsContext is Ctrl-C: the leak check of the package sees what would be left.
func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, w, options{})
		w.Close()
	}()
	var text bytes.Buffer
	for buf := make([]byte, 4096); !strings.Contains(text.String(), "Ctrl-C"); {
		n, err := r.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v after %q, run says %v", err, text.String(), <-done)
		}
	}
	_, page, _ := strings.Cut(text.String(), "click-to-call   ")
	page, _, _ = strings.Cut(page, "\n")
	client := &http.Client{Transport: &http.Transport{}}
	res, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the page of the banner: %s", res.Status)
	}
	if !strings.Contains(text.String(), "/#t=") {
		t.Errorf("no login link in\n%s", text.String())
	}
	cancel() // with the client's connection still open
	go io.Copy(io.Discard, r)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := client.Get(page); err == nil {
		t.Error("something still answers")
	}
	client.CloseIdleConnections()
}

func TestDurationEndsTheDemo(t *testing.T) {
	cmd := Command()
	cmd.SetArgs([]string{"--duration", "1ms"})
	cmd.SetOut(io.Discard)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTakenPortsAreReplaced(t *testing.T) {
	one, err := newStage(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	defer one.close()
	two, err := newStage(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	defer two.close()
	for i := range one.nodes {
		if one.nodes[i].http == two.nodes[i].http || one.nodes[i].sip == two.nodes[i].sip {
			t.Errorf("two nodes on one port: %s %s", one.nodes[i].http, one.nodes[i].sip)
		}
	}
	c := settings(one.nodes)
	first := nextFree("tcp4", 8080)
	if taken := usual(&c); len(taken) == 0 != (c.Listen.HTTP[0].Addr == loopback(8080) && c.Admin.Listen == loopback(8090) &&
		c.Listen.SIP.External[0] == "udp://"+loopback(5060) && c.Listen.SIP.Internal[0] == "udp://"+loopback(5065)) {
		t.Errorf("taken %v, but %+v and admin %s", taken, c.Listen, c.Admin.Listen)
	}
	if first == "" || c.Listen.HTTP[0].Addr != first {
		t.Errorf("HTTP on %s, free was %s", c.Listen.HTTP[0].Addr, first)
	}
}
