package json

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const startBody = `{"start":{"hostName":"n1","ip":"10.0.0.1","httpPort":"8080","sslPort":"8443","udpPort":"5080","tcpPort":"5080","tlsPort":"5081","wsPort":"5082",` +
	`"wssPort":"5083","version":"0","sessionId":"1485157008580","restcommInstanceId":"ID1","heartbeatPort":"2222","smppPort":"2775","jvmRoute":"node1"}}`

// The words on the wire, as the old nodes have them.
func TestCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		status, body, head := s.raw("10.0.0.1", request(startBody))
		if status != 200 || body != `{"start":"OK"}` || head.Get("Content-Type") != "application/json" || head.Get("Content-Length") != "14" || head.Get("Close") != "true" {
			t.Errorf("%d %s %v", status, body, head)
		}
		s.want("node1")
		s.wants("10.0.0.1", startBody, 200, `{"start":"OK"}`)
		s.wants("10.0.0.1", `{"heartbeat":{"sessionId":1485157008580}}`, 200, `{"heartbeat":"OK"}`)
		s.wants("10.0.0.1", `{"heartbeat":{"sessionId":"1485157008580"}}`, 200, `{"heartbeat":"OK"}`)
		s.wants("10.0.0.1", ` { "heartbeat" : { "SESSIONID" : "1485157008580" , "x" : null, "y": true } } `, 200, `{"heartbeat":"OK"}`)
		s.wants("10.0.0.1", `{"heartbeat":{"sessionId":1}}`, 200, `{"heartbeat":"NOK"}`)
		s.wants("10.0.0.1", `{"shutdown":{"sessionId":1485157008580}}`, 200, `{"shutdown":"OK"}`)
		s.want("node1!")
		s.wants("10.0.0.1", `{"switchover":{"fromJvmRoute":"node1","toJvmRoute":"node2"}}`, 200, `{"switchover":"OK"}`)
		if fmt.Sprint(s.moves) != "[node1>node2]" {
			t.Errorf("moved %v", s.moves)
		}
		s.wants("10.0.0.2", `{"switchover":{"fromJvmRoute":"node1","toJvmRoute":"node2"}}`, 200, `{"switchover":"NOK"}`)
		s.wants("10.0.0.1", `{"stop":{"sessionId":1485157008580}}`, 200, `{"stop":"OK"}`)
		s.want("")
		s.wants("10.0.0.1", `{"stop":{"sessionId":1485157008580}}`, 200, `{"stop":"NOK"}`)
		s.wants("10.0.0.1", `{"shutdown":{"sessionId":1485157008580}}`, 200, `{"shutdown":"NOK"}`)
		if strings.Contains(s.log(), "1485157008580") {
			t.Error("the log has a session")
		}
	})
}

func TestStockNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		n := s.stock("10.0.0.1")
		defer n.kill()
		for range 20 {
			time.Sleep(3 * time.Second)
			s.want("10.0.0.1-5080")
		}
		if n.starts.Load() != 1 || n.sessions.Load() != 1 {
			t.Errorf("%d starts in %d sessions", n.starts.Load(), n.sessions.Load())
		}
		s.wire.cut.Store(true) // the old balancer never took it back after this
		time.Sleep(9 * time.Second)
		s.want("")
		s.wire.cut.Store(false)
		time.Sleep(20 * time.Second)
		s.want("10.0.0.1-5080")
		if n.sessions.Load() != 2 {
			t.Errorf("%d sessions", n.sessions.Load())
		}
		time.Sleep(time.Minute)
		s.want("10.0.0.1-5080")
		if n.sessions.Load() != 2 || n.starts.Load() != 2 {
			t.Errorf("%d starts in %d sessions", n.starts.Load(), n.sessions.Load())
		}
	})
}

