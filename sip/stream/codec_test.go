package stream

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// boxes is a Codec with all that one may have: a letter, a length, and so many bytes. m is a message, f a part of one to be continued, p a
// ping and q its answer, c the end, anything else is broken.
type boxes struct{ parts []byte }

func box(kind byte, data string) string { return string([]byte{kind, byte(len(data))}) + data }

var errBox = errors.New("no such box")

func (c *boxes) Cut(b []byte) Piece {
	switch {
	case len(b) == 0 && c.parts == nil:
		return Piece{}
	case len(b) < 2 || len(b) < 2+int(b[1]):
		return Piece{Event: Partial}
	}
	n := 2 + int(b[1])
	data := b[2:n]
	switch b[0] {
	case 'm':
		data = append(c.parts, data...)
		c.parts = nil
		return Piece{Event: Message, Used: n, Data: data}
	case 'f':
		c.parts = append(c.parts, data...)
		return Piece{Event: Partial, Used: n}
	case 'p':
		return Piece{Event: Reply, Used: n, Data: []byte(box('q', string(data)))}
	case 'q':
		return Piece{Event: Alive, Used: n}
	case 'c':
		return Piece{Event: End, Used: n, Data: []byte(box('c', "you"))}
	}
	return Piece{Event: Broken, Used: n, Data: data, Err: errBox}
}

func (c *boxes) Wrap(out, message []byte) []byte { return append(out, box('m', string(message))...) }
func (c *boxes) Ping(out []byte) []byte          { return append(out, box('p', "?")...) }
func (c *boxes) Close(out []byte, why error) []byte {
	return append(out, box('c', fmt.Sprint(why))...)
}

func inBoxes() Codec { return new(boxes) }

func TestCodec(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		told []string
		out  string // after the answers to messages
	}{
		"messages":     {box('m', "one") + box('m', "two") + box('c', ""), []string{"message one", "message two"}, box('c', "you")},
		"in parts":     {box('f', "o") + box('p', "x") + box('f', "n") + box('m', "e") + box('c', ""), []string{"message one"}, box('q', "x") + box('c', "you")},
		"broken":       {box('m', "one") + box('z', "bad"), []string{"message one", "garbled bad"}, box('m', "refused") + box('c', errBox.Error())},
		"sign of life": {box('q', "") + box('c', ""), nil, box('c', "you")},
		"a flood":      {box('p', "1") + box('p', "2") + box('p', "3"), nil, box('q', "1") + box('q', "2") + box('c', errFlood.Error())},
		"no more":      {box('m', "one") + "m", []string{"message one"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEar()
			e.refuse = func(s *Conn, why error) { s.Send([]byte("refused")) }
			s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Codec: inBoxes, Limits: Limits{Pings: 2, Write: time.Minute}}
			runPool(t, s, e)
			awaitRunning(s)
			conn := dialPool(t, s)
			writeTCP(t, conn, c.in)
			if name == "no more" {
				conn.CloseWrite()
			}
			for _, want := range c.told {
				if got := <-e.calls; got.what+" "+got.data != want {
					t.Errorf("%s %q, want %s", got.what, got.data, want)
				}
			}
			got, err := io.ReadAll(conn)
			if string(got) != c.out || err != nil {
				t.Errorf("%q, %v; want %q", got, err, c.out)
			}
			conn.Close()
			e.expect(t, "closed")
		})
	}
}

// What is lost is told as it was given to Send, whatever it looked like on its way.
func TestCodecWraps(t *testing.T) {
	e := newEar()
	s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Codec: inBoxes, Limits: Limits{Write: time.Minute}}
	runPool(t, s, e)
	awaitRunning(s)
	peer := listenTCP(t, "127.0.0.1:0")
	defer peer.Close()
	to := endpoint(peer.Addr())
	for _, m := range []string{"one", "two"} {
		if err := s.Send([]byte(m), to); err != nil {
			t.Fatal(err)
		}
	}
	c := acceptTCP(t, peer)
	readTCP(t, c, box('m', "one")+box('m', "two"))
	writeTCP(t, c, box('q', ""))
	for s.lookUp(to).heard.Load() == 0 {
		runtime.Gosched()
	}
	awaitWritten(s.lookUp(to))
	if err := s.Send([]byte("three"), to); err != nil {
		t.Fatal(err)
	}
	c.SetLinger(0)
	c.Close()
	if m := e.expect(t, "lost"); m.data != "three" || !errors.Is(m.err, ErrUnsure) {
		t.Errorf("%q, %v", m.data, m.err)
	}
	e.expect(t, "closed")
	peer.Close()
	if err := s.Send([]byte("four"), to); err != nil {
		t.Fatal(err)
	}
	if m := e.expect(t, "lost"); m.data != "four" || errors.Is(m.err, ErrUnsure) {
		t.Errorf("%q, %v", m.data, m.err)
	}
}

