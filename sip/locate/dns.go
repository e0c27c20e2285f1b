package locate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// DNS is the Resolver of the system's name servers and hosts file. Search domains are not used: what stands in a SIP URI is a whole name. The
// zero value is ready.
type DNS struct {
	// Servers are name servers as host:port; none: those of /etc/resolv.conf, which is looked at again from time to time.
	Servers []string
	// Timeout is how long one server may take for one question; 0 = 1.5 s.
	Timeout time.Duration
	// Bare leaves the hosts file out.
	Bare bool

	file    string // in place of /etc/resolv.conf
	mu      sync.Mutex
	servers []string
	read    time.Time
}

const (
	confFile   = "/etc/resolv.conf"
	confLife   = 5 * time.Second
	maxServers = 3 // as in resolv.conf(5)
	rounds     = 2 // of asking all servers
	maxChain   = 8 // aliases followed within an answer
	datagram   = 1232
)

// errDial is what keeps hostsFile from asking name servers.
var errDial = errors.New("the hosts file only")

// hostsFile is the standard library's resolver, which reads and remembers the hosts file, without a network.
var hostsFile = net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errDial }}

// Pinned gives the addresses of the hosts file.
func (d *DNS) Pinned(ctx context.Context, name string) []netip.Addr {
	if d.Bare {
		return nil
	}
	ips, err := hostsFile.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil
	}
	return ips
}

// NAPTR implements Resolver.
func (d *DNS) NAPTR(ctx context.Context, name string) ([]NAPTR, time.Duration, error) {
	found, life, err := records[*dns.NAPTR](ctx, d, name, dns.TypeNAPTR)
	list := make([]NAPTR, len(found))
	for i, r := range found {
		list[i] = NAPTR{r.Order, r.Preference, r.Flags, r.Service, r.Regexp, r.Replacement}
	}
	return list, life, err
}

// SRV implements Resolver.
func (d *DNS) SRV(ctx context.Context, name string) ([]SRV, time.Duration, error) {
	found, life, err := records[*dns.SRV](ctx, d, name, dns.TypeSRV)
	list := make([]SRV, len(found))
	for i, r := range found {
		list[i] = SRV{r.Priority, r.Weight, r.Port, r.Target}
	}
	return list, life, err
}

// Hosts implements Resolver. When the servers tell of one family only, the addresses of that one are kept for a short while.
func (d *DNS) Hosts(ctx context.Context, name string) ([]netip.Addr, time.Duration, error) {
	if ips := d.Pinned(ctx, name); len(ips) > 0 {
		return ips, pinnedTo, nil
	}
	var four answer[[]*dns.A]
	var six answer[[]*dns.AAAA]
	var other sync.WaitGroup
	other.Go(func() { six.got, six.life, six.err = records[*dns.AAAA](ctx, d, name, dns.TypeAAAA) })
	four.got, four.life, four.err = records[*dns.A](ctx, d, name, dns.TypeA)
	other.Wait()
	var ips []netip.Addr
	life := maxLife
	for _, r := range four.got {
		if ip, ok := netip.AddrFromSlice(r.A); ok {
			ips, life = append(ips, ip.Unmap()), min(life, four.life)
		}
	}
	for _, r := range six.got {
		if ip, ok := netip.AddrFromSlice(r.AAAA); ok {
			ips, life = append(ips, ip), min(life, six.life)
		}
	}
	for _, err := range []error{four.err, six.err} {
		if err != nil && !errors.Is(err, ErrNoRecords) {
			if len(ips) == 0 {
				return nil, 0, err
			}
			life = noLife
		}
	}
	if len(ips) == 0 {
		return nil, 0, ErrNoRecords
	}
	return ips, life, nil
}

