package config

import (
	"fmt"

	"twinhop/gateway/config/secure"
)

// checkTLS looks at the certificates of HTTP, and at those for nodes. Those of
// SIP listeners: siplisten.
func (r *checker) checkTLS(c *Config) {
	for i := range c.Listen.HTTP {
		secure.Check(&r.Reader, fmt.Sprintf("listen.http[%d].tls", i), &c.Listen.HTTP[i].TLS, r.words.Files)
	}
	secure.CheckToward(&r.Reader, "sip.tls", &c.SIP.TLS, r.words.TowardFiles)
}
