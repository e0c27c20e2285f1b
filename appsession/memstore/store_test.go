package memstore

import (
	"testing"

	"twinhop/appsession"
	"twinhop/appsession/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(_ testing.TB, o storetest.Options) appsession.Store {
		return New(Options{MaxKeys: o.MaxKeys, KeysPerSession: o.KeysPerSession, Idle: o.Idle, Max: o.Max, Clock: o.Clock})
	})
}