// A node that comes back quickly is listed all the time, and once: the old
// balancer took it away with its old record.
func TestStockNodeRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		n := s.stock("10.0.0.1")
		time.Sleep(10 * time.Second)
		n.kill()
		n = s.stock("10.0.0.1")
		defer n.kill()
		for range 60 {
			time.Sleep(time.Second)
			s.want("10.0.0.1-5080")
			if len(s.Roster.Nodes()) != 1 {
				t.Fatal("it is listed twice")
			}
		}
	})
}

// A gateway that was started again knows nobody: nodes find out and start.
func TestStockNodesFindANewGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		a, b := s.stock("10.0.0.1"), s.stock("10.0.0.2")
		defer a.kill()
		defer b.kill()
		time.Sleep(10 * time.Second)
		s.want("10.0.0.1-5080 10.0.0.2-5080")
		s.wire.cut.Store(true)
		s.stop()
		next := begin(t, nil)
		defer next.stop()
		a.gateway.Store(next)
		b.gateway.Store(next)
		time.Sleep(21 * time.Second) // three signs of life without an OK, and a start
		next.want("10.0.0.1-5080 10.0.0.2-5080")
		if a.sessions.Load() != 2 || b.sessions.Load() != 2 {
			t.Errorf("%d and %d sessions", a.sessions.Load(), b.sessions.Load())
		}
	})
}

func TestStockNodeDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		s.post("10.0.0.1", startBody)
		s.wants("10.0.0.1", `{"shutdown":{"sessionId":1485157008580}}`, 200, `{"shutdown":"OK"}`)
		for range 12 {
			time.Sleep(5 * time.Second)
			s.wants("10.0.0.1", `{"heartbeat":{"sessionId":1485157008580}}`, 200, `{"heartbeat":"OK"}`)
			s.want("node1!")
		}
		time.Sleep(6 * time.Second)
		s.want("")
	})
}

