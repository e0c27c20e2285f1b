package capacity

import "sync"

// Load is what is in use of a member. The zero Load is ready for use and safe
// for concurrent use.
type Load struct {
	mu  sync.Mutex
	use []use
}

type use struct {
	name  string
	n     int64
	peak  int64 // the most that was in use since the last Look
	known bool  // that it is full was told
}

func (u *use) more() {
	u.n++
	u.peak = max(u.peak, u.n)
}

// of finds the entry of a resource, or makes one. The lock is held.
func (l *Load) of(name string) *use {
	for i := range l.use {
		if l.use[i].name == name {
			return &l.use[i]
		}
	}
	l.use = append(l.use, use{name: name})
	return &l.use[len(l.use)-1]
}

// used is what is in use of a resource. The lock is held.
func (l *Load) used(name string) int64 {
	for i := range l.use {
		if l.use[i].name == name {
			return l.use[i].n
		}
	}
	return 0
}

// Used returns what is in use of a resource, never less than 0.
func (l *Load) Used(name string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used(name)
}

// Free returns the least that is free of the resources needed, in units or, if
// they are wanted so, in percent; ok is false when one of them is not there.
// It is negative where more is in use than there is.
func (l *Load) Free(s Sizes, n *Needs) (least int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, name := range n.Resources {
		most, there := s.Max(name)
		if !there {
			return 0, false
		}
		free := most - l.used(name)
		if n.Relative {
			if free = 0; most > 0 {
				free = 100 - 100*l.used(name)/most
			}
		}
		if i == 0 || free < least {
			least = free
		}
	}
	return least, true
}

// Room tells whether Take would do it now.
func (l *Load) Room(s Sizes, n *Needs) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.room(s, n)
}

func (l *Load) room(s Sizes, n *Needs) bool {
	for i, name := range n.Resources {
		most, there := s.Max(name)
		again := int64(0) // how often the call needs it before
		for _, other := range n.Resources[:i] {
			if other == name {
				again++
			}
		}
		if !there || !n.Overload && l.used(name)+again >= most {
			return false
		}
	}
	return true
}

// Take takes one of every resource needed, or, when there is not one of each,
// nothing, and tells which.
func (l *Load) Take(s Sizes, n *Needs) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.room(s, n) {
		return false
	}
	for _, name := range n.Resources {
		u := l.of(name)
		u.more()
	}
	return true
}

// Force takes one of every resource, whatever is free: what is there already
// is counted, not refused.
func (l *Load) Force(names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		l.of(name).more()
	}
}

// Give gives back what was taken. Nothing gets below 0.
func (l *Load) Give(names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		u := l.of(name)
		u.n = max(u.n-1, 0)
	}
}

// Full tells whether a resource is full by the last Look.
func (l *Load) Full(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.use {
		if l.use[i].name == name {
			return l.use[i].known
		}
	}
	return false
}

// Turn says that a resource became full, or has room again.
type Turn struct {
	Name      string
	Full      bool
	Used, Max int64 // of one that is full Used is the most that was in use: it may have room by now
}

// Look returns what turned since the last time. Somebody asks once a second
// or so: what was full in between is told, and what goes up and down at its
// limit stays full until it kept away from it from one time to the next.
func (l *Load) Look(s Sizes) (turns []Turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range s {
		if s[i].Max == 0 && l.used(s[i].Name) == 0 {
			continue // there is none of it: nothing new
		}
		u := l.of(s[i].Name)
		used := max(u.peak, u.n)
		full := used >= s[i].Max
		if u.peak = 0; full != u.known {
			if !full {
				used = u.n
			}
			u.known = full
			turns = append(turns, Turn{u.name, full, used, s[i].Max})
		}
	}
	return turns
}
