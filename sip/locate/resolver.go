package locate

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Resolver asks about names, which are given in small letters and without a last dot. It may be asked by several goroutines at a time. What it
// returns may be anything: it is checked here. The duration is how long an answer may be kept.
type Resolver interface {
	// Pinned gives the addresses that the operator of this machine has set for a name, at once: for such a name nothing else is asked.
	Pinned(ctx context.Context, name string) []netip.Addr
	// NAPTR, SRV and Hosts (A and AAAA) fail with ErrNoRecords when it is sure that there are none.
	NAPTR(ctx context.Context, name string) ([]NAPTR, time.Duration, error)
	SRV(ctx context.Context, name string) ([]SRV, time.Duration, error)
	Hosts(ctx context.Context, name string) ([]netip.Addr, time.Duration, error)
}

// ErrNoRecords says that a name does not exist or has no records of the kind asked for.
var ErrNoRecords = errors.New("no such records")

// NAPTR is a record that names a service of a domain (RFC 3403 section 4.1).
type NAPTR struct {
	Order, Preference             uint16
	Flags, Service, Regexp, Where string
}

// SRV is a record that names a server of a service (RFC 2782). A Target of "." says that there is no such service.
type SRV struct {
	Priority, Weight, Port uint16
	Target                 string
}
