package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A deviation is a way in which the gateway does other than mod_jk, on purpose.
type deviation struct {
	name, reason string
	always       bool // it may show in any trial; the others only where a trial names them
	fits         func(g gap) bool
}

// deviations are all there are. Every one has to show in some trial, and stands in docs/mod_jk.md.
var deviations = []deviation{
	{"no Server field", "httpd tells what it is; the gateway passes on what a node says, and adds nothing", true,
		func(g gap) bool { return g.name == "answer Server" && strings.HasPrefix(g.value, "Apache") }},
	{"X-Forwarded fields", "client and scheme stand in `X-Forwarded-*` as well, and what a client wrote there, or in `Forwarded` and `X-Real-IP`, is not passed on: an application that looks there is not lied to", true,
		func(g gap) bool {
			_, field, _ := strings.Cut(g.name, " field ")
			return strings.HasPrefix(field, "x-forwarded-") || (field == "forwarded" || field == "x-real-ip") && g.ours == "-"
		}},
	{"when connections end", "httpd ends the client's connection after 400, 500, 503 and some more, whoever said so; the gateway after requests whose bodies it did not see the end of", true,
		func(g gap) bool {
			return g.name == "framing" && strings.Replace(g.value, " true", " false", 1) == strings.Replace(g.ours, " true", " false", 1)
		}},
	{"body packets", "the first packet of a request's body has what has come, httpd waits until it is full", true,
		func(g gap) bool { return strings.HasSuffix(g.name, " packets") }},
	{"fields of a connection", "`Connection`, what it names, `Keep-Alive`, `TE`, `Trailer`, `Transfer-Encoding` and proxies' fields end at the gateway, both ways (RFC 9110 section 7.6.1)", false, connection},
	{"upgrades that AJP cannot carry", "are refused with 501 when the pool has no node that can; mod_jk makes a plain GET of a WebSocket", false, func(g gap) bool { return g.name != "status" || g.ours == "501" }},
	{"what a bad request is told", "431 for too many fields, 501 for a transfer coding nobody knows, 400 for chunks that are none", false,
		func(g gap) bool { return g.name == "status" || g.name == "answer" && g.value == "none" }},
	{"names and protocol", "the server's name is what `Host` says, capitals and brackets included, or the address when there is none, and the protocol is HTTP/1.1, which is what the node's answer is for", false,
		func(g gap) bool {
			return strings.HasSuffix(g.name, " server") || strings.HasSuffix(g.name, " field host") && g.value == "-" ||
				strings.HasSuffix(g.name, " line") && strings.Replace(g.value, "HTTP/1.0", "HTTP/1.1", 1) == g.ours
		}},
	{"names of ciphers", "the cipher of TLS has the name of RFC 8446's registry, as Java has it, and not OpenSSL's", false,
		func(g gap) bool {
			return strings.HasSuffix(g.name, " attribute ssl_cipher") && strings.HasPrefix(g.ours, "TLS_")
		}},
	{"no ssl_session", "the id of a TLS session is not told: sessions are resumed by tickets, which have none", false,
		func(g gap) bool {
			return strings.HasSuffix(g.name, " attribute ssl_session") && g.ours == "-" || strings.HasSuffix(g.name, " attributes") && strings.Replace(g.value, "ssl_session ", "", 1) == g.ours
		}},
	{"Pragma in other words", "`Pragma: no-cache` alone is also said as `Cache-Control`", false,
		func(g gap) bool { return strings.HasSuffix(g.name, " field cache-control") && g.ours == "no-cache" }},
	{"TRACE is refused", "with 405, unless `http.trace` lets it through to the node; httpd answers it itself (`TraceEnable`)", false, func(g gap) bool { return g.name != "status" || g.ours == "405" }},
	{"phrases", "the phrase of a status is the usual one, whatever a node says; the protocol's later versions have none", false,
		func(g gap) bool { return g.name == "phrase" && g.value[:3] == g.ours[:3] }},
	{"fields of an answer without a body", "are passed on; httpd takes `Content-Type` from a 204", false, func(g gap) bool { return g.name == "answer Content-Type" && g.value == "-" }},
	{"answers that are there have a length", "an answer that ended before any of it went out is not chunked, also when the node flushed it", false,
		func(g gap) bool { return g.name == "framing" || g.name == "answer Content-Length" && g.value == "-" }},
	{"cookie lines", "several `Cookie` lines are joined with `;`, httpd joins them with `,` as it does all fields (RFC 9113 section 8.2.3)", false,
		func(g gap) bool {
			return strings.HasSuffix(g.name, " field cookie") && strings.ReplaceAll(g.value, ", ", "; ") == g.ours
		}},
	{"path as it came", "a node gets the bytes the client sent; mod_jk decodes and encodes them, and `%3B` becomes a parameter on the way", false,
		func(g gap) bool { return strings.HasSuffix(g.name, " line") }},
	{"dots may not leave a mount", "a path whose dots lead from the paths of one rule to those of another, or out of an excluded one, is refused with 400", false, refused},
	{"ambiguous paths are refused", "what a container might read in another way than the map is refused with 400: `..;`, `%2F`, `\\`, control characters; httpd passes some on, and says 404 to others", false, refused},
	{"long paths", "a path may have as many bytes as its packet takes; from 4096 on mod_jk does not map it, and httpd says 403", false,
		func(g gap) bool { return g.name != "status" || g.value == "403" && g.ours == "200" }},
	{"jvm_route of the member", "the attribute `jvm_route` is that of the member chosen; mod_jk keeps that of the first one tried, sends none without an lb, and by way of a domain, in 1.2.48, what happens to stand in memory", true,
		func(g gap) bool {
			return strings.HasSuffix(g.name, " attribute jvm_route") && g.value != g.ours && strings.HasSuffix(g.ours, g.node) ||
				strings.HasSuffix(g.name, " attributes") && strings.Replace(g.ours, "jvm_route ", "", 1) == g.value
		}},
	{"ids with signs", "an id with a sign that no container puts into one, such as `\"`, is none", false, member},
	{"ids without a route", "an id without a route, or with one that cannot be a route, is placed by its hash, so that two gateways give it to the same member; mod_jk balances its every request", false, member},
	{"sessions are remembered", "a session that was given to another member because its own failed, or was unknown, stays there; mod_jk chooses again with every request", false, member},
	{"domain after redirect", "if the member that `redirect` names cannot serve either, the rest of the domain is asked before all others", false, member},
	{"nobody's id is taken away", "`set_session_cookie` names the node to a client that has no id; mod_jk does also to one that has, or just gets one of the node, and the browser then forgets that", false,
		func(g gap) bool {
			return g.name == "answer Set-Cookie" && strings.HasPrefix(g.value, strings.TrimPrefix(g.ours, "-")) && strings.Contains(g.value, "=.")
		}},
	{"session_cookie_path of a rule", "counts, as the documentation of mod_jk has it; 1.2.48 takes `/`", false,
		func(g gap) bool { return g.name == "answer Set-Cookie" && strings.Contains(g.ours, "PATH=/r") }},
	{"POST is never replayed", "a request that is not idempotent and may have been dealt with is given to nobody else, whatever `recovery_options` and `fail_on_status` say", false,
		func(g gap) bool { return strings.HasPrefix(g.asked, "POST ") }},
	{"an answer that began is the answer", "once a client got some of an answer nothing is repeated, and it sees that the answer breaks off; mod_jk begins again in the middle of a body", false,
		func(g gap) bool {
			return g.name == "body" || g.name == "deliveries" || g.name == "cut" && g.ours == "yes" || strings.HasPrefix(g.name, "to ")
		}},
	{"lengths that are not kept", "an answer with more or less of a body than its `Content-Length` says is a bad gateway, as long as none of it went out; httpd says the length that there is", false,
		func(g gap) bool {
			return g.name == "status" && g.value == "200" && g.ours == "502" || g.name != "status" && (g.ours == "-" || g.ours == "")
		}},
	{"a head is no answer yet", "what may be repeated is so until the client got some of an answer; `recovery_options=2` ends that with the head of one", false,
		func(g gap) bool { return g.name == "deliveries" || strings.HasPrefix(g.name, "to ") && g.value == "-" }},
	{"502 for all garbage", "an answer that is not AJP is a bad gateway; mod_jk says 500 of some", false,
		func(g gap) bool { return g.name == "status" && g.value == "500" && g.ours == "502" }},
	{"an end without a head is no answer", "mod_jk makes 200 of it", false,
		func(g gap) bool { return g.name != "status" || g.value == "200" && g.ours == "502" }},
}

