package messages

// Cursor reads what passes from some time on, once. It is for one goroutine.
// Its zero value has nothing to read.
type Cursor struct {
	log       *Log
	messages  [shards]span
	exchanges [shards]span
}

// span is a part of a ring's history.
type span struct{ from, to uint64 }

// Follow returns a cursor on what passes from now on.
func (l *Log) Follow() *Cursor {
	c := &Cursor{log: l}
	if l != nil {
		l.ready()
		c.Skip()
	}
	return c
}

// Skip leaves out what passed up to now.
func (c *Cursor) Skip() {
	if c.log == nil {
		return
	}
	for i := range shards {
		c.messages[i], c.exchanges[i] = c.log.messages[i].now(), c.log.exchanges[i].now()
	}
}

// Next returns, in no order, what passed between the last two calls, and was
// not overwritten since, of those sessions and calls whose marks are wanted.
// It is one call behind because a message comes before it is known whose it is.
func (c *Cursor) Next(wants func(mark uint64) bool) (list []Summary) {
	if c.log == nil {
		return nil
	}
	for i := range shards {
		m, x := &c.log.messages[i], &c.log.exchanges[i]
		list = append(list, find(c.log, m, part{c.messages[i], i, kindMessage}, wants)...)
		list = append(list, find(c.log, x, part{c.exchanges[i], i, kindExchange}, wants)...)
		c.messages[i], c.exchanges[i] = span{c.messages[i].to, m.now().to}, span{c.exchanges[i].to, x.now().to}
	}
	return list
}

// now is the empty span at the end of the history.
func (r *ring[E]) now() span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return span{r.seq, r.seq}
}