// What is not a message of a node changes nothing, and no answer to it lets an
// old node believe that it is registered.
func TestHostileMessages(t *testing.T) {
	post := func(head, body string) string {
		return fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n%s", len(body), head, body)
	}
	const kind = "Content-Type: application/json\r\n"
	huge := `{"start":{"x":"` + strings.Repeat("y", 100<<10) + `"}}`
	deep := `{"start":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1001)
	many := `{"heartbeat":{"sessionId":1`
	for i := range maxMembers {
		many += fmt.Sprintf(`,"a%d":1`, i)
	}
	tests := []struct {
		name, text string
		status     int
	}{
		{"not POST", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		{"PUT", strings.Replace(request(startBody), "POST", "PUT", 1), 405},
		{"elsewhere", strings.Replace(request(startBody), "POST /", "POST /start", 1), 404},
		{"a query", strings.Replace(request(startBody), "POST /", "POST /?start", 1), 404},
		{"a form", post("Content-Type: text/plain\r\n", startBody), 415},
		{"no type", post("", startBody), 415},
		{"a browser", post(kind+"Origin: http://evil.example\r\n", startBody), 403},
		{"100 KiB", request(huge), 413},
		{"100 KiB in chunks", "POST / HTTP/1.1\r\nHost: x\r\n" + kind + "Transfer-Encoding: chunked\r\n\r\n19000\r\n" + huge[:0x19000] + "\r\n0\r\n\r\n", 413},
		{"a long head", "POST / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 20<<10) + "\r\n\r\n", 431},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\n" + kind + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}", 400},
		{"not HTTP", "JRMI\x00\x02K\r\n\r\n", 400},
		{"nothing", request(""), 400},
		{"no object", request(`"start"`), 400},
		{"an array", request(`[` + startBody + `]`), 400},
		{"empty", request(`{}`), 400},
		{"two commands", request(strings.TrimSuffix(startBody, "}") + `,"stop":{}}`), 400},
		{"the same twice", request(`{"heartbeat":{"sessionId":1,"sessionId":2}}`), 400},
		{"something behind", request(startBody + "{}"), 400},
		{"cut off", request(startBody[:100]), 400},
		{"deeply nested", request(deep), 400},
		{"nested", request(strings.Replace(startBody, `"n1"`, `{"a":1}`, 1)), 400},
		{"a list", request(strings.Replace(startBody, `"n1"`, `["n1"]`, 1)), 400},
		{"a fraction", request(`{"heartbeat":{"sessionId":1.5}}`), 400},
		{"an exponent", request(`{"heartbeat":{"sessionId":1e9}}`), 400},
		{"no UTF-8", request(strings.Replace(startBody, "n1", "\xff", 1)), 400},
		{"many members", request(many + "}}"), 400},
		{"a long value", request(strings.Replace(startBody, "n1", strings.Repeat("n", 257), 1)), 400},
		{"a value that starts", request(strings.Replace(startBody, "8080", "start", 1)), 400},
		{"no session", request(strings.Replace(startBody, "sessionId", "session", 1)), 400},
		{"a host name", request(strings.Replace(startBody, "10.0.0.1", "evil.example", 1)), 400},
		{"everywhere", request(strings.Replace(startBody, "10.0.0.1", "0.0.0.0", 1)), 400},
		{"nothing to use", request(`{"start":{"ip":"10.0.0.1","sessionId":"1","tlsPort":"5061"}}`), 400},
		{"another network", request(strings.Replace(startBody, "10.0.0.1", "192.168.0.1", 1)), 403},
		{"metadata", request(strings.Replace(startBody, "10.0.0.1", "169.254.169.254", 1)), 403},
		{"no command", request(`{"reload":{"sessionId":1}}`), 400},
		{"no route", request(`{"switchover":{"fromJvmRoute":"a\r\nb","toJvmRoute":"node2"}}`), 400},
		{"heartbeat of nobody", request(`{"heartbeat":{}}`), 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, nil)
				status, body, _ := s.raw("10.0.0.66", tt.text)
				if status != tt.status || strings.Contains(body, "start") {
					t.Errorf("%d %s", status, body)
				}
				s.want("")
				s.stop()
				if s.probes.Load() != 0 || len(s.log()) > 1000 || len(s.moves) > 0 {
					t.Errorf("%d probes, moves %v, log %s", s.probes.Load(), s.moves, s.log())
				}
			})
		})
	}
}

// A second node with the name, or at the place, of a live one is refused.
func TestForeignNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		s.post("10.0.0.1", startBody)
		for range 5 {
			if status, body := s.post("10.0.0.66", strings.Replace(startBody, "10.0.0.1", "10.0.0.66", 1)); status != 409 || strings.Contains(body, "start") {
				t.Errorf("its name: %d %s", status, body)
			}
		}
		if status, body := s.post("10.0.0.66", strings.Replace(startBody, "1485157008580", "9", 1)); status != 409 || strings.Contains(body, "start") {
			t.Errorf("its place: %d %s", status, body)
		}
		if status, body := s.post("10.0.0.66", strings.Replace(startBody, "10.0.0.1", "127.0.0.1", 1)); status != 400 || !strings.Contains(body, "from another machine") {
			t.Errorf("its loopback interface: %d %s", status, body)
		}
		s.wants("10.0.0.66", `{"heartbeat":{"sessionId":1485157008580}}`, 200, `{"heartbeat":"NOK"}`)
		s.wants("10.0.0.66", `{"shutdown":{"sessionId":1485157008580}}`, 200, `{"shutdown":"NOK"}`)
		s.wants("10.0.0.66", `{"stop":{"sessionId":1485157008580}}`, 200, `{"stop":"NOK"}`)
		s.want("node1")
		if n := s.Roster.Nodes(); len(n) != 1 || n[0].IP.String() != "10.0.0.1" {
			t.Errorf("%+v", n)
		}
		if strings.Count(s.log(), "cannot be taken") != 1 { // the loopback address
			t.Error("what the roster told is told again")
		}
		if strings.Count(s.log(), "a second node wants the name of another") != 1 || !strings.Contains(s.log(), "somebody else speaks for a node") {
			t.Error("alarms: " + s.log())
		}
	})
}
