package guard

import (
	"strings"
	"sync"
	"sync/atomic"
)

// DefaultScanners are what the usual scanning tools call themselves: the words of Scanners to which none were applied.
func DefaultScanners() []string {
	return []string{"friendly-scanner", "sipvicious", "sipcli", "sip-scan", "VaxSIPUserAgent", "pplsip", "sundayddr"}
}

// maxAgent is how much of a User-Agent is looked at, in bytes: real ones are a fifth of it.
const maxAgent = 256

// Scanners finds the senders that say themselves what they are. It holds off nobody who lies.
type Scanners struct {
	list atomic.Pointer[wordList]
	mu   sync.Mutex // one Apply at a time
}

// wordList finds all words in one pass: a place at which bytes one and two fit the same word is worth a closer look.
type wordList struct {
	words         []word
	least         int         // bytes of the shortest
	first, second [256]uint64 // which words, by number modulo 64, may have this byte there; upper and lower case
}

type word struct {
	given string // as it was configured
	lower string
	hits  *atomic.Uint64 // outlives the list
}

// Apply replaces the words; those that stay keep their counts. Blanks around a word do not count; empty ones and repetitions are left out.
// No words: nobody is a scanner.
func (s *Scanners) Apply(words []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply(words)
}

func (s *Scanners) apply(words []string) *wordList {
	counts := make(map[string]*atomic.Uint64)
	if old := s.list.Load(); old != nil {
		for _, w := range old.words {
			counts[w.lower] = w.hits
		}
	}
	n, seen := &wordList{least: maxAgent + 1}, make(map[string]bool)
	for _, given := range words {
		given = strings.TrimSpace(given)
		lower := lowerASCII(given)
		if lower == "" || seen[lower] {
			continue
		}
		seen[lower] = true
		hits := counts[lower]
		if hits == nil {
			hits = new(atomic.Uint64)
		}
		n.add(word{given, lower, hits})
	}
	s.list.Store(n)
	return n
}

func (l *wordList) add(w word) {
	l.least = min(l.least, len(w.lower))
	bit := uint64(1) << (len(l.words) % 64)
	l.words = append(l.words, w)
	l.first[w.lower[0]] |= bit
	l.first[upperASCII(w.lower[0])] |= bit
	if len(w.lower) > 1 {
		l.second[w.lower[1]] |= bit
		l.second[upperASCII(w.lower[1])] |= bit
		return
	}
	for c := range l.second {
		l.second[c] |= bit
	}
}

func (s *Scanners) load() *wordList {
	if l := s.list.Load(); l != nil {
		return l
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.list.Load(); l != nil {
		return l
	}
	return s.apply(DefaultScanners())
}

// Match looks for the words in a User-Agent value, in any case and anywhere in its first 256 bytes, and counts the one it finds.
func (s *Scanners) Match(agent []byte) (word string, found bool) {
	w := s.find(agent, false)
	if w == nil {
		return "", false
	}
	w.hits.Add(1)
	return w.given, true
}

// Named is Match for a name or address, in which a word counts only if no letter stands before or behind it: the sipclient of a user is no
// sipcli.
func (s *Scanners) Named(text []byte) bool {
	w := s.find(text, true)
	if w != nil {
		w.hits.Add(1)
	}
	return w != nil
}

func (s *Scanners) find(text []byte, whole bool) *word {
	if len(text) > maxAgent {
		text = text[:maxAgent]
	}
	l := s.load()
	if len(text) < l.least {
		return nil
	}
	for i, c := range text {
		may := l.first[c]
		if may == 0 {
			continue
		}
		if i+1 < len(text) {
			may &= l.second[text[i+1]]
		}
		if may == 0 {
			continue
		}
		if w := l.at(text[i:], may); w != nil && (!whole || alone(text, i, i+len(w.lower))) {
			return w
		}
	}
	return nil
}

// alone tells whether no letter touches what stands between two places.
func alone(b []byte, from, to int) bool {
	letter := func(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }
	return (from == 0 || !letter(b[from-1])) && (to >= len(b) || !letter(b[to]))
}

func (l *wordList) at(b []byte, may uint64) *word {
	for i := range l.words {
		if w := &l.words[i]; may>>(i%64)&1 != 0 && beginsFold(b, w.lower) {
			return w
		}
	}
	return nil
}

// Hit is a word and how often it was found since the start.
type Hit struct {
	Word  string
	Count uint64
}

// Hits lists the words in force, in the order given, those not found yet included.
func (s *Scanners) Hits() []Hit {
	l := s.load()
	out := make([]Hit, len(l.words))
	for i, w := range l.words {
		out[i] = Hit{w.given, w.hits.Load()}
	}
	return out
}

func beginsFold(b []byte, lower string) bool {
	if len(b) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// lowerASCII leaves bytes beyond ASCII alone, as Match does.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

func upperASCII(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