// refused tells what a request leaves behind that the gateway says 400 to.
func refused(g gap) bool {
	return g.name == "status" && g.ours == "400" || g.name != "status" && (g.ours == "-" || g.ours == "" || g.ours == "0")
}

// connection tells facts about one hop.
func connection(g gap) bool {
	switch _, field, _ := strings.Cut(g.name, " field "); field {
	case "connection", "x-hop", "keep-alive", "te", "trailer", "upgrade", "http2-settings", "proxy-connection", "proxy-authorization":
		return g.ours == "-"
	}
	switch g.name {
	case "answer Connection", "answer Keep-Alive":
		return true
	}
	return strings.Contains(g.value, "chunked") || g.name == "cut" || g.name == "body" && g.value == "" || g.name == "answer Content-Length"
}

// member tells facts that change with the member chosen.
func member(g gap) bool {
	switch g.name {
	case "node", "answer X-Node", "body", "to 1 node", "to 1 attribute jvm_route":
		return true
	}
	return false
}

// shown are the deviations that some trial had.
var shown sync.Map

// deviates names the deviation that a gap is, "" if it is none that may show here.
func deviates(names []string, g gap) string {
	for _, d := range deviations {
		if (d.always || slices.Contains(names, d.name)) && d.fits(g) {
			shown.Store(d.name, true)
			return d.name
		}
	}
	return ""
}

// The page has exactly these deviations, in this order.
func TestDifferentialPage(t *testing.T) {
	text, err := os.ReadFile("../docs/mod_jk.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Where the gateway differs on purpose\n")
	section, _, _ = strings.Cut(section, "\n## ")
	want, got := "", ""
	for _, d := range deviations {
		want += fmt.Sprintf("| %s | %s |\n", d.name, d.reason)
	}
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "|") {
			got += line
		}
	}
	if want = "| difference | why |\n|---|---|\n" + want; got != want {
		t.Errorf("docs/mod_jk.md has not this table, but another:\n%s", want)
	}
}
