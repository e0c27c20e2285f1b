package stream

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cutting feeds a framer piece by piece; size says how long each piece is. What comes out is written down, one line per frame.
func cutting(f *framer, data []byte, size func() int) (out []string) {
	var in intake
	for len(data) > 0 {
		piece := data[:min(len(data), max(1, size()))]
		n := copy(in.room(), piece)
		in.fed(n)
		data = data[n:]
	frames:
		for {
			p := f.Cut(in.unread())
			in.use(p.Used)
			switch p.Event {
			case Nothing, Partial:
				break frames
			case Message:
				out = append(out, string(p.Data))
				for i := range p.Data {
					p.Data[i] = 'x' // as a handler may
				}
				_ = append(p.Data, "nothing behind it is hurt"...)
			case Reply:
				out = append(out, "ping")
			case Alive:
				out = append(out, "alive")
			case Broken:
				return append(out, p.Err.Error())
			}
		}
	}
	return out
}

// slowly is the framer done again without any cleverness, on the whole stream at once.
func slowly(head, message int, data string) (out []string) {
	for crlfs := 0; data != "" && data != "\r"; {
		if strings.HasPrefix(data, "\r\n") {
			data = data[2:]
			if crlfs++; crlfs == 2 {
				out, crlfs = append(out, "ping"), 0
			}
			continue
		}
		crlfs = 0
		end := strings.Index(data[:min(len(data), head)], "\r\n\r\n")
		if end < 0 {
			if len(data) >= head {
				out = append(out, ErrHead.Error())
			}
			return out
		}
		length, err := slowLength(data[:end])
		if err == nil && length+end+4 > message {
			err = ErrMessage
		}
		if err != nil {
			return append(out, err.Error())
		}
		if len(data) < end+4+length {
			return out
		}
		out = append(out, data[:end+4+length])
		data = data[end+4+length:]
	}
	return out
}

func slowLength(head string) (int, error) {
	head = strings.NewReplacer("\r\n ", "  ", "\r\n\t", "  ").Replace(head)
	var values []string
	for _, line := range strings.Split(head, "\r\n")[1:] {
		name, value, found := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimRight(name, " \t\r\n"))
		if found && (name == "content-length" || name == "l") {
			values = append(values, strings.Trim(value, " \t\r\n"))
		}
	}
	switch {
	case len(values) == 0:
		return 0, nil
	case len(values) > 1 || values[0] == "" || strings.Trim(values[0], "0123456789") != "":
		return 0, ErrLength
	}
	n, err := strconv.Atoi(values[0])
	if err != nil || n > 1<<30 {
		return 1 << 30, nil
	}
	return n, nil
}

