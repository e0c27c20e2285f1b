package messages

import (
	"strings"
	"testing"
)

func TestBodies(t *testing.T) {
	for _, x := range []struct{ name, media, in, want string }{
		{"form", "application/x-www-form-urlencoded", "user=SECRET&j_password=SECRET&empty=&x", "user=***&j_password=***&empty=***&x"},
		{"json", "application/json; charset=utf-8", `{"user":"alice","apiToken": "SEC\"RET","Password":SECRET,"n":7,"sessionIds":["SECRET","SECRET"],"o":{"client_secret":"SECRET"}}`,
			`{"user":"alice","apiToken": ***,"Password":***,"n":7,"sessionIds":***,"o":{"client_secret":***}}`},
		{"cut within a value", "application/json", `{"token":"SECRET`, `{"token":***`},
		{"page", "text/html", `<input type="hidden" name="any" value="SECRET"><meta name=x content='SECRET'><a href="/a;jsessionid=SECRET?b=SECRET">x</a><script>var csrfToken = 'SECRET';</script>`,
			`<input type="hidden" name="any" value=***><meta name=x content=***><a href="/a;jsessionid=***">x</a><script>var csrfToken = ***;</script>`},
		{"xml", "application/soap+xml", "<a><wsse:Password Type=\"x\">SECRET</wsse:Password><b>1</b></a>", "<a><wsse:Password Type=\"x\">***</wsse:Password><b>1</b></a>"},
		{"plain", "text/plain", "token: SECRET\nhello", "token: ***\nhello"},
		{"no text", "image/png", "SECRET", "(6 bytes)"},
		{"compressed", "text/html\r\nContent-Encoding: gzip", "SECRET", "(6 bytes)"},
		{"long", "text/plain", strings.Repeat("x", MaxBody) + "SECRET", strings.Repeat("x", MaxBody) + "\r\n(cut after 8192 bytes)"},
		{"odd", "text/plain", "a\xff\xfeb", "a?b"},
	} {
		t.Run(x.name, func(t *testing.T) {
			head := "HTTP/1.1 200 \r\nContent-Type: " + x.media + "\r\n\r\n"
			got := string(mask([]byte(head+x.in), true))
			if got != head+x.want {
				t.Errorf("got\n%q\nwant\n%q", got, head+x.want)
			}
			if strings.Contains(got, "SECRET") {
				t.Error("a secret is kept")
			}
			if without := string(Mask([]byte(head + x.in))); !strings.HasPrefix(without, head+"(") {
				t.Errorf("without bodies: %q", without)
			}
		})
	}
}
