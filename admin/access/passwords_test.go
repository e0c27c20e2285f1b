package access

import (
	"testing"
	"time"
)

func TestPasswordsOfRequests(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	users := &Users{list: []User{{"olga", RoleOperator, HashPassword("a password of olga")}}}
	p := &Passwords{Users: users, Guard: &Guard{Now: clock}, Now: clock}
	check := func(peer, name, password string, want bool) {
		t.Helper()
		u, wait, ok := p.Check(peer, name, password)
		if ok != want || wait > 0 || (u.Role == RoleOperator) != want {
			t.Fatalf("%s %q: %v %v %v", name, password, u, wait, ok)
		}
	}
	check("1", "olga", "a password of olga", true)
	check("1", "olga", "a password of olga", true)
	check("1", "olga", "a password of olg", false)
	check("1", "olg", "aa password of olga", false)
	check("1", "", "", false)
	check("1", "olga", string(make([]byte, MaxPassword+1)), false)

	// A new password makes the old one wrong at once, also the remembered one.
	users.list[0].Hash = HashPassword("another password")
	check("2", "olga", "a password of olga", false)
	check("2", "olga", "another password", true)
	if len(p.list) != 2 {
		t.Errorf("%d are remembered", len(p.list))
	}
	for key := range p.list {
		if !p.list[key].ends.Equal(now.Add(time.Minute)) {
			t.Error("remembered for another time")
		}
	}
	now = now.Add(time.Minute)
	if p.proved(p.key("olga", "another password"), users.list[0].Hash) {
		t.Error("remembered for too long")
	}

	// Guessing is slowed down; the right password does not help then.
	for range 5 {
		p.Check("3", "olga", "wrong")
	}
	if _, wait, ok := p.Check("3", "olga", "another password"); wait <= 0 || ok {
		t.Errorf("after five failures: wait %v, %v", wait, ok)
	}
	check("4", "olga", "another password", true)
	if p.Guard.Failures() == 0 {
		t.Error("failures are not counted")
	}
	for i := range 2 * maxProofs {
		p.remember([32]byte{byte(i), byte(i >> 8)}, "x")
	}
	if len(p.list) > maxProofs {
		t.Errorf("%d are remembered", len(p.list))
	}
}
