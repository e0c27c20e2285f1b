// Package memstore is the affinity table inside the process: exact, sharded,
// bounded.
//
// Knows: the Store contract of appsession, a clock.
// Must not know: protocols, node health, other gateways, disks.
// Owns: every binding of this process, when it ends, and the cap on their number.
// Entered by: gateway (through appsession.Store), cmd (New, Run), admin (listings).
//
// # Structure
//
// A key is found in one of 256 shards, chosen by a seeded hash, so that no
// outsider can aim at one of them. Its entry points to the session, which has
// a lock of its own. A session taken over by another keeps a pointer to it,
// so that all its keys change hands in one store, whichever shards they are in.
//
// # Locks
//
// They are taken in this order: shards of keys by ascending index; the lock
// of mergers; sessions (one at a time, more only under the lock of mergers);
// a shard of the index by ID. A look-up holds one shard, then one session.
//
// What ends, ends under its session's lock; its slot in the shard is cleared
// afterwards, or by the sweeper, or taken over by the next Bind of that key.
//
// # Time
//
// A clock of whole seconds is advanced by Run. Nothing ends before its time;
// it ends within a second and one step of Run after it.
package memstore
