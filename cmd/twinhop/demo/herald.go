package demo

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
	jsonbeats "twinhop/gateway/heartbeat/json"
)

// announces lets the nodes of c announce themselves, with a secret, instead of being configured.
func announces(c *config.Config) {
	c.Nodes = nil
	c.Heartbeat.JSON.Listen, c.Heartbeat.Secret = "127.0.0.1:0", rand.Text()
	c.Heartbeat.Timeout, c.Heartbeat.Sweep = time.Second, 50*time.Millisecond
}

// pulse is how often a node gives a sign of life.
const pulse = 250 * time.Millisecond

// announceTo lets the node announce itself to a gateway for as long as it lives, from now on whenever it does.
func (n *node) announceTo(a assembly.Addrs, secret string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.herald = &jsonbeats.Client{URL: "http" + strings.TrimPrefix(a.Heartbeats[0], "json") + "/", Secret: []byte(secret), Interval: pulse, Abrupt: true,
		HTTP:       &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
		Properties: map[string]string{"ip": "127.0.0.1", "hostName": n.name + ".demo", "httpPort": port(n.http), "udpPort": port(n.sip), "jvmRoute": n.name}}
	if n.agent != nil {
		n.speak()
	}
}

// speak begins the signs of life, if there is anybody to hear them. The lock is held.
func (n *node) speak() {
	if n.herald == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	n.silence = func() { cancel(); <-done }
	go func() {
		defer close(done)
		n.herald.Run(ctx, nil)
	}()
}
