package memstore

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"twinhop/appsession"
)

const million = 1_000_000

// bareMap is the least that a concurrent table can be: what the Store's
// look-up is measured against. It knows one node per key and forgets nothing.
type bareMap struct {
	seed   maphash.Seed
	shards [shards]struct {
		mu sync.Mutex
		m  map[string]bareValue
		_  [48]byte
	}
}

type bareValue struct{ node string }

func newBareMap() *bareMap {
	b := &bareMap{seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].m = map[string]bareValue{}
	}
	return b
}

func (b *bareMap) get(k appsession.Key) (bareValue, bool) {
	s := &b.shards[maphash.String(b.seed, k.Value)>>56]
	s.mu.Lock()
	v, ok := s.m[k.Value]
	s.mu.Unlock()
	return v, ok
}

func (b *bareMap) set(k appsession.Key, v bareValue) {
	s := &b.shards[maphash.String(b.seed, k.Value)>>56]
	s.mu.Lock()
	s.m[k.Value] = v
	s.mu.Unlock()
}

// callID makes values that look like those of real user agents.
func callID(i int) string { return fmt.Sprintf("%08x-%04x-%08x@10.1.2.3", i*2654435761, i%65536, i) }

var big struct {
	sync.Once
	keys  []appsession.Key // in random order
	store *Store
	bare  *bareMap
}

// bigTables fills a Store and a bare map with the same million keys, once for
// all benchmarks of a run.
func bigTables(b *testing.B) {
	big.Do(func() {
		big.store, big.bare = New(Options{}), newBareMap()
		for i := range million {
			k := appsession.Key{Space: appsession.Call, Value: callID(i)}
			big.keys = append(big.keys, k)
			node := nodeNames[i%len(nodeNames)]
			big.bare.set(k, bareValue{node: node})
			bindOne(b, big.store, k, node)
		}
		rand.New(rand.NewPCG(1, 2)).Shuffle(million, func(i, j int) { big.keys[i], big.keys[j] = big.keys[j], big.keys[i] })
		runtime.GC()
	})
	b.ReportAllocs()
	b.ResetTimer()
}

var nodeNames = []string{"node1", "node2", "node3", "node4"}

func bindOne(t testing.TB, s *Store, k appsession.Key, node string) {
	_, err := s.Bind(context.Background(), appsession.Binding{ID: appsession.Namer{}.ID(k), Owner: node}, []appsession.Alias{{Key: k}})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkBareMap(b *testing.B) {
	bigTables(b)
	for i := 0; b.Loop(); i++ {
		if _, ok := big.bare.get(big.keys[i%million]); !ok {
			b.Fatal("miss")
		}
	}
}

func BenchmarkNow(b *testing.B) {
	bigTables(b)
	near := appsession.Store(big.store).(appsession.Near)
	for i := 0; b.Loop(); i++ {
		if _, a := near.Now(big.keys[i%million : i%million+1]); a != appsession.Bound {
			b.Fatal("miss")
		}
	}
}

func BenchmarkFind(b *testing.B) {
	bigTables(b)
	store, ctx := appsession.Store(big.store), context.Background()
	for i := 0; b.Loop(); i++ {
		if _, err := store.Find(ctx, big.keys[i%million:i%million+1]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareMapParallel(b *testing.B) {
	bigTables(b)
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.IntN(million); pb.Next(); i++ {
			if _, ok := big.bare.get(big.keys[i%million]); !ok {
				b.Error("miss")
			}
		}
	})
}

func BenchmarkNowParallel(b *testing.B) {
	bigTables(b)
	near := appsession.Store(big.store).(appsession.Near)
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.IntN(million); pb.Next(); i++ {
			if _, a := near.Now(big.keys[i%million : i%million+1]); a != appsession.Bound {
				b.Error("miss")
			}
		}
	})
}

// The ratio is what the project promises: sticky look-ups through the Store
// interface against the bare map, alternating in one run.
func BenchmarkRatio(b *testing.B) {
	bigTables(b)
	near := appsession.Store(big.store).(appsession.Near)
	const batch = 1000
	var bare, ours time.Duration
	i := 0
	for b.Loop() {
		i = (i + batch) % million
		t0 := time.Now()
		for j := range batch {
			big.bare.get(big.keys[i+j])
		}
		t1 := time.Now()
		// The other table reads other keys: neither warms the cache for the other.
		k := (i + million/2) % million
		for j := range batch {
			near.Now(big.keys[k+j : k+j+1])
		}
		bare += t1.Sub(t0)
		ours += time.Since(t1)
	}
	n := float64(b.N * batch)
	b.ReportMetric(float64(bare)/n, "bare-ns/op")
	b.ReportMetric(float64(ours)/n, "store-ns/op")
	b.ReportMetric(float64(ours)/float64(bare), "ratio")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkBindKnown(b *testing.B) {
	bigTables(b)
	ctx := context.Background()
	for i := 0; b.Loop(); i++ {
		big.store.Bind(ctx, appsession.Binding{ID: appsession.ID{1}, Owner: "node1"}, []appsession.Alias{{Key: big.keys[i%million]}})
	}
}

func BenchmarkBindNew(b *testing.B) {
	s := New(Options{MaxKeys: 1 << 30})
	b.ReportAllocs()
	var keys []appsession.Key
	for i := range 1 << 20 {
		keys = append(keys, appsession.Key{Space: appsession.Call, Value: callID(i)})
	}
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		// The realm makes keys new again when there are more than a million.
		k := keys[i&(1<<20-1)]
		k.Realm = uint16(i >> 20)
		bindOne(b, s, k, "node1")
	}
}

// BenchmarkMemory reports what a million keys take: sessions of one key, and
// of the four that a converged session usually has.
func BenchmarkMemory(b *testing.B) {
	for _, per := range []int{1, 4} {
		b.Run(fmt.Sprintf("%d-keys-each", per), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				s := New(Options{})
				for i := 0; i < million; i += per {
					keys := make([]appsession.Alias, per)
					for j := range keys {
						keys[j].Key = appsession.Key{Space: appsession.Call, Value: callID(i + j)}
					}
					keys[0].Space = appsession.App
					if _, err := s.Bind(context.Background(), appsession.Binding{ID: appsession.Namer{}.ID(keys[0].Key), Owner: "node1"}, keys); err != nil {
						b.Fatal(err)
					}
				}
				bytes := heap() - before
				t0 := time.Now()
				runtime.GC()
				took := time.Since(t0)
				b.ReportMetric(float64(bytes)/million, "B/key")
				b.ReportMetric(float64(took)/1e6, "gc-ms")
				runtime.KeepAlive(s)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkSweep is a full round of the sweeper over a million living keys.
func BenchmarkSweep(b *testing.B) {
	bigTables(b)
	for b.Loop() {
		big.store.sweep(1 << 30)
	}
}
