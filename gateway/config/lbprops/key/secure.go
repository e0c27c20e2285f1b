package key

import (
	"twinhop/gateway/config/verdict"
)

// secure are the keys of TLS. Without a port that needs them they mean nothing.
var secure = []Key{
	{"terminateTLSTraffic", "ssl/terminateTLSTraffic", verdict.Approximated, "TLS of clients ends here, whatever it says: nodes are sent to by their first address, by sip.internalTransport, and HTTP"},
	{"javax.net.ssl.keyStore", "ssl/keyStore", verdict.Used, "listen.sip.tls.keystore, sip.tls.keystore, and that of HTTPS; a relative name is relative to the directory of the file"},
	{"javax.net.ssl.keyStorePassword", "ssl/keyStorePassword", verdict.Used, "keystore.password, of the keystore and of its key"},
	{"javax.net.ssl.keyStoreType", "", verdict.Ignored, "JKS and PKCS12 are told apart by what is in the file"},
	{"javax.net.ssl.trustStore", "ssl/trustStore", verdict.Used, "sip.tls.truststore; listen.sip.tls.truststore where clients are asked for a certificate"},
	{"javax.net.ssl.trustStorePassword", "ssl/trustStorePassword", verdict.Used, "truststore.password; without it that of the keystore"},
	{"javax.net.ssl.trustStoreType", "", verdict.Ignored, "JKS and PKCS12 are told apart by what is in the file"},
	{"gov.nist.javax.sip.TLS_CLIENT_PROTOCOLS", "ssl/tlsClientProtocols", verdict.Approximated, "TLS 1.2 and 1.3 are spoken, with everybody"},
	{"gov.nist.javax.sip.ENABLED_CIPHER_SUITES", "ssl/enabledCipherSuites", verdict.Approximated, "ECDHE with AES or ChaCha20, and the suites of TLS 1.3, are spoken with everybody"},
	{"gov.nist.javax.sip.TLS_CLIENT_AUTH_TYPE", "", verdict.Used, "listen.sip.tls.clientAuth; DisabledAll: sip.tls.verify is none, too"},
}
