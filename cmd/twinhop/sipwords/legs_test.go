package sipwords

import (
	"testing"

	"twinhop/gateway/config/siplisten"
	"twinhop/sip/seal"
)

// What a configuration may ask for the front can tell apart.
func TestAsManyListenersAsTheFrontHas(t *testing.T) {
	if siplisten.MaxListeners != seal.MaxLegs {
		t.Errorf("the configuration may have %d listeners, the front %d", siplisten.MaxListeners, seal.MaxLegs)
	}
}
