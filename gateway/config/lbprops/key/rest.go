package key

import (
	"twinhop/gateway/config/verdict"
)

const (
	noSMPP  = "SMPP is not served: keep the old balancer for it"
	ofStack = "tunes a SIP stack that is not there"
)

// balancing are the keys of algorithms and of the health of nodes.
var balancing = []Key{
	{"algorithmClass", "sip/algorithm/algorithmClass", verdict.Used, "pools.default.balance, sip.balance; see algorithms.md"},
	{"sipHeaderAffinityKey", "sip/algorithm/sipHeaderAffinityKey", verdict.Used, "affinity.sip"},
	{"sipHeaderAffinityFallbackKey", "sip/algorithm/sipHeaderAffinityFallbackKey", verdict.Used, "affinity.sip: the second source; asked also where the first one is missing"},
	{"sipHeaderAffinityExclusionPattern", "sip/algorithm/sipHeaderAffinityExclusionPattern", verdict.Used, "affinity.sip: exclude.pattern, as RE2"},
	{"httpAffinityKey", "sip/algorithm/httpAffinityKey", verdict.Used, "affinity.http, with every algorithm"},
	{"callIdAffinityMaxTimeInCache", "sip/algorithm/callIdAffinityMaxTimeInCache", verdict.Used, "affinity.ttl.idle"},
	{"callIdAffinityGroupFailover", "sip/algorithm/callIdAffinityGroupFailover", verdict.Used, "pools.default.placement.failover; idle nodes are chosen, too"},
	{"userAffinityMaxTimeInCache", "", verdict.Ignored, "the old balancer read callIdAffinityMaxTimeInCache in its place"},
	{"userAffinityGroupFailover", "", verdict.Ignored, "the old balancer read callIdAffinityGroupFailover in its place"},
	{"persistentConsistentHashCacheConfiguration", "sip/persistentConsistentHashCacheConfiguration", verdict.Ignored, "balance: hash finds the same node on every gateway without a cache between them"},
	{"subclusterMap", "sip/subclusterMap", verdict.Used, "heartbeat.domains"},
	{"earlyDialogWorstCase", "sip/earlyDialogWorstCase", verdict.Ignored, "of a test algorithm that is refused"},
	{"trafficRampupCyclePeriod", "sip/trafficRampupCyclePeriod", verdict.Used, "pools.default.placement.rampUp.over, together with trafficPercentageIncrease"},
	{"trafficPercentageIncrease", "sip/trafficPercentageIncrease", verdict.Used, "pools.default.placement.rampUp.steps"},
	{"extraServerNodes", "sip/extraServerNodes", verdict.Used, "sip.extraServerNodes; with performanceTestingMode nodes"},
	{"performanceTestingMode", "sip/performanceTestingMode", verdict.Used, "the extraServerNodes stand under nodes; they are probed, as all nodes are"},
	{"removeNodesOn500Response", "", verdict.Approximated, "health.sip.errors with limit 1; a probe brings the node back"},
	{"responsesStatusCodeNodeRemoval", "sip/responsesStatusCodeNodeRemoval", verdict.Used, "health.sip.errors.codes"},
	{"responseStatusCodeNodeRemoval", "sip/responseStatusCodeNodeRemoval", verdict.Approximated, "health.sip.errors.codes; its reason is not compared, and later versions did not read it"},
	{"responseReasonNodeRemoval", "sip/responseReasonNodeRemoval", verdict.Ignored, "the status counts, not its phrase"},
	{"maxNumberResponsesWithError", "sip/maxNumberResponsesWithError", verdict.Used, "health.sip.errors.limit, which is one more"},
	{"maxErrorTime", "sip/maxErrorTime", verdict.Used, "health.sip.errors.within"},
	{"maxRequestNumberWithoutResponse", "sip/maxRequestNumberWithoutResponse", verdict.Used, "health.sip.silent.requests, together with maxResponseTime"},
	{"maxResponseTime", "sip/maxResponseTime", verdict.Used, "health.sip.silent.after"},
}

// signalling are the keys of SIP messages.
var signalling = []Key{
	{"isSendTrying", "sip/isSendTrying", verdict.Used, "sip.sendTrying: always or never; 100 is for INVITE alone (RFC 4320)"},
	{"usePrettyEncoding", "sip/usePrettyEncoding", verdict.Ignored, "header lines stay as they came"},
	{"isSend5xxResponse", "sip/isSend5xxResponse", verdict.Ignored, "what cannot be forwarded is always answered"},
	{"isSend5xxResponseSatusCode", "sip/isSend5xxResponseSatusCode", verdict.Ignored, "the answer says what happened: 503, 500, 408, 482 or 483"},
	{"isSend5xxResponseReasonHeader", "sip/isSend5xxResponseReasonHeader", verdict.Ignored, "there is no Reason header"},
	{"matchingHostnameForRoute", "sip/matchingHostnameForRoute", verdict.Used, "listen.sip.aliases"},
	{"isFilterSubdomain", "sip/isFilterSubdomain", verdict.Used, "listen.sip.aliases: \"*.\" in front of the name, too"},
	{"internalTransport", "sip/internalTransport", verdict.Used, "sip.internalTransport: UDP, TCP or TLS"},
	{"externalTransport", "", verdict.Used, "sip.externalTransport: UDP, TCP or TLS"},
	{"blockedValues", "sip/blockedValues", verdict.Used, "limits.sip.scanners; such requests are dropped, not answered"},
	{"blocked-values", "", verdict.Used, "limits.sip.scanners; such requests are dropped, not answered"},
	{"isUseWithNexmo", "sip/isUseWithNexmo", verdict.Ignored, "responses go back to where their request came from, whatever the Via says besides"},
}

