package rmi

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/heartbeat"
	"twinhop/gateway/heartbeat/rmi/jser"
)

// TestMethodHashes: by the rule of java.rmi, the first eight bytes, the lowest first, of the
// SHA-1 sum of name and descriptor as writeUTF writes them.
func TestMethodHashes(t *testing.T) {
	for method, want := range map[string]uint64{
		"handlePing(Ljava/util/ArrayList;)V":                hashHandlePing,
		"forceRemoval(Ljava/util/ArrayList;)V":              hashForceRemoval,
		"switchover(Ljava/lang/String;Ljava/lang/String;)V": hashSwitchover,
	} {
		sum := sha1.Sum(jser.AppendUTF(nil, method))
		if got := binary.LittleEndian.Uint64(sum[:8]); got != want {
			t.Errorf("%s: %#x, not %#x", method, got, want)
		}
	}
}

// client is the other end of a connection, byte by byte.
type client struct {
	t *testing.T
	net.Conn
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{t, c}
}

// connect goes as far as calls can be made.
func connect(t *testing.T, addr string) *client {
	t.Helper()
	c := dial(t, addr)
	c.send("JRMI\x00\x02\x4b")
	host, port := "\x00\x09127.0.0.1\x00\x00", make([]byte, 2)
	binary.BigEndian.PutUint16(port, uint16(c.LocalAddr().(*net.TCPAddr).Port))
	c.want("4e" + hex.EncodeToString([]byte(host)) + hex.EncodeToString(port))
	c.send("\x00\x04node\x00\x00\x00\x00")
	return c
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatal(err)
	}
}

// want reads what stands there in hexadecimal; "??" is any byte, blanks are for the reader.
func (c *client) want(pattern string) {
	c.t.Helper()
	pattern = strings.Join(strings.Fields(pattern), "")
	got := make([]byte, len(pattern)/2)
	if n, err := io.ReadFull(c, got); err != nil {
		c.t.Fatalf("%v after % x", err, got[:n])
	}
	said := hex.EncodeToString(got)
	for i := range pattern {
		if pattern[i] != '?' && pattern[i] != said[i] {
			c.t.Fatalf("byte %d differs:\n got %s\nwant %s", i/2, said, pattern)
		}
	}
}

// ends waits for the connection to be closed by the server; what it still said is of no interest.
func (c *client) ends() {
	c.t.Helper()
	// A reset is an end, too: something was not read.
	_, _ = io.Copy(io.Discard, c)
}

// call is the head of a call: an object, an operation by number, the hash.
func call64(id objID, op int32, hash uint64) string {
	b := append([]byte{msgCall}, "\xac\xed\x00\x05\x77\x22"...)
	b = binary.BigEndian.AppendUint64(b, uint64(id.num))
	b = id.uid.append(b)
	b = binary.BigEndian.AppendUint32(b, uint32(op))
	return string(binary.BigEndian.AppendUint64(b, hash))
}

func utf(s string) string { return string(jser.AppendUTF(nil, s)) }

// text is a string as hexadecimal, with its length.
func text(s string) string { return hex.EncodeToString(jser.AppendUTF(nil, s)) }

// TestLookupByteForByte: the answer is what a server of the JDK says.
func TestLookupByteForByte(t *testing.T) {
	r := start(t, func(s *Server) { s.Host = "balancer.example.com" })
	c := connect(t, r.at)
	c.send(call64(registryID, opLookup, registryHash) + "\x74" + utf("SIPBalancer"))
	port := make([]byte, 4)
	binary.BigEndian.PutUint32(port, uint32(r.objects.Addr().(*net.TCPAddr).Port))
	const uid = "????????????????????????????"
	c.want("51 aced0005 770f 01" + uid +
		"73 7d 00000002" + text("java.rmi.Remote") + text("org.mobicents.tools.sip.balancer.NodeRegisterRMIStub") + "7078" +
		"72" + text("java.lang.reflect.Proxy") + "e127da20cc1043cb 02 0001 4c" + text("h") + "74" + text("Ljava/lang/reflect/InvocationHandler;") + "7078 70" +
		"73 72" + text("java.rmi.server.RemoteObjectInvocationHandler") + "0000000000000002 02 0000 7078" +
		"72" + text("java.rmi.server.RemoteObject") + "d361b4910c61331e 03 0000 7078 70" +
		"77 3d" + text("UnicastRef") + text("balancer.example.com") + hex.EncodeToString(port) + "53495042616c616e 00000001 0000000000000000 0000 01 78")
	c.send("\x54" + strings.Repeat("\x00", uidSize) + "\x52") // the answer arrived; are you there?
	c.want("53")
}

