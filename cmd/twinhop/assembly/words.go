package assembly

import (
	"twinhop/cmd/twinhop/sipwords"
	"twinhop/gateway/balance"
	"twinhop/gateway/config"
	httpfront "twinhop/http"
	"twinhop/http/ajp"
)

// Words are the words that a configuration may use.
func Words() config.Words {
	return config.Words{
		Balance:       algorithmNames(),
		Deterministic: balance.Deterministic(),
		Homes:         balance.Homes(),
		Takes:         takes(),
		OldClasses:    balance.OldClasses(),
		OldClass:      oldClass,
		Configure:     configure,
		HTTPSources:   httpfront.Sources(),
		AJPVariables:  ajp.Variables(),
		SIPSources:    sipwords.Sources(),
	}
}

// oldClass finds what the balancers of Mobicents and Restcomm call an algorithm.
func oldClass(word string) (config.Class, bool) {
	c, ok := balance.OldClass(word)
	return config.Class(c), ok
}