// rest are the others.
var rest = []Key{
	{"statisticPort", "", verdict.Approximated, "admin.listen, on loopback: /lbstat and /lbinfo are there, without a login for who asks from this machine"},
	{"apiPort", "common/apiPort", verdict.Approximated, "admin.listen, on loopback: /lbstat and /lbinfo are there, without a login for who asks from this machine"},
	{"common/statisticPort", "common/statisticPort", verdict.Ignored, "the old balancer did not read it from here either: it read apiPort"},
	{"jmxHtmlAdapterPort", "common/jmxHtmlAdapterPort", verdict.Ignored, "there is no JMX: the admin UI and API show the same"},
	{"shutdownTimeout", "common/shutdownTimeout", verdict.Approximated, "shutdown.announce, also without /lbstop; shutdown.grace is 5 s more"},
	{"securityRequired", "common/securityRequired", verdict.Ignored, "nothing can be stopped by a GET, so there is no password in a URL"},
	{"login", "common/login", verdict.Ignored, "nothing can be stopped by a GET, so there is no password in a URL"},
	{"password", "common/password", verdict.Ignored, "nothing can be stopped by a GET, so there is no password in a URL"},
	{"common/cacheConfiguration", "common/cacheConfiguration", verdict.Ignored, "there is no cache between gateways to configure"},
	{"common/cacheConfigFile", "common/cacheConfigFile", verdict.Ignored, "there is no cache between gateways to configure"},
	{"logLevel", "", verdict.Used, "telemetry.log.level; also -DlogLevel=DEBUG on the command line"},
	{"logConfigFile", "", verdict.Ignored, "logs go to standard error: telemetry.log"},
	{"smppName", "", verdict.Ignored, noSMPP},
	{"smppHost", "smpp/smppHost", verdict.Ignored, noSMPP},
	{"smppInternalHost", "smpp/smppInternalHost", verdict.Ignored, noSMPP},
	{"smppExternalHost", "smpp/smppExternalHost", verdict.Ignored, noSMPP},
	{"smppPort", "smpp/smppPort", verdict.Ignored, noSMPP},
	{"smppSslPort", "smpp/smppSslPort", verdict.Ignored, noSMPP},
	{"remoteServers", "smpp/remoteServers", verdict.Ignored, noSMPP},
	{"maxConnectionSize", "smpp/maxConnectionSize", verdict.Ignored, noSMPP},
	{"nonBlockingSocketsEnabled", "smpp/nonBlockingSocketsEnabled", verdict.Ignored, noSMPP},
	{"defaultSessionCountersEnabled", "smpp/defaultSessionCountersEnabled", verdict.Ignored, noSMPP},
	{"timeoutResponse", "smpp/timeoutResponse", verdict.Ignored, noSMPP},
	{"timeoutConnection", "smpp/timeoutConnection", verdict.Ignored, noSMPP},
	{"timeoutEnquire", "smpp/timeoutEnquire", verdict.Ignored, noSMPP},
	{"timeoutConnectionCheckClientSide", "smpp/timeoutConnectionCheckClientSide", verdict.Ignored, noSMPP},
	{"timeoutConnectionCheckServerSide", "smpp/timeoutConnectionCheckServerSide", verdict.Ignored, noSMPP},
	{"reconnectPeriod", "smpp/reconnectPeriod", verdict.Ignored, noSMPP},
	{"muxMode", "smpp/muxMode", verdict.Ignored, noSMPP},
	{"isUseRrSendSmppRequestToClient", "", verdict.Ignored, noSMPP},
	{"toNodeAlgorithmClass", "smpp/toNodeAlgorithmClass", verdict.Ignored, noSMPP},
	{"toProviderAlgorithmClass", "smpp/toProviderAlgorithmClass", verdict.Ignored, noSMPP},
	{"smpp*", "smpp/*", verdict.Ignored, noSMPP},
	{"javax.sip.*", "", verdict.Ignored, ofStack},
	{"gov.nist.*", "", verdict.Ignored, ofStack},
	{"javax.net.*", "", verdict.Ignored, ofStack},
	{"sipStack/property", "sipStack/property", verdict.Ignored, ofStack},
}
