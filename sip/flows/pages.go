package flows

import (
	"encoding/binary"
	"encoding/hex"
	"sync"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/sip/seal"
)

// Page is what is known of the page that opened a connection.
type Page struct {
	Key      appsession.Key     // that stands for the connection
	Hint     gateway.Hint       // the route that its cookie names, for when the key is not in the table
	Evidence []gateway.Evidence // the keys of its request, until it is joined
}

// Key stands for a connection in the affinity table. Its number is of this process alone.
func Key(realm uint16, f seal.Flow) appsession.Key {
	b := binary.BigEndian.AppendUint64([]byte{f.Leg}, f.Conn)
	return appsession.Key{Space: appsession.Flow, Realm: realm, Value: hex.EncodeToString(b)}
}

// Pages remembers the pages of connections. The zero Pages is ready.
type Pages struct {
	mu   sync.RWMutex
	list map[seal.Flow]Page
}

// Add remembers the page of a connection.
func (p *Pages) Add(f seal.Flow, x Page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list == nil {
		p.list = make(map[seal.Flow]Page)
	}
	p.list[f] = x
}

// Find gives the page of a connection; ok is false when it has none.
func (p *Pages) Find(f seal.Flow) (x Page, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	x, ok = p.list[f]
	return x, ok
}

// Forget is Find for the last time.
func (p *Pages) Forget(f seal.Flow) (x Page, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, ok = p.list[f]
	delete(p.list, f)
	return x, ok
}

// Touch shows a table that the sessions of all pages are in use.
func (p *Pages) Touch(table appsession.Near) {
	p.mu.RLock()
	keys := make([]appsession.Key, 0, len(p.list))
	for _, x := range p.list {
		keys = append(keys, x.Key)
	}
	p.mu.RUnlock()
	for i := range keys {
		table.Now(keys[i : i+1])
	}
}
