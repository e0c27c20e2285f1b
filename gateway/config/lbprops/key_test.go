package lbprops

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/config/lbprops/key"
	"twinhop/gateway/config/verdict"
)

// samples are values that say something; ports get a number of their own, other keys "7".
var samples = map[string]string{
	"host": "10.0.0.1", "externalHost": "10.0.0.2", "internalHost": "10.0.0.3", "public-ip": "198.51.100.7", "sip/publicIpv6": "2001:db8::7", "common/ipv6Host": "2001:db8::1",
	"sip/external/ipv6Host": "2001:db8::2", "sip/internal/ipv6Host": "2001:db8::3", "externalIpLoadBalancerAddress": "203.0.113.5,203.0.113.6", "internalIpLoadBalancerAddress": "10.0.0.253",
	"sip/external/ipv6LoadBalancerAddress": "2001:db8::5", "sip/internal/ipv6LoadBalancerAddress": "2001:db8::6", "useIpLoadBalancerAddressInViaHeaders": "true",
	"heartbeat/@configclass": "org.mobicents.tools.heartbeat.impl.HeartbeatConfigHttp", "unavailableHost": "sorry.example.com", "http/requestCheckPattern": "^/api/", "terminateTLSTraffic": "true",
	"nodeTimeout": "5100", "heartbeatInterval": "150", "algorithmClass": "org.mobicents.tools.sip.balancer.HeaderConsistentHashBalancerAlgorithm", "sipHeaderAffinityKey": "from.user", "sipHeaderAffinityFallbackKey": "X-Account",
	"sipHeaderAffinityExclusionPattern": "anonymous", "httpAffinityKey": "user", "callIdAffinityMaxTimeInCache": "300", "callIdAffinityGroupFailover": "true", "subclusterMap": "( 10.0.0.21, 10.0.0.22 ) ( 10.0.0.31 )",
	"earlyDialogWorstCase": "true", "trafficRampupCyclePeriod": "30000", "trafficPercentageIncrease": "20", "extraServerNodes": "10.0.0.9:5080,10.0.0.10", "performanceTestingMode": "true", "removeNodesOn500Response": "true",
	"responsesStatusCodeNodeRemoval": "503,500", "responseStatusCodeNodeRemoval": "503", "maxErrorTime": "60000", "maxResponseTime": "20000", "isSendTrying": "false", "usePrettyEncoding": "true", "isSend5xxResponse": "true",
	"matchingHostnameForRoute": "sip.example.com", "isFilterSubdomain": "true", "internalTransport": "TCP", "externalTransport": "UDP", "blockedValues": "sipvicious,sipcli", "blocked-values": "sipvicious",
	"isUseWithNexmo": "true", "shutdownTimeout": "20000", "securityRequired": "true", "logLevel": "DEBUG", "sip/routingRulesIpv4/rule": "<patch>false</patch>", "sip/routingRulesIpv6/rule": "<patch>false</patch>",
	"gov.nist.javax.sip.TLS_CLIENT_PROTOCOLS": "TLSv1,TLSv1.2", "gov.nist.javax.sip.ENABLED_CIPHER_SUITES": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA", "gov.nist.javax.sip.TLS_CLIENT_AUTH_TYPE": "Want",
	"javax.net.ssl.keyStore": "lb.jks", "javax.net.ssl.trustStore": "/etc/lb/trust.p12", "javax.net.ssl.keyStorePassword": "0nes3cret", "javax.net.ssl.trustStorePassword": "another",
	"http/urlrewrite": "<rule/>", "sipStack/property": "<key>a</key><value>b</value>",
}

// material is what a port with TLS needs, with what says that it ends here, as it does.
var material = []string{"terminateTLSTraffic", "javax.net.ssl.keyStore", "javax.net.ssl.keyStorePassword", "javax.net.ssl.trustStore"}

func with(more []string, keys ...string) []string { return append(slices.Clone(keys), more...) }

