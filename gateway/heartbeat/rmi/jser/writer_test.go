package jser

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIsWrittenIsRead: what the writer makes has the sense it should have. That Java
// reads it as well is shown by the JVMs in the tests of the server.
func TestWhatIsWrittenIsRead(t *testing.T) {
	top := Class{Name: "Top", UID: 7, Fields: []Field{{Code: 'S', Name: "short"}, {Code: 'J', Name: "long"}, {Code: 'I', Name: "int"}}}
	sub := Class{Name: "Sub", UID: -7, Fields: []Field{{Code: '[', Name: "bytes", Type: "[B"}, {Code: 'L', Name: "text", Type: "Ljava/lang/String;"}}}
	w := NewWriter(0x51)
	w.Data([]byte{1, 2, 3})
	w.Begin(sub.Custom(), top)
	w.Short(-2)
	w.Long(-3)
	w.Int(-4)
	w.ByteArray([]byte("ab"))
	w.String("né")
	w.Data([]byte("tail"))
	w.Data(make([]byte, 300))
	w.End()
	w.Strings("x", "y")
	w.Begin(Class{Interfaces: []string{"A", "B"}}, Class{Name: "P", Fields: []Field{{Code: 'L', Name: "h", Type: "LH;"}}})
	w.Null()

	src := bytes.NewReader(w.Bytes())
	if c, _ := src.ReadByte(); c != 0x51 {
		t.Errorf("begins with %#x", c)
	}
	r := NewReader(src, all, DefaultLimits)
	if err := r.Header(); err != nil {
		t.Fatal(err)
	}
	if p, err := r.Data(3); err != nil || !bytes.Equal(p, []byte{1, 2, 3}) {
		t.Errorf("% x, %v", p, err)
	}
	v, err := r.Value()
	if err != nil {
		t.Fatal(err)
	}
	o := v.(*Object)
	got := []any{o.Class.Name, o.Class.UID, o.Class.Super.UID, o.Field("short"), o.Field("long"), o.Field("int"), o.Field("bytes"), o.Text("text"), o.tail, o.Field("none")}
	want := []any{"Sub", int64(-7), int64(7), int64(-2), int64(-3), int64(-4), []byte("ab"), "né", []any{[]byte("tail"), make([]byte, 300)}, nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if v, err = r.Value(); err != nil || !cmp.Equal(v.(*Array).Items, []any{"x", "y"}) {
		t.Errorf("%v, %v", v, err)
	}
	if v, err = r.Value(); err != nil || !cmp.Equal(v.(*Object).Class.Interfaces, []string{"A", "B"}) || v.(*Object).Class.Super.Name != "P" {
		t.Errorf("%v, %v", v, err)
	}
	if src.Len() != 0 {
		t.Errorf("%d bytes are left", src.Len())
	}
}
