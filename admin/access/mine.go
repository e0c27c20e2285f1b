package access

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Entry is a log in as it is shown.
type Entry struct {
	ID         string // names it without being of use to anybody
	Me         Me
	Born, Seen time.Time
}

// Of returns the log ins of a user, the oldest first.
func (l *Logins) Of(name string) []Entry {
	now := l.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Entry
	for key, x := range l.list {
		if x.me.Name == name && now.Before(x.ends()) {
			who := x.me
			who.Expires = x.ends()
			all = append(all, Entry{shown(key), who, x.born, x.seen})
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return a.Born.Compare(b.Born) })
	return all
}

// CloseOf ends the log ins of a user that end says, and tells how many.
func (l *Logins) CloseOf(name string, end func(Entry) bool) int {
	n := 0
	for _, x := range l.Of(name) {
		if end(x) {
			l.Close(x.Me.Login)
			n++
		}
	}
	return n
}

// Turn gives the log ins of a user another role.
func (l *Logins) Turn(name string, role Role) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.list {
		if x.me.Name == name {
			x.me.Role = role
		}
	}
}

// shown is a key of a log in as it may be shown.
func shown(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}