// besides are keys without which others say nothing.
var besides = map[string][]string{
	"isFilterSubdomain": {"matchingHostnameForRoute"}, "trafficRampupCyclePeriod": {"trafficPercentageIncrease"}, "trafficPercentageIncrease": {"trafficRampupCyclePeriod"},
	"maxRequestNumberWithoutResponse": {"maxResponseTime"}, "maxResponseTime": {"maxRequestNumberWithoutResponse"}, "performanceTestingMode": {"extraServerNodes"},
	"sipHeaderAffinityKey": {"algorithmClass"}, "sipHeaderAffinityFallbackKey": {"algorithmClass", "sipHeaderAffinityKey", "sipHeaderAffinityExclusionPattern"}, "sipHeaderAffinityExclusionPattern": {"algorithmClass", "sipHeaderAffinityKey"},
	"useIpLoadBalancerAddressInViaHeaders": {"externalIpLoadBalancerAddress", "externalIpLoadBalancerPort"}, "externalIpLoadBalancerAddress": {"externalIpLoadBalancerUdpPort"}, "internalIpLoadBalancerAddress": {"internalIpLoadBalancerUdpPort"},
	"externalIpLoadBalancerPort": {"externalIpLoadBalancerAddress"}, "externalIpLoadBalancerUdpPort": {"externalIpLoadBalancerAddress"}, "externalIpLoadBalancerTcpPort": {"externalIpLoadBalancerAddress"}, "externalLoadBalancerPort": {"externalIpLoadBalancerAddress"},
	"internalIpLoadBalancerPort": {"internalIpLoadBalancerAddress"}, "internalIpLoadBalancerUdpPort": {"internalIpLoadBalancerAddress"}, "internalIpLoadBalancerTcpPort": {"internalIpLoadBalancerAddress"}, "internalLoadBalancerPort": {"internalIpLoadBalancerAddress"},
	"sip/external/ipv6LoadBalancerAddress": {"sip/external/ipv6LoadBalancerUdpPort"}, "sip/internal/ipv6LoadBalancerAddress": {"sip/internal/ipv6LoadBalancerUdpPort"},
	"sip/external/ipv6LoadBalancerUdpPort": {"sip/external/ipv6LoadBalancerAddress"}, "sip/external/ipv6LoadBalancerTcpPort": {"sip/external/ipv6LoadBalancerAddress"},
	"sip/internal/ipv6LoadBalancerUdpPort": {"sip/internal/ipv6LoadBalancerAddress"}, "sip/internal/ipv6LoadBalancerTcpPort": {"sip/internal/ipv6LoadBalancerAddress"},
	"sip/routingRulesIpv4/rule": {"externalIpLoadBalancerAddress", "externalIpLoadBalancerUdpPort"}, "sip/routingRulesIpv6/rule": {"externalIpLoadBalancerAddress", "externalIpLoadBalancerUdpPort"},
	"common/ipv6Host": {"sip/external/ipv6UdpPort"}, "sip/external/ipv6Host": {"sip/external/ipv6UdpPort"}, "sip/internal/ipv6Host": {"sip/internal/ipv6UdpPort"},
	"externalTlsPort": material, "externalWssPort": material, "internalTlsPort": material, "httpsPort": material,
	"sip/external/ipv6TlsPort": material, "sip/external/ipv6WssPort": material, "sip/internal/ipv6TlsPort": material,
	"terminateTLSTraffic": with(material[1:], "externalTlsPort"), "javax.net.ssl.keyStore": with(material[2:], "externalTlsPort"), "javax.net.ssl.keyStorePassword": {"externalTlsPort", "javax.net.ssl.keyStore", "javax.net.ssl.trustStore"},
	"javax.net.ssl.trustStore": {"externalTlsPort", "javax.net.ssl.keyStore", "javax.net.ssl.keyStorePassword"}, "javax.net.ssl.trustStorePassword": with(material, "externalTlsPort"),
	"gov.nist.javax.sip.TLS_CLIENT_PROTOCOLS": with(material, "externalTlsPort"), "gov.nist.javax.sip.ENABLED_CIPHER_SUITES": with(material, "externalTlsPort"), "gov.nist.javax.sip.TLS_CLIENT_AUTH_TYPE": with(material, "externalTlsPort"),
	"externalIpLoadBalancerTlsPort": with(material, "externalIpLoadBalancerAddress", "externalTlsPort"), "externalIpLoadBalancerWsPort": {"externalIpLoadBalancerAddress", "externalWsPort"}, "externalIpLoadBalancerWssPort": with(material, "externalIpLoadBalancerAddress", "externalWssPort"),
	"internalIpLoadBalancerTlsPort": with(material, "internalIpLoadBalancerAddress", "internalTlsPort"), "internalIpLoadBalancerWsPort": {"internalIpLoadBalancerAddress", "internalIpLoadBalancerUdpPort"}, "internalIpLoadBalancerWssPort": {"internalIpLoadBalancerAddress", "internalIpLoadBalancerUdpPort"},
	"sip/external/ipv6LoadBalancerTlsPort": with(material, "sip/external/ipv6LoadBalancerAddress", "externalTlsPort"), "sip/external/ipv6LoadBalancerWsPort": {"sip/external/ipv6LoadBalancerAddress", "externalWsPort"}, "sip/external/ipv6LoadBalancerWssPort": with(material, "sip/external/ipv6LoadBalancerAddress", "externalWssPort"),
	"sip/internal/ipv6LoadBalancerTlsPort":    with(material, "sip/internal/ipv6LoadBalancerAddress", "internalTlsPort"),
	"heartbeat/heartbeatConfig/heartbeatPort": {"heartbeat/@configclass"}, "externalHost": {}, "internalHost": {}, "host": {},
}

