package flows

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"twinhop/sip/seal"
)

func conn(id uint64) seal.Flow { return seal.Flow{Leg: 3, Conn: id} }

func (n *Names) at(host string) uint64 {
	f, _ := n.Find(nil, []byte(host))
	return f.Conn
}

func TestInvalid(t *testing.T) {
	for host, want := range map[string]bool{"df7jal23ls0d.invalid": true, "a.b.INVALID": true, "x.invalid.": true, "invalid": true, ".invalid": true,
		"": false, "xinvalid": false, "invalid.example.com": false, "a.invalid.example": false, "192.0.2.1": false} {
		if got := Invalid([]byte(host)); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

func TestANameLeadsToTheConnectionThatUsesIt(t *testing.T) {
	var n Names
	n.Learn(conn(1), nil, []byte("Df7jal23.invalid"))
	n.Learn(conn(2), nil, []byte("other.invalid."))
	n.Learn(conn(2), nil, []byte("www.example.com"))
	n.Learn(conn(2), nil, []byte(".invalid"))
	n.Learn(conn(2), nil, []byte(strings.Repeat("x", 200)+".invalid"))
	if n.at("df7jal23.INVALID") != 1 || n.at("other.invalid") != 2 || n.at("www.example.com") != 0 || n.Len() != 2 {
		t.Errorf("%+v", n.owner)
	}
	n.Forget(conn(1))
	if n.at("df7jal23.invalid") != 0 || n.Len() != 1 || len(n.known) != 1 {
		t.Errorf("who has gone has %+v", n.owner)
	}
}

func TestNobodyIsRobbedOfAName(t *testing.T) {
	var n Names
	host := []byte("df7jal23.invalid")
	n.Learn(conn(1), nil, host)
	n.Learn(conn(2), nil, host)
	if n.at("df7jal23.invalid") != 1 {
		t.Error("the second one has taken it")
	}
	n.Trust(conn(1))
	n.Trust(conn(2))
	if n.at("df7jal23.invalid") != 1 {
		t.Error("who is as good as the first one has taken it")
	}
	n.Learn(conn(3), nil, []byte("first.invalid"))
	n.Learn(conn(2), nil, []byte("first.invalid"))
	n.Learn(conn(4), nil, []byte("first.invalid"))
	if n.Trust(conn(4)); n.at("first.invalid") != 2 {
		t.Error("who was let in before waits for his name, or has lost it to another one")
	}
	n.Learn(conn(5), nil, []byte("late.invalid"))
	n.Learn(conn(6), nil, []byte("late.invalid"))
	if n.Trust(conn(6)); n.at("late.invalid") != 6 {
		t.Error("who was let in has to ask once more for his name")
	}
	n.Forget(conn(1))
	n.Learn(conn(3), nil, host)
	if n.at("df7jal23.invalid") != 3 {
		t.Error("nobody has it although a live one uses it")
	}
	n.Learn(conn(2), nil, host) // it was there before, and is trusted
	if n.at("df7jal23.invalid") != 2 {
		t.Error("who was never let in keeps it from who was")
	}
}

// The two telephones of one page have one host (JsSIP makes it once): each is found by its user.
func TestConnectionsOfOnePage(t *testing.T) {
	var n Names
	host := []byte("Df7jal23.invalid")
	n.Learn(conn(1), nil, host)
	n.Learn(conn(1), []byte("Alice"), host)
	n.Learn(conn(2), nil, host)
	n.Learn(conn(2), []byte("bob"), host)
	for user, want := range map[string]uint64{"Alice": 1, "bob": 2, "alice": 0, "carol": 0} {
		if f, ok := n.Find([]byte(user), []byte("df7jal23.INVALID")); f.Conn != want || ok != (want != 0) {
			t.Errorf("%s: %d", user, f.Conn)
		}
	}
	n.Forget(conn(2))
	if f, ok := n.Find([]byte("bob"), host); ok {
		t.Errorf("who has gone is %d", f.Conn)
	}
	n.Learn(conn(3), nil, []byte("other.invalid"))
	if f, _ := n.Find([]byte("whoever"), []byte("other.invalid")); f.Conn != 3 {
		t.Errorf("who told no user: %d", f.Conn)
	}
	n.Learn(conn(4), bytes.Repeat([]byte("x"), 300), host)
	if n.Len() != 3 {
		t.Errorf("%d names", n.Len())
	}
}

func TestAConnectionHasFewNames(t *testing.T) {
	var n Names
	for i := range 100 {
		n.Learn(conn(1), nil, fmt.Appendf(nil, "x%d.invalid", i))
	}
	if n.Len() != maxNames {
		t.Errorf("%d names", n.Len())
	}
}

// Whatever happens, a name leads to a live connection that uses it, a trusted one if any does, and the table ends with its connections.
func TestNamesKeepTheirPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var n Names
		uses, trusted := map[uint64]map[string]bool{}, map[uint64]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := rapid.Uint64Range(1, 5).Draw(t, "conn")
			name := rapid.SampledFrom([]string{"a.invalid", "b.invalid", "c.invalid"}).Draw(t, "name")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				n.Forget(conn(id))
				delete(uses, id)
				delete(trusted, id)
			case 1:
				n.Trust(conn(id))
				trusted[id] = trusted[id] || uses[id] != nil
			default:
				n.Learn(conn(id), nil, []byte(name))
				if uses[id] == nil {
					uses[id] = map[string]bool{}
				}
				uses[id][name] = true
			}
			for _, name := range []string{"a.invalid", "b.invalid", "c.invalid"} {
				if at := n.at(name); at != 0 && !uses[at][name] {
					t.Fatalf("%s leads to %d, which does not use it", name, at)
				}
			}
		}
		for id := range uses { // each is heard once more
			for name := range uses[id] {
				n.Learn(conn(id), nil, []byte(name))
			}
		}
		for id := range uses {
			for name := range uses[id] {
				at := n.at(name)
				if at == 0 || trusted[id] && !trusted[at] {
					t.Fatalf("%s leads to %d, though %d uses it", name, at, id)
				}
			}
		}
		for id := range uses {
			n.Forget(conn(id))
		}
		if n.Len() != 0 || len(n.known) != 0 {
			t.Fatalf("%d names are left", n.Len())
		}
	})
}

func TestNamesForMany(t *testing.T) {
	var n Names
	var wg sync.WaitGroup
	for id := range uint64(8) {
		wg.Go(func() {
			for i := range 200 {
				host := fmt.Appendf(nil, "x%d.invalid", i%3)
				n.Learn(conn(id+1), nil, host)
				n.Find(nil, host)
				n.Trust(conn(id + 1))
				if i%7 == 0 {
					n.Forget(conn(id + 1))
				}
			}
			n.Forget(conn(id + 1))
		})
	}
	wg.Wait()
	if n.Len() != 0 {
		t.Errorf("%d names are left", n.Len())
	}
}

func TestNothingIsAllocatedForKnownNames(t *testing.T) {
	var n Names
	host := []byte("Df7jal23.invalid")
	n.Learn(conn(1), nil, host)
	if k := testing.AllocsPerRun(100, func() { n.Learn(conn(1), nil, host); n.Find(nil, host) }); k != 0 {
		t.Errorf("%v allocations", k)
	}
}
