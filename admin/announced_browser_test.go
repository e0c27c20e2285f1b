package admin

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
)

// TestAnnouncedInBrowser sees nodes that told of themselves beside a configured one, what one of them said, and what happened to others.
func TestAnnouncedInBrowser(t *testing.T) {
	s := newStage(t, "node1", "node2", "node3")
	begin := time.Now()
	s.Panel.Announced = func() map[string]*nodes.Announced {
		return map[string]*nodes.Announced{
			"node1": {By: "rmi", Incarnation: "5e55104e", Since: stamp.Of(begin.Add(-time.Hour)), Last: stamp.Of(time.Now().Add(-2 * time.Second)), Beats: 720, HostName: "app1.example.com",
				Ports: map[string]int{"http": 8080, "udp": 5080, "ws": 5082}},
			"node2": {By: "json", Incarnation: "0badcafe", Since: stamp.Of(begin), Last: stamp.Of(time.Now()), Beats: 3, HostName: "<b>\uFFFDapp2", Instance: "ID3f2a", Draining: true,
				Ports: map[string]int{"tcp": 5080}, Health: "up", Load: &nodes.Reported{Weight: 1, Load: 40, Free: -1}},
		}
	}
	s.run()
	b := newTab(t)
	url, err := s.LoginURL("vera", RoleViewer, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(url))
	b.see("vera")
	b.eval(watchPage)
	for range 2 {
		s.Tell(Heard{What: "refused", From: "192.0.2.7", Node: "node1", Words: "a second node wants the name of another"})
	}
	s.Tell(Heard{What: "expired", Node: "node9", Words: "10.2s"})
	s.Tell(Heard{What: "renamed", Node: "node8", From: "node7"})
	for _, text := range []string{"Heartbeat refused from 192.0.2.7 for", "a second node wants the name of another, 2 times", "was silent and is removed: 10.2s", "was called node7: its sessions follow"} {
		b.see(text)
	}
	b.readable(".events")
	b.open("#/nodes")
	b.see("rmi 2 s ago")
	b.see("asked for nothing new")
	b.wait(`document.querySelectorAll("td .hint, th .hint").length === 2`)
	b.readable(".list")
	b.picture("announced-nodes")
	b.open("#/nodes/node2")
	for _, text := range []string{"Announced itself", "0badcafe", "ID3f2a", "tcp 5080", "40 %", "<b>\uFFFDapp2"} {
		b.see(text)
	}
	b.readable(".facts")
	b.picture("announced-node")
	b.do(chromedp.EmulateViewport(360, 800))
	b.wait(`document.documentElement.scrollWidth <= 360`)
	b.open("#/nodes")
	b.see("rmi 2 s ago")
	b.wait(`document.documentElement.scrollWidth <= 360`)
	b.picture("announced-narrow")
	b.do(chromedp.EmulateViewport(1440, 900))
	b.open("#/nodes/node3")
	b.wait(`document.querySelector("h2") && !document.body.innerText.includes("Announced itself")`)
	b.clean()
}