func TestFramer(t *testing.T) {
	request := func(headers, body string) string { return "OPTIONS sip:a@b SIP/2.0\r\n" + headers + "\r\n" + body }
	plain := request("", "")
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"no length":         {request("Via: x\r\n", "") + plain, []string{request("Via: x\r\n", ""), plain}},
		"no headers":        {plain, []string{plain}},
		"body":              {request("Content-Length: 3\r\n", "abc") + plain, []string{request("Content-Length: 3\r\n", "abc"), plain}},
		"body of CRLF":      {request("Content-Length: 4\r\n", "\r\n\r\n") + plain, []string{request("Content-Length: 4\r\n", "\r\n\r\n"), plain}},
		"compact":           {request("l:1\r\n", "a"), []string{request("l:1\r\n", "a")}},
		"compact, capital":  {request("L : 1\r\n", "a"), []string{request("L : 1\r\n", "a")}},
		"odd case":          {request("cOnTeNt-LeNgTh\t :\t 01 \r\n", "a"), []string{request("cOnTeNt-LeNgTh\t :\t 01 \r\n", "a")}},
		"folded":            {request("Content-Length:\r\n 1\r\n", "a"), []string{request("Content-Length:\r\n 1\r\n", "a")}},
		"folded, odd":       {request("Content-Length:\r\n\t\r\n 1\r\nVia: x\r\n", "a"), []string{request("Content-Length:\r\n\t\r\n 1\r\nVia: x\r\n", "a")}},
		"in a fold":         {request("Subject: x\r\n Content-Length: 9\r\n", ""), []string{request("Subject: x\r\n Content-Length: 9\r\n", "")}},
		"another name":      {request("Content-Lengths: 9\r\nContent-Type: l: 4\r\nX-l: 3\r\nLl: 3\r\n", ""), []string{request("Content-Lengths: 9\r\nContent-Type: l: 4\r\nX-l: 3\r\nLl: 3\r\n", "")}},
		"start line":        {"l: 5\r\n\r\n" + plain, []string{"l: 5\r\n\r\n", plain}},
		"leading CRLF":      {"\r\n" + plain + "\r\n" + plain, []string{plain, plain}},
		"ping":              {"\r\n\r\n" + plain + "\r\n\r\n\r\n", []string{"ping", plain, "ping"}},
		"ping, then again":  {"\r\n\r\n\r\n\r\n", []string{"ping", "ping"}},
		"bare LF in head":   {request("A: b\nl: 3\r\n", "") + plain, []string{request("A: b\nl: 3\r\n", ""), plain}},
		"bare LF first":     {"\n" + plain, []string{"\n" + plain}},
		"CR first":          {"\r" + plain, []string{"\r" + plain}},
		"NUL":               {"\x00" + plain, []string{"\x00" + plain}},
		"bare LF for ever":  {strings.Repeat("a: b\n\n", 100), []string{ErrHead.Error()}},
		"head at limit":     {request("A: "+strings.Repeat("x", 200-32)+"\r\n", ""), []string{request("A: "+strings.Repeat("x", 200-32)+"\r\n", "")}},
		"head above":        {request("A: "+strings.Repeat("x", 200-31)+"\r\n", ""), []string{ErrHead.Error()}},
		"message at limit":  {request("l: 256\r\n", strings.Repeat("x", 256)), []string{request("l: 256\r\n", strings.Repeat("x", 256))}},
		"message above":     {request("l: 265\r\n", ""), []string{ErrMessage.Error()}},
		"far above":         {request("l: 2000000000\r\n", ""), []string{ErrMessage.Error()}},
		"beyond numbers":    {request("l: 99999999999999999999999999999999999\r\n", ""), []string{ErrMessage.Error()}},
		"negative":          {request("l: -1\r\n", ""), []string{ErrLength.Error()}},
		"signed":            {request("l: +1\r\n", "a"), []string{ErrLength.Error()}},
		"empty":             {request("l:\r\n", ""), []string{ErrLength.Error()}},
		"two words":         {request("l: 1 1\r\n", ""), []string{ErrLength.Error()}},
		"twice":             {plain + request("l: 1\r\nContent-Length: 2\r\n", "ab"), []string{plain, ErrLength.Error()}},
		"twice, equal":      {request("l: 1\r\nVia: x\r\nl: 1\r\n", "a"), []string{ErrLength.Error()}},
		"unfinished":        {plain[:len(plain)-1], nil},
		"unfinished length": {request("l: 2\r\n", "a"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := slowly(200, 298, c.in); !slices.Equal(got, c.want) {
				t.Errorf("the twin: %q, want %q", got, c.want)
			}
			for _, size := range []int{1, 2, 3, 7, 1000} {
				f := framer{head: 200, message: 298}
				if got := cutting(&f, []byte(c.in), func() int { return size }); !slices.Equal(got, c.want) {
					t.Errorf("pieces of %d: %q, want %q", size, got, c.want)
				}
			}
		})
	}
}

