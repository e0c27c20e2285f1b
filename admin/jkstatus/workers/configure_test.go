package workers

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// What a change makes of the site: a look at it afterwards, or why it is
// refused.
func TestConfigure(t *testing.T) {
	for _, tt := range []struct {
		change Change
		look   func(c *config.Config) any
		want   string
	}{
		{Change{Worker: "lb", Attribute: Method, Number: 4}, func(c *config.Config) any { return c.Pools[0].Balance }, "next"},
		{Change{Worker: "lb", Attribute: Retries, Number: 7}, func(c *config.Config) any { return *c.Pools[0].Retries }, "{7 2 60ms}"},
		{Change{Worker: "alias", Attribute: RetryInterval, Number: 7}, func(c *config.Config) any { return *c.Pools[2].Retries }, "{1 3 7ms}"},
		{Change{Worker: "lb", Member: "n1", Attribute: Retries, Number: 7}, func(c *config.Config) any { return c.Nodes[0].Retries }, "{7 30ms}"},
		{Change{Worker: "lb", Member: "n1", Attribute: RetryInterval, Number: 9}, func(c *config.Config) any { return c.Nodes[0].Retries }, "{2 9ms}"},
		{Change{Worker: "lb", Member: "n1", Attribute: Recovery, Number: 25}, func(c *config.Config) any { return c.Nodes[0].Repeat }, "[HEAD GET]"},
		{Change{Worker: "lb", Member: "n1", Attribute: Recovery, Number: 1}, func(c *config.Config) any { return len(c.Nodes[0].Repeat) + 10*digit(c.Nodes[0].Repeat == nil) }, "0"},
		{Change{Worker: "lb", Member: "n1", Attribute: Recovery, Number: 24}, func(c *config.Config) any { return c.Nodes[0].Repeat == nil }, "true"},
		{Change{Worker: "lb", Member: "n1", Attribute: Host, Text: "fd00::1"}, func(c *config.Config) any { return c.Nodes[0].HTTP }, "ajp://[fd00::1]:8009"},
		{Change{Worker: "lb", Member: "n2", Attribute: Port, Number: 81}, func(c *config.Config) any { return c.Nodes[1].HTTP }, "http://10.0.0.2:81"},
		{Change{Worker: "n2", Attribute: Port, Number: 82}, func(c *config.Config) any { return c.Nodes[1].HTTP }, "http://10.0.0.2:82"},
		{Change{Worker: "lb", Member: "n3", Attribute: Port, Number: 81}, nil, "port: n3 serves no HTTP"},
		{Change{Worker: "lb", Member: "n1", Attribute: Host, Text: "a b"}, nil, `host: "a b" is no host`},
		{Change{Worker: "lb", Member: "n1", Attribute: PoolTimeout, Number: 0}, func(c *config.Config) any { return c.Nodes[0].AJP.IdleTimeout }, "0s"},
		{Change{Worker: "lb", Member: "n1", Attribute: ReplyTimeout, Number: 50}, func(c *config.Config) any { return c.Nodes[0].AJP.BodyTimeout }, "50ms"},
		{Change{Worker: "lb", Member: "n1", Attribute: PacketSize, Number: 9216}, func(c *config.Config) any { return int(c.Nodes[0].AJP.PacketSize) }, "9216"},
		{Change{Worker: "lb", Member: "n1", Attribute: PingTimeout, Number: 50}, func(c *config.Config) any { return c.Nodes[0].AJP.Ping.Timeout }, "50ms"},
		{Change{Worker: "lb", Member: "n1", Attribute: PingInterval, Number: 5}, func(c *config.Config) any { return c.Nodes[0].AJP.Ping.Interval }, "5s"},
		{Change{Worker: "lb", Member: "n1", Attribute: ConnectPing, Number: 0}, func(c *config.Config) any { return c.Nodes[0].AJP.Ping.Connect }, "false"},
		{Change{Worker: "lb", Member: "n1", Attribute: PrepostPing, Number: 700}, func(c *config.Config) any { return c.Nodes[0].AJP.Ping.Request }, "true"},
		{Change{Worker: "lb", Member: "n1", Attribute: PrepostPing, Number: 800}, func(c *config.Config) any { return c.Nodes[0].AJP.Ping }, "{true true 20s 700ms 0s 800ms}"},
		{Change{Worker: "lb", Member: "n1", Attribute: ConnectPing, Number: 900}, func(c *config.Config) any { return c.Nodes[0].AJP.Ping }, "{true false 20s 700ms 900ms 0s}"},
		{Change{Worker: "lb", Member: "n1", Attribute: PingTimeout, Number: 60}, func(c *config.Config) any { return c.Nodes[0].AJP.Ping }, "{true false 20s 60ms 700ms 700ms}"},
		{Change{Worker: "lb", Member: "n2", Attribute: PrepostPing, Number: 800}, nil, "prepost_timeout: n2 does not speak AJP"},
		{Change{Worker: "lb", Member: "n9", Attribute: Port, Number: 800}, nil, "n9 is not configured here"},
		{Change{Worker: "no", Attribute: Retries, Number: 8}, nil, "there is no worker no"},
		{Change{Worker: "lb", Attribute: Lock, Number: 1}, nil, "lock of a balancer cannot be changed while the gateway runs"},
		{Change{Worker: "lb", Member: "n1", Attribute: Lock, Number: 1}, nil, "lock cannot be changed while the gateway runs"},
	} {
		from := site()
		was := fmt.Sprintf("%+v", *from)
		c := Copy(from)
		err := tt.change.Configure(c)
		got := fmt.Sprint(err)
		if refused := (*Refused)(nil); err != nil && !errors.As(err, &refused) {
			t.Errorf("%+v: %v is no refusal", tt.change, err)
		}
		if err == nil && tt.look != nil {
			got = fmt.Sprint(tt.look(c))
		}
		if got != tt.want || tt.change.InCluster() {
			t.Errorf("%+v: %s, not %s", tt.change, got, tt.want)
		}
		if is := fmt.Sprintf("%+v", *from); is != was {
			t.Errorf("%+v changes what it was copied from", tt.change)
		}
	}
}

