package locate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// How long answers are kept. A name whose look-up went wrong in part is asked again as soon as one that has nothing.
const (
	minLife  = 5 * time.Second
	maxLife  = time.Hour
	noLife   = 5 * time.Second
	pinnedTo = 30 * time.Second
)

// maxServices is how many services of one domain are asked about, and maxSide how many questions one look-up has under way at a time.
const (
	maxServices = 4
	maxSide     = 4
)

// search is one look-up.
type search struct {
	Resolver
	can    Transport
	usable func(netip.Addr) bool

	life time.Duration // the least of all answers
	gaps []error       // questions that were not answered; the look-up went on without
}

// service is a name that SRV records stand under, and what they are for.
type service struct {
	name      string
	transport Transport
}

// run follows RFC 3263 section 4. No records and no error means that there is no such place.
func (s *search) run(ctx context.Context, k Key) []record {
	s.life = maxLife
	list, fallback := s.plain(k)
	if ips := s.Pinned(ctx, k.name); len(ips) > 0 {
		s.life = pinnedTo
		return direct(k.name, fallback, arrange(ips, s.usable))
	}
	if k.way == open || k.way == openSafe {
		if named := s.naptr(ctx, k); len(named) > 0 {
			list, fallback = named, named[0].transport
		}
	}
	if len(list) > 0 {
		if records, exist := s.services(ctx, list); exist {
			return records // or nothing: the domain says where its services are, which is not here (RFC 2782)
		}
	}
	return direct(k.name, fallback, s.hosts(ctx, k.name))
}

// plain is what to ask where no NAPTR record tells, and the transport for the bare name.
func (s *search) plain(k Key) (list []service, fallback Transport) {
	var spoken []Transport
	switch k.way {
	case hosts:
		return nil, 0
	case viaUDP:
		spoken = []Transport{UDP}
	case viaTCP:
		spoken = []Transport{TCP}
	case viaTLS, openSafe:
		spoken = []Transport{TLS}
	default:
		for _, t := range [...]Transport{UDP, TCP} {
			if s.can&t != 0 {
				spoken = append(spoken, t)
			}
		}
		if spoken == nil {
			spoken = []Transport{TLS}
		}
	}
	for _, t := range spoken {
		list = append(list, service{t.service() + k.name, t})
	}
	return list, spoken[0]
}

// direct is the name itself as the only server.
func direct(name string, t Transport, addrs []addr) []record {
	if len(addrs) == 0 {
		return nil
	}
	r := record{transport: t, id: identity(name, 0), addrs: addrs}
	if t != 0 {
		r.port = t.Port()
	}
	return []record{r}
}

// naptr gives the services that the domain offers and we speak, the best first. Once an order has one, later orders do not count (RFC 3403
// section 4.1); what we do not speak does not count at all (RFC 3263 section 4.1).
func (s *search) naptr(ctx context.Context, k Key) []service {
	ctx, cancel := share(ctx, 3)
	defer cancel()
	all, life, err := s.NAPTR(ctx, k.name)
	if !s.heard(life, err, "NAPTR", k.name) {
		return nil
	}
	var buf [maxName + 1]byte
	all = slices.DeleteFunc(slices.Clone(all), func(r NAPTR) bool {
		t := offered(r.Service, k.way == openSafe)
		return t&s.can == 0 || !strings.EqualFold(r.Flags, "s") || r.Regexp != "" || canonical(buf[:0], r.Where) == nil
	})
	slices.SortFunc(all, func(a, b NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference), strings.Compare(a.Where, b.Where))
	})
	var list []service
	for _, r := range all {
		one := service{string(canonical(buf[:0], r.Where)), offered(r.Service, false)}
		if r.Order == all[0].Order && !slices.Contains(list, one) && len(list) < maxServices {
			list = append(list, one)
		}
	}
	return list
}

// offered is the transport that the service field of a NAPTR record stands for; 0: none of ours. TLS serves sip URIs, too.
func offered(field string, secure bool) Transport {
	switch {
	case strings.EqualFold(field, "SIPS+D2T"):
		return TLS
	case secure:
	case strings.EqualFold(field, "SIP+D2U"):
		return UDP
	case strings.EqualFold(field, "SIP+D2T"):
		return TCP
	}
	return 0
}