// TestProtocols: one call without acknowledgement is served, multiplexing and other versions are not.
func TestProtocols(t *testing.T) {
	r := start(t, nil)
	c := dial(t, r.at)
	c.send("JRMI\x00\x02\x4c" + call64(registryID, opList, registryHash))
	c.want("51 aced0005 770f 01 ????????????????????????????" +
		"75 72" + text("[Ljava.lang.String;") + "add256e7e91d7b47 02 0000 7078 70 00000001 74" + text("SIPBalancer"))
	c.ends()
	c = dial(t, r.at)
	c.send("JRMI\x00\x02\x4d")
	c.want("4f")
	c.ends()
	for _, s := range []string{"JRMI\x00\x01\x4b", "GET / HTTP/1.1\r\n\r\n", "POST /java-rmi.cgi HTTP/1.1\r\n\r\n", "JRMI\x00\x02\x4b\xff\xff", "\x16\x03\x01\x02\x00\x01\x00"} {
		c = dial(t, r.at)
		c.send(s)
		c.ends()
	}
	c = connect(t, r.at)
	c.send("\x60")
	c.ends()
}

// TestUnknownCalls: each is answered with an exception of its own.
func TestUnknownCalls(t *testing.T) {
	r := start(t, nil)
	for name, tt := range map[string]struct{ call, class string }{
		"no such object":            {call64(objID{num: 99}, -1, hashHandlePing), "java.rmi.NoSuchObjectException"},
		"no such method":            {call64(balancerID, -1, 1), "java.rmi.UnmarshalException"},
		"a method by number":        {call64(balancerID, 0, hashHandlePing), "java.rmi.server.SkeletonMismatchException"},
		"another registry":          {call64(registryID, opLookup, 1), "java.rmi.server.SkeletonMismatchException"},
		"no such operation there":   {call64(registryID, 5, registryHash), "java.rmi.UnmarshalException"},
		"another collection":        {call64(dgcID, opDirty, 1), "java.rmi.server.SkeletonMismatchException"},
		"no such operation of it":   {call64(dgcID, 2, dgcHash), "java.rmi.UnmarshalException"},
		"dirty without a lease":     {call64(dgcID, opDirty, dgcHash) + "\x70\x77\x08abcdefgh\x70", "java.rmi.UnmarshalException"},
		"no string":                 {call64(registryID, opLookup, registryHash) + "\x78", "java.rmi.UnmarshalException"},
		"nothing where a list goes": {call64(balancerID, -1, hashHandlePing) + "\x70", "java.rmi.ServerException"},
		"null as the name":          {call64(registryID, opLookup, registryHash) + "\x70", "java.rmi.NotBoundException"},
	} {
		c := connect(t, r.at)
		c.send(tt.call)
		c.want("51 aced0005 770f 02 ????????????????????????????" + "73 72" + text(tt.class))
		if err := c.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLeaseOfWhoHasNoName: a client that does not know its own name is given one, and no longer a lease than we say.
func TestLeaseOfWhoHasNoName(t *testing.T) {
	r := start(t, nil)
	c := connect(t, r.at)
	w := jser.NewWriter()
	w.Null()
	w.Data(make([]byte, 8))
	w.Begin(leaseClass)
	w.Long(1 << 62)
	w.Null()
	c.send(call64(dgcID, opDirty, dgcHash) + string(w.Bytes()[4:]))
	c.want("51 aced0005 770f 01 ????????????????????????????" + "73 72" + text("java.rmi.dgc.Lease") + "b0b5e2660c4adc34 02 0002" +
		"4a" + text("value") + "4c" + text("vmid") + "74" + text("Ljava/rmi/dgc/VMID;") + "7078 70 00000000000927c0 73 72" + text("java.rmi.dgc.VMID"))
}

// TestWhoMaySpeak: of an address that may not register nodes not a byte is read.
func TestWhoMaySpeak(t *testing.T) {
	r := start(t, nil)
	r.roster.Apply(heartbeat.Settings{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
	c := dial(t, r.at)
	_, _ = io.WriteString(c, "JRMI\x00\x02\x4b")
	c.ends()
	for _, b := range r.lookups.heard() {
		if len(b) > 0 {
			t.Errorf("read % x", b)
		}
	}
}

// TestTooManyConnections: one source has its share, all have theirs; who is closed may come again.
func TestTooManyConnections(t *testing.T) {
	for name, l := range map[string]Limits{"of a source": {PerSource: 2}, "of all": {Connections: 2}} {
		r := start(t, func(s *Server) { s.Limits = l })
		a, b := connect(t, r.at), connect(t, r.at)
		c := dial(t, r.at)
		c.ends()
		if !strings.Contains(r.log.String(), "too many connections") {
			t.Errorf("%s: not told", name)
		}
		a.Close()
		b.send("\x52")
		b.want("53")
		for end := time.Now().Add(30 * time.Second); ; { // until the end of a was noticed
			if time.Now().After(end) {
				t.Fatalf("%s: nobody may come for who left", name)
			}
			c = dial(t, r.at)
			_, _ = io.WriteString(c, "JRMI\x00\x02\x4b")
			ack := make([]byte, 1)
			if _, err := io.ReadFull(c, ack); err == nil && bytes.Equal(ack, []byte{protocolAck}) {
				break
			}
		}
		r.stop()
	}
}
