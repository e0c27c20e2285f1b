package beat

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"twinhop/sip/peek"
)

func TestProperties(t *testing.T) {
	for body, want := range map[string]map[string]string{
		"tcpPort=5070\nudpPort=5070\nhostname=x\nip=127.0.0.1\n": {"tcpPort": "5070", "udpPort": "5070", "hostname": "x", "ip": "127.0.0.1"},
		"a=1\r\nb = 2\rc : 3\n\td\t4\n":                          {"a": "1", "b": "2", "c": "3", "d": "4"},
		"# no=1\n! no=2\n  # no\\\na=1":                          {"a": "1"},
		"a=1\\\n   2\\\r\n3\nb=4":                                {"a": "123", "b": "4"},
		"a=x\\\\\nb=1":                                           {"a": `x\`, "b": "1"},
		"a\\=b=c\\:d":                                            {"a=b": "c:d"},
		"a=caf\\u00e9\\ x":                                       {"a": "café x"},
		"a\nb=\n":                                                {"a": "", "b": ""},
		"a=1\na=2":                                               {"a": "2"},
		"ip=fd00::1":                                             {"ip": "fd00::1"},
		"a=1\\":                                                  {"a": "1"},
		"\n\n  \n a=" + strings.Repeat("x", maxText): {"a": strings.Repeat("x", maxText)},
	} {
		if got, ok := Properties([]byte(body)); !ok || !maps.Equal(got, want) {
			t.Errorf("%q: %q %v", body, got, ok)
		}
	}
	many := ""
	for i := range maxProperties + 1 {
		many += fmt.Sprintf("a%d=1\n", i)
	}
	for _, body := range []string{"", "\n \n", "# a=1", "=1", "a=\\u12", "a=\\u12g4", "a=\\n", "a=\x00", "\x7f=1", "a=\xff", "a=" + strings.Repeat("x", maxText+1),
		strings.Repeat("x", maxText+1) + "=1", many, "a=1\n" + strings.Repeat("#\n", maxBody)} {
		if got, ok := Properties([]byte(body)); ok {
			t.Errorf("%.40q: %q", body, got)
		}
	}
	if got, ok := Properties([]byte(strings.TrimSuffix(many, "a32=1\n"))); !ok || len(got) != maxProperties {
		t.Errorf("%d properties, %v", len(got), ok)
	}
}

func message(start, headers, body string) *peek.Message {
	var m peek.Message
	method, _, _ := strings.Cut(start, " ")
	m.Scan([]byte(start + "\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:a@b>\r\nCall-ID: a\r\nCSeq: 1 " + method + "\r\n" + headers + "\r\n" + body))
	return &m
}

func TestWhatIsAHeartbeat(t *testing.T) {
	for _, c := range []struct {
		start, headers, body string
		want                 bool
	}{
		{"OPTIONS sip:10.0.0.100 SIP/2.0", "Mobicents-Heartbeat: 1\r\n", "ip=10.0.0.3\r\n", true},
		{"INFO sip:10.0.0.100 SIP/2.0", "RESTCOMM-HEARTBEAT:\r\n", "ip=10.0.0.3", true},
		{"OPTIONS sip:10.0.0.100 SIP/2.0", "Mobicents-Heartbeat: 1\r\nContent-Length: 5\r\n", "ip=10.0.0.3\r\n", true},
		{"OPTIONS sip:10.0.0.100 SIP/2.0", "Mobicents-Heartbeats: 1\r\n", "ip=10.0.0.3\r\n", false},
		{"OPTIONS sip:10.0.0.100 SIP/2.0", "", "Mobicents-Heartbeat: 1\r\nip=10.0.0.3\r\n", false},
		{"OPTIONS sip:10.0.0.100 SIP/2.0", "Mobicents-Heartbeat: 1\r\n", "", false},
		{"MESSAGE sip:10.0.0.100 SIP/2.0", "Mobicents-Heartbeat: 1\r\n", "ip=10.0.0.3\r\n", false},
		{"SIP/2.0 200 OK", "Mobicents-Heartbeat: 1\r\n", "ip=10.0.0.3\r\n", false},
	} {
		m := message(c.start, c.headers, c.body)
		props, ok := Read(m)
		if ok != c.want || ok && len(props) != 1 || ok && !Begins(m.Buf) {
			t.Errorf("%s %q %q: %v %v", c.start, c.headers, c.body, props, ok)
		}
	}
	if Begins([]byte("INVITE sip:a SIP/2.0")) || Begins([]byte("OPTION")) || Begins(nil) {
		t.Error("something else begins like one")
	}
}

func FuzzProperties(f *testing.F) {
	f.Add([]byte("tcpPort=5070\\\n 1\r\nip = 127.0.0.1\r#x\n\\u0041:b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		props, ok := Properties(b)
		if len(props) > maxProperties {
			t.Errorf("%d properties", len(props))
		}
		for k, v := range props {
			if ok && (k == "" || len(k) > maxText || len(v) > maxText || strings.ContainsAny(k+v, "\r\n\x00")) {
				t.Errorf("%q=%q", k, v)
			}
		}
	})
}
