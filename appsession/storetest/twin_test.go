package storetest

import (
	"testing"

	"twinhop/appsession"
)

// The twin has no cap and is slow; the rest of the definition holds for it too.
func TestTwin(t *testing.T) {
	make := func(_ testing.TB, o Options) appsession.Store { return newTwin(o) }
	for _, set := range [][]proof{identityProofs, takeoverProofs, aliasProofs, lifeProofs, moveProofs} {
		for _, p := range set {
			t.Run(p.name, func(t *testing.T) { p.run(newFixture(t, make, p.opts)) })
		}
	}
}
