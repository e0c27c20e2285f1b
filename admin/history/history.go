package history

import (
	"sync"
	"time"
)

const (
	// Recently is the window of rates.
	Recently = 10 * time.Second
	// Every is the time between two looks.
	Every = time.Second

	size = 120 // values of a series
	step = 5 * time.Second
)

// Look is one look at counters that only grow, and at two levels.
type Look struct {
	At                       time.Time
	HTTP, SIP, Moves, Errors uint64
	Served                   map[string]Served // by node
	Nobody                   Served            // what no node was chosen for
	Sessions, Calls          float64
}

// Served counts messages by protocol.
type Served struct{ HTTP, SIP int64 }

// Series is the past, oldest first, one value per step. Traffic is in events per second, moves and errors per step.
type Series struct {
	StepMS   int64     `json:"stepMs"`
	HTTP     []float64 `json:"http"`
	SIP      []float64 `json:"sip"`
	Sessions []float64 `json:"sessions"`
	Calls    []float64 `json:"calls"`
	Moves    []float64 `json:"moves"`
	Errors   []float64 `json:"errors"`
}

// Rates are those of the last Recently: traffic per second, moves and errors per minute.
type Rates struct {
	HTTP   float64 `json:"http"`
	SIP    float64 `json:"sip"`
	Moves  float64 `json:"moves"`
	Errors float64 `json:"errors"`
}

// Book keeps looks. The zero value is ready; its methods may be called at the same time.
type Book struct {
	mu     sync.Mutex
	recent []Look // the last Recently, one per Every
	series Series
	from   Look // where the present step began
	nodes  traffic
}

// Add takes the next look.
func (b *Book) Add(now Look) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nodes.add(&now)
	b.recent = append(b.recent, now)
	if over := len(b.recent) - int(Recently/Every) - 1; over > 0 {
		b.recent = append([]Look(nil), b.recent[over:]...)
	}
	if b.from.At.IsZero() {
		b.from = now
	}
	took := now.At.Sub(b.from.At)
	if took < step {
		return
	}
	s := &b.series
	push(&s.HTTP, float64(now.HTTP-b.from.HTTP)/took.Seconds())
	push(&s.SIP, float64(now.SIP-b.from.SIP)/took.Seconds())
	push(&s.Sessions, now.Sessions)
	push(&s.Calls, now.Calls)
	push(&s.Moves, float64(now.Moves-b.from.Moves))
	push(&s.Errors, float64(now.Errors-b.from.Errors))
	b.from = now
}

func push(list *[]float64, v float64) {
	if len(*list) >= size {
		copy(*list, (*list)[1:])
		*list = (*list)[:size-1]
	}
	*list = append(*list, v)
}

// Series returns a copy of the past.
func (b *Book) Series() *Series {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.series
	s.StepMS = step.Milliseconds()
	for _, list := range []*[]float64{&s.HTTP, &s.SIP, &s.Sessions, &s.Calls, &s.Moves, &s.Errors} {
		*list = append([]float64{}, *list...)
	}
	return &s
}

// Rates returns those of now; before the second look they are zero.
func (b *Book) Rates() Rates {
	from, to, seconds := b.span()
	if seconds <= 0 {
		return Rates{}
	}
	return Rates{HTTP: float64(to.HTTP-from.HTTP) / seconds, SIP: float64(to.SIP-from.SIP) / seconds,
		Moves: float64(to.Moves-from.Moves) / seconds * 60, Errors: float64(to.Errors-from.Errors) / seconds * 60}
}

// Served tells how much a node has served per second.
func (b *Book) Served(node string) float64 {
	from, to, seconds := b.span()
	if seconds <= 0 {
		return 0
	}
	is, was := to.Served[node], from.Served[node]
	return float64(max(is.HTTP+is.SIP-was.HTTP-was.SIP, 0)) / seconds
}

// span returns the oldest and the newest of the recent looks and the seconds between them.
func (b *Book) span() (from, to Look, seconds float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.recent) < 2 {
		return from, to, 0
	}
	from, to = b.recent[0], b.recent[len(b.recent)-1]
	return from, to, to.At.Sub(from.At).Seconds()
}