func sample(name string) string {
	switch s, ok := samples[name]; {
	case ok:
		return s
	case strings.HasSuffix(name, "Port") && strings.Contains(name, "ternal"):
		return "5070"
	case strings.HasSuffix(name, "Port"):
		return "4070"
	}
	return "7"
}

// inProperties makes a file of two ports in which a key stands with what it needs. line is where it stands.
func inProperties(name string) (text string, line int) {
	port := name
	if strings.Contains(name, "LoadBalancer") || strings.HasPrefix(name, "internalWs") {
		port = ""
	}
	base := []string{}
	if !strings.HasPrefix(port, "external") || !strings.HasSuffix(port, "Port") {
		base = append(base, "externalPort=5060")
	}
	if (!strings.HasPrefix(port, "internal") || !strings.HasSuffix(port, "Port")) && !strings.HasPrefix(name, "externalIpLoad") && !strings.HasPrefix(name, "externalLoad") && name != "useIpLoadBalancerAddressInViaHeaders" {
		base = append(base, "internalPort=5065")
	}
	for _, b := range besides[name] {
		base = append(base, b+"="+sample(b))
	}
	all := strings.TrimSuffix(name, "*")
	if all != name {
		all += "something"
	}
	return strings.Join(append(base, all+"="+sample(name)), "\n"), len(base) + 1
}

// inXML makes a file in which an element stands with what it needs. line is where it stands.
func inXML(k key.Key) (text string, line int) {
	var b strings.Builder
	b.WriteString("<load-balancer-properties>\n")
	put := func(path, value string) {
		if path == "heartbeat/@configclass" || path == "heartbeat/@type" {
			fmt.Fprintf(&b, "<heartbeat %s=%q/>\n", path[len("heartbeat/@"):], value)
			return
		}
		if strings.HasSuffix(path, "*") {
			path = path[:len(path)-1] + "something"
		}
		parts := strings.Split(path, "/")
		for _, p := range parts {
			b.WriteString("<" + p + ">")
		}
		b.WriteString(value)
		for _, p := range slices.Backward(parts) {
			b.WriteString("</" + p + ">")
		}
		b.WriteString("\n")
	}
	two := !strings.HasPrefix(k.Name, "externalIpLoad") && !strings.Contains(k.Name, "external/ipv6Load") && !strings.Contains(k.Name, "routingRules") && k.Name != "useIpLoadBalancerAddressInViaHeaders"
	if two && k.Name != "internalUdpPort" {
		put("sip/internal/udpPort", "5065")
	}
	if two && k.Name != "internalTcpPort" {
		put("sip/internal/tcpPort", "5065")
	}
	for _, name := range besides[k.Name] {
		other := key.FindXML(name)
		if other == nil {
			other = key.Find(name)
		}
		if other.XML == "" { // the versions with XML have it by transport
			other = key.Find(strings.Replace(name, "Port", "UdpPort", 1))
		}
		put(other.XML, sample(name))
	}
	line = 1 + strings.Count(b.String(), "\n")
	put(k.XML, sample(k.Name))
	b.WriteString("</load-balancer-properties>")
	return b.String(), line
}

