package stream

import (
	"net/netip"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
