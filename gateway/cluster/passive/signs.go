package passive

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Rules say what makes a service down. The zero Rules look at nothing.
type Rules struct {
	// Limit answers with one of Codes make a node down, if no more than Within
	// passed between one and the next; another answer does not end the row.
	// 0: they mean nothing.
	Codes  Codes
	Limit  int
	Within time.Duration // 0: however long
	// Requests sent to a node from which nothing came back, and has not for
	// Silence, make it down. 0: silence means nothing.
	Requests int
	Silence  time.Duration
}

// Codes is a set of status codes up to 703.
type Codes [11]uint64

// CodesOf returns the set of the codes; those beyond are left out.
func CodesOf(list ...int) (c Codes) {
	for _, code := range list {
		if code >= 0 && code < 64*len(c) {
			c[code/64] |= 1 << (code % 64)
		}
	}
	return c
}

// Has tells whether a code is in the set.
func (c *Codes) Has(code int) bool {
	return code >= 0 && code < 64*len(c) && c[code/64]>>(code%64)&1 == 1
}

// Signs is what traffic told of one service. The zero Signs is ready for use
// and safe for it by many at a time. It counts only what the rules look at.
type Signs struct {
	unanswered atomic.Int64 // requests since the last answer
	asked      atomic.Int64 // when the first of them was sent, in Unix nanoseconds

	mu     sync.Mutex
	errors int
	last   time.Time // of them
}

// Sent notes that a request that will be answered was sent. It returns why the
// service is down now, or "".
func (s *Signs) Sent(rules *Rules) (why string) {
	if rules.Requests <= 0 {
		return ""
	}
	now := time.Now()
	if s.unanswered.Load() == 0 { // silence begins with a question: who was asked nothing is not silent
		s.asked.Store(now.UnixNano())
	}
	if s.unanswered.Add(1) <= int64(rules.Requests) || now.Sub(time.Unix(0, s.asked.Load())) < rules.Silence {
		return ""
	}
	return fmt.Sprintf("%d requests and no answer for %s", rules.Requests, rules.Silence)
}

// Heard notes a final answer. It returns why the service is down now, or "".
func (s *Signs) Heard(rules *Rules, code int) (why string) {
	if rules.Requests > 0 {
		s.unanswered.Store(0)
	}
	if rules.Limit <= 0 || !rules.Codes.Has(code) || !s.erred(rules) {
		return ""
	}
	return fmt.Sprintf("%d answers like %d", rules.Limit, code)
}

// erred counts an answer that is an error and tells whether it was one too
// many.
func (s *Signs) erred(rules *Rules) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if rules.Within > 0 && now.Sub(s.last) > rules.Within {
		s.errors = 0
	}
	s.last = now
	s.errors++
	if s.errors < rules.Limit {
		return false
	}
	s.errors = 0
	return true
}

// Fell forgets the requests that were not answered: the service is down.
func (s *Signs) Fell() { s.unanswered.Store(0) }

// Rose forgets the errors: what it answered while it was down is over.
func (s *Signs) Rose() {
	s.mu.Lock()
	s.errors = 0
	s.mu.Unlock()
}
