package specimens

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twinhop/gateway"
)

var began = time.Unix(1_700_000_000, 0)

// Of any number of messages in a second some 200 are wanted, of each part of it.
func TestRecorderWantsFewOfMany(t *testing.T) {
	r := &Recorder{MaxBytes: 1 << 20}
	perSlot := map[int]int{}
	for i := range 100_000 {
		if r.Wants(began.Add(time.Duration(i) * 10 * time.Microsecond)) {
			perSlot[i*slots/100_000]++
		}
	}
	for i := range slots {
		if perSlot[i] != perSecond/slots {
			t.Errorf("slot %d: %d", i, perSlot[i])
		}
	}
	later := began.Add(time.Second)
	for range perSecond / slots {
		r.Wants(later)
	}
	if r.Wants(later.Add(-60*time.Millisecond)) || r.Wants(later) {
		t.Error("who looked at the clock a moment ago gets a slot of its own")
	}
	if !r.Wants(later.Add(-time.Hour)) {
		t.Error("nothing is wanted for an hour after the clock was put back")
	}
	for name, none := range map[string]*Recorder{"nil": nil, "zero": {}} {
		if none.Wants(began) || len(none.Last(5)) > 0 {
			t.Error(name)
		}
	}
}

func specimen(i int) *Specimen {
	s := &Specimen{At: began.Add(time.Duration(i)), Node: "node1"}
	for k := range 10 {
		s.Add(Value{Source: gateway.SourceHeader, Name: fmt.Sprintf("x-%d", k), Text: fmt.Sprintf("value %d of %d", k, i)})
	}
	return s
}

func TestRecorderKeepsTheLast(t *testing.T) {
	r := &Recorder{MaxBytes: 1 << 30}
	for i := range most + 500 {
		r.Keep(specimen(i))
		if i == 99 && len(r.Last(1000)) != 100 {
			t.Error(len(r.Last(1000)))
		}
	}
	for n, want := range map[int]int{most + 500: most, 3: 3, 0: 0, -1: 0} {
		list := r.Last(n)
		if len(list) != want {
			t.Fatalf("%d: %d", n, len(list))
		}
		for i := range list {
			if at := list[i].At.Sub(began); at != time.Duration(most+500-want+i) {
				t.Fatalf("%d of %d is from %d", i, want, at)
			}
		}
	}
}

// However much a message carries, the memory is bounded.
func TestRecorderIsBounded(t *testing.T) {
	const room = 64 << 10
	r := &Recorder{MaxBytes: room}
	for i := range 2000 {
		s := &Specimen{At: began.Add(time.Duration(i))}
		for k := range 100 {
			s.Add(Value{Source: gateway.SourceQuery, Name: fmt.Sprintf("%d-%d", i, k), Text: strings.Repeat("x", 200)})
		}
		s.Add(Value{Source: gateway.SourceQuery, Name: strings.Repeat("n", 100), Text: "x"})
		if len(s.Keys) != MaxKeys {
			t.Fatal(len(s.Keys))
		}
		r.Keep(s)
	}
	sum, list := 0, r.Last(most)
	for i := range list {
		sum += list[i].size()
	}
	if sum > room || sum != r.bytes || len(list) < 5 || list[len(list)-1].At != began.Add(1999) || len(r.names) > maxNames {
		t.Error(sum, r.bytes, len(list), len(r.names))
	}
	(&Recorder{MaxBytes: 10}).Keep(specimen(0))
}

// Equal values have equal hashes; of none is more kept than is shown to people.
func TestSpecimenHasNoValue(t *testing.T) {
	const id, user = "0A1B2C3D4E5F60718293A4B5", "somebody"
	s := &Specimen{}
	s.Add(Value{Source: gateway.SourceCookie, Name: "SID", Text: id})
	s.Add(Value{Source: gateway.SourceQuery, Name: "pw", Text: user, Private: true})
	s.Add(Value{Source: gateway.SourceFromUser, Text: user})
	s.Add(Value{Source: gateway.SourceCallID, Text: "a84b4c76e66710@pc33.example"})
	s.Add(Value{Source: gateway.SourceHeader, Name: "x-two"})
	if text := fmt.Sprintf("%+v", s); strings.Contains(text, id[:5]) || strings.Contains(text, user[:4]) || strings.Contains(text, "6e66710") {
		t.Error(text)
	}
	if s.Keys[1].Value != s.Keys[2].Value || s.Keys[1].Value == s.Keys[0].Value || s.Keys[1].Text == s.Keys[2].Text || s.Keys[4].Value != 0 {
		t.Errorf("%+v", s.Keys)
	}
	if k := s.Find(gateway.SourceQuery, "pw"); k != &s.Keys[1] || s.Find(gateway.SourceQuery, "SID") != nil {
		t.Error(k)
	}
}

func BenchmarkNotWanted(b *testing.B) {
	r := &Recorder{MaxBytes: 1 << 20}
	for r.Wants(began) {
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Wants(began)
	}
}

func BenchmarkKeep(b *testing.B) {
	r := &Recorder{MaxBytes: 8 << 20}
	b.ReportAllocs()
	for b.Loop() {
		r.Keep(specimen(1))
	}
}
