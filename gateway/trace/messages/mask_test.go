package messages

import (
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	for _, x := range []struct{ name, in, want string }{
		{"credentials", "REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"SECRET\",\r\n response=\"SECRET\"\r\nproxy-authorization : SECRET\r\nCall-ID: a\r\n\r\n",
			"REGISTER sip:x SIP/2.0\r\nAuthorization: Digest ***\r\n ***\r\nproxy-authorization : ***\r\nCall-ID: a\r\n\r\n"},
		{"routes", "GET / HTTP/1.1\r\nCookie: a=SECRET; JSESSIONID=SECRET.node1; b=SECRET.node1\r\nCookie: JSESSIONID=SECRET.SECRET.node1\r\ncookie: jsessionid=\"SECRET.n-2\"\r\nCookie: JSESSIONID=SECRET.SECRETSECRETSECRETSECRETSECRETSECRET\r\nCookie: Path=SECRET; JSESSIONID=.SECRET; SECRET\r\nCookie: JSESSIONID=SECRET.n1; Path=SECRET\r\nCookie: JSESSIONID=S.SECRET\r\n\r\n",
			"GET / HTTP/1.1\r\nCookie: JSESSIONID=***.node1; ***\r\nCookie: JSESSIONID=***\r\ncookie: JSESSIONID=***.n-2\r\nCookie: JSESSIONID=***\r\nCookie: JSESSIONID=***; ***\r\nCookie: JSESSIONID=***.n1; ***\r\nCookie: JSESSIONID=***\r\n\r\n"},
		{"attributes", "HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=SECRET.node2; Path=/a;jsessionid=SECRET; HttpOnly; Max-Age=0; x=SECRET\r\n SECRET\r\n\r\n",
			"HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=***.node2; Path=/a; JSESSIONID=***; HttpOnly; Max-Age=0; ***\r\n ***\r\n\r\n"},
		{"cookies", "HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=SECRET; Path=/\r\nsEt-cookie:SECRET\r\nX-Api-Key: SECRET\r\nContent-Type: text/html; charset=utf-8\r\n\r\nSECRET",
			"HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=***; Path=/\r\nsEt-cookie: ***\r\nX-Api-Key: ***\r\nContent-Type: text/html; charset=utf-8\r\n\r\n(6 bytes)"},
		{"request line", "GET /a;jsessionid=SECRET.n1/b?x=SECRET&appsession=SECRET&y HTTP/1.1\r\nReferer: http://h/p%3Bjsessionid%3DSECRET?q=SECRET#f\r\n\r\n",
			"GET /a;jsessionid=***/b?x=***&appsession=***&y HTTP/1.1\r\nReferer: http://h/p%3Bjsessionid%3D***?q=***#f\r\n\r\n"},
		{"uris of SIP", "INVITE sip:bob@h;transport=tcp SIP/2.0\r\nTo: <sip:bob@h;appsession=SECRET>;tag=1\r\nContact: <sip:h;org.mobicents.servlet.sip.ApplicationSessionKey=SECRET;lr>\r\nX-Twinhop-Session: SECRET\r\n\r\n",
			"INVITE sip:bob@h;transport=tcp SIP/2.0\r\nTo: <sip:bob@h;appsession=***>;tag=1\r\nContact: <sip:h;org.mobicents.servlet.sip.ApplicationSessionKey=***;lr>\r\nX-Twinhop-Session: ***\r\n\r\n"},
		{"media keys", "INVITE sip:x SIP/2.0\r\nc: application/sdp\r\n\r\nv=0\r\na=crypto:1 AES SECRET\r\nA=ICE-PWD:SECRET\r\nk=SECRET\r\na=sendrecv\r\n",
			"INVITE sip:x SIP/2.0\r\nc: application/sdp\r\n\r\nv=0\r\na=crypto:***\r\na=ice-pwd:***\r\nk=***\r\na=sendrecv\r\n"},
		{"no field", "INVITE sip:x SIP/2.0\r\nSECRET\r\n SECRET\r\nA: b\r\n\r\n", "INVITE sip:x SIP/2.0\r\n***\r\n ***\r\nA: b\r\n\r\n"},
		{"challenge", "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\"\r\nSession-Expires: 90\r\n\r\n", "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\"\r\nSession-Expires: 90\r\n\r\n"},
		{"letters that grow when made small", "GET /İİİİ?a=SECRET HTTP/1.1\r\nX: İİjsessionid=SECRET\r\n\r\n", "GET /İİİİ?a=*** HTTP/1.1\r\nX: İİjsessionid=***\r\n\r\n"},
		{"nothing", "", "\r\n"},
		{"names alone", "GET /jsessionid HTTP/1.1\r\nX: appsession sessionid=\r\n\r\n", "GET /jsessionid HTTP/1.1\r\nX: appsession sessionid=***\r\n\r\n"},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := string(Mask([]byte(x.in)))
			if got != x.want {
				t.Errorf("got\n%q\nwant\n%q", got, x.want)
			}
			if strings.Contains(got, "SECRET") {
				t.Error("a secret is kept")
			}
		})
	}
	if got := Mask([]byte("A b\r\nX: " + strings.Repeat("y", 3*maxText) + "\r\n\r\n")); len(got) > maxText+16 {
		t.Errorf("%d bytes kept", len(got))
	}
}

func FuzzMaskMessage(f *testing.F) {
	f.Add("GET /a;jsessionid=", "?x=1 HTTP/1.1\r\nCookie: a=b\r\n\r\nbody")
	f.Add("INVITE sip:x SIP/2.0\r\nc: application/sdp\r\n\r\na=crypto:1 ", "\n")
	f.Add("A b c\r\nAuthorization: ", "\r\n x")
	f.Fuzz(func(t *testing.T, before, after string) {
		got := Mask([]byte(before + after))
		if len(got) > 4*len(before+after)+maxText+64 {
			t.Fatal("grew")
		}
		line := "\r\nAuthorization: Basic SEESECRET\r\nCookie: SEESECRET\r\n"
		if head := "GET / HTTP/1.1"; strings.Contains(string(Mask([]byte(head+line+after))), "SEESECRET") {
			t.Fatalf("kept before %q", after)
		}
	})
}
