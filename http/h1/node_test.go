package h1

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"twinhop/http/exchangetest"
	"twinhop/http/head"
)

// scripted is an HTTP/1.1 node that answers by script; it reads requests with
// net/http and writes answers by hand.
func scripted(t testing.TB, script func(*exchangetest.Received) exchangetest.Answer) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var conns atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			n := int(conns.Add(1))
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for i := 1; serve(c, in, script, [2]int{n, i}); i++ {
				}
			}()
		}
	}()
	return l.Addr().String()
}

func serve(c net.Conn, in *bufio.Reader, script func(*exchangetest.Received) exchangetest.Answer, id [2]int) bool {
	hr, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	r := &exchangetest.Received{Method: hr.Method, Target: hr.RequestURI, Host: hr.Host, Conn: id[0], Request: id[1]}
	for name, vs := range hr.Header {
		for _, v := range vs {
			r.Fields.Add(name, v)
		}
	}
	if r.Fields.Has(exchangetest.EarlyField) {
		a := script(r)
		if a.Fault == exchangetest.EarlyEchoes {
			write(c, hr, a, hr.Body)
			return true
		}
		write(c, hr, a, nil)
		return false
	}
	r.Body, err = io.ReadAll(hr.Body)
	r.Cut = err != nil
	a := script(r)
	if a.Wait != nil {
		<-a.Wait
	}
	switch a.Fault {
	case exchangetest.Drop:
		return false
	case exchangetest.BadAnswer:
		io.WriteString(c, "220 mail.example ESMTP\r\n")
		return false
	}
	write(c, hr, a, nil)
	return a.Fault == exchangetest.None
}

func write(c net.Conn, hr *http.Request, a exchangetest.Answer, echo io.Reader) {
	if a.Status == 0 {
		a.Status = 200
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.Status, a.Reason)
	for _, f := range a.Fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	bare := head.Bodyless(hr.Method, a.Status)
	switch {
	case a.Unknown:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	case bare && a.Status != 200:
		b.WriteString("\r\n")
	default:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(a.Body))
	}
	io.WriteString(c, b.String())
	if echo != nil {
		buf := make([]byte, 1024)
		for {
			n, err := echo.Read(buf)
			if n > 0 {
				fmt.Fprintf(c, "%x\r\n%s\r\n", n, buf[:n])
			}
			if err != nil {
				io.WriteString(c, "0\r\n\r\n")
				return
			}
		}
	}
	if bare {
		return
	}
	body := a.Body
	if a.Fault == exchangetest.DropInBody {
		body = body[:len(body)/2]
	}
	if !a.Unknown {
		c.Write(body)
		return
	}
	if len(body) > 0 {
		fmt.Fprintf(c, "%x;ext=1\r\n%s\r\n", len(body), body)
	}
	if a.Fault == exchangetest.DropInBody {
		return
	}
	io.WriteString(c, "0\r\n")
	for _, f := range a.Trailer {
		fmt.Fprintf(c, "%s: %s\r\n", f.Name, f.Value)
	}
	io.WriteString(c, "\r\n")
}
