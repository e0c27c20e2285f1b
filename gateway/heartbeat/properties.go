package heartbeat

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"twinhop/gateway/cluster"
)

// maxProperties bounds what a node may say of itself.
const maxProperties = 32

// ReadProperties reads an announcement from the names and values that nodes
// use in JSON, in RMI and in the body of SIP heartbeats: ip, hostName,
// httpPort, sslPort, udpPort, tcpPort, tlsPort, wsPort, wssPort, jvmRoute,
// version, sessionId, restcommInstanceId or Restcomm-Instance-Id,
// heartbeatPort, GRACEFUL_SHUTDOWN; and of ours weight, load (0 to 100), free,
// health (up, down), capacity ("pstn=32;vm=50"). Case, "-" and "_" in a name
// do not matter, other names are ignored, an empty value is none. At most 32
// properties of 256 bytes. The error says what cannot be read.
func ReadProperties(props map[string]string) (Announcement, error) {
	if len(props) > maxProperties {
		return Announcement{}, fmt.Errorf("%d properties, more than %d", len(props), maxProperties)
	}
	p := reader{said: map[string]string{}}
	for name, value := range props {
		if len(name) > maxValue || len(value) > maxValue {
			return Announcement{}, fmt.Errorf("property %.40q has more than %d bytes", name, maxValue)
		}
		name = fold(name)
		if was, twice := p.said[name]; twice && was != value {
			return Announcement{}, fmt.Errorf("property %.40q is said twice", name)
		}
		p.said[name] = strings.TrimSpace(value)
	}
	a := Announcement{
		Session: p.said["sessionid"], HostName: p.said["hostname"], Route: p.said["jvmroute"], Instance: p.said["restcomminstanceid"],
		Ports: Ports{UDP: p.number("udpport", 65535), TCP: p.number("tcpport", 65535), TLS: p.number("tlsport", 65535),
			WS: p.number("wsport", 65535), WSS: p.number("wssport", 65535), HTTP: p.number("httpport", 65535), SSL: p.number("sslport", 65535)},
		Version: p.number("version", maxVersion), StopPort: p.number("heartbeatport", 65535), Weight: p.number("weight", maxWeight),
		Draining: strings.EqualFold(p.said["gracefulshutdown"], "true"), Health: strings.ToLower(p.said["health"]), Capacity: p.capacity(),
	}
	if ip, err := netip.ParseAddr(p.said["ip"]); err != nil {
		p.bad = append(p.bad, errNoIP)
	} else {
		a.IP = ip
	}
	if p.said["load"] != "" || p.said["free"] != "" {
		a.Load = &cluster.Reported{Weight: a.Weight, Load: -1, Free: -1}
		if p.said["load"] != "" {
			a.Load.Load = p.number("load", 100)
		}
		if p.said["free"] != "" {
			a.Load.Free = p.number("free", maxWeight)
		}
	}
	if err := errors.Join(p.bad...); err != nil {
		return Announcement{}, err
	}
	return a.clean()
}

// fold is a name of a property as it is compared.
func fold(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '-' || c == '_':
			return -1
		case 'A' <= c && c <= 'Z':
			return c + 'a' - 'A'
		}
		return c
	}, name)
}

// reader reads properties and gathers what is wrong with them.
type reader struct {
	said map[string]string
	bad  []error
}

func (p *reader) number(name string, most int) int {
	s := p.said[name]
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > most {
		p.bad = append(p.bad, fmt.Errorf("%s %.40q is not a number between 0 and %d", name, s, most))
		return 0
	}
	return n
}

// capacity reads "pstn=32;vm=50".
func (p *reader) capacity() map[string]int {
	var all map[string]int
	for one := range strings.SplitSeq(p.said["capacity"], ";") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		name, size, _ := strings.Cut(one, "=")
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || n < 0 {
			p.bad = append(p.bad, fmt.Errorf("capacity %.40q is not of the form name=number", one))
			continue
		}
		if all == nil {
			all = map[string]int{}
		}
		all[strings.TrimSpace(name)] = n
	}
	return all
}
