package needs

import (
	"regexp"
	"strings"
	"testing"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

func invite(uri, headers, body string) *peek.Message {
	text := "INVITE " + uri + " SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa\nMax-Forwards: 70\nFrom: <sip:a@example.com>;tag=a\n" +
		"To: <sip:b@example.com>\nCall-ID: c\nCSeq: 1 INVITE\n" + headers + "\n" + body
	var m peek.Message
	m.Scan([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	return &m
}

const (
	sdp  = "Content-Type: application/sdp\n"
	pcmu = "v=0\nm=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n"
	g729 = "v=0\nm=audio 4000 RTP/AVP 18\n"
	opus = "v=0\nm=audio 4000 RTP/SAVPF 111\na=rtpmap:111 Opus/48000/2\n"
)

func TestFind(t *testing.T) {
	one := regexp.MustCompile("^1")
	gold := regexp.MustCompile("gold")
	transcode := Rule{Without: []string{"PCMU", "pcma"}, Resources: []string{"transc"}, Continue: true}
	vm := Rule{User: one, Resources: []string{"vm"}}
	pstn := Rule{User: regexp.MustCompile(`^[2-9]\d+$`), Resources: []string{"pstn"}}
	tests := []struct {
		name               string
		rules              Rules
		uri, headers, body string
		want               string
		found              bool
	}{
		{"the first that fits", Rules{List: []Rule{vm, pstn}}, "sip:123@x", "", "", "vm", true},
		{"the next", Rules{List: []Rule{vm, pstn}}, "sip:223@x", "", "", "pstn", true},
		{"another spelling of it", Rules{List: []Rule{vm, pstn}}, "sip:%3123@x", "", "", "vm", true},
		{"none, and a default", Rules{List: []Rule{vm}, Default: []string{"any", "pstn"}}, "sip:bob@x", "", "", "any pstn", true},
		{"none, and nothing", Rules{List: []Rule{vm}}, "sip:bob@x", "", "", "", true},
		{"none, and that is refused", Rules{List: []Rule{vm}, Refuse: true}, "sip:bob@x", "", "", "", false},
		{"no user", Rules{List: []Rule{vm}, Refuse: true}, "sip:x", "", "", "", false},
		{"two together", Rules{List: []Rule{transcode, vm}}, "sip:1@x", sdp, g729, "transc vm", true},
		{"the second alone", Rules{List: []Rule{transcode, vm}}, "sip:1@x", sdp, pcmu, "vm", true},
		{"the first alone, and no default", Rules{List: []Rule{transcode, vm}, Default: []string{"any"}}, "sip:2@x", sdp, opus, "transc", true},
		{"what two need is needed once", Rules{List: []Rule{transcode, {User: one, Resources: []string{"vm", "transc"}}}}, "sip:1@x", sdp, g729, "transc vm", true},
		{"without an offer nothing is lacking", Rules{List: []Rule{transcode}}, "sip:1@x", "", "", "", true},
		{"a header is there", Rules{List: []Rule{{Header: "x-class", Resources: []string{"g"}}}}, "sip:1@x", "X-CLASS : x\n", "", "g", true},
		{"a header that begins alike", Rules{List: []Rule{{Header: "x-class", Resources: []string{"g"}}}}, "sip:1@x", "X-Class-2: x\n", "", "", true},
		{"what is in it", Rules{List: []Rule{{Header: "x-class", Match: gold, Resources: []string{"g"}}}}, "sip:1@x", "X-Class: silver\nX-Class: golden\n", "", "g", true},
		{"not in it", Rules{List: []Rule{{Header: "x-class", Match: gold, Resources: []string{"g"}}}}, "sip:1@x", "X-Class: silver\nX-Other: gold\n", "", "", true},
		{"user and header", Rules{List: []Rule{{User: one, Header: "x-class", Match: gold, Resources: []string{"g"}}}}, "sip:2@x", "X-Class: gold\n", "", "", true},
		{"a static codec", Rules{List: []Rule{{Codecs: []string{"g729"}, Resources: []string{"t"}}}}, "sip:2@x", sdp, g729, "t", true},
		{"a named codec", Rules{List: []Rule{{Codecs: []string{"G722", "OPUS"}, Resources: []string{"t"}}}}, "sip:2@x", "c: Application/SDP;x=y\n", opus, "t", true},
		{"a port is no codec", Rules{List: []Rule{{Codecs: []string{"GSM"}, Resources: []string{"t"}}}}, "sip:2@x", sdp, "m=audio 3 RTP/AVP 0\n", "", true},
		{"no SDP", Rules{List: []Rule{{Codecs: []string{"G729"}, Resources: []string{"t"}}}}, "sip:2@x", "Content-Type: text/plain\n", g729, "", true},
		{"SDP in a part", Rules{List: []Rule{{Codecs: []string{"G729"}, Resources: []string{"t"}}}}, "sip:2@x", "Content-Type: multipart/mixed;boundary=b\n",
			"--b\nContent-Type: application/sdp\n\n" + g729 + "--b--\n", "t", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := cluster.Needs{Resources: []string{"left", "over", "of", "another"}, Overload: true}
			_, found := tt.rules.Find(invite(tt.uri, tt.headers, tt.body), &n)
			if got := strings.Join(n.Resources, " "); got != tt.want || found != tt.found || n.Overload {
				t.Errorf("%q %v, want %q %v; overload %v", got, found, tt.want, tt.found, n.Overload)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	r := Rules{Relative: true, Spread: true, List: []Rule{{User: regexp.MustCompile("^1"), Overload: true, Continue: true}, {User: regexp.MustCompile("2"), Resources: []string{"vm"}}}}
	var n cluster.Needs
	r.Find(invite("sip:12@x", "", ""), &n)
	if !n.Overload || !n.Relative || !n.Spread || len(n.Resources) != 1 {
		t.Errorf("%+v", n)
	}
	r.Find(invite("sip:22@x", "", ""), &n)
	if n.Overload {
		t.Errorf("%+v", n)
	}
}

func TestRulesAreNotChanged(t *testing.T) {
	r := Rules{Default: []string{"vm", "vm", "pstn"}}
	n := cluster.Needs{}
	r.Find(invite("sip:1@x", "", ""), &n)
	if n.Resources[0] = "x"; strings.Join(r.Default, " ") != "vm vm pstn" {
		t.Errorf("%v", r.Default)
	}
}

// The first rule that fits and names a pool chooses it.
func TestPools(t *testing.T) {
	r := Rules{Refuse: true, List: []Rule{{User: regexp.MustCompile("^1"), Resources: []string{"a"}, Continue: true}, {User: regexp.MustCompile("^.2"), Pool: "two", Continue: true},
		{User: regexp.MustCompile("3$"), Pool: "three"}, {User: regexp.MustCompile("2"), Pool: "two"}}}
	for uri, want := range map[string]string{"sip:1@x": "", "sip:12@x": "two", "sip:123@x": "two", "sip:13@x": "three", "sip:2@x": "two", "sip:9@x": ""} {
		var n cluster.Needs
		if pool, ok := r.Find(invite(uri, "", ""), &n); pool != want || ok != (uri != "sip:9@x") {
			t.Errorf("%s goes to %q, want %q; %v", uri, pool, want, ok)
		}
	}
	if got := strings.Join(r.Pools(), " "); got != "two three" {
		t.Errorf("pools: %s", got)
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	r := Rules{List: []Rule{{Without: []string{"G722"}, Header: "x-class", Resources: []string{"transc"}, Continue: true},
		{User: regexp.MustCompile("^1"), Resources: []string{"vm"}}}}
	m, n := invite("sip:123@x", sdp+"X-Class: a\n", g729), cluster.Needs{}
	r.Find(m, &n)
	if got := testing.AllocsPerRun(100, func() { r.Find(m, &n) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("sip:123@x", sdp, g729)
	f.Add("sip:%@x", "Content-Type:multipart/\nX: y", "m=\na=rtpmap:\na=rtpmap:1 /\nm=a b c  d")
	r := Rules{List: []Rule{{Without: []string{"PCMU"}, Header: "x", Match: regexp.MustCompile("y"), Resources: []string{"a"}, Continue: true},
		{User: regexp.MustCompile("^1"), Codecs: []string{"G729"}, Resources: []string{"b", "a"}}}, Default: []string{"c"}}
	f.Fuzz(func(t *testing.T, uri, headers, body string) {
		var n cluster.Needs
		m := invite(uri, headers, body)
		if _, ok := r.Find(m, &n); !ok || len(n.Resources) == 0 || len(n.Resources) > 2 {
			t.Errorf("%+v", n)
		}
	})
}
