package jser

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const callData = 34 // what a remote call has before its arguments

// recorded is a call as a JVM sent it; testdata says with which program.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".ser"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func all(string) bool { return true }

// read reads the arguments of a recorded call.
func read(stream []byte, known func(string) bool, lim Limits, values int) ([]any, error) {
	r := NewReader(bytes.NewReader(stream), known, lim)
	if err := r.Header(); err != nil {
		return nil, err
	}
	if _, err := r.Data(callData); err != nil {
		return nil, err
	}
	var out []any
	for range values {
		v, err := r.Value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func TestHeartbeatsOfAJVM(t *testing.T) {
	for _, layout := range []string{"recent", "old"} {
		v, err := read(recorded(t, layout), all, DefaultLimits, 1)
		if err != nil {
			t.Fatalf("%s: %v", layout, err)
		}
		list, ok := List(v[0])
		if !ok || len(list) != 2 {
			t.Fatalf("%s: %v in the list", layout, len(list))
		}
		for i, want := range []map[string]any{
			{"udpPort": int64(5080), "tcpPort": int64(5080), "httpPort": int64(8080), "jvmRoute": "node1", "version": "0", "sessionId": "1001"},
			{"udpPort": int64(5081), "tcpPort": int64(5081), "httpPort": int64(8081), "jvmRoute": "node2", "version": "0", "sessionId": "1002",
				"restcommInstanceId": "ID7", "name": "Jürgen😀"},
		} {
			o := list[i].(*Object)
			if o.Class.UID != -4959114432342926569 || o.Text("ip") != "127.0.0.1" || o.Text("hostName") != []string{"one", "two"}[i] {
				t.Errorf("%s: %q %q %d", layout, o.Text("ip"), o.Text("hostName"), o.Class.UID)
			}
			got := map[string]any{}
			pairs, ok := Map(o.Field("properties"))
			for _, p := range pairs {
				got[p.Key.(string)] = Unbox(p.Value)
			}
			if diff := cmp.Diff(want, got); !ok || diff != "" {
				t.Errorf("%s: properties (-want +got)\n%s", layout, diff)
			}
			if n, _ := o.Field("timeStamp").(int64); n < 1e12 {
				t.Errorf("%s: timeStamp %v", layout, o.Field("timeStamp"))
			}
			recent := layout == "recent"
			if got := Unbox(o.Field("failCounter")); recent != (got == int64(0)) {
				t.Errorf("%s: failCounter %v", layout, got)
			}
		}
	}
}

func TestOtherCallsOfAJVM(t *testing.T) {
	v, err := read(recorded(t, "switchover"), all, DefaultLimits, 2)
	if err != nil || v[0] != "a" || v[1] != "b" {
		t.Errorf("switchover: %v, %v", v, err)
	}
	v, err = read(recorded(t, "lookup"), all, DefaultLimits, 1)
	if err != nil || v[0] != "SIPBalancer" {
		t.Errorf("lookup: %v, %v", v, err)
	}
	v, err = read(recorded(t, "bind"), all, DefaultLimits, 2)
	if err != nil || v[0] != "x" || v[1].(*Object).Class.Super.Super.Name != "java.rmi.server.RemoteObject" {
		t.Errorf("bind: %v, %v", v, err)
	}
	r := NewReader(bytes.NewReader(recorded(t, "dirty")), all, DefaultLimits)
	if err := r.Header(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Data(callData); err != nil {
		t.Fatal(err)
	}
	ids, err := r.Value()
	if err != nil || len(ids.(*Array).Items) != 1 || ids.(*Array).Class.Name != "[Ljava.rmi.server.ObjID;" {
		t.Fatalf("dirty: %v, %v", ids, err)
	}
	if seq, err := r.Data(8); err != nil || len(seq) != 8 {
		t.Fatalf("dirty: %v, %v", seq, err)
	}
	lease, err := r.Value()
	if err != nil || lease.(*Object).Field("value") != int64(600000) {
		t.Fatalf("dirty: %v, %v", lease, err)
	}
	vmid := lease.(*Object).Field("vmid").(*Object)
	if addr := vmid.Field("addr").([]byte); len(addr) != 8 || vmid.Field("uid").(*Object).Class.Name != "java.rmi.server.UID" {
		t.Errorf("dirty: %v", vmid)
	}
}

func TestOnlyKnownClasses(t *testing.T) {
	asked := map[string]bool{}
	_, err := read(recorded(t, "date"), func(c string) bool { asked[c] = true; return c != "java.util.Date" }, DefaultLimits, 1)
	if !errors.Is(err, ErrClass) || !strings.Contains(err.Error(), "java.util.Date") {
		t.Errorf("a date in the list: %v", err)
	}
	if !asked["java.util.ArrayList"] || !asked["java.lang.Number"] {
		t.Errorf("asked for %v", asked)
	}
	_, err = read(recorded(t, "dirty"), func(c string) bool { return c != "java.rmi.server.ObjID" }, DefaultLimits, 1)
	if !errors.Is(err, ErrClass) {
		t.Errorf("an array of what is not known: %v", err)
	}
}

// hostile are streams that nobody sends who means well.
func hostile(t testing.TB) map[string][]byte {
	list := func(depth int, inner ...byte) []byte {
		b := []byte("\x73\x72\x00\x13java.util.ArrayList\x78\x81\xd2\x1d\x99\xc7\x61\x9d\x03\x00\x01I\x00\x04size\x78\x70\x00\x00\x00\x01w\x04\x00\x00\x00\x01")
		for range depth {
			b = append(b, "sq\x00~\x00\x00\x00\x00\x00\x01w\x04\x00\x00\x00\x01"...)
		}
		return append(b, inner...)
	}
	many := strings.Repeat
	class := func(flags, fields string) string {
		return "\x72\x00\x01A\x00\x00\x00\x00\x00\x00\x00\x00" + flags + fields
	}
	return map[string][]byte{
		"garbage":                       []byte("GET / HTTP/1.1\r\n\r\n"),
		"a list in itself":              recorded(t, "self")[4+2+callData:],
		"deep":                          recorded(t, "deep")[4+2+callData:],
		"very deep":                     list(100000),
		"classes above classes":         []byte("\x73" + many(class("\x02", "\x00\x00\x78"), 5000)),
		"a class above itself":          []byte("\x73" + class("\x02", "\x00\x00\x78\x71\x00\x7e\x00\x00")),
		"a class noted at itself":       []byte("\x73" + class("\x02", "\x00\x00\x71\x00\x7e\x00\x00")),
		"an array in itself":            []byte("\x75\x72\x00\x13[Ljava.lang.Object;\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70\x00\x00\x00\x02\x71\x00\x7e\x00\x01"),
		"an array of 2^31":              []byte("\x75\x72\x00\x02[J\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70\x7f\xff\xff\xff" + many("\x00", 50000)),
		"bytes 2^31":                    []byte("\x75\x72\x00\x02[B\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70\x7f\xff\xff\xff" + many("\x00", 50000)),
		"a negative array":              []byte("\x75\x72\x00\x02[B\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70\xff\xff\xff\xff"),
		"a long string of 2^62":         []byte("\x7c\x40\x00\x00\x00\x00\x00\x00\x00" + many("x", 1<<17)),
		"a string of 65535":             []byte("\x74\xff\xff" + many("x", 65535)),
		"a block of 2^31":               list(0, []byte("\x7a\x7f\xff\xff\xff"+many("x", 1<<17))...),
		"a block of 100000 in a list":   list(0, []byte("\x7a\x00\x01\x86\xa0"+many("x", 1<<18))...),
		"empty blocks":                  list(0, []byte(many("\x77\x00", 1<<17))...),
		"strings":                       list(0, []byte(many("\x74\x00\x00", 1<<17))...),
		"nulls":                         list(0, []byte(many("\x70", 1<<18))...),
		"references":                    list(0, []byte(many("\x71\x00\x7e\x00\x00", 1<<17))...),
		"objects without fields":        list(0, []byte("\x73"+class("\x02", "\x00\x00\x78\x70")+many("\x73\x71\x00\x7e\x00\x02", 1<<17))...),
		"fields 65535":                  []byte("\x73" + class("\x02", "\xff\xff"+many("I\x00\x00", 1<<16))),
		"a field of no type":            []byte("\x73" + class("\x02", "\x00\x01L\x00\x01x\x70")),
		"a field of unknown type":       []byte("\x73" + class("\x02", "\x00\x01?\x00\x01x")),
		"an array of unknown type":      []byte("\x75\x72\x00\x02[?\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70\x00\x00\x00\x01\x00"),
		"an array of no array":          []byte("\x75" + class("\x02", "\x00\x00\x78\x70\x00\x00\x00\x01\x00")),
		"an array without name":         []byte("\x75\x72\x00\x01[\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x78\x70\x00\x00\x00\x01\x00"),
		"a class is a string":           []byte("\x74\x00\x01x\x73\x71\x00\x7e\x00\x00")[4:],
		"no class":                      []byte("\x73\x70"),
		"a reference to nothing":        []byte("\x71\x00\x7e\x00\x00"),
		"a reference below":             []byte("\x71\x00\x00\x00\x00"),
		"interfaces 2^31":               []byte("\x73\x7d\x7f\xff\xff\xff" + many("\x00\x00", 1<<16)),
		"a format of its own":           []byte("\x73" + class("\x04", "\x00\x00\x78\x70") + "abcdef"),
		"a reset within":                list(0, '\x79', '\x70', '\x78'),
		"resets":                        []byte(many("\x79", 1<<18)),
		"an enumeration of a number":    []byte("\x7e" + class("\x12", "\x00\x00\x78\x70\x70")),
		"a broken writer":               append(list(0), "\x7b\x73"+class("\x02", "\x00\x00\x78\x70")...),
		"text that is none":             []byte("\x74\x00\x02\xff\xff"),
		"text that ends in a character": []byte("\x74\x00\x01\xe2"),
		"an end mark":                   []byte("\x78"),
		"data":                          []byte("\x77\x01x"),
		"nothing":                       nil,
	}
}

// TestHostileStreams: each ends with an error, having cost little.
func TestHostileStreams(t *testing.T) {
	for name, stream := range hostile(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := NewReader(bytes.NewReader(stream), all, DefaultLimits)
		var err error
		for range 1 << 20 { // whatever is left after a value has to end as well
			if _, err = r.Value(); err != nil {
				break
			}
		}
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; cost > 3<<20 {
			t.Errorf("%s: %d bytes", name, cost)
		} else {
			t.Logf("%-30s %8d bytes: %v", name, cost, err)
		}
		var thrown *Thrown
		if !errors.Is(err, ErrBounds) && !errors.Is(err, ErrGrammar) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &thrown) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(name, "itself") && !strings.Contains(err.Error(), "a value within itself") {
			t.Errorf("%s: %v", name, err)
		}
		if (strings.Contains(name, "2^") || strings.Contains(name, "65535")) && !errors.Is(err, ErrBounds) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "a broken writer" && (thrown == nil || thrown.Error() != "java stream: its writer failed with A") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCutOff: wherever a stream ends, that is an error and no value.
func TestCutOff(t *testing.T) {
	for name, values := range map[string]int{"recent": 1, "old": 1, "bind": 2} {
		whole := recorded(t, name)
		for n := range whole {
			if _, err := read(whole[:n], all, DefaultLimits, values); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut after %d bytes: %v", name, n, err)
			}
		}
	}
}

func TestText(t *testing.T) {
	for _, s := range []string{"", "plain", "Jürgen", "a\x00b", "日本", "😀 and 😀"} {
		p := appendText(nil, s)
		if got, ok := decodeText(p); !ok || got != s {
			t.Errorf("%q: % x, back as %q, %v", s, p, got, ok)
		}
	}
	if got := appendText(nil, "\x00😀"); !bytes.Equal(got, []byte("\xc0\x80\xed\xa0\xbd\xed\xb8\x80")) {
		t.Errorf("% x", got)
	}
	long := AppendUTF(nil, strings.Repeat("é", 5000))
	if len(long) != 2+maxText || long[0] != 0x10 || long[1] != 0 {
		t.Errorf("%d bytes, begins % x", len(long), long[:2])
	}
	if odd := AppendUTF(nil, "x"+strings.Repeat("é", 5000)); len(odd) != 2+maxText-1 {
		t.Errorf("cut to %d bytes", len(odd)-2)
	}
}

// FuzzReader: whatever comes, reading ends without a panic and within its bounds.
func FuzzReader(f *testing.F) {
	names, err := filepath.Glob("testdata/*.ser")
	if err != nil || len(names) == 0 {
		f.Fatalf("%v: %v", names, err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[4+2+callData:])
	}
	for _, b := range hostile(f) {
		if len(b) < 1024 {
			f.Add(b)
		}
	}
	lim := Limits{Bytes: 4096, Values: 256, Depth: 16, Length: 256, Fields: 16}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b), all, lim)
		for n := 0; ; n++ {
			v, err := r.Value()
			if err != nil {
				return
			}
			if n > lim.Bytes {
				t.Fatal("more values than bytes")
			}
			walk(t, v, 0)
		}
	})
}

// walk looks at a value in all the ways there are.
func walk(t *testing.T, v any, depth int) {
	if depth > 3 {
		return
	}
	Unbox(v)
	if items, ok := List(v); ok {
		for _, v := range items {
			walk(t, v, depth+1)
		}
	}
	Map(v)
	if o, ok := v.(*Object); ok {
		for c := o.Class; c != nil; c = c.Super {
			for _, f := range c.Fields {
				o.Field(f.Name)
			}
		}
	}
}
