package heartbeat

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"twinhop/gateway/cluster"
)

func TestReadProperties(t *testing.T) {
	all := map[string]string{"hostName": "n1", "ip": "10.0.0.1", "httpPort": "8080", "sslPort": "8443", "udpPort": "5080", "tcpPort": " 5081 ",
		"tlsPort": "5082", "wsPort": "5083", "wssPort": "5084", "jvmRoute": "node1", "version": "2", "sessionId": "1485157008580",
		"restcommInstanceId": "ID1", "heartbeatPort": "2222", "GRACEFUL_SHUTDOWN": "TRUE", "smppPort": "2775", "weight": "7", "load": "30",
		"free": "12", "health": "UP", "capacity": "pstn=32; vm = 50;"}
	want := Announcement{Session: "1485157008580", HostName: "n1", IP: netip.MustParseAddr("10.0.0.1"),
		Ports: Ports{UDP: 5080, TCP: 5081, TLS: 5082, WS: 5083, WSS: 5084, HTTP: 8080, SSL: 8443}, Route: "node1", Version: 2, Instance: "ID1",
		Draining: true, StopPort: 2222, Weight: 7, Load: &cluster.Reported{Weight: 7, Load: 30, Free: 12}, Capacity: map[string]int{"pstn": 32, "vm": 50}, Health: "up"}
	got, err := ReadProperties(all)
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	least := Announcement{IP: netip.MustParseAddr("fd00::1"), Ports: Ports{UDP: 5080}, Instance: "X"}
	got, err = ReadProperties(map[string]string{"IP": "fd00::1", "UDPPORT": "5080", "Restcomm-Instance-Id": "X", "tcpPort": "", "load": "", "GRACEFUL_SHUTDOWN": "no"})
	if d := cmp.Diff(least, got, cmpopts.EquateComparable(netip.Addr{})); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}

func TestBadProperties(t *testing.T) {
	many := map[string]string{"ip": "10.0.0.1", "udpPort": "5080"}
	for i := range maxProperties - 2 {
		many[fmt.Sprint("x", i)] = ""
	}
	if _, err := ReadProperties(many); err != nil {
		t.Fatal(err)
	}
	many["one"] = "too many"
	if _, err := ReadProperties(many); err == nil {
		t.Error("too many were taken")
	}
	for _, tt := range []struct{ name, value, why string }{
		{"ip", "", "ip is missing"}, {"ip", "node1.example.com", "literal"}, {"ip", "0.0.0.0", "literal"}, {"ip", "224.0.0.1", "literal"},
		{"ip", "fe80::1%eth0", "literal"}, {"udpPort", "", "none of udpPort"}, {"udpPort", "65536", "udpport"}, {"udpPort", "-1", "udpport"},
		{"wssPort", "x", "wssport"}, {"version", "1.0", "version"}, {"weight", "1000001", "weight"}, {"load", "101", "load"}, {"free", "-1", "free"},
		{"health", "ill", "neither up nor down"}, {"capacity", "vm", "name=number"}, {"capacity", "vm=-1", "name=number"},
		{"hostName", strings.Repeat("h", 257), "256 bytes"}, {strings.Repeat("h", 257), "", "256 bytes"}, {"Ip", "10.0.0.2", "said twice"},
	} {
		props := map[string]string{"ip": "10.0.0.1", "udpPort": "5080"}
		maps.Copy(props, map[string]string{tt.name: tt.value})
		if a, err := ReadProperties(props); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s=%.20q: %v (%+v)", tt.name, tt.value, err, a)
		}
	}
}

func TestReceiversAreHeldToTheSameBounds(t *testing.T) {
	s := begin(t)
	for what, spoil := range map[string]func(*Announcement){
		"session": func(a *Announcement) { a.Session = strings.Repeat("s", 257) },
		"port":    func(a *Announcement) { a.Ports.UDP = 70000 },
		"version": func(a *Announcement) { a.Version = -1 },
		"weight":  func(a *Announcement) { a.Weight = -1 },
		"ip":      func(a *Announcement) { a.IP = netip.Addr{} },
		"bad":     func(a *Announcement) { a.Capacity = map[string]int{"no good": 1} },
	} {
		a := announced(1, "1")
		spoil(&a)
		if err := s.Ping(ip("10.0.0.1"), a); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	if len(s.Nodes()) != 0 || s.names() != "" {
		t.Error("some of it stayed")
	}
}