// Every key of the table gets the verdict of the table when it is used as it should be, in either file; the golden file
// says what it becomes.
func TestEveryKey(t *testing.T) {
	var got strings.Builder
	one := func(k key.Key, file, text string, line int) {
		_, r, problems := Load(input(file, []byte(text)), nil, testWords)
		if errors, _ := problems.Count(); errors > 0 {
			t.Errorf("%s in %s: %+v", k.Name, file, problems)
		}
		for _, p := range problems {
			if !strings.Contains(p.Message, "one port for clients and nodes") {
				t.Logf("%s in %s: %+v", k.Name, file, p)
			}
		}
		i := slices.IndexFunc(r.Findings, func(f verdict.Finding) bool { return f.Line == line && !strings.HasPrefix(f.Directive, "--") })
		if i < 0 || r.Findings[i].Verdict != k.Verdict {
			t.Errorf("%s in %s: want %s\n%s\n%+v", k.Name, file, k.Verdict, text, r.Findings)
			return
		}
		f := r.Findings[i]
		if n := r.Findings.Count(verdict.Error); n > 0 && k.Verdict != verdict.Error {
			t.Errorf("%s in %s: %+v", k.Name, file, r.Findings)
		}
		fmt.Fprintf(&got, "%s %s = %s: %s; %s\n", file, f.Directive, sample(k.Name), f.Verdict, f.Note)
		path := ""
		for l := range strings.Lines(string(r.YAML)) {
			l = strings.TrimRight(l, "\n")
			at := fmt.Sprintf("%s:%d ", file, line)
			if trimmed := strings.TrimLeft(l, " "); strings.HasSuffix(l, ":") && len(l) > 1 {
				path = strings.Join(append(strings.SplitAfter(path, ".")[:min((len(l)-len(trimmed))/2, strings.Count(path, "."))], trimmed[:len(trimmed)-1]), "") + "."
			} else if text, from, ok := strings.Cut(trimmed, " # "); ok && strings.Contains(from+" ", at) && l[0] != '#' {
				depth := (len(l) - len(trimmed)) / 2
				got.WriteString("    " + strings.Join(strings.SplitAfter(path, ".")[:min(depth, strings.Count(path, "."))], "") + text + "\n")
			}
		}
	}
	for _, k := range key.All() {
		if !strings.Contains(k.Name, "/") {
			text, line := inProperties(k.Name)
			one(k, "p", text, line)
		}
		if k.XML != "" {
			text, line := inXML(k)
			one(k, "x", text, line)
		}
	}
	const name = "testdata/keys.golden"
	if *update {
		if err := os.WriteFile(name, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	// A key whose verdict is used says something, but for those that only change what others say.
	for block := range bytes.SplitSeq(bytes.ReplaceAll([]byte(got.String()), []byte("\n    "), []byte("\v")), []byte("\n")) {
		if bytes.Contains(block, []byte(": used; ")) && !bytes.Contains(block, []byte("\v")) {
			t.Errorf("%s: nothing is written", block)
		}
	}
}

// Names are of one key each, and every path that some version has leads to one.
func TestKeysAreUnique(t *testing.T) {
	names, paths := map[string]bool{}, map[string]bool{}
	for _, k := range key.All() {
		if names[k.Name] || k.XML != "" && paths[k.XML] || k.Note == "" {
			t.Errorf("%+v", k)
		}
		names[k.Name], paths[k.XML] = true, true
	}
	for _, path := range []string{"heartbeat/heartbeatConfig/rmiRegistryPort", "heartbeat/heartbeatConfig/rmiRemoteObjectPort", "sip/algorithm/subclusterMap", "sip/algorithm/earlyDialogWorstCase"} {
		if key.FindXML(path) == nil {
			t.Errorf("%s leads nowhere", path)
		}
	}
	if k := key.Find("sip/publicIpv6"); k != nil {
		t.Errorf("%+v is a path", k)
	}
}