func TestCodecIsToldWhyWeClose(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		end    func(s *Conn, stop func())
		want   error
	}{
		"closed": {Limits{}, func(s *Conn, _ func()) { s.Close(); s.Close() }, nil},
		"idle":   {Limits{Idle: time.Millisecond}, func(*Conn, func()) {}, nil},
		"run":    {Limits{}, func(_ *Conn, stop func()) { stop() }, ErrLeaving},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEar()
			s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Codec: inBoxes, Limits: c.limits}
			stop := runPool(t, s, e)
			awaitRunning(s)
			conn := dialPool(t, s)
			if name != "idle" {
				writeTCP(t, conn, box('m', "one"))
				c.end(e.expect(t, "message").s, stop)
			}
			if got, err := io.ReadAll(conn); string(got) != box('c', fmt.Sprint(c.want)) || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			conn.Close()
			e.expect(t, "closed")
		})
	}
}

// The time for a message runs from its first byte to its last, whatever comes between its parts.
func TestPartsHaveOneTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubbleWith(t, &Pool{Codec: inBoxes})
		c := l.connect(alice)
		go io.Copy(io.Discard, c)
		time.Sleep(time.Minute)
		start := time.Now()
		for range 4 {
			writeTCP(t, c, box('f', "x")+box('q', "")+box('p', ""))
			time.Sleep(1100 * time.Millisecond)
		}
		g := e.expect(t, "garbled")
		if d := time.Since(start); d != 5*time.Second || !errors.Is(g.err, ErrLate) {
			t.Errorf("%v, %v", d, g.err)
		}
		e.expect(t, "closed")
	})
}

// What began and was no message in the end has no time.
func TestAPingInPartsIsNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubbleWith(t, &Pool{Codec: inBoxes})
		c := l.connect(alice)
		writeTCP(t, c, "p")
		time.Sleep(4 * time.Second)
		writeTCP(t, c, "\x00")
		readTCP(t, c, box('q', ""))
		go io.Copy(io.Discard, c)
		if _, d := e.after(t, "closed"); d != 120*time.Second {
			t.Error(d)
		}
	})
}

// The last bytes of a codec reach a peer that has sent much more than was read.
func TestLastBytesAreNotTakenBack(t *testing.T) {
	e := newEar()
	s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Codec: inBoxes, Limits: Limits{Write: time.Minute}}
	runPool(t, s, e)
	awaitRunning(s)
	for _, in := range []string{box('z', ""), box('c', "")} {
		conn := dialPool(t, s)
		writeTCP(t, conn, in[:1])
		var writer sync.WaitGroup
		writer.Go(func() {
			io.WriteString(conn, in[1:]+strings.Repeat("y", 4000000))
			conn.CloseWrite()
		})
		if in[0] == 'z' {
			e.expect(t, "garbled")
		}
		want := map[byte]string{'z': box('c', errBox.Error()), 'c': box('c', "you")}[in[0]]
		if got, err := io.ReadAll(conn); string(got) != want || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		writer.Wait()
		e.expect(t, "closed")
	}
}

// A ping that comes in two pieces is no message that never ends.
func TestAPingInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubble(t, Limits{})
		c := l.connect(alice)
		writeTCP(t, c, "\r")
		time.Sleep(time.Second)
		writeTCP(t, c, "\n\r\n")
		readTCP(t, c, "\r\n")
		if _, d := e.after(t, "closed"); d != 120*time.Second {
			t.Error(d)
		}
	})
}
