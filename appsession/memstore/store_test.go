package memstore

import (
	"testing"

	"twinhop/appsession"
	"twinhop/appsession/storetest"
)

func made(o storetest.Options) *Store {
	return New(Options{MaxKeys: o.MaxKeys, KeysPerSession: o.KeysPerSession, Idle: o.Idle, Max: o.Max, Clock: o.Clock})
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(_ testing.TB, o storetest.Options) appsession.Store { return made(o) })
}

// unswept is a Store whose sweeper never comes by. What it holds must be
// right all the same; only how full it is nobody asks.
type unswept struct {
	appsession.Store
	appsession.Near
	appsession.Counter
	appsession.Mover
	appsession.Viewer
	tick func()
}

func (u unswept) Tick() { u.tick() }

func TestContractUnswept(t *testing.T) {
	storetest.Run(t, func(_ testing.TB, o storetest.Options) appsession.Store {
		s := made(o)
		return unswept{s, s, s, s, s, s.advance}
	})
}