// services asks for the SRV records of all services and for the addresses of their targets. exist tells whether there are records, usable or
// not.
func (s *search) services(ctx context.Context, list []service) (records []record, exist bool) {
	asked := make([]answer[[]SRV], len(list))
	half, cancel := share(ctx, 2)
	each(len(list), func(i int) {
		a := &asked[i]
		if a.err = ErrNoRecords; len(list[i].name) <= maxName {
			a.got, a.life, a.err = s.SRV(half, list[i].name)
		}
	})
	cancel()
	var names []string
	for i, a := range asked {
		if !s.heard(a.life, a.err, "SRV", list[i].name) || len(a.got) == 0 {
			continue
		}
		exist = true
		for _, r := range servers(a.got, list[i].name) {
			if len(records) == maxRecords {
				break
			}
			records = append(records, record{rank: uint32(i)<<16 | uint32(r.Priority), weight: r.Weight, transport: list[i].transport,
				port: r.Port, id: identity(r.Target, r.Port)})
			names = append(names, r.Target)
		}
	}
	if len(records) == 0 {
		return nil, exist
	}
	s.fill(ctx, records, names)
	return slices.DeleteFunc(records, func(r record) bool { return len(r.addrs) == 0 }), exist
}

// servers sorts out the SRV records that can be used, in an order that does not depend on the one they came in.
func servers(all []SRV, own string) []SRV {
	var buf [maxName + 1]byte
	list := make([]SRV, 0, min(len(all), 64))
	for _, r := range all {
		name := canonical(buf[:0], r.Target) // nil for ".", too
		if name != nil && r.Port != 0 && string(name) != own {
			r.Target = string(name)
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Weight, a.Weight), strings.Compare(a.Target, b.Target), cmp.Compare(a.Port, b.Port))
	})
	seen := make(map[SRV]bool)
	list = slices.DeleteFunc(list, func(r SRV) bool {
		place := SRV{Port: r.Port, Target: r.Target}
		twice := seen[place]
		seen[place] = true
		return twice
	})
	return list
}

// fill finds the addresses of the records, whose targets are names, asking once for each name.
func (s *search) fill(ctx context.Context, records []record, names []string) {
	distinct := slices.Compact(slices.Sorted(slices.Values(names)))
	found := make([][]addr, len(distinct))
	var mu sync.Mutex
	each(len(distinct), func(i int) {
		ips, life, err := s.Hosts(ctx, distinct[i])
		mu.Lock()
		defer mu.Unlock()
		if s.heard(life, err, "addresses", distinct[i]) {
			found[i] = arrange(ips, s.usable)
		}
	})
	for i := range records {
		at, _ := slices.BinarySearch(distinct, names[i])
		records[i].addrs = found[at]
	}
}

func (s *search) hosts(ctx context.Context, name string) []addr {
	ips, life, err := s.Hosts(ctx, name)
	if !s.heard(life, err, "addresses", name) {
		return nil
	}
	return arrange(ips, s.usable)
}

// heard notes an answer and tells whether it is one.
func (s *search) heard(life time.Duration, err error, what, name string) bool {
	switch {
	case err == nil:
		s.life = min(s.life, life)
		return true
	case !errors.Is(err, ErrNoRecords):
		s.gaps = append(s.gaps, fmt.Errorf("asking for the %s of %s: %w", what, name, err))
	}
	return false
}

// answer is what a question that ran beside others brought.
type answer[T any] struct {
	got  T
	life time.Duration
	err  error
}

// each calls f for 0 to n-1, some at a time, and waits.
func each(n int, f func(int)) {
	if n == 1 {
		f(0)
		return
	}
	slots := make(chan struct{}, maxSide)
	var jobs sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		jobs.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	jobs.Wait()
}

// share is a context with one of several parts of the time that is left: a question nobody answers must leave time for the next.
func share(ctx context.Context, parts int) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		return context.WithTimeout(ctx, time.Until(end)/time.Duration(parts))
	}
	return context.WithCancel(ctx)
}