// A CRLF answers a ping of ours, written as a question mark here. Two are a ping of the peer all the same, cut wherever.
func TestPongs(t *testing.T) {
	message := "A b SIP/2.0\r\nl: 0\r\n\r\n"
	for in, want := range map[string][]string{
		"?\r\n":                   {"alive"},
		"?\r\n?\r\n?\r\n":         {"alive", "alive", "alive"},
		"?\r\n\r\n":               {"alive", "ping"},
		"?\r\n\r\n\r\n\r\n":       {"alive", "ping", "ping"},
		"\r\n?\r\n":               {"ping"},
		"?" + message + "\r\n":    {message, "alive"},
		"?\r\n" + message:         {"alive", message},
		"\r\n":                    nil,
		"?\r\n" + "\r\n\r\n?\r\n": {"alive", "ping", "ping"},
	} {
		for _, size := range []int{1, 2, 3, 100} {
			var got []string
			f := framer{head: 1000, message: 1000}
			for i, part := range strings.Split(in, "?") {
				if i > 0 && string(f.Ping(nil)) != "\r\n\r\n" {
					t.Error("no ping")
				}
				got = append(got, cutting(&f, []byte(part), func() int { return size })...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q in pieces of %d: %q, want %q", in, size, got, want)
			}
		}
	}
}

// receive is a framer with its memory.
type receive struct {
	framer
	intake
}

func (r *receive) feed(s string) {
	for len(s) > 0 {
		n := copy(r.room(), s)
		r.fed(n)
		s = s[n:]
	}
}

func (r *receive) next() Piece {
	p := r.Cut(r.unread())
	r.use(p.Used)
	return p
}

func TestFramerMemory(t *testing.T) {
	f := receive{framer: framer{head: 65536, message: 1 << 20}}
	f.feed("A b SIP/2.0\r\nl: 1000000\r\n\r\n")
	if f.next(); len(f.block.b) != idleBlock {
		t.Errorf("an announcement took %d bytes", len(f.block.b))
	}
	f.feed(strings.Repeat("x", 1000000))
	if p := f.next(); p.Event != Message || len(p.Data) != 1000027 {
		t.Fatal(p.Event, len(p.Data), p.Err)
	}
	if !f.large() {
		t.Error("a megabyte is not large?")
	}
	if f.rest(); f.large() || f.block != nil {
		t.Error("nothing was given back")
	}
	f.feed("B c")
	if f.next().Event != Partial || len(f.block.b) != idleBlock {
		t.Error("does not go on")
	}
	if f.rest(); len(f.unread()) != 3 {
		t.Error("a part of a message was thrown away")
	}
	if f.release(); f.unread() != nil {
		t.Error("not released")
	}
}

func TestFramerAllocatesNothing(t *testing.T) {
	message := "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z\r\nContent-Length: 200\r\n\r\n" + strings.Repeat("x", 200)
	f := receive{framer: framer{head: 4096, message: 8192}}
	if n := testing.AllocsPerRun(1000, func() {
		f.feed(message)
		if e := f.next().Event; e != Message {
			t.Fatal(e)
		}
	}); n > 0 {
		t.Errorf("%v allocations a message", n)
	}
}

func FuzzFramer(f *testing.F) {
	f.Add([]byte("OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nB\r\nl:\r\n 0\r\n\r\n\r\n"), uint64(1))
	f.Add([]byte("\r\r\n\r\n\r\n\r\nA\r\nl : 70\r\n\r\n"), uint64(2))
	f.Add([]byte("A\r\n Content-Length: 1\r\nL: 1\nl: 2\r\n\r\n\r\n\r\nx"), uint64(3))
	f.Add([]byte("A\r\nl: 1\r\nl: 1\r\n\r\nx"), uint64(4))
	f.Add([]byte("A\r\nl\r\n : 1\r\n\r\nx"), uint64(5))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		head, message := 8+random.IntN(120), 8+random.IntN(200)
		want := slowly(head, message, string(data))
		for _, most := range []int{1, 5, 60, 1 << 20} {
			a := framer{head: head, message: message}
			if got := cutting(&a, data, func() int { return 1 + random.IntN(most) }); !slices.Equal(got, want) {
				t.Fatalf("limits %d and %d, pieces up to %d of %q:\n%q, want\n%q", head, message, most, data, got, want)
			}
		}
	})
}

func BenchmarkFramer(b *testing.B) {
	var m bytes.Buffer
	fmt.Fprint(&m, "INVITE sip:service@example.com SIP/2.0\r\n")
	for i := range 12 {
		fmt.Fprintf(&m, "X-Header-%d: something as long as these lines are\r\n", i)
	}
	fmt.Fprintf(&m, "Content-Length: 150\r\n\r\n%s", strings.Repeat("v=0\r\n\r\n ", 150)[:150])
	f := receive{framer: framer{head: 65536, message: 65536}}
	b.ReportAllocs()
	for b.Loop() {
		f.fed(copy(f.room(), m.Bytes()))
		if f.next().Event != Message {
			b.Fatal(errors.New("no message"))
		}
	}
}