// What a pool says of its node is what counts there.
func TestConfigureOverPools(t *testing.T) {
	c := site()
	c.Pools[0].Nodes[0].Retries = config.PoolNodeTries{Attempts: new(4), Interval: new(time.Second)}
	c.Pools[0].Nodes[0].Repeat = &[]string{"GET"}
	for _, change := range []Change{{"lb", "n1", Retries, 6, ""}, {"lb", "n1", RetryInterval, 8, ""}, {"lb", "n1", Recovery, 9, ""}} {
		next := Copy(c)
		if err := change.Configure(next); err != nil {
			t.Fatal(err)
		}
		c = next
	}
	m := c.Members(c.Pools[0])[0]
	if m.Retries.Attempts != 6 || m.Retries.Interval != 8*time.Millisecond || strings.Join(m.Repeat, " ") != "HEAD" {
		t.Errorf("%+v", m)
	}
	c.Pools[0].ReplyTimeout = new(time.Second)
	if err := (&Change{"lb", "n1", ReplyTimeout, 5, ""}).Configure(c); err == nil || !strings.Contains(err.Error(), "the pool lb says it") {
		t.Error(err)
	}
}

// Nodes at one address have one connector.
func TestConfigureSharedConnector(t *testing.T) {
	c := Copy(site())
	c.Nodes[1].HTTP = c.Nodes[0].HTTP
	if err := (&Change{"lb", "n2", PoolTimeout, 5, ""}).Configure(c); err != nil {
		t.Fatal(err)
	}
	if a, b := c.Nodes[0].AJP.IdleTimeout, c.Nodes[1].AJP.IdleTimeout; a != 5*time.Second || b != a {
		t.Errorf("%v %v", a, b)
	}
}

func TestWordsOfChanges(t *testing.T) {
	var m cluster.MemberWords
	for _, c := range []Change{{Attribute: Activation, Number: 2}, {Attribute: Factor, Number: 3}, {Attribute: Distance, Number: 4}, {Attribute: BusyLimit, Number: 5},
		{Attribute: Route, Text: "r"}, {Attribute: Redirect, Text: ""}, {Attribute: Domain, Text: "d"}} {
		if !c.InCluster() {
			t.Errorf("%+v", c)
		}
		c.MemberWords(&m)
	}
	if *m.Activation != cluster.Stopped || *m.Weight != 3 || *m.Distance != 4 || *m.BusyLimit != 5 || *m.Route != "r" || *m.Redirect != "" || *m.Domain != "d" {
		t.Errorf("%+v", m)
	}
	old := &cluster.Recovery{Time: time.Second, Escalation: time.Minute}
	pool := &cluster.Pool{Name: "p", Recovery: old}
	var p cluster.PoolWords
	for _, c := range []Change{{Attribute: Sticky, Number: 0}, {Attribute: Force, Number: 1}, {Attribute: RecoverTime, Number: 9}, {Attribute: MaxReplyTimeouts, Number: 2}} {
		if err := c.PoolWords(&p, pool); err != nil || !c.InCluster() {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if *p.Sticky || !*p.Force || *p.Recovery != (cluster.Recovery{Time: 9 * time.Second, Escalation: time.Minute, MaxReplyTimeouts: 2}) || old.Time != time.Second {
		t.Errorf("%+v %+v", p.Recovery, old)
	}
	if err := (&Change{Attribute: Escalation}).PoolWords(&p, &cluster.Pool{Name: "p"}); err == nil {
		t.Error("a pool without recovery gets some")
	}
}
