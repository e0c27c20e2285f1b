package peek

import (
	"testing"
	"time"
)

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{"": "", "alice": "alice", "al%69ce": "alice", "%41%4a%4Az": "AJJz", "%": "%", "%4": "%4", "%g1%1g": "%g1%1g", "%2541": "%41", "a%00": "a\x00"} {
		if got := string(Unescape([]byte("-"), []byte(in))); got != "-"+want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestGranted(t *testing.T) {
	for headers, want := range map[string]time.Duration{
		"": -1, "Expires: 60\r\n": time.Minute, "Expires: x\r\n": -1, "Expires: 0\r\n": 0, "Expires: 99999999999999999999\r\n": 7 * 24 * time.Hour,
		"Contact: <sip:a@b>;expires=30\r\nExpires: 60\r\n": 30 * time.Second, "Contact: <sip:a@b;expires=30>\r\nExpires: 60\r\n": time.Minute,
	} {
		var m Message
		m.Scan([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:a@b>;tag=b\r\nCall-ID: a\r\nCSeq: 1 REGISTER\r\n" + headers + "\r\n"))
		if d, ok := m.Granted(); ok != (want >= 0) || ok && d != want {
			t.Errorf("%q: %v %v", headers, d, ok)
		}
	}
}
