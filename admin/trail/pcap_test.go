package trail

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/trace/messages"
)

func kept(n uint64, s messages.Summary, text, answer string) messages.Kept {
	s.N, s.At = n, time.Date(2026, 1, 2, 12, 0, 0, int(n)*1000, time.UTC)
	k := messages.Kept{Summary: s, Text: []byte(text)}
	if s.Proto == "http" {
		k.Text, k.Heads[messages.Left], k.Heads[messages.AnswerLeft] = nil, []byte(text), []byte(answer)
	}
	return k
}

var (
	phone4 = netip.MustParseAddrPort("198.51.100.7:5060")
	door4  = netip.MustParseAddrPort("192.0.2.1:5060")
	node6  = netip.MustParseAddrPort("[fd00::1]:5080")
	wild6  = netip.MustParseAddrPort("[::]:5060")
	page   = netip.MustParseAddrPort("198.51.100.7:40112")
	site   = netip.MustParseAddrPort("192.0.2.1:80")
)

const invite = "INVITE sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\r\n"

// What others read captures with reads ours, checksums included.
func TestTsharkReadsACapture(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal("no tshark here; .ci/setup installs it")
	default:
		t.Skip("no tshark here; .ci/setup installs it")
	}
	list := []messages.Kept{
		kept(1, messages.Summary{Proto: "http", Peer: page, Local: site, Took: time.Microsecond}, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 \r\nServer: s\r\n\r\n"),
		kept(3, messages.Summary{Proto: "sip", Peer: phone4, Local: door4}, invite, ""),
		kept(4, messages.Summary{Proto: "sip", Out: true, Peer: node6, Local: wild6}, invite, ""),
		kept(5, messages.Summary{Proto: "sip", Out: true, Peer: node6, Local: netip.MustParseAddrPort("0.0.0.0:5060")}, strings.Replace(invite, "Call-ID: c1", "Call-ID: odd", 1), ""),
		kept(6, messages.Summary{Proto: "http", Peer: page, Local: site}, "POST /b HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 302 \r\n\r\n"),
		kept(8, messages.Summary{Proto: "sip"}, "", ""),
	}
	file := filepath.Join(t.TempDir(), "a.pcap")
	if err := os.WriteFile(file, capture(list), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tshark, "-r", file, "-o", "http.desegment_body:FALSE", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-E", "separator=|",
		"-e", "frame.time_epoch", "-e", "ip.src", "-e", "ipv6.dst", "-e", "sip.Method", "-e", "sip.Call-ID", "-e", "http.request.uri", "-e", "http.response.code",
		"-e", "ip.checksum.status", "-e", "udp.checksum.status", "-e", "tcp.checksum.status", "-e", "_ws.malformed", "-e", "tcp.analysis.flags").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := `1767355200.000001000|198.51.100.7||||/a||1||1||
1767355200.000002000|192.0.2.1|||||200|1||1||
1767355200.000003000|198.51.100.7||INVITE|c1|||1|1|||
1767355200.000004000||fd00::1|INVITE|c1||||1|||
1767355200.000005000||fd00::1|INVITE|odd||||1|||
1767355200.000006000|198.51.100.7||||/b||1||1||
1767355200.000006000|192.0.2.1|||||302|1||1||
`
	if string(out) != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}