// records asks for one type and follows the aliases that stand in the answer.
func records[T dns.RR](ctx context.Context, d *DNS, name string, kind uint16) ([]T, time.Duration, error) {
	r, err := d.ask(ctx, name, kind)
	if err != nil {
		return nil, 0, err
	}
	owner, ttl := dns.Fqdn(name), uint32(maxLife/time.Second)
	for range maxChain {
		var found []T
		next := ""
		for _, rr := range r.Answer {
			h := rr.Header()
			if h.Class != dns.ClassINET || !strings.EqualFold(h.Name, owner) {
				continue
			}
			if one, ok := rr.(T); ok {
				found, ttl = append(found, one), min(ttl, h.Ttl)
			} else if alias, ok := rr.(*dns.CNAME); ok {
				next, ttl = alias.Target, min(ttl, h.Ttl)
			}
		}
		if len(found) > 0 {
			return found, time.Duration(ttl) * time.Second, nil
		}
		if next == "" {
			break
		}
		owner = next
	}
	return nil, 0, ErrNoRecords
}

// ask asks the servers one after the other until one knows.
func (d *DNS) ask(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	var last error
	for range rounds {
		for _, server := range d.list() {
			r, err := d.exchange(ctx, server, m)
			if ctx.Err() != nil {
				return nil, fmt.Errorf("name server %s: %w", server, ctx.Err())
			}
			switch {
			case err != nil:
				last = fmt.Errorf("name server %s: %w", server, err)
			case r.Rcode == dns.RcodeNameError:
				return nil, ErrNoRecords
			case r.Rcode != dns.RcodeSuccess:
				last = fmt.Errorf("name server %s: %s", server, dns.RcodeToString[r.Rcode])
			case len(r.Answer) == 0 && !r.Authoritative && !r.RecursionAvailable:
				last = fmt.Errorf("name server %s: does not serve us", server)
			default:
				return r, nil
			}
		}
	}
	return nil, last
}

var errForeign = errors.New("answer to another question")

// exchange asks one server: over UDP, over TCP what does not fit, and in the oldest manner where extensions (RFC 6891) are not understood.
func (d *DNS) exchange(ctx context.Context, server string, m *dns.Msg) (*dns.Msg, error) {
	ext := m.Copy()
	ext.SetEdns0(datagram, false)
	network := "udp"
	for range 3 {
		ext.Id = dns.Id()
		r, err := d.once(ctx, network, server, ext)
		if err != nil {
			return nil, err
		}
		switch {
		case r.Truncated && network == "udp":
			network = "tcp"
		case (r.Rcode == dns.RcodeFormatError || r.Rcode == dns.RcodeNotImplemented) && ext.IsEdns0() != nil:
			ext = m.Copy()
		default:
			return r, nil
		}
	}
	return nil, errors.New("answers cut off")
}

func (d *DNS) once(ctx context.Context, network, server string, m *dns.Msg) (*dns.Msg, error) {
	c := dns.Client{Net: network, Timeout: d.Timeout}
	if c.Timeout <= 0 {
		c.Timeout = 1500 * time.Millisecond
	}
	conn, err := c.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })() // the library itself looks at the deadline only
	r, _, err := c.ExchangeWithConnContext(ctx, m, conn)
	switch {
	case err != nil:
		return nil, err
	case !r.Response || len(r.Question) != 1 || r.Question[0].Qtype != m.Question[0].Qtype || !strings.EqualFold(r.Question[0].Name, m.Question[0].Name):
		return nil, errForeign
	}
	return r, nil
}

// list gives the servers to ask.
func (d *DNS) list() []string {
	if len(d.Servers) > 0 {
		return d.Servers
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.servers != nil && time.Since(d.read) < confLife {
		return d.servers
	}
	d.read = time.Now()
	file := d.file
	if file == "" {
		file = confFile
	}
	d.servers = configured(file)
	return d.servers
}

// configured reads the servers of a file in the form of resolv.conf(5); without any it is this machine.
func configured(file string) []string {
	var list []string
	if f, err := os.Open(file); err == nil {
		defer f.Close()
		if conf, err := dns.ClientConfigFromReader(f); err == nil {
			for _, ip := range conf.Servers {
				if _, err := netip.ParseAddr(ip); err == nil && len(list) < maxServers {
					list = append(list, net.JoinHostPort(ip, conf.Port))
				}
			}
		}
	}
	if len(list) == 0 {
		list = []string{"127.0.0.1:53", "[::1]:53"}
	}
	return list
}
